"""The whole publication as one tar archive, the same bytes from every server and at every time.

It is written while it is sent: nothing is kept, and each file is compared with the hash that the
officers signed before a byte of it leaves. Not compressed, because what a compressor writes depends
on its version; a proxy may compress on the way.
"""

import tarfile
from collections.abc import Iterator
from typing import Final

from web.published import Published

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
MODE: Final = 0o644


def _header(published: Published, path: str, size: int) -> bytes:
    info = tarfile.TarInfo(f"{published.manifest.election.id}/{path}")
    info.size, info.mode, info.mtime = size, MODE, 0
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> int:
    return -size % BLOCK


def _size(published: Published, path: str) -> int:
    if path in published.lists:
        return len(published.lists[path])
    return (published.folder / path).stat().st_size


def archive_size(published: Published) -> int:
    """The number of bytes that ``archive`` gives."""
    total = len(END)
    for path in published.paths:
        size = _size(published, path)
        total += len(_header(published, path, size)) + size + _padding(size)
    return total


def archive(published: Published) -> Iterator[bytes]:
    """The archive: every listed file below a folder named as the election, sorted by path.

    Raises PublicationDamaged for a file that is not the one that was signed.
    """
    for path in published.paths:
        data = published.read(path)
        yield _header(published, path, len(data))
        yield data
        yield bytes(_padding(len(data)))
    yield END
