"""What a process tells its operators: true, coarse, and nothing about anybody."""

import io
import json
import logging
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ballot.box import Busy
from ballot.store.box import BoxStore
from tests.web.desk import Desk, problem
from web.errors import UsageError
from web.logs import JsonLines, log_handler
from web.office import parts
from web.rehearsal.processes import free_port
from web.settings import read_settings
from web.telemetry import Gauge, Telemetry, inside_address, told_inside

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(page: bytes) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def fetch(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_counts_are_shown_as_at_the_last_whole_interval() -> None:
    watch = Watch()
    level = 7.0
    gauge = Gauge(name="scrutin_level", meaning="A level", read=lambda: level)
    telemetry = Telemetry(interval=60, gauges=[gauge], clock=watch)
    telemetry.count("cast_ballot", 200, 0.003)
    first = samples(telemetry.metrics())
    key = ("scrutin_requests_total", (("route", "cast_ballot"), ("status", "200")))
    assert first[key] == 1
    assert first["scrutin_level", ()] == 7
    level = 8.0
    telemetry.count("cast_ballot", 200, 0.2)
    telemetry.count("cast_ballot", 503, 60.0)
    watch.now += 59.9
    # Whoever asks every second cannot see when a ballot came.
    assert samples(telemetry.metrics()) == first
    watch.now += 0.2
    later = samples(telemetry.metrics())
    assert later[key] == 2
    assert later["scrutin_level", ()] == 8

    def bucket(most: str) -> float:
        labels = (("le", most), ("route", "cast_ballot"))
        return later["scrutin_request_seconds_bucket", labels]

    assert [bucket(most) for most in ("0.001", "0.005", "0.25", "10.0", "+Inf")] == [0, 1, 2, 2, 3]
    route = (("route", "cast_ballot"),)
    assert later["scrutin_request_seconds_count", route] == 3
    assert later["scrutin_request_seconds_sum", route] == pytest.approx(60.203)


def test_a_gauge_that_fails_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> float:
        raise RuntimeError("the secret value 4711")

    gauges = [
        Gauge(name="scrutin_broken", meaning="Broken", read=broken),
        Gauge(name="scrutin_fine", meaning="Fine", read=lambda: 1),
    ]
    page = Telemetry(interval=1, gauges=gauges).metrics()
    assert b"scrutin_fine 1.0" in page
    assert b"scrutin_broken" not in page
    assert "RuntimeError" in caplog.text
    assert "4711" not in caplog.text


def test_a_running_process_tells_inside_and_not_outside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    client = desk.app(inside=("127.0.0.1", port)).test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/ready").status_code == 404
    ballot = desk.ballot("centre-0")
    assert desk.cast(ballot, client).status_code == 200
    status, page = fetch(port, "/metrics")
    assert status == 200
    found = samples(page)
    # (The device asked two issuers through another process of this desk's.)
    assert found["scrutin_credentials_issued", ()] == 2
    assert found["scrutin_log_signed", ()] == found["scrutin_log_entries", ()] >= 1
    assert ("scrutin_ballots_waiting", ()) in found
    cast = (("route", "cast_ballot"), ("status", "200"))
    assert found["scrutin_requests_total", cast] == 1
    for planted in (desk.code("centre-0"), "127.0.0.1", ballot.header.pseudonym.hex()):
        assert planted.encode() not in page
    status, body = fetch(port, "/ready")
    assert status == 200
    names = ("box", "box database", "disk", "registrar database", "second copy")
    checks = dict.fromkeys(names, True)
    assert json.loads(body) == {"ready": True, "checks": checks}
    assert fetch(port, "/")[0] == 404

    def away(_self: BoxStore) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(BoxStore, "reading", away)
        status, body = fetch(port, "/ready")
        assert status == 503
        assert json.loads(body) == {"ready": False, "checks": checks | {"box database": False}}
    with monkeypatch.context() as patch:
        patch.setattr(parts, "DISK_FLOOR", 1 << 62)
        patch.setattr("web.inside.DISK_FLOOR", 1 << 62)
        patch.setattr(parts, "ASKED_SECONDS", 0)
        assert json.loads(fetch(port, "/ready")[1])["checks"]["disk"] is False
        refused = desk.cast(desk.ballot("centre-1"), client)
        assert problem(refused) == "busy"
        assert refused.headers["Retry-After"] == "60"
        patch.setattr(parts, "DISK_FLOOR", 0)
        assert desk.cast(desk.ballot("centre-1"), client).status_code == 200


def test_the_processes_of_a_host_take_the_next_port() -> None:
    port = free_port()
    telemetry = Telemetry(interval=1)
    with told_inside(telemetry, "127.0.0.1", port, 20) as first:
        with told_inside(telemetry, "127.0.0.1", port, 20) as second:
            assert port <= first < second < port + 20
            assert fetch(second, "/ready") == (200, b'{"ready": true, "checks": {}}')
        with (
            pytest.raises(UsageError, match=f"no free port on 127.0.0.1 from {first} to {first}"),
            told_inside(telemetry, "127.0.0.1", first, 1),
        ):
            pass


@pytest.mark.parametrize("text", ["9100", "host:", ":9100", "host:port", "host:70000"])
def test_addresses_are_refused_by_name(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SCRUTIN_INSIDE"):
        inside_address(text)
    with pytest.raises(UsageError, match="SCRUTIN_INSIDE"):
        read_settings({"SCRUTIN_FOLDER": str(tmp_path), "SCRUTIN_INSIDE": text})
    settings = read_settings({"SCRUTIN_FOLDER": str(tmp_path), "SCRUTIN_INSIDE": "[::1]:9100"})
    assert settings.inside == ("::1", 9100)
    with pytest.raises(UsageError, match="SCRUTIN_SEQUENCES: write yes or no"):
        read_settings({"SCRUTIN_FOLDER": str(tmp_path), "SCRUTIN_SEQUENCES": "maybe"})


def test_log_lines_are_json_without_the_words_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    handler = log_handler({"SCRUTIN_LOG": "json"})
    assert isinstance(handler.formatter, JsonLines)
    logger = logging.Logger("scrutin.web")
    logger.addHandler(handler)
    logger.warning("%s in %s", "Busy", "cast_ballot")
    try:
        raise Busy(7)
    except Busy:
        logger.exception("failed")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first == {"level": "warning", "part": "scrutin.web", "message": "Busy in cast_ballot"}
    assert second["message"] == "failed"
    assert second["frames"][0].startswith("test_log_lines_are_json")
    assert "in 7 seconds" not in out.getvalue()
    with pytest.raises(UsageError, match="SCRUTIN_LOG: write text or json"):
        log_handler({"SCRUTIN_LOG": "xml"})
