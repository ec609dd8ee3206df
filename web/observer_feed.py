"""The hashes of an election as an Atom feed (RFC 4287), so that they can be kept by anybody.

Entries have identifiers that never change and times that follow from the rules alone: what is
published before the vote and while it runs carries the opening, all after it the close. A feed that
told when each milestone was reached would put times beside ballots.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from audit.label import b64
from audit.manifest import Manifest
from audit.publication import OPENING
from audit.result_hash import in_groups, in_words
from web.observed import Log
from web.published import Published

NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM: Final = "http://www.w3.org/2005/Atom"
XML: Final = "http://www.w3.org/XML/1998/namespace"
MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A public fact with a hash. ``kind`` is rules, opened, milestone, closed, root, opening or
    result; ``size`` counts the log's entries, where it is about some of them; ``time`` is one of
    the rules' own; ``address`` is where the thing itself lies."""

    kind: str
    digest: bytes
    time: str
    address: str
    size: int | None = None

    @property
    def name(self) -> str:
        """What it is called in identifiers."""
        return self.kind if self.kind != "milestone" else f"milestone-{self.size}"


def events(manifest: Manifest, log: Log | None, published: Published | None) -> Iterator[Event]:
    """What is known so far, oldest first."""
    opens, closes = manifest.election.opens, manifest.election.closes
    yield Event(kind="rules", digest=manifest.hash, time=opens, address="/manifest.json")
    if log is None:
        return
    state = "/log/checkpoint"
    if log.opened is not None:
        yield Event(kind="opened", digest=log.opened, time=opens, address=state, size=1)
    for milestone in log.milestones:
        yield Event(
            kind="milestone",
            digest=milestone.root,
            time=opens,
            address=state,
            size=milestone.size,
        )
    if log.closed is not None:
        yield Event(kind="closed", digest=log.closed, time=closes, address=state, size=log.size)
        yield Event(kind="root", digest=log.root, time=closes, address=state, size=log.size)
    if published is not None:
        digest = published.decided[OPENING]
        yield Event(kind="opening", digest=digest, time=closes, address=f"/publication/{OPENING}")
        yield Event(kind="result", digest=published.result_hash, time=closes, address="/results")


def identifier(manifest: Manifest, name: str) -> str:
    """A URI that no other election or event has: ``tag`` (RFC 4151) needs a name that somebody
    owned on a day, ``urn:scrutin`` the hash of the rules."""
    return f"urn:scrutin:{b64(manifest.hash)}:{name}"


def feed(
    manifest: Manifest,
    happened: list[Event],
    *,
    language: str,
    say: Callable[..., str],
) -> bytes:
    """The feed in ``language``; ``say`` gives the words of the page catalogue.

    Addresses in it begin at the root of wherever it was fetched from, so that every server gives
    the same bytes.
    """
    ET.register_namespace("", ATOM)
    election = manifest.election
    root = ET.Element(f"{{{ATOM}}}feed", {f"{{{XML}}}lang": language})
    _put(root, "title", say("observe.feed.title", title=election.title.in_language(language)))
    _put(root, "subtitle", say("observe.feed.subtitle"))
    _put(root, "id", identifier(manifest, "feed"))
    _put(root, "updated", max(event.time for event in happened))
    author = ET.SubElement(root, f"{{{ATOM}}}author")
    _put(author, "name", election.organiser.in_language(language))
    _link(root, "self", f"/observe/feed.atom?lang={language}", "application/atom+xml")
    _link(root, "alternate", f"/observe?lang={language}", "text/html")
    for event in reversed(happened):
        entry = ET.SubElement(root, f"{{{ATOM}}}entry")
        _put(entry, "title", say(f"observe.event.{event.kind}", size=event.size or 0))
        _put(entry, "id", identifier(manifest, event.name))
        _put(entry, "updated", event.time)
        _link(entry, "alternate", event.address)
        words = f"\n{in_words(event.digest)}" if event.kind in ("rules", "result") else ""
        _put(entry, "content", f"{in_groups(event.digest)}{words}", type="text")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _put(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    child = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    # A title may hold signs that XML 1.0 has no spelling for.
    child.text = NOT_XML.sub("\ufffd", text)


def _link(parent: ET.Element, relation: str, address: str, media_type: str = "") -> None:
    more = {"type": media_type} if media_type else {}
    ET.SubElement(parent, f"{{{ATOM}}}link", {"rel": relation, "href": address, **more})
