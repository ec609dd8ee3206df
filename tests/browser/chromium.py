"""Finding a browser, serving an application to it, and the two sizes of window that tests use."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.programs import installed

HOW_TO = (
    "no browser for the tests: install Debian's package chromium, or run "
    "`playwright install --with-deps chromium`, or set SCRUTIN_CHROMIUM to a Chromium's path"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A size of window, in CSS pixels, and whether a finger points."""

    width: int
    height: int
    touch: bool

    def options(self) -> dict[str, Any]:
        """What ``Browser.new_context`` takes."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "has_touch": self.touch,
            "is_mobile": self.touch,
            "device_scale_factor": 2 if self.touch else 1,
        }


PHONE = Window(width=390, height=844, touch=True)
DESKTOP = Window(width=1280, height=800, touch=False)


def _found() -> str | None:
    chosen = os.environ.get("SCRUTIN_CHROMIUM")
    if chosen:
        return chosen
    return next((path for path in map(shutil.which, NAMES) if path), None)


def _installed(playwright: Playwright) -> str | None:
    """Install a browser: the system's package where that is allowed, else Playwright's own."""
    own = Path(playwright.chromium.executable_path)
    if own.exists():
        return str(own)
    if path := installed(_found, "chromium"):
        return path
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(command, capture_output=True, check=False)
    return str(own) if own.exists() else None


def launch(playwright: Playwright, *more: str) -> Browser:
    """A running Chromium, with these arguments more. Raises RuntimeError that says how to get
    one."""
    path = _found() or _installed(playwright)
    if path is None:
        raise RuntimeError(HOW_TO)
    arguments = ["--disable-background-networking", *more]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return playwright.chromium.launch(executable_path=path, args=arguments)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Nothing: a test's requests need no log."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """``http://localhost:port`` of ``app`` (a secure context for a browser), while it lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
