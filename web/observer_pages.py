"""``/observe``: hashes in order, the log and its witnesses, what to check and how, downloads."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from flask import Response, request

from audit.policy_words import describe_policy
from audit.publication import FIGURES, pabulib_path
from audit.result_hash import in_groups, in_words
from web.archive import archive, archive_size
from web.audience import Answer, Audience, Route, reading_route
from web.observed import Log, asks_witnesses
from web.observer_feed import MEDIA_TYPE, Event, events, feed
from web.observer_words import ReaderWords, page, reader_words
from web.public_record import PublicRecord
from web.results import PAGE, archive_told
from web.telling import Telling

TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
ARCHIVES_A_MINUTE: Final = 30
"""Of one address: it may be as large as all ballots."""
TAR: Final = "application/x-tar"
WITNESS_COMMANDS: Final = (
    "scrutin witness new ~/witness --name witness.example.org/w1 --url https://witness.example.org",
    "scrutin witness add-log ~/witness manifest.json",
    "scrutin witness serve ~/witness --port 8100",
)
EXPECTED: Final = ("rules", "opened", "closed", "root", "opening", "result")
WITH_WORDS: Final = ("rules", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTold:
    """An event for people; ``digest`` and ``words`` are None for what is still to come."""

    name: str
    title: str
    what: str
    when: str
    digest: str | None
    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file to download."""

    address: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """The files about one contest."""

    title: str
    links: tuple[Link, ...]


def observer_page_routes(record: PublicRecord) -> list[Route]:
    """The page, the feed and the archive."""
    pages = _Pages(record)
    return [
        reading_route(
            "observe",
            "/observe",
            pages.observe,
            audience=Audience.OBSERVER,
            summary="What an observer can check today: hashes in order, log, witnesses, downloads",
            answer=PAGE,
        ),
        reading_route(
            "feed",
            "/observe/feed.atom",
            pages.feed,
            audience=Audience.OBSERVER,
            summary="The hashes as an Atom feed (RFC 4287)",
            answer=Answer(meaning="a feed; its entries have stable ids", media_types=(MEDIA_TYPE,)),
        ),
        reading_route(
            "archive",
            "/observe/publication.tar",
            pages.archive,
            audience=Audience.OBSERVER,
            summary="The whole publication as one archive, the same bytes at every time",
            answer=Answer(meaning="a tar archive", media_types=(TAR,)),
            problems=("not-published", "too-many-requests", "internal"),
            limit=ARCHIVES_A_MINUTE,
        ),
    ]


