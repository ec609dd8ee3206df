"""`scrutin serve` as a process: what it says when it cannot start, and what outlives a killed
worker."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journey.killed import Killed
from tests.journey.terminal import SCRUTIN, call
from tests.web.desk import Desk
from web.client import Client, DoorSilent
from web.rehearsal.processes import free_port


def test_a_service_that_cannot_start_says_why_in_a_line(desk: Desk) -> None:
    environment = {**os.environ, "SCRUTIN_PASSPHRASE": "not the passphrase"}
    port = free_port()
    run = call(SCRUTIN, "serve", desk.place.root, "--port", str(port), env=environment)
    assert run.status == 1
    assert "secret.json: the passphrase is wrong or the file was changed" in run.err
    assert "Traceback" not in run.err + run.out
    assert "not the passphrase" not in run.err + run.out


@contextmanager
def running(folder: Path) -> Iterator[Killed]:
    killed = Killed(folder, dict(os.environ), 1, doors=("public",))
    try:
        killed.start()
        yield killed
    finally:
        killed.kill()


def test_a_killed_worker_is_replaced(desk: Desk) -> None:
    with running(desk.place.root) as service:
        client = Client(service.address)
        before = client.get("/manifest.json")
        service.kill_worker()
        until = time.monotonic() + 180
        while True:
            try:
                again = client.get("/manifest.json")
                break
            except DoorSilent:
                assert time.monotonic() < until, "nobody serves any more"
                time.sleep(0.1)
        client.close()
        assert again == before
        assert service.running
