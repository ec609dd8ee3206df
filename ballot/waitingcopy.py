"""The second copy of what waits: on another disk before anybody is told that the box has it.

The second copy of released ballots (``ballot.secondcopy``) is written batch by batch. What was
acknowledged since the last batch would be in one database alone, and an old copy of that database,
or a disk that lied, would lose it without anybody noticing but those who hold the receipts. So each
group of ballots and tests is written here before it is committed, and taken again at the next start
(``ballot.takenagain``) if the database has it no more.

A process writes a file of its own, which it locks: ``<random>.waiting`` is a sequence of groups,
each the length of its data (4 bytes, big-endian), its data and the SHA-256 of that. The data is a
record for each ballot or test: the lengths of entry and sealed bytes (4 bytes each) and these; a
test has its signed request for an entry, and no sealed bytes. The records of a group are in the
order of their bytes, so that not even the group tells who came first. A group that is not whole was
never acknowledged. When the log holds all of a file, signed, the file is overwritten and removed;
the tests in it stay, sorted, in ``<hash>.tested``, since nothing else outlives the database.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Final

from ballot.durable import keep_file, make_folder, synchronise_folder
from ballot.errors import BallotError
from ballot.secondcopy import HASH_SIZE, SecondCopyFailed

_LENGTH: Final = 4
_WAITING: Final = ".waiting"
_TESTED: Final = ".tested"


class WaitingCopyInvalid(BallotError):
    """A file cannot be read, or one of kept tests is damaged; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Kept:
    """A ballot's entry and sealed bytes, or a test's request and no sealed bytes."""

    entry: bytes
    sealed: bytes

    @property
    def test(self) -> bool:
        """Whether this is a test."""
        return not self.sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What one file holds that no process writes any more, and that file."""

    path: Path
    kept: tuple[Kept, ...]


class WaitingCopy:
    """The folder of one box. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when the first group is written; it should be on another disk."""
        self._folder = folder
        self._lock = Lock()
        self._own: _OwnFile | None = None
        self._before: list[_OwnFile] = []

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    # -- writing --------------------------------------------------------------------------------

    def keep(self, group: Sequence[Kept]) -> int:
        """Write a group durably; gives what ``take_back`` wants. Raises SecondCopyFailed: then
        nothing of it is here."""
        with self._lock:
            try:
                if self._own is None:
                    make_folder(self._folder)
                    self._own = _OwnFile(self._folder)
                return self._own.add(_spell(group))
            except OSError as error:
                # After a failure nobody knows what its end is worth: never write there again.
                self._set_aside()
                raise SecondCopyFailed(
                    f"{self._folder}: the second copy cannot be written ({error.strerror}); no "
                    "ballot is acknowledged before it can"
                ) from None

    def take_back(self, mark: int) -> None:
        """Undo the last ``keep``, whose group was not committed. What cannot be undone is taken
        again like a ballot whose acknowledgement was lost."""
        with self._lock:
            if self._own is not None and not self._own.cut(mark):
                self._set_aside()

    def turn(self) -> None:
        """Let the next group begin a file of its own, so that the present one can be removed when
        the log holds all of it."""
        with self._lock:
            self._set_aside()

    def close(self) -> None:
        """Let go of what this process wrote; its files stay for the next one."""
        with self._lock:
            self._set_aside()
            while self._before:
                self._before.pop().close()

    def _set_aside(self) -> None:
        if self._own is not None and self._own.size:
            self._before.append(self._own)
            self._own = None

    # -- reading --------------------------------------------------------------------------------

    @contextmanager
    def left(self) -> Iterator[list[Left]]:
        """The files that no process writes any more, kept from others until the ``with`` ends.

        Raises WaitingCopyInvalid when one cannot be read."""
        with self._lock:
            while self._before:
                self._before.pop().close()
        locked: list[int] = []
        try:
            found: list[Left] = []
            for path in sorted(self._folder.glob(f"*{_WAITING}")):
                try:
                    descriptor = os.open(path, os.O_RDONLY)
                    locked.append(descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    found.append(Left(path=path, kept=tuple(read_groups(path.read_bytes()))))
                except (FileNotFoundError, BlockingIOError):  # gone meanwhile; another's
                    continue
                except OSError as error:
                    raise _unreadable(path, error) from None
            yield found
        finally:
            for descriptor in locked:
                os.close(descriptor)

    def tested(self) -> list[Kept]:
        """The tests whose files were removed. Raises WaitingCopyInvalid."""
        kept: list[Kept] = []
        for path in sorted(self._folder.glob(f"*{_TESTED}")):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise _unreadable(path, error) from None
            if sha256(data).hexdigest() != path.stem:
                raise WaitingCopyInvalid(
                    f"{path}: is damaged: its contents do not have the hash it is named after. "
                    "Bring back another copy of it, or move it away to do without its tests"
                )
            kept += _records(data)
        return kept

    def remove(self, left: Left, tests: Sequence[Kept]) -> None:
        """Remove a file of ``left`` for good, after ``tests`` of it were kept for themselves.

        Raises SecondCopyFailed: then it is there still."""
        try:
            if tests:
                data = _spell(tests)
                keep_file(self._folder / f"{sha256(data).hexdigest()}{_TESTED}", data, mode=0o600)
            with suppress(FileNotFoundError), left.path.open("r+b") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
                left.path.unlink()
            synchronise_folder(self._folder)
        except OSError as error:
            raise SecondCopyFailed(f"{left.path}: cannot be removed: {error.strerror}") from None


class _OwnFile:
    """The file that this process writes, locked for as long as it is open."""

    def __init__(self, folder: Path) -> None:
        name = token_hex(16)
        unfinished = folder / f".{name}"
        self._descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.size = 0
        try:
            # Under its name nobody sees it unlocked.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            unfinished.rename(folder / f"{name}{_WAITING}")
            synchronise_folder(folder)
        except BaseException:
            os.close(self._descriptor)
            raise

    def add(self, data: bytes) -> int:
        """Write a group at the end; gives where that begins. Raises OSError, and tries then that
        nothing of it stays."""
        begin = self.size
        group = len(data).to_bytes(_LENGTH) + data + sha256(data).digest()
        self.size += len(group)
        try:
            while group:
                group = group[os.pwrite(self._descriptor, group, self.size - len(group)) :]
            os.fdatasync(self._descriptor)
        except OSError:
            self.cut(begin)
            raise
        return begin

    def cut(self, size: int) -> bool:
        """Forget what follows; gives whether that was done."""
        try:
            os.ftruncate(self._descriptor, size)
            os.fdatasync(self._descriptor)
        except OSError:
            return False
        self.size = size
        return True

    def close(self) -> None:
        """Unlock the file."""
        os.close(self._descriptor)


def _unreadable(path: Path, error: OSError) -> WaitingCopyInvalid:
    return WaitingCopyInvalid(
        f"{path}: cannot be read: {error.strerror}. Make it readable, or move it away to do "
        "without what it holds"
    )


def _spell(group: Sequence[Kept]) -> bytes:
    return b"".join(
        len(each.entry).to_bytes(_LENGTH)
        + len(each.sealed).to_bytes(_LENGTH)
        + each.entry
        + each.sealed
        for each in sorted(group)
    )


def read_groups(data: bytes) -> Iterator[Kept]:
    """The records of all whole groups; the first that is not whole ends it."""
    at = 0
    while at < len(data):
        begin = at + _LENGTH
        end = begin + int.from_bytes(data[at:begin])
        group = data[begin:end]
        if data[end : end + HASH_SIZE] != sha256(group).digest():
            return
        yield from _records(group)
        at = end + HASH_SIZE


def _records(group: bytes) -> Iterator[Kept]:
    at = 0
    while at < len(group):
        middle = at + _LENGTH
        begin = middle + _LENGTH
        between = begin + int.from_bytes(group[at:middle])
        at = between + int.from_bytes(group[middle:begin])
        yield Kept(entry=group[begin:between], sealed=group[between:at])
