"""The real service as separate processes: registrar and box apart."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from web.client import Client, DoorRefused, DoorSilent
from web.errors import WebError

START_SECONDS = 60


class ServiceFailed(WebError):
    """A process of the service did not start, or ended."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, doors: Sequence[str], log: Path) -> Iterator[str]:
    """Run ``scrutin serve`` with these doors until the ``with`` ends; gives its address.

    What the process prints goes to ``log``. Raises ServiceFailed when it does not answer.
    """
    port = free_port()
    arguments = [sys.executable, "-m", "web.cli", "serve", str(folder), "--port", str(port)]
    for door in doors:
        arguments += ["--door", door]
    environment = dict(os.environ)
    # Every resident comes from one address here.
    environment["SCRUTIN_REQUESTS_FACTOR"] = "100000"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (our own program)
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, log)
        yield address
        if process.poll() is not None:
            raise ServiceFailed(f"{', '.join(doors)}: the process ended; see {log}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    client = Client(address)
    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            lines = log.read_text("utf-8", "replace").splitlines()
            raise ServiceFailed(f"the service ended at once: {lines[-1] if lines else 'silently'}")
        try:
            client.get("/health")
        except (DoorSilent, DoorRefused):
            if time.monotonic() > until:
                raise ServiceFailed(f"the service does not answer; see {log}") from None
            time.sleep(0.1)
        else:
            client.close()
            return
