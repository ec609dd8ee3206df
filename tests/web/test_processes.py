"""The real service: registrar and box as processes of their own, and a resident at the console."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audit.label import b64
from ballot.code import RANDOM_BYTES, new_code
from tests.web.console import Console
from tests.web.desk import Desk
from tests.web.test_secrecy import holders
from web.client import Client, DoorRefused
from web.commands.serve import free_address
from web.errors import UsageError
from web.office.town import Town
from web.rehearsal.processes import ServiceFailed, free_port, serving

PLANTED = "PLANTED4711secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Two processes and where they write."""

    desk: Desk
    registrar: str
    box: str
    logs: tuple[Path, ...]


@pytest.fixture(scope="module")
def running(
    frozen_town: Town, open_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("processes")
    desk = Desk.copy(frozen_town, open_folder, folder)
    logs = folder / "registrar.log", folder / "box.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRUTIN_REHEARSAL_CLOCK", str(desk.clock))
        with (
            serving(desk.place.root, ["registrar"], logs[0]) as registrar,
            serving(desk.place.root, ["box", "public"], logs[1]) as box,
        ):
            yield Running(desk=desk, registrar=registrar, box=box, logs=logs)


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


def words(running: Running, person: str, folder: Path, *more: str | Path) -> list[str | Path]:
    """The words of ``scrutin vote`` for a person."""
    found: list[str | Path] = ["vote", running.box, "--registrar", running.registrar]
    for issuer, code in running.desk.town.codes[person].items():
        found += ["--code", f"{issuer}={code}"]
    return [*found, "--recovery", folder / "recovery.secret", *more]


def test_a_resident_votes_votes_again_and_checks(
    running: Running, console: Console, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.json"
    found = running.desk.manifest.hash.hex()
    vote = words(running, "north-0", tmp_path, "--manifest-hash", found, "--receipt", receipt)
    first = console.done(*vote, "--choose", "cars=yes", "--choose", "city=trees,bench").data
    assert first["sequence"] == 1
    assert first["due"] == "2026-10-20T18:00:00Z"
    assert json.loads(receipt.read_text())["leaf_hash"] == first["receipt"]
    second = console.done(*vote, "--choose", "cars=no").data
    assert second["sequence"] == 2
    proof = ("proof", second["receipt"], "--url", running.box, "--manifest-hash", found)
    until = time.monotonic() + 180
    while console(*proof).status:
        assert time.monotonic() < until
        time.sleep(0.1)
    shown = console.done(*proof, "--out", tmp_path / "proof.txt").data
    assert shown["in_the_log"] is True
    assert shown["log"] == running.desk.manifest.box.origin
    console.done("proof", receipt, "--url", running.box)
    # A receipt says nothing of the choice, and neither does the recovery file.
    for path in tmp_path.iterdir():
        assert b"yes" not in path.read_bytes()


def test_a_tested_ballot_is_shown_by_a_second_device(
    running: Running, console: Console, tmp_path: Path
) -> None:
    vote = words(running, "north-1", tmp_path)
    run = console.done(*vote, "--test", "--choose", "cars=no", "--choose", "city=trees")
    file = tmp_path / "test.json"
    file.write_text(run.out)
    manifest = running.desk.place.manifest
    shown = console.done("show-test", file, "--manifest", manifest).data
    assert shown == {"cars": [["no", 1]], "city": [["trees", 1]]}
    value = json.loads(run.out)
    value["ephemeral"] = b64(bytes(31) + b"\x01")
    file.write_text(json.dumps(value))
    console.refused("show-test", file, "--manifest", manifest)
    assert console.done(*vote, "--choose", "cars=yes").data["sequence"] == 1


def test_what_a_resident_is_told_when_it_cannot_be(
    running: Running, console: Console, tmp_path: Path
) -> None:
    vote = words(running, "north-2", tmp_path)
    assert "cars" in console.refused(*vote, "--choose", "mayor=x", status=2)
    assert "not on this ballot" in console.refused(*vote, "--choose", "cars=perhaps", status=2)
    console.refused(*vote, "--choose", "city=trees,bench,fountain,fridge")
    other = words(running, "north-2", tmp_path, "--manifest-hash", "00" * 32)
    assert "other rules" in console.refused(*other)
    codes = running.desk.town.codes["north-2"]
    one = ("--recovery", tmp_path / "r", "--code", codes["city"])
    message = console.refused("vote", running.box, *one, status=2)
    assert "no code of issuer prefecture" in message
    unknown = new_code(1, b"\x09" * RANDOM_BYTES).grouped
    guess: list[str | Path] = [str(each).replace(codes["city"], unknown) for each in vote]
    message = console.refused(*guess)
    assert message.startswith("scrutin: credential-refused: ")
    assert unknown not in message
    assert "no answer" in console.refused(
        "proof", "A" * 43, "--url", f"http://127.0.0.1:{free_port()}"
    )
    assert "unknown-ballot" in console.refused("proof", "A" * 43, "--url", running.box)


def raw(address: str, request: bytes) -> tuple[int, bytes]:
    """Status and everything else that a door answers to these bytes."""
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=120) as line:
        line.sendall(request)
        answer = b""
        while more := line.recv(65_536):
            answer += more
    status = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(status[1]) if status else 0, answer


