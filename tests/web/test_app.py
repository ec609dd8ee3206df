"""Starting up: what fails closed, what a setting may be, which clock counts, how a client asks."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from hypothesis import given
from hypothesis import strategies as st

from ballot.box import Box
from ballot.sequencer import Sequencer
from tests.web.desk import ALL, Desk
from web.app import create_app
from web.audience import Answer, Audience, Cache, Door, Route
from web.client import Client, DoorRefused, DoorSilent
from web.clock import (
    VARIABLE,
    clock_for,
    local_time,
    read_time,
    spell_time,
    system_clock,
    told_time,
)
from web.errors import Refused, UsageError, WebError
from web.health import health_route
from web.limits import Limits, network
from web.service import build
from web.settings import Settings, read_settings

SETTINGS = Settings(folder=Path(), doors=frozenset({Door.BOX}))


# -- create_app -------------------------------------------------------------------------------


def test_a_process_without_routes_does_not_start() -> None:
    with pytest.raises(WebError, match="SCRUTIN_DOORS"):
        create_app(SETTINGS, [])
    with pytest.raises(WebError, match="SCRUTIN_DOORS"):
        create_app(SETTINGS, [health_route(Door.PUBLIC)])


def test_a_route_that_declares_nothing_cannot_be_made() -> None:
    declared: dict[str, Any] = {
        "name": "x",
        "path": "/x",
        "method": "GET",
        "door": Door.BOX,
        "audience": Audience.OBSERVER,
        "view": Response,
        "limit": 0,
        "cache": Cache.NEVER,
        "summary": "x",
        "answers": {200: Answer(meaning="x")},
    }
    Route(**declared)
    for name in declared:
        with pytest.raises(TypeError, match=name):
            Route(**{key: value for key, value in declared.items() if key != name})


def test_a_route_that_flask_knows_and_the_table_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from flask import Flask

    init = Flask.__init__

    def with_one_more(self: Flask, *given: Any, **more: Any) -> None:
        init(self, *given, **more)
        self.add_url_rule("/debug", "debug", lambda: "x")

    monkeypatch.setattr(Flask, "__init__", with_one_more)
    with pytest.raises(WebError, match="/debug: declares no audience"):
        create_app(SETTINGS, [health_route(Door.BOX)])


def test_other_doors_are_not_served(desk: Desk) -> None:
    client = desk.app(frozenset({Door.REGISTRAR})).test_client()
    for path in ("/", "/manifest.json", "/log/checkpoint", "/box/proofs/A", "/status"):
        assert client.get(path).status_code == 404
    assert client.get("/health").get_json() == {"status": "ok"}
    client = desk.app(frozenset({Door.BOX})).test_client()
    assert client.post("/registrar/city/credentials", json={}).status_code == 404


def test_two_routes_of_one_name_do_not_shadow_each_other() -> None:
    twice = [health_route(Door.BOX), replace(health_route(Door.BOX), path="/other")]
    with pytest.raises(WebError, match="health"):
        create_app(SETTINGS, twice)


# -- settings and clock -----------------------------------------------------------------------


def test_settings_from_the_environment() -> None:
    read = read_settings(
        {
            "SCRUTIN_FOLDER": "/somewhere",
            "SCRUTIN_DOORS": " box, public",
            "SCRUTIN_ISSUERS": "city, prefecture",
            "SCRUTIN_TRUSTED_PROXIES": "2",
            "SCRUTIN_REFUSALS_PER_MINUTE": "7",
        }
    )
    assert read == Settings(
        folder=Path("/somewhere"),
        doors=frozenset({Door.BOX, Door.PUBLIC}),
        issuers=("city", "prefecture"),
        trusted_proxies=2,
        refusals_per_minute=7,
    )
    assert read_settings({"SCRUTIN_FOLDER": "x"}).doors == ALL


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCRUTIN_FOLDER", ""),
        ("SCRUTIN_DOORS", ""),
        ("SCRUTIN_DOORS", "box,cellar"),
        ("SCRUTIN_TRUSTED_PROXIES", "-1"),
        ("SCRUTIN_TRUSTED_PROXIES", "1.5"),
        ("SCRUTIN_TRUSTED_PROXIES", ""),
        ("SCRUTIN_TRUSTED_PROXIES", "٣"),
        ("SCRUTIN_REFUSALS_PER_MINUTE", "many"),
        ("SCRUTIN_REFUSALS_PER_MINUTE", "0"),
        ("SCRUTIN_REQUESTS_FACTOR", "9" * 40),
        ("SCRUTIN_REQUESTS_FACTOR", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_settings({"SCRUTIN_FOLDER": "x", name: value})


def test_a_folder_that_lacks_a_part_says_which(desk: Desk) -> None:
    with ExitStack() as parts:
        settings = Settings(folder=desk.place.root / "nothing", doors=frozenset({Door.PUBLIC}))
        with pytest.raises(Refused, match=r"manifest\.json: not there; freeze"):
            build(settings, parts)
        settings = Settings(
            folder=desk.place.root, doors=frozenset({Door.REGISTRAR}), issuers=("nobody",)
        )
        with pytest.raises(UsageError, match="nobody"):
            build(settings, parts)
        for secret in desk.place.issuers.glob("*/secret.json"):
            secret.unlink()
        settings = Settings(folder=desk.place.root, doors=frozenset({Door.REGISTRAR}))
        with pytest.raises(UsageError, match="no issuer's secret"):
            build(settings, parts)


def test_the_rehearsal_clock_is_refused_for_a_real_election(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "clock"
    file.write_text("2030-01-01T00:00:00Z\n")
    monkeypatch.setenv(VARIABLE, str(file))
    for name in ("clermont-2026", "rehearsal", "demo", "my-demo-x", "Demo-x"):
        with pytest.raises(UsageError, match=VARIABLE):
            clock_for(name)
    for name in ("demo-x", "rehearsal-x"):
        assert clock_for(name)() == read_time("2030-01-01T00:00:00Z")
    monkeypatch.delenv(VARIABLE)
    assert clock_for("clermont-2026") is system_clock
    assert abs((system_clock() - read_time(spell_time(system_clock()))).total_seconds()) == 0


def test_times_for_people() -> None:
    time = read_time("2026-01-09T07:05:59Z")
    assert told_time(time, "fr") == "9 janvier 2026, 07:05 UTC"
    assert told_time(time, "en") == "January 9, 2026, 07:05 UTC"


@pytest.mark.parametrize(
    ("time", "zone", "french", "english"),
    [
        ("2026-01-09T23:05:59Z", "Europe/Paris", "10 janvier 2026, 00:05 (heure : Paris)",
         "January 10, 2026, 00:05 (Paris Time)"),
        ("2026-07-09T07:05:59Z", "Europe/Paris", "9 juillet 2026, 09:05 (heure : Paris)",
         "July 9, 2026, 09:05 (Paris Time)"),
        ("2026-10-25T00:30:00Z", "Europe/Paris",
         "25 octobre 2026, 02:30 (heure : Paris, UTC+02:00)",
         "October 25, 2026, 02:30 (Paris Time, UTC+02:00)"),
        ("2026-10-25T01:30:00Z", "Europe/Paris",
         "25 octobre 2026, 02:30 (heure : Paris, UTC+01:00)",
         "October 25, 2026, 02:30 (Paris Time, UTC+01:00)"),
        ("2026-01-09T07:05:00Z", "America/Argentina/Buenos_Aires",
         "9 janvier 2026, 04:05 (heure : Buenos Aires)",
         "January 9, 2026, 04:05 (Buenos Aires Time)"),
        ("2026-01-09T07:05:00Z", "Etc/GMT+2", "9 janvier 2026, 05:05 UTC-02:00",
         "January 9, 2026, 05:05 UTC-02:00"),
        ("2026-01-09T07:05:00Z", "Moon/Tycho", "9 janvier 2026, 07:05 UTC",
         "January 9, 2026, 07:05 UTC"),
    ],
)  # fmt: skip
def test_times_in_the_zone_of_the_election(time: str, zone: str, french: str, english: str) -> None:
    told = local_time(time, zone)
    assert spell_time(told) == time
    assert (told_time(told, "fr"), told_time(told, "en")) == (french, english)


# -- limits -----------------------------------------------------------------------------------


def test_one_connection_has_one_limit() -> None:
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::1")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("192.0.2.1") != network("192.0.2.2")
    limits = Limits()
    assert limits.hit("x", "2001:db8::1", 1) == 0
    assert 1 <= limits.hit("x", "2001:db8::2", 1) <= 61
    assert limits.full("x", "2001:db8::3", 1) > 0
    assert limits.full("y", "2001:db8::3", 1) == 0
    assert limits.hit("x", "2001:db9::1", 1) == 0


@given(st.text(max_size=60))
def test_any_address_counts_as_something(text: str) -> None:
    assert isinstance(network(text), str)


# -- the service's end ------------------------------------------------------------------------


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The signals that the process would have sent to itself."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("web.service.os.kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setattr("web.service.WATCH_SECONDS", 0.02)
    return sent


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + 180
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("kind", [RuntimeError, OSError])
def test_the_process_ends_when_the_log_cannot_grow(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    ended: list[tuple[int, int]],
    caplog: pytest.LogCaptureFixture,
    kind: type[Exception],
) -> None:
    def broken(_self: Sequencer, _stop: object) -> None:
        raise kind("quotes a ballot")

    monkeypatch.setattr(Sequencer, "run", broken)
    desk.app(frozenset({Door.BOX}))
    wait_for(lambda: ended)
    assert ended == [(os.getpid(), signal.SIGTERM)]
    assert kind.__name__ in caplog.text
    assert "quotes a ballot" not in caplog.text


def test_the_process_ends_when_the_box_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ended: list[tuple[int, int]]
) -> None:
    def broken(_self: Box, _requests: object) -> Any:
        raise OSError("disk full")

    client = desk.app(frozenset({Door.BOX}), requests_factor=100).test_client()
    ballot = desk.ballot("north-0")
    monkeypatch.setattr(Box, "_decide", broken)
    assert desk.cast(ballot, client).status_code == 503
    wait_for(lambda: ended)
    assert ended[0] == (os.getpid(), signal.SIGTERM)


# -- the client -------------------------------------------------------------------------------


@contextmanager
def door(answers: list[tuple[int, bytes] | None]) -> Iterator[tuple[str, list[str]]]:
    """A door on this machine that gives these answers one after the other; None hangs up."""
    asked: list[str] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked.append(f"{self.command} {self.path} {self.rfile.read(length).decode()}".strip())
            answer = left.pop(0) if left else (200, b"{}")
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_given: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/below", asked
        finally:
            server.shutdown()
            thread.join()


def problem_body(code: str) -> bytes:
    return json.dumps({"code": code, "detail": "because", "status": 409}).encode()


def test_a_connection_that_broke_is_tried_once_more() -> None:
    with door([(200, b"one"), None, (200, b"two"), None, None]) as (address, asked):
        client = Client(address)
        assert client.get("/x") == b"one"
        assert client.get("/x") == b"two"
        with pytest.raises(DoorSilent, match=r"GET /x: no answer .* send it again"):
            client.get("/x")
        assert client.get("/x") == b"{}"
        client.close()
    assert asked == ["GET /below/x"] * 6


def test_refusals_and_nonsense_are_told_apart() -> None:
    with door([(409, problem_body("closed")), (502, b"<html>"), (409, b"[]")]) as (address, _):
        client = Client(address)
        with pytest.raises(DoorRefused, match="closed: because") as refused:
            client.cast(b'{"a":1}', b"sealed")
        assert (refused.value.status, refused.value.code) == (409, "closed")
        for _ in range(2):
            with pytest.raises(DoorSilent, match="no problem description"):
                client.get("/x")
        client.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"blind_signature":1}', b'{"blind_signature":"A="}', b"{}", b"\xff"],
)
def test_an_answer_of_the_registrar_that_cannot_be_read(body: bytes) -> None:
    with door([(200, body)]) as (address, asked):
        client = Client(address)
        with pytest.raises(DoorSilent, match="registrar"):
            client.credential(
                "city", election=bytes(32), style="north", code="X", blinded_message=b"\x01"
            )
        client.close()
    assert asked[0].startswith("POST /below/registrar/city/credentials {")


@pytest.mark.parametrize("address", ["", "127.0.0.1:80", "ftp://x", "http://", "http://x:99999"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(WebError, match="address"):
        Client(address)


def test_nobody_there() -> None:
    from web.rehearsal.processes import free_port

    client = Client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DoorSilent, match="ConnectionRefusedError"):
        client.get("/health")
