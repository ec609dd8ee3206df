"""Where a publication is read from: a folder, or a web address below which its files lie.

Paths are relative, with ``/``, of plain characters only; no path leads out of the folder, and no
link is followed. Every read has a limit. From the web each file is fetched once and kept in a
temporary folder, so that what was checked and what is used are the same bytes.
"""

import os
import re
import stat
from collections.abc import Iterator
from errno import ELOOP
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from audit.errors import AuditError
from audit.spelling import shown

LARGEST_FILE = 1 << 31
"""The most bytes of one file, if the caller sets no lower limit."""

# Not waiting for whoever would write into a pipe.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_SECONDS = 60
_TRIES = 3
_PART = 1 << 20
_PATH = re.compile(
    r"(?!.{241})[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){0,8}", re.ASCII
)


class SourceFailed(AuditError):
    """A publication that cannot be read: this says nothing about whether it is right."""


class PathInvalid(AuditError):
    """A path that no file of a publication can have."""


def check_path(path: str) -> None:
    """Raise PathInvalid unless ``path`` may be a file's: relative, plain, never upwards."""
    if not _PATH.fullmatch(path):
        raise PathInvalid(f"{shown(path)}: not the path of a file in a publication")


class FileRefused(AuditError):
    """A file that is none of a publication: a link, a device, too large."""


class Source(Protocol):
    """Files under paths."""

    def read(self, path: str, *, limit: int = LARGEST_FILE) -> bytes | None:
        """The file's bytes, None when there is none.

        Raises SourceFailed, FileRefused, PathInvalid.
        """

    def paths(self) -> frozenset[str] | None:
        """The paths of all files, or None where they cannot be listed."""


class FolderSource:
    """A publication in a folder."""

    def __init__(self, root: Path) -> None:
        """Raises SourceFailed unless ``root`` is a folder."""
        if not root.is_dir():
            raise SourceFailed(f"{root}: not a folder")
        self._root = root

    def read(self, path: str, *, limit: int = LARGEST_FILE) -> bytes | None:
        """See Source.read. Links and devices are refused."""
        check_path(path)
        folder = self._root
        for part in path.split("/")[:-1]:
            folder /= part
            if folder.is_symlink():
                raise FileRefused(f"{path}: leads through a link")
        try:
            descriptor = os.open(self._root / path, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == ELOOP:
                raise FileRefused(f"{path}: is a link") from None
            raise SourceFailed(f"{path}: cannot be read: {error.strerror}") from None
        try:
            kind = os.fstat(descriptor)
            if not stat.S_ISREG(kind.st_mode):
                raise FileRefused(f"{path}: not a file")
            if kind.st_size > limit:
                raise FileRefused(f"{path}: {kind.st_size} bytes, more than {limit}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(kind.st_size)
        finally:
            os.close(descriptor)

    def paths(self) -> frozenset[str]:
        """The paths of everything in the folder that is not a folder itself."""
        return frozenset(self._walk(self._root, ""))

    def _walk(self, folder: Path, prefix: str) -> Iterator[str]:
        for entry in os.scandir(folder):
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder / entry.name, f"{name}/")
            else:
                yield name


class _SameHost(HTTPRedirectHandler):
    """Follows a redirection only within the host and scheme that were asked."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req: Request, fp, code: int, msg: str, headers, newurl: str
    ) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            raise SourceFailed(f"{req.full_url}: redirects to another host, {new.netloc}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class WebSource:
    """A publication below an address. Use it in a ``with``: it keeps what it fetched until then."""

    def __init__(self, address: str) -> None:
        """``address``: http or https. Raises SourceFailed."""
        try:
            parts = urlsplit(address)
            fine = parts.scheme in ("http", "https") and parts.hostname and not parts.query
        except ValueError:
            fine = False
        if not fine:
            raise SourceFailed(f"{shown(address)}: not an address such as https://example.org/2026")
        self._base = address.rstrip("/") + "/"
        self._opener = build_opener(_SameHost)
        self._folder = TemporaryDirectory(prefix="scrutin-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def read(self, path: str, *, limit: int = LARGEST_FILE) -> bytes | None:
        """See Source.read."""
        check_path(path)
        kept = Path(self._folder.name) / path
        if kept.exists():
            return kept.read_bytes()
        data = self._fetch(path, limit)
        if data is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data)
        return data

    def _fetch(self, path: str, limit: int) -> bytes | None:
        url = self._base + path
        for attempt in range(1, _TRIES + 1):
            try:
                request = Request(url)  # noqa: S310  (http and https only: see __init__)
                with self._opener.open(request, timeout=_SECONDS) as answer:
                    data = _received(answer, limit)
            except HTTPError as error:
                error.close()
                if error.code in (404, 410):
                    return None
                if error.code < 500 or attempt == _TRIES:
                    raise SourceFailed(f"{url}: status {error.code}") from None
            except (URLError, HTTPException, OSError) as error:
                if attempt == _TRIES:
                    reason = getattr(error, "reason", error)
                    raise SourceFailed(f"{url}: cannot be read: {reason}") from None
            else:
                if len(data) > limit:
                    raise FileRefused(f"{path}: more than {limit} bytes")
                return data
        raise SourceFailed(f"{url}: cannot be read")

    def paths(self) -> None:
        """A web address cannot be listed."""


def _received(answer: HTTPResponse, limit: int) -> bytes:
    """The body of an answer, or one byte more than ``limit`` of it."""
    parts = bytearray()
    while len(parts) <= limit and (part := answer.read(min(_PART, limit + 1 - len(parts)))):
        parts += part
    if answer.length and len(parts) <= limit:
        raise HTTPException("the answer ends too early")
    return bytes(parts)


def open_source(where: str) -> FolderSource | WebSource:
    """The publication at a folder's path or a web address. Raises SourceFailed."""
    return WebSource(where) if "://" in where else FolderSource(Path(where))
