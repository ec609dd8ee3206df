"""Files that are whole or absent, and still there after a power cut."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from ballot.errors import BallotError

_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class FileDiffers(BallotError):
    """A file that must never change exists with other content."""


def _nothing(_step: str) -> None:
    pass


def replace_file(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    on_step: Callable[[str], None] = _nothing,
) -> None:
    """Put ``data`` at ``path``, in place of what was there, atomically and durably.

    Written beside it, synchronised, renamed over it, and the folder synchronised: a reader sees
    the old content or the new one, and after this returns the new one survives a power cut.
    ``on_step`` is told ``write``, ``rename`` and ``synchronise`` before each is done.
    """
    with _written_beside(path, data, mode, on_step) as temporary:
        on_step("rename")
        temporary.replace(path)
    on_step("synchronise")
    synchronise_folder(path.parent)


@contextmanager
def _written_beside(
    path: Path, data: bytes, mode: int, on_step: Callable[[str], None]
) -> Iterator[Path]:
    """A synchronised file of another name beside ``path``; afterwards that name is gone."""
    on_step("write")
    descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def keep_file(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o644,
    on_step: Callable[[str], None] = _nothing,
) -> bool:
    """Put ``data`` at ``path`` for good; gives whether it was not there yet.

    The same content again changes nothing; other content raises FileDiffers, also when somebody
    else puts it there at the same moment. ``on_step`` is told ``write``, ``link`` and
    ``synchronise`` before each is done.
    """
    fresh = not path.exists()
    if fresh:
        make_folder(path.parent)
        with _written_beside(path, data, mode, on_step) as temporary:
            on_step("link")
            fresh = _name(temporary, path)
    if not fresh and path.read_bytes() != data:
        raise FileDiffers(
            f"{path}: exists with other content. It is published and may never change: find out "
            "who wrote it before anything else is done"
        )
    # Also of a file that was there: who wrote it may have died before this.
    on_step("synchronise")
    synchronise_folder(path.parent)
    return fresh


def _name(temporary: Path, path: Path) -> bool:
    """Give a file its name unless something has it; gives whether nothing had."""
    try:
        # A rename would replace what somebody else wrote meanwhile; a link never does.
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links (FAT, some shared folders): as near as it comes.
        if path.exists():
            return False
        temporary.replace(path)
    return True


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    synchronise_folder(path.parent)


def synchronise_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
