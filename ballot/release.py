"""The log as static files: a pure, repeatable function of what the database committed.

``checkpoint``, ``tile/<level>/…`` and ``tile/entries/…`` below one folder (C2SP tlog-tiles). Tiles
and bundles are written before the checkpoint that needs them, each whole or not at all, and never
change: one that exists with other content is fatal. Only ``checkpoint`` is replaced, by a later
one. Whoever can edit the folder can withhold or break the public log, which everybody sees, but
cannot change it: every reader compares it with a signed checkpoint.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.errors import AuditError
from audit.merkle import HASH_SIZE, Frontier, leaf_hash
from audit.note import VerifierKey
from audit.tile import ENTRIES, WIDTH, Tile, TileInvalid, encode_bundle, new_tiles
from ballot.durable import FileDiffers, keep_file, make_folder, replace_file
from ballot.errors import BallotError
from ballot.startup import check_signed
from ballot.store.boxtransaction import BoxTransaction, Head
from ballot.store.engine import StoreDamaged
from ballot.tree import stored_nodes

CHECKPOINT = "checkpoint"


class FolderAhead(BallotError):
    """The published log goes beyond the database: the database is an old copy, or another's."""


def _nothing(_step: str) -> None:
    pass


class LogFolder:
    """The folder a log is published in. Several processes may publish into it."""

    def __init__(
        self, folder: Path, key: VerifierKey, *, on_step: Callable[[str], None] = _nothing
    ) -> None:
        """``key`` is the log's, its name the origin. ``on_step`` is told each file before it is
        written."""
        self._folder = folder
        self._key = key
        self._on_step = on_step

    def checkpoint(self) -> Checkpoint | None:
        """The published checkpoint, its signature verified; None before the first."""
        note = self.note()
        if note is None:
            return None
        return open_checkpoint(note, self._key.name, self._key).checkpoint

    def note(self) -> bytes | None:
        """The bytes of the same, with the signature lines."""
        path = self._folder / CHECKPOINT
        try:
            note = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            open_checkpoint(note, self._key.name, self._key)
            return note
        except AuditError as error:
            raise FileDiffers(f"{path}: not a checkpoint of this log ({error})") from None

    def compare(self, transaction: BoxTransaction, head: Head) -> None:
        """Compare everything published with the database. Raises FolderAhead or FileDiffers.

        Removes what an interrupted write left behind.
        """
        make_folder(self._folder)
        with self._alone():
            self._compare(transaction, head)

    def _compare(self, transaction: BoxTransaction, head: Head) -> None:
        published = self.checkpoint()
        if published is not None:
            self._compare_root(transaction, head, published)
        for path in self._folder.glob(f".{CHECKPOINT}.*"):
            path.unlink(missing_ok=True)
        for path in sorted((self._folder / "tile").rglob("*")):
            if path.is_dir():
                continue
            if path.name.startswith("."):
                path.unlink(missing_ok=True)
                continue
            try:
                tile = Tile.parse(path.relative_to(self._folder).as_posix())
            except TileInvalid as error:
                raise FileDiffers(f"{path}: does not belong to the log ({error})") from None
            if _end(tile) > head.size:
                raise FolderAhead(_ahead(path, head))
            keep_file(path, _content(transaction, head.size, tile))

    @staticmethod
    def _compare_root(transaction: BoxTransaction, head: Head, published: Checkpoint) -> None:
        if published.size > head.size:
            raise FolderAhead(_ahead("the published checkpoint", head))
        nodes = stored_nodes(transaction, head.size)
        if Frontier.read(published.size, nodes).root() != published.root:
            raise FileDiffers(
                f"the published checkpoint of {published.size} entries is of another history than "
                "the database: find the newest copy of the database; never publish over it"
            )

    def publish(self, transaction: BoxTransaction) -> None:
        """Write the files of the newest signed checkpoint that are not there yet."""
        make_folder(self._folder)
        with self._alone():
            head = transaction.head()
            published = self.checkpoint()
            if published is not None:
                self._compare_root(transaction, head, published)
            before = published.size if published else 0
            if head.signed_size == 0 or before > head.signed_size:
                return
            check_signed(transaction, head, self._key)
            for tile in new_tiles(before, head.signed_size):
                self._on_step(f"publish {tile.path}")
                keep_file(self._folder / tile.path, _content(transaction, head.size, tile))
            path = self._folder / CHECKPOINT
            if not path.exists() or path.read_bytes() != head.checkpoint:
                replace_file(
                    path,
                    head.checkpoint,
                    mode=0o644,
                    on_step=lambda step: self._on_step(f"publish {CHECKPOINT}: {step}"),
                )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def write_log(transaction: BoxTransaction, folder: Path) -> None:
    """Write the tiles, bundles and checkpoint of exactly the newest signed size into ``folder``,
    as a publication holds them. Raises FileDiffers when something else is there."""
    head = transaction.head()
    for tile in new_tiles(0, head.signed_size):
        keep_file(folder / tile.path, _content(transaction, head.size, tile))
    keep_file(folder / CHECKPOINT, head.checkpoint)


def _end(tile: Tile) -> int:
    """How many entries a log needs for this tile."""
    return (tile.index * WIDTH + tile.width) << 8 * max(tile.level, 0)


def _content(transaction: BoxTransaction, size: int, tile: Tile) -> bytes:
    if _end(tile) > size:
        raise FolderAhead(f"{tile.path}: not in a log of {size} entries")
    hashes = transaction.tile(max(tile.level, 0), tile.index) or b""
    hashes = hashes[: tile.width * HASH_SIZE]
    if tile.level != ENTRIES:
        return hashes
    first = tile.index * WIDTH
    entries = [entry for _, entry in transaction.entries(first, first + tile.width)]
    if b"".join(map(leaf_hash, entries)) != hashes:
        raise StoreDamaged(f"{tile.path}: the stored entries are not those of the log")
    return encode_bundle(entries)


def _ahead(what: object, head: Head) -> str:
    return (
        f"{what}: goes beyond the {head.size} entries of the database. The database is older than "
        "what was released: bring back its newest copy; never sign or publish over it"
    )
