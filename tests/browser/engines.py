"""Firefox and WebKit, the engine of Safari, as Debian has them, for the tests that Playwright's own
builds of them would need a download for.

Both are told in the words of W3C WebDriver: Firefox over its own Marionette socket, WebKitGTK by
the driver that comes with it. Only what the tests need is here: a page is opened, a script is run.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.request import Request, urlopen

from tests.programs import installed
from web.rehearsal.processes import free_port

PATIENCE: Final = 60.0
PACKAGES: Final = {"firefox": ("firefox-esr",), "webkit": ("webkit2gtk-driver", "xvfb")}
REQUIRED: Final = "SCRUTIN_BROWSERS"
"""Set: a browser that is not here is installed, or the test fails; not set: the test is skipped."""


class Engine(Protocol):
    """A browser with one page."""

    version: str

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is loaded."""

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function returns, run in the page with ``arguments``."""


def missing(name: str) -> str:
    """What to do for a browser that is not here; empty where it is."""
    look = partial(_programs, name)
    if (installed(look, *PACKAGES[name]) if os.environ.get(REQUIRED) else look()) is not None:
        return ""
    return f"no {name} here: install Debian's {' and '.join(PACKAGES[name])}, then make browsers"


def _programs(name: str) -> list[str] | None:
    if name == "firefox":
        found = shutil.which("firefox-esr") or shutil.which("firefox")
        return [found] if found else None
    driver, display = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    window = next(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"), None)
    return [driver, display, str(window)] if driver and display and window else None


@contextmanager
def engine(name: str, folder: Path) -> Iterator[Engine]:
    """A fresh browser, its profile in ``folder``; ended with the ``with``."""
    programs = _programs(name)
    assert programs is not None, missing(name)
    folder.mkdir()
    with ExitStack() as stack:
        if name == "firefox":
            yield _firefox(programs[0], folder, stack)
        else:
            yield _webkit(programs, folder, stack)


def _started(words: list[str], folder: Path, stack: ExitStack, **more: str) -> None:
    log = stack.enter_context((folder / f"{Path(words[0]).name}.log").open("wb"))
    process = subprocess.Popen(
        words,
        cwd=folder,  # Firefox writes a log of its own into the folder it is started in
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, **more},
    )

    def end() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)


def _file(path: Path) -> str:
    """What a file says as soon as it is there."""
    until = time.monotonic() + PATIENCE
    while not (path.exists() and path.read_text("ascii").strip()):
        assert time.monotonic() < until, f"{path.name}: the browser did not start"
        time.sleep(0.05)
    return path.read_text("ascii").strip()


# -- Firefox ------------------------------------------------------------------------------------


class _Marionette:
    """Firefox's own protocol: ``length:[type, number, command, parameters]`` both ways."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._read()  # it says hello
        session = self._ask("WebDriver:NewSession", {})
        self.version = f"Firefox {session['capabilities']['browserVersion']}"

    def _read(self) -> Any:
        digits = b""
        while not digits.endswith(b":"):
            one = self._stream.read(1)
            assert one, "Firefox ended"
            digits += one
        return json.loads(self._stream.read(int(digits[:-1])))

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, f"{command}: {error}"
        return result

    def open(self, address: str) -> None:
        self._ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": arguments})["value"]

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def _firefox(program: str, folder: Path, stack: ExitStack) -> Engine:
    # The port is one that is free, and written down in the profile.
    (folder / "user.js").write_text('user_pref("marionette.port", 0);\n', "ascii")
    words = [program, "--headless", "--no-remote", "--profile", str(folder), "--marionette"]
    _started(words, folder, stack)
    client = _Marionette(int(_file(folder / "MarionetteActivePort")))
    stack.callback(client.close)
    return client


# -- WebKit -------------------------------------------------------------------------------------


class _WebKit:
    """WebKitGTK's driver: W3C WebDriver over HTTP."""

    def __init__(self, port: int, window: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        options = {"binary": window, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        until = time.monotonic() + PATIENCE
        while True:
            try:
                session = self._ask("/session", {"capabilities": wanted})
                break
            except ConnectionError:
                assert time.monotonic() < until, "WebKitWebDriver did not start"
                time.sleep(0.1)
        self._base += f"/session/{session['sessionId']}"
        self.version = f"WebKit {session['capabilities']['browserVersion']}"

    def _ask(self, path: str, value: dict[str, Any] | None, method: str = "POST") -> Any:
        body = None if value is None else json.dumps(value).encode()
        request = Request(  # noqa: S310  (our own process)
            self._base + path, body, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return json.loads(answer.read())["value"]
        except OSError as error:
            if isinstance(getattr(error, "reason", None), ConnectionError):
                raise ConnectionError(path) from None
            raise

    def open(self, address: str) -> None:
        self._ask("/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("/execute/sync", {"script": script, "args": arguments})

    def close(self) -> None:
        self._ask("", None, "DELETE")


def _webkit(programs: list[str], folder: Path, stack: ExitStack) -> Engine:
    driver, display, window = programs
    # It draws into a window of a display that nobody sees, whose number Xvfb writes down.
    number = folder / "display"
    shell = f'exec "$0" -displayfd 3 -screen 0 1280x900x24 -nolisten tcp 3>"{number}"'
    _started(["/bin/sh", "-c", shell, display], folder, stack)
    port = free_port()
    _started(
        [driver, f"--port={port}"],
        folder,
        stack,
        DISPLAY=f":{_file(number)}",
        HOME=str(folder),
        XDG_RUNTIME_DIR=str(folder),
    )
    client = _WebKit(port, window)
    stack.callback(client.close)
    return client
