"""A second copy, on another disk, of what the published log does not hold: the sealed ballots.

The log's entries are public before anybody can count them, and its files are copied by everybody;
but until the publication the sealed bytes are in one database alone. So each batch is written to
another folder before the checkpoint that covers it is signed: whatever was released can be brought
back from the public log and this copy (``ballot.recovery``). It says no more than the log does: a
file a batch, in the log's own order.

``<position of the first>-<one past the last>.sealed``: for each ballot of the batch its leaf hash
(32 bytes), the length of its sealed bytes (4 bytes, big-endian) and the sealed bytes; then the
SHA-256 of all that (32 bytes).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from ballot.durable import FileDiffers, keep_file, make_folder
from ballot.errors import BallotError
from ballot.store.engine import StoreBusy

HASH_SIZE: Final = 32
_LENGTH: Final = 4


class SecondCopyFailed(StoreBusy):
    """The second copy could not be written. Nothing was signed or released; it is tried again."""


class SecondCopyInvalid(BallotError):
    """A file of the second copy is damaged; the message names it."""


class SecondCopy:
    """The folder of the second copy of one box."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when the first batch is written; it should be on another disk."""
        self._folder = folder

    def keep(self, begin: int, end: int, ballots: Sequence[tuple[bytes, bytes]]) -> None:
        """Write the (leaf hash, sealed bytes) of the log's entries ``begin`` to ``end`` - 1,
        durably. The same again changes nothing. Raises SecondCopyFailed or FileDiffers."""
        data = b"".join(leaf + len(sealed).to_bytes(_LENGTH) + sealed for leaf, sealed in ballots)
        path = self._folder / f"{begin:012d}-{end:012d}.sealed"
        try:
            make_folder(self._folder)
            keep_file(path, data + sha256(data).digest(), mode=0o600)
        except FileDiffers:
            raise
        except OSError as error:
            raise SecondCopyFailed(
                f"{self._folder}: the second copy cannot be written ({error.strerror}); no batch "
                "is released before it can"
            ) from None

    def find(self, leaf_hashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """The sealed bytes of these entries, as far as they are here. Raises SecondCopyInvalid."""
        wanted = set(leaf_hashes)
        found: dict[bytes, bytes] = {}
        for path in sorted(self._folder.glob("*.sealed")):
            found.update((leaf, sealed) for leaf, sealed in _read(path) if leaf in wanted)
        return found


def _read(path: Path) -> list[tuple[bytes, bytes]]:
    try:
        whole = path.read_bytes()
    except OSError as error:
        raise SecondCopyInvalid(f"{path}: cannot be read: {error.strerror}") from None
    data, digest = whole[:-HASH_SIZE], whole[-HASH_SIZE:]
    if sha256(data).digest() != digest:
        raise SecondCopyInvalid(
            f"{path}: is damaged: its contents do not have the hash at its end. Bring back "
            "another copy of it, or move it away to do without its ballots"
        )
    ballots: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(data):
        leaf = data[at : at + HASH_SIZE]
        begin = at + HASH_SIZE + _LENGTH
        end = begin + int.from_bytes(data[at + HASH_SIZE : begin])
        if end > len(data):
            raise SecondCopyInvalid(f"{path}: ends inside a ballot")
        ballots.append((leaf, data[begin:end]))
        at = end
    return ballots
