"""The publication of the election as the public door shows it: read once, checked by its lists.

Only what the officers signed is shown: the lists are checked against the manifest's officers, and
every file against the hash that its list gives it, each time that it is read. Whether the result is
right is not decided here but by ``python -m audit verify``, on anybody's machine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final

from audit.label import b64
from audit.manifest import Manifest
from audit.publication import (
    EXPLANATIONS,
    FIGURES,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
    read_list_signatures,
    read_publication,
    read_renderings,
)
from audit.result_hash import in_groups, in_words
from audit.source import FolderSource
from tally.canonical import parse
from web.errors import WebError

LARGEST_READ: Final = 64_000_000
"""The most bytes of a file that is taken into memory: results, figures, explanations."""

PORTION: Final = 1 << 20

Object = Mapping[str, Any]


class PublicationDamaged(WebError):
    """A publication whose files are not those that its officers signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A publication. ``results`` is the value of results.json, ``figures`` those of the figures by
    path, ``explained`` the contests of explanations.json by id; ``decided`` and ``drawn`` map the
    paths of the two lists to SHA-256; ``sizes`` maps every path to its number of bytes;
    ``result_hash`` has 32 bytes."""

    manifest: Manifest
    folder: Path
    result_hash: bytes
    decided: Mapping[str, bytes]
    drawn: Mapping[str, bytes]
    lists: Mapping[str, bytes] = field(repr=False)
    sizes: Mapping[str, int] = field(repr=False)
    results: Object = field(repr=False)
    figures: Mapping[str, Object] = field(repr=False)
    explained: Mapping[str, Object] = field(repr=False)

    @property
    def hex(self) -> str:
        """The result hash in 64 hex digits."""
        return self.result_hash.hex()

    @property
    def grouped(self) -> str:
        """The same in groups of four."""
        return in_groups(self.result_hash)

    @property
    def words(self) -> str:
        """The result hash in words."""
        return in_words(self.result_hash)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of the publication, sorted."""
        return tuple(sorted(self.sizes))

    def result(self, contest: str) -> Object:
        """A contest's part of the results."""
        found: Object = next(row for row in self.results["contests"] if row["contest"] == contest)
        return found

    def read(self, path: str) -> bytes:
        """A file that is listed, with the hash that is listed. Raises PublicationDamaged."""
        return b"".join(self.portions(path))

    def portions(self, path: str) -> Iterator[bytes]:
        """The same in portions; none of them before the whole file was found to be right."""
        if path in self.lists:
            yield self.lists[path]
            return
        listed = self.decided.get(path) or self.drawn.get(path)
        if listed is None:
            raise PublicationDamaged(f"publication: {path} is in neither list")
        try:
            with (self.folder / path).open("rb") as file:
                for send in (False, True):
                    file.seek(0)
                    seen = sha256()
                    while portion := file.read(PORTION):
                        seen.update(portion)
                        if send:
                            yield portion
                    if seen.digest() != listed:
                        raise _damaged(path)
        except FileNotFoundError:
            raise _missing(path) from None


def _missing(path: str) -> PublicationDamaged:
    return PublicationDamaged(f"publication: {path} is missing; put the folder back")


def _damaged(path: str) -> PublicationDamaged:
    return PublicationDamaged(f"publication: {path} is not what was signed; put the folder back")


def _read(source: FolderSource, path: str) -> bytes:
    data = source.read(path, limit=LARGEST_READ)
    if data is None:
        raise _missing(path)
    return data


def _checked(source: FolderSource, path: str, listed: bytes) -> bytes:
    data = source.read(path)
    if data is None:
        raise _missing(path)
    if sha256(data).digest() != listed:
        raise _damaged(path)
    return data


def _size(folder: Path, path: str) -> int:
    try:
        return (folder / path).stat().st_size
    except FileNotFoundError:
        raise _missing(path) from None


def read_published(manifest: Manifest, folder: Path) -> Published:
    """The publication in ``folder``. Raises AuditError or WebError naming what does not hold."""
    source = FolderSource(folder)
    lists = {path: _read(source, path) for path in (PUBLICATION, RENDERINGS, SIGNATURES)}
    signed = read_list_signatures(manifest, lists[SIGNATURES])
    signed.check_publication(manifest, lists[PUBLICATION])
    signed.check_renderings(manifest, lists[RENDERINGS])
    decided = read_publication(lists[PUBLICATION])
    drawn = read_renderings(lists[RENDERINGS])
    result_hash = sha256(lists[PUBLICATION]).digest()
    if decided.election != manifest.hash or drawn.publication != result_hash:
        raise PublicationDamaged("publication: its lists are of another election or result")

    def value(path: str, listed: Mapping[str, bytes]) -> Any:
        if path not in listed:
            raise PublicationDamaged(f"publication: {path} is not listed")
        return parse(_checked(source, path, listed[path]), limit=LARGEST_READ)

    explanations = value(EXPLANATIONS, drawn.files)
    if explanations["publication"] != b64(result_hash):
        raise PublicationDamaged(f"publication: {EXPLANATIONS} is of another result")
    return Published(
        manifest=manifest,
        folder=folder,
        result_hash=result_hash,
        decided=decided.files,
        drawn=drawn.files,
        lists=lists,
        sizes={
            **{path: _size(folder, path) for path in (*decided.files, *drawn.files)},
            **{path: len(data) for path, data in lists.items()},
        },
        results=value(RESULTS, decided.files),
        figures={
            path: value(path, decided.files) for path in decided.files if path.startswith(FIGURES)
        },
        explained=explanations["contests"],
    )


class PublishedFolder:
    """The folder that the publication will be in; it is read once, and again only if replaced."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self._manifest = manifest
        self._folder = folder
        self._lock = Lock()
        self._kept: tuple[tuple[int, ...], Published] | None = None

    @property
    def exists(self) -> bool:
        """Whether the officers published."""
        return (self._folder / SIGNATURES).exists()

    def get(self) -> Published | None:
        """The publication, None before there is one. Raises AuditError or WebError."""
        try:
            seen = (self._folder / SIGNATURES).stat()
        except FileNotFoundError:
            return None
        mark = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        with self._lock:
            if self._kept is None or self._kept[0] != mark:
                self._kept = mark, read_published(self._manifest, self._folder)
            return self._kept[1]
