"""What the steps of a verification share: the files, where they are at, and how they fail."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from audit.admission import Admitted
from audit.checkpoint import Checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.opening import Opening
from audit.parallel import Workers
from audit.publication import PUBLICATION, PublicationList, RenderingsList
from audit.recount import OpenedBallot, Recount
from audit.rendering import Renderer
from audit.source import LARGEST_FILE, Source
from tally import canonical


class Fault(AuditError):
    """Something published is wrong; the check's ``place`` says where."""


@dataclass(slots=True, kw_only=True)
class Check:
    """A verification under way: each step adds what it proved for the later ones.

    ``place`` is the path of what is looked at now; ``progress`` is told how much of a step is done,
    and of how much.
    """

    source: Source
    workers: Workers
    renderer: Callable[[], Renderer]
    expected: bytes | None
    progress: Callable[[int, int], None]
    place: str = ""
    manifest: Manifest = field(init=False)
    publication: PublicationList = field(init=False)
    renderings: RenderingsList = field(init=False)
    result_hash: bytes = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    note: bytes = field(init=False)
    entries: tuple[bytes, ...] = field(init=False)
    admitted: Admitted = field(init=False)
    opening: Opening = field(init=False)
    blobs: dict[str, list[bytes]] = field(default_factory=dict)
    opened: dict[str, list[OpenedBallot]] = field(default_factory=dict)
    recount: Recount = field(init=False)
    derived: dict[str, bytes] = field(default_factory=dict)
    """The hashes of the files that a step has derived or fully checked."""

    def raw(self, path: str, limit: int = LARGEST_FILE) -> bytes:
        """A file as it is. Raises Fault when it is missing."""
        self.place = path
        data = self.source.read(path, limit=limit)
        if data is None:
            raise Fault("missing")
        return data

    def listed(self, path: str, files: Mapping[str, bytes], name: str = PUBLICATION) -> bytes:
        """A file with the hash that the list ``name`` gives it."""
        self.place = path
        if path not in files:
            raise Fault(f"missing in {name}")
        data = self.raw(path)
        if sha256(data).digest() != files[path]:
            raise Fault(f"not the file that {name} lists: its content was changed")
        return data

    def read(self, path: str) -> bytes:
        """A file listed in publication.json, which this step checks."""
        data = self.listed(path, self.publication.files)
        self.derived[path] = self.publication.files[path]
        return data

    def compare(self, path: str, expected: bytes) -> None:
        """Raise Fault, saying where they differ, unless a listed file is what was derived."""
        found = self.read(path)
        if found != expected:
            raise Fault(difference(expected, found))

    def compare_all(self, prefix: str, expected: Iterable[tuple[str, bytes]]) -> int:
        """Compare derived files; none may be listed under ``prefix`` beside them. Gives how many
        there are."""
        count = 0
        for path, data in expected:
            self.compare(path, data)
            count += 1
        self.nothing_else(prefix)
        return count

    def nothing_else(self, prefix: str) -> None:
        """Raise Fault for a listed file under ``prefix`` that no step has checked."""
        for path in sorted(self.publication.files):
            if path.startswith(prefix) and path not in self.derived:
                self.place = path
                raise Fault("listed, but nothing in this election gives such a file")


def difference(expected: bytes, found: bytes) -> str:
    """Where a file differs from what was derived, in words."""
    try:
        place, right, wrong = _first(canonical.parse(expected), canonical.parse(found), "")
    except canonical.CanonicalError:
        pairs = enumerate(zip(expected, found, strict=False))
        short = min(len(expected), len(found))
        offset = next((at for at, (right, wrong) in pairs if right != wrong), short)
        line = expected.count(b"\n", 0, offset) + 1
        return f"not what the recount gives: differs at byte {offset} (line {line})"
    return f"not what the recount gives: {place or 'all'} is {wrong}, and should be {right}"


def _first(expected: canonical.Value, found: canonical.Value, place: str) -> tuple[str, str, str]:
    """The first place where two different values differ, and what stands there."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted(expected.keys() | found.keys()):
            below = f"{place}.{key}" if place else key
            if key not in found or key not in expected:
                return below, *(
                    _shown(each[key]) if key in each else "missing" for each in (expected, found)
                )  # type: ignore[return-value]
            if expected[key] != found[key]:
                return _first(expected[key], found[key], below)
    if isinstance(expected, list) and isinstance(found, list):
        for position, (right, wrong) in enumerate(zip(expected, found, strict=False)):
            if right != wrong:
                return _first(right, wrong, f"{place}[{position}]")
        return f"the length of {place}", str(len(expected)), str(len(found))
    if isinstance(expected, str) and isinstance(found, str):
        pairs = enumerate(zip(expected, found, strict=False))
        at = next(
            (at for at, (right, wrong) in pairs if right != wrong), min(map(len, (expected, found)))
        )
        if at > 40:
            expected, found = ("…" + text[at - 20 :] for text in (expected, found))
    return place, _shown(expected), _shown(found)


def _shown(value: canonical.Value) -> str:
    text = canonical.encode(value).decode()
    return text if len(text) <= 100 else text[:97] + "..."