class _Pages:
    """The views."""

    def __init__(self, record: PublicRecord) -> None:
        self._record = record

    def observe(self) -> Response:
        """The page."""
        record, reader = self._record, reader_words()
        log, published = record.log.get(), record.publication.get()
        tell = None if published is None else Telling(published, reader.language)
        happened = list(events(record.manifest, log, published))
        return page(
            "observe.html",
            manifest=record.manifest,
            log=log,
            log_size=reader.number(log.size) if log else None,
            log_root=in_groups(log.root) if log else None,
            succeeded=_succeeded(log, reader),
            timeline=list(self._timeline(happened)),
            policy=describe_policy(record.manifest.policy, reader.language),
            asked=asks_witnesses(record.manifest),
            seen=list(_seen(log, self._record.election.time_zone)),
            witness_commands=WITNESS_COMMANDS,
            tell=tell,
            archive=archive_told(tell) if tell else None,
            downloads=list(self._downloads(tell)) if tell else [],
        )

    def feed(self) -> Response:
        """The Atom feed."""
        record, reader = self._record, reader_words()
        happened = list(events(record.manifest, record.log.get(), record.publication.get()))
        body = feed(record.manifest, happened, language=reader.language, say=reader.say)
        response = Response(body, content_type=MEDIA_TYPE)
        response.headers["Content-Language"] = reader.language
        response.headers["Vary"] = "Accept-Language"
        response.add_etag()
        response.make_conditional(request)
        return response

    def archive(self) -> Response:
        """The archive."""
        published = self._record.published()
        response = Response(archive(published), content_type=TAR)
        response.content_length = archive_size(published)
        name = f"{self._record.election.id}.tar"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        # What is drawn may be drawn again; all other files are under the result hash.
        response.set_etag(_archive_mark(published.lists.values()))
        response.make_conditional(request)
        return response

    def _timeline(self, happened: list[Event]) -> Iterator[EventTold]:
        """Everything that happened, and what is expected after it."""
        left = list(happened)
        for kind in EXPECTED:
            known = [event for event in left if event.kind == kind]
            if kind == "closed":
                yield from map(self._told, [each for each in left if each.kind == "milestone"])
            if known:
                yield from map(self._told, known)
            else:
                yield self._told(None, kind)

    def _told(self, event: Event | None, kind: str = "") -> EventTold:
        reader, election = reader_words(), self._record.election
        kind = event.kind if event else kind
        time = election.opens if kind in ("rules", "opened", "milestone") else election.closes
        when = {
            "rules": "observe.when.from",
            "opened": "observe.when.opens",
            "closed": "observe.when.closes",
            "milestone": "",
        }.get(kind, "observe.when.after")
        size = event.size if event and event.size else 0
        title = reader.say(
            f"observe.event.{kind}" if event or kind != "root" else "observe.event.root_to_come",
            size=reader.number(size),
        )
        return EventTold(
            name=event.name if event else kind,
            title=title,
            what=reader.say(f"observe.what.{kind}"),
            when=reader.say(when, time=reader.time(time, election.time_zone)) if when else "",
            digest=in_groups(event.digest) if event else None,
            words=in_words(event.digest) if event and kind in WITH_WORDS else None,
        )

    def _downloads(self, tell: Telling) -> Iterator[Downloads]:
        reader, decided = reader_words(), tell.published.decided
        for contest in self._record.election.contests:
            links = [
                Link(
                    address=f"/results/{contest.id}/results.csv",
                    words=reader.say("observe.downloads.csv"),
                )
            ]
            if pabulib_path(contest.id) in decided:
                links.append(
                    Link(
                        address=f"/publication/{pabulib_path(contest.id)}",
                        words=reader.say("observe.downloads.pabulib"),
                    )
                )
            for path in sorted(decided):
                name = path.removeprefix(FIGURES).removesuffix(".json")
                if path.startswith(FIGURES) and name.partition("-")[2] == contest.id:
                    links += _chart_links(tell, path, name, reader.say)
            yield Downloads(title=tell.plain(contest.title.to_value()), links=tuple(links))


def _chart_links(tell: Telling, path: str, name: str, say: Callable[..., str]) -> list[Link]:
    links = [Link(address=f"/publication/{path}", words=say("observe.downloads.figure", name=name))]
    chart = tell.chart(path)
    if chart is not None:
        links.append(Link(address=f"{chart.address}.svg", words=f"{name} SVG"))
        if chart.png:
            links.append(Link(address=f"{chart.address}.png", words=f"{name} PNG"))
    return links


def _succeeded(log: Log | None, reader: ReaderWords) -> dict[str, str] | None:
    """The lost log in whose place this one stands: name, entries, root."""
    if log is None or log.succeeds is None:
        return None
    lost = log.succeeds.checkpoint
    return {
        "origin": lost.origin,
        "size": reader.number(lost.size),
        "root": in_groups(lost.root),
    }


def _seen(log: Log | None, zone: str) -> Iterator[tuple[str, str]]:
    """The witnesses that cosigned the latest state, and when they say they did."""
    for name, time in log.witnesses.items() if log else ():
        yield name, reader_words().time(datetime.fromtimestamp(time, UTC).strftime(TIME), zone)


def _archive_mark(lists: Iterable[bytes]) -> str:
    return sha256(b"".join(sha256(each).digest() for each in lists)).hexdigest()
