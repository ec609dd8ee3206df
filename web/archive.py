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


def _header(published: Published, path: str) -> bytes:
    info = tarfile.TarInfo(f"{published.manifest.election.id}/{path}")
    info.size, info.mode, info.mtime = published.sizes[path], MODE, 0
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> int:
    return -size % BLOCK


def archive_size(published: Published) -> int:
    """The number of bytes that ``archive`` gives."""
    total = len(END)
    for path, size in published.sizes.items():
        total += len(_header(published, path)) + size + _padding(size)
    return total


def archive(published: Published) -> Iterator[bytes]:
    """The archive: every listed file below a folder named as the election, sorted by path.

    Raises PublicationDamaged for a file that is not the one that was signed.
    """
    for path in published.paths:
        sent = 0
        for portion in published.portions(path):
            if not sent:
                yield _header(published, path)
            yield portion
            sent += len(portion)
        if not sent:
            yield _header(published, path)
        yield bytes(_padding(sent))
    yield END
