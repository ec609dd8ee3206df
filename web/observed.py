"""The public log as an observer sees it: its size, who saw it, and the hashes that stand for it.

Everything comes from files that are public and from the times in the rules. No time stands beside a
ballot: a milestone is the root of the first 10, 100, 1,000 … entries, whenever they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from audit.checkpoint import open_checkpoint
from audit.manifest import Manifest
from audit.merkle import Frontier, leaf_hash
from audit.note import MOST_BYTES
from audit.policy import NONE, QuorumMissing
from audit.record import CloseEntry, OpenEntry, parse_entry
from audit.source import FolderSource
from audit.succession import Succession
from audit.tile import ENTRIES, WIDTH, Tile, TileInvalid, TileReader, decode_bundle
from web.errors import WebError

CHECKPOINT: Final = "checkpoint"


class LogDamaged(WebError):
    """A log whose files do not fit its checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """The root of the log's first ``size`` entries."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A signed state of the log. ``witnesses`` maps the policy's names of those that cosigned it to
    when (POSIX seconds), ``waiting`` are those that did not yet; ``enough`` says whether the policy
    is satisfied. ``opened`` and ``closed`` are the leaf hashes of the officers' two entries;
    ``succeeds`` is the lost log in whose place this one stands."""

    note: str = field(repr=False)
    size: int
    root: bytes
    witnesses: Mapping[str, int]
    waiting: tuple[str, ...]
    enough: bool
    opened: bytes | None
    closed: bytes | None
    succeeds: Succession | None
    milestones: tuple[Milestone, ...]


class LogFolder:
    """The folder of the public log. What was read is kept until the checkpoint is another."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self._manifest = manifest
        self._folder = folder
        self._lock = Lock()
        self._kept: tuple[bytes, Log] | None = None
        self._roots: dict[int, bytes] = {}

    def get(self) -> Log | None:
        """The newest signed state, None before the vote is opened. Raises AuditError, WebError."""
        with self._lock:
            if not (self._folder / CHECKPOINT).exists():
                return None
            source = FolderSource(self._folder)
            note = source.read(CHECKPOINT, limit=MOST_BYTES)
            if note is None:
                return None
            if self._kept is None or self._kept[0] != note:
                self._kept = note, self._read(source, note)
            return self._kept[1]

    def _read(self, source: FolderSource, note: bytes) -> Log:
        key, policy = self._manifest.box.verifier_key, self._manifest.policy
        witnesses: Mapping[str, int] = {}
        waiting: tuple[str, ...] = ()
        enough = True
        if policy is None:
            checkpoint = open_checkpoint(note, key.name, key).checkpoint
        else:
            opened = policy.read_checkpoint(note, key.name, key)
            checkpoint, witnesses = opened.checkpoint, policy.cosigned(opened)
            waiting = tuple(name for name in policy.witnesses if name not in witnesses)
            try:
                policy.check(witnesses)
            except QuorumMissing:
                enough = False
        size = checkpoint.size
        first = _entry(source, 0, size) if size else b""
        last = _entry(source, size - 1, size) if size else b""
        begun = parse_entry(first) if first else None
        ended = bool(last) and isinstance(parse_entry(last), CloseEntry)
        return Log(
            note=note.decode(),
            size=size,
            root=checkpoint.root,
            witnesses=witnesses,
            waiting=waiting,
            enough=enough,
            opened=leaf_hash(first) if isinstance(begun, OpenEntry) else None,
            closed=leaf_hash(last) if ended else None,
            succeeds=begun.succeeds if isinstance(begun, OpenEntry) else None,
            milestones=tuple(self._milestones(source, size)),
        )

    def _milestones(self, source: FolderSource, size: int) -> list[Milestone]:
        found, reader, at = [], TileReader(source.read, size), 10
        while at <= size:
            if at not in self._roots:
                self._roots[at] = Frontier.read(at, reader.node).root()
            found.append(Milestone(size=at, root=self._roots[at]))
            at *= 10
        return found


def asks_witnesses(manifest: Manifest) -> bool:
    """Whether the rules ask for any witness before the box is opened."""
    return manifest.policy is not None and manifest.policy.quorum != NONE


def _entry(source: FolderSource, position: int, size: int) -> bytes:
    index = position // WIDTH
    width = min(WIDTH, size - index * WIDTH)
    # The log may have grown since its checkpoint was read: then only the full bundle is there.
    for present in (width, WIDTH):
        tile = Tile(level=ENTRIES, index=index, width=present)
        data = source.read(tile.path)
        if data is not None:
            try:
                return decode_bundle(data, present)[position % WIDTH]
            except TileInvalid as error:
                raise LogDamaged(f"log/{tile.path}: {error}; put the log back") from None
    raise LogDamaged(f"log: no bundle holds entry {position}; put the log back")