def test_bodies_in_chunks_and_without_end(running: Running) -> None:
    head = b"POST /box/ballots HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert raw(running.box, chunked + b"2\r\n{}\r\n0\r\n\r\n")[0] == 411
    large = head + b"Content-Length: 99999999999\r\nConnection: close\r\n\r\n"
    assert raw(running.box, large)[0] == 413
    assert raw(running.box, head + b"Connection: close\r\n\r\n")[0] == 411
    nonsense = head + b"Content-Length: 9\r\nConnection: close\r\n\r\n\xff\xfe{}{}{}{"
    assert raw(running.box, nonsense)[0] == 400
    client = Client(running.box)
    assert client.get("/health") == b'{"status":"ok"}'
    client.close()


@pytest.mark.parametrize(
    "target", ["/publication/../../manifest.json", "/log/tile/../../secret.json", "//status/.."]
)
def test_addresses_as_they_are_on_the_wire(running: Running, target: str) -> None:
    status, answer = raw(
        running.box, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    assert status == 404
    assert b"application/problem+json" in answer
    assert b"ocation:" not in answer


def test_security_headers_and_no_name_of_a_server(running: Running) -> None:
    parts = urlsplit(running.box)
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
    for path in ("/", "/nothing", "/manifest.json"):
        line.request("GET", path)
        answer = line.getresponse()
        answer.read()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert (answer.headers["Server"] or "").lower() in ("", "granian")
    line.close()


def test_nothing_that_was_sent_is_in_what_the_processes_print(running: Running) -> None:
    desk = running.desk
    registrar, box = Client(running.registrar), Client(running.box)
    for client, path in ((registrar, "/registrar/city/credentials"), (box, "/box/ballots")):
        with pytest.raises(DoorRefused, match="malformed"):
            client.ask("POST", f"{path}?code={PLANTED}", {PLANTED: PLANTED})
        with pytest.raises(DoorRefused):
            client.get(f"/{PLANTED}")
        client.close()
    sought = [PLANTED, *(desk.code(f"north-{number}") for number in range(3))]
    for log in running.logs:
        for word in sought:
            assert word not in log.read_text("utf-8", "replace")
    assert holders(desk.place.root, PLANTED) == set()
    printed = [line for log in running.logs for line in log.read_text().splitlines()]
    assert not [line for line in printed if "GET /" in line or "POST /" in line]


def test_a_process_that_cannot_start_says_why(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRUTIN_REHEARSAL_CLOCK", str(running.desk.clock))
    with (
        pytest.raises(ServiceFailed, match=r"manifest\.json: not there"),
        serving(tmp_path, ["public"], tmp_path / "log"),
    ):
        pass
    monkeypatch.setenv("SCRUTIN_PASSPHRASE", "wrong")
    with (
        pytest.raises(ServiceFailed),
        serving(running.desk.place.root, ["registrar"], tmp_path / "log"),
    ):
        pass
    assert "passphrase is wrong" in (tmp_path / "log").read_text()


def test_names_of_hosts() -> None:
    port = free_port()
    assert free_address("localhost", port) in ("127.0.0.1", "::1")
    assert free_address("0.0.0.0", port) == "0.0.0.0"  # noqa: S104
    for host in ("203.0.113.9", "no.such.host.invalid"):
        with pytest.raises(UsageError, match=f"{host}, port {port}: "):
            free_address(host, port)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(UsageError, match="in use"):
        free_address("127.0.0.1", port)


def test_a_port_that_is_taken(
    running: Running, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(running.box).port
    monkeypatch.setenv("SCRUTIN_REHEARSAL_CLOCK", str(running.desk.clock))
    arguments = [sys.executable, "-m", "web.cli", "serve", str(running.desk.place.root)]
    ended = subprocess.run(
        [*arguments, "--door", "public", "--port", str(port)],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert ended.returncode == 2
    assert f"port {port}: Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr
