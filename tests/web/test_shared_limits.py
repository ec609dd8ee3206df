"""Processes of one host count requests together, and by themselves when they cannot."""

import json
import logging
import multiprocessing
import os
import signal
import socket
import stat
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from tests.journey.terminal import SCRUTIN
from tests.web.desk import Desk
from web.client import Client as DoorClient
from web.client import DoorRefused, DoorSilent
from web.limits import Limits
from web.rehearsal.processes import free_port
from web.shared_limits import KEY, SOCKET, SharedCounts, counting

HIDDEN = "192.0.2.77"


@pytest.fixture
def folder() -> Iterator[Path]:
    with counting() as folder:
        yield folder


def shared(folder: Path) -> Limits:
    return Limits(counts=SharedCounts(folder))


def test_two_processes_share_one_limit(folder: Path) -> None:
    first, second = shared(folder), shared(folder)
    assert [each.hit("x", HIDDEN, 3) for each in (first, second, first)] == [0, 0, 0]
    assert 1 <= second.full("x", HIDDEN, 3) <= 61
    assert 1 <= first.hit("x", HIDDEN, 3) <= 61
    assert second.hit("x", "192.0.2.78", 3) == 0
    assert second.hit("y", HIDDEN, 3) == 0


def test_asking_does_not_count(folder: Path) -> None:
    limits = shared(folder)
    assert [limits.full("x", HIDDEN, 1) for _ in range(5)] == [0] * 5
    assert limits.hit("x", HIDDEN, 1) == 0
    assert limits.full("x", HIDDEN, 1) > 0


def test_no_more_than_the_limit_however_many_ask_at_once(folder: Path) -> None:
    every = [shared(folder) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: every[n % 8].hit("x", HIDDEN, 50), range(200)))
    assert waits.count(0) == 50


def test_the_folder_is_for_this_user_and_holds_no_address(folder: Path) -> None:
    shared(folder).hit("x", HIDDEN, 3)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [KEY, SOCKET]
    assert HIDDEN.encode() not in (folder / KEY).read_bytes()


def test_who_has_no_key_is_refused_and_the_others_are_answered(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises((multiprocessing.AuthenticationError, EOFError, OSError)):
        Client(str(folder / SOCKET), "AF_UNIX", authkey=b"guessed").recv_bytes()
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(folder / SOCKET))
    assert shared(folder).hit("x", HIDDEN, 1) == 0
    assert shared(folder).hit("x", HIDDEN, 1) > 0
    assert "refused a connection" in caplog.text


@pytest.mark.parametrize("request_", [b"", b"{", b"[]", b'["hit", 1, 2, "x"]', b"7", b" " * 9999])
def test_a_request_that_is_none_ends_its_connection_only(folder: Path, request_: bytes) -> None:
    with Client(str(folder / SOCKET), "AF_UNIX", authkey=(folder / KEY).read_bytes()) as connection:
        connection.send_bytes(request_)
        with pytest.raises((EOFError, OSError)):
            connection.recv_bytes()
    assert shared(folder).hit("x", HIDDEN, 1) == 0


def test_a_process_alone_counts_by_itself_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with counting() as folder:
        limits = shared(folder)
        assert limits.hit("x", HIDDEN, 1) == 0
        assert limits.hit("x", HIDDEN, 1) > 0
    assert not folder.exists()
    caplog.set_level(logging.ERROR)
    gone = Limits(counts=SharedCounts(folder))
    assert gone.hit("x", HIDDEN, 1) == 0
    assert gone.hit("x", HIDDEN, 1) > 0
    assert gone.full("x", HIDDEN, 1) > 0
    assert len(caplog.records) == 1
    assert HIDDEN not in caplog.text


def test_a_broken_connection_is_made_again(folder: Path) -> None:
    counts = SharedCounts(folder)
    assert counts.hit("x", HIDDEN, 2) == 0
    assert counts._connection is not None
    counts._connection.close()
    counts.hit("x", HIDDEN, 2)  # by itself
    assert counts.hit("x", HIDDEN, 2) == 0
    assert counts.hit("x", HIDDEN, 2) > 0


def test_two_workers_of_the_service_share_the_limit(desk: Desk, tmp_path: Path) -> None:
    """`scrutin serve --workers 2`: the archive is given 30 times a minute to one address."""
    port = free_port()
    inside = free_port()
    command = [str(SCRUTIN), "serve", str(desk.place.root), "--door", "public"]
    environment = {
        **os.environ,
        # The public door opens no database.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "SCRUTIN_INSIDE": f"127.0.0.1:{inside}",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", "2"],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + 180
        while True:
            assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
            client = DoorClient(f"http://127.0.0.1:{port}")
            try:
                client.get("/health")
                break
            except (DoorSilent, DoorRefused):
                assert time.monotonic() < until
                time.sleep(0.05)
            finally:
                client.close()
        answers: Counter[int] = Counter()
        for _ in range(60):
            client = DoorClient(f"http://127.0.0.1:{port}")
            try:
                client.get("/observe/publication.tar")
            except DoorRefused as refused:
                answers[refused.status] += 1
            client.close()
        assert answers == {404: 30, 429: 30}
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
    assert "counts by itself" not in (tmp_path / "log").read_text("utf-8")
    assert json.dumps("127.0.0.1") not in (tmp_path / "log").read_text("utf-8")
