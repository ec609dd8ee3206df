"""Files that are whole or absent, and still there after a power cut."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import mkstemp

from ballot.errors import BallotError


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
    on_step("write")
    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        on_step("rename")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    on_step("synchronise")
    synchronise_folder(path.parent)


def keep_file(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Put ``data`` at ``path`` for good; gives whether it was not there yet.

    The same content again changes nothing; other content raises FileDiffers.
    """
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        make_folder(path.parent)
        replace_file(path, data, mode=mode)
        return True
    if present != data:
        raise FileDiffers(
            f"{path}: exists with other content. It is published and may never change: find out "
            "who wrote it before anything else is done"
        )
    return False


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
