"""Reading publications from folders and over HTTP: limits, no way out, no guess."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from audit.source import (
    FileRefused,
    FolderSource,
    PathInvalid,
    Source,
    SourceFailed,
    WebSource,
    check_path,
    open_source,
)
from audit.verify import verify
from tests.audit.forger import RENDERER, published, write

PATHS_OUT = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "a//b",
    "a/",
    "./a",
    ".hidden",
    "a/.b",
    "a\\b",
    "a b",
    "a\n",
    "a\x00b",
    "ä",
    "a%2e%2e",
    "http://x",
    "a?b",
    "a#b",
    "x/" * 9 + "x",
    "x" * 242,
]


@pytest.mark.parametrize("path", PATHS_OUT)
def test_no_path_leads_out(path: str, tmp_path: Path) -> None:
    with pytest.raises(PathInvalid):
        check_path(path)
    with pytest.raises(PathInvalid):
        FolderSource(tmp_path).read(path)


@pytest.mark.parametrize("path", [*published(), "log/tile/entries/x001/x234/067.p/255"])
def test_the_paths_of_publications_are_paths(path: str) -> None:
    check_path(path)


def test_a_folder(tmp_path: Path) -> None:
    source = write({"a.json": b"12345", "b/c/d": b""}, tmp_path)
    assert source.read("a.json") == b"12345"
    assert source.read("a.json", limit=5) == b"12345"
    assert source.read("b/c/d") == b""
    assert source.read("b/c/e") is None
    assert source.read("a.json/x") is None
    assert source.paths() == {"a.json", "b/c/d"}
    with pytest.raises(FileRefused, match="5 bytes, more than 4"):
        source.read("a.json", limit=4)
    with pytest.raises(FileRefused, match="not a file"):
        source.read("b/c")
    with pytest.raises(SourceFailed, match="not a folder"):
        open_source(str(tmp_path / "a.json"))


def test_links_and_pipes_are_refused(tmp_path: Path) -> None:
    source = write({"a/b": b"x"}, tmp_path)
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "folder").symlink_to("a")
    with pytest.raises(FileRefused, match="is a link"):
        source.read("link")
    with pytest.raises(FileRefused, match="leads through a link"):
        source.read("folder/b")
    assert source.paths() == {"a/b", "link", "folder"}
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "dangling" in source.paths()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused, match="not a file"):
        source.read("pipe")


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Door(BaseHTTPRequestHandler):
    """Serves ``files`` below /2026/, and what goes wrong in a web."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.removeprefix("/2026/")
        if name == "moved":
            self.answer(302, b"", location="/2026/manifest.json")
        elif name == "away":
            self.answer(302, b"", location="http://127.0.0.2:9/x")
        elif name == "broken":
            self.answer(500, b"")
        elif name == "once" and self.asked.count(self.path) == 1:
            self.answer(503, b"")
        elif name == "short":
            self.answer(200, b"12345", length=10)
        elif name == "forbidden":
            self.answer(403, b"")
        elif name in self.files:
            self.answer(200, self.files[name])
        else:
            self.answer(404, b"")

    def answer(
        self, status: int, body: bytes, *, length: int | None = None, location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


def test_a_publication_over_the_web() -> None:
    Door.files = {**published(), "once": b"again", "large": b"123456"}
    Door.asked.clear()
    with served(Door) as address, WebSource(f"{address}/2026/") as source:
        verified = verify(source, renderer=lambda: RENDERER)
        assert "cannot be seen over the web" in verified.steps[2].shown
        # each file was asked for once: what was checked is what was used
        assert sorted(Door.asked) == sorted(f"/2026/{path}" for path in published())
        listed: Source = source
        assert listed.paths() is None
        assert source.read("nothing.json") is None
        assert source.read("once") == b"again"
        assert source.read("moved") == published()["manifest.json"]
        with pytest.raises(SourceFailed, match="redirects to another host"):
            source.read("away")
        with pytest.raises(SourceFailed, match="status 500"):
            source.read("broken")
        with pytest.raises(SourceFailed, match="status 403"):
            source.read("forbidden")
        with pytest.raises(SourceFailed, match="ends too early"):
            source.read("short")
        with pytest.raises(FileRefused, match="more than 5 bytes"):
            source.read("large", limit=5)
        with pytest.raises(PathInvalid):
            source.read("../manifest.json")


def test_addresses() -> None:
    for address in (
        "file:///etc/passwd",
        "ftp://example.org/",
        "http://",
        "https://example.org/?a=b",
        "http://[x/",
    ):
        with pytest.raises(SourceFailed):
            open_source(address)
    with WebSource("http://127.0.0.1:9") as source, pytest.raises(SourceFailed, match="be read"):
        source.read("a")
