"""One count of requests for all processes of a host, so that a limit is not multiplied by them.

The process that starts the others keeps the count in its memory and answers them on a socket in a
folder of its own: nothing is written down, and nobody but the same user can ask. A process that
gets no answer counts by itself: nobody is kept from voting by it, and it still limits.
"""

import json
import logging
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from web.limits import Windows

SOCKET = "limits.socket"
KEY = "limits.key"
KEY_BYTES = 32
LONGEST_REQUEST = 4096
WAITING = 64

log = logging.getLogger("scrutin.limits")


@contextmanager
def counting() -> Iterator[Path]:
    """Answer the processes of this host in the background; the folder is where they ask."""
    windows = Windows()
    with tempfile.TemporaryDirectory(prefix="scrutin-") as name:
        folder = Path(name)
        # The folder is open to this user alone; the key also keeps out what that user runs besides.
        key = secrets.token_bytes(KEY_BYTES)
        (folder / KEY).write_bytes(key)
        address = str(folder / SOCKET)
        ended = threading.Event()
        with Listener(address, "AF_UNIX", backlog=WAITING, authkey=key) as listener:
            work = threading.Thread(
                target=_accept, args=(listener, windows, ended), name="limits", daemon=True
            )
            work.start()
            try:
                yield folder
            finally:
                ended.set()
                # Closing a socket does not wake who waits at it; somebody at the door does.
                with suppress(OSError), socket.socket(socket.AF_UNIX) as last:
                    last.connect(address)
                work.join(timeout=5)


def _accept(listener: Listener, windows: Windows, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connection = listener.accept()
        except (OSError, EOFError, AuthenticationError) as error:
            if not ended.is_set():
                log.warning("limits: refused a connection: %s", type(error).__name__)
                ended.wait(0.01)
        else:
            threading.Thread(
                target=_answer, args=(connection, windows), name="limits", daemon=True
            ).start()


def _answer(connection: "Connection[bytes, bytes]", windows: Windows) -> None:
    with connection, suppress(EOFError, OSError, ValueError):
        while True:
            how, what, who, per_minute = _read(connection.recv_bytes(LONGEST_REQUEST))
            count = windows.hit if how == "hit" else windows.full
            connection.send_bytes(b"%d" % count(what, who, per_minute))


def _read(request: bytes) -> tuple[str, str, str, int]:
    """The four parts of a request. Raises ValueError when it has not exactly these."""
    match json.loads(request):
        case [str(how), str(what), str(who), int(per_minute)] if per_minute > 0:
            return how, what, who, per_minute
    raise ValueError("not a request to count")


class SharedCounts:
    """The count of the process that listens in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._connection: Connection[bytes, bytes] | None = None
        self._own = Windows()
        self._alone = False

    def hit(self, what: str, who: str, per_minute: int) -> int:
        waits = self._ask("hit", what, who, per_minute)
        return self._own.hit(what, who, per_minute) if waits is None else waits

    def full(self, what: str, who: str, per_minute: int) -> int:
        waits = self._ask("full", what, who, per_minute)
        return self._own.full(what, who, per_minute) if waits is None else waits

    def _ask(self, how: str, what: str, who: str, per_minute: int) -> int | None:
        request = json.dumps([how, what, who, per_minute]).encode()
        with self._lock:
            try:
                if self._connection is None:
                    key = (self._folder / KEY).read_bytes()
                    self._connection = Client(str(self._folder / SOCKET), "AF_UNIX", authkey=key)
                self._connection.send_bytes(request)
                waits = int(self._connection.recv_bytes(LONGEST_REQUEST))
            except (OSError, EOFError, ValueError) as error:
                self._connection = None
                if not self._alone:
                    log.error("limits: %s: this process counts by itself", type(error).__name__)
                self._alone = True
                return None
            self._alone = False
            return waits
