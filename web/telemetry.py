"""What a running process tells its operators: metrics (Prometheus) and whether it is ready.

On an address of its own (``SCRUTIN_INSIDE``), never through the public doors. It says nothing
about a person, and nothing about a moment at which somebody voted: what is counted is shown as it
stood at the last whole interval, the length of a batch, after which the log shows as much.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest

from web.errors import UsageError
from web.later import Later

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EXTENSION: Final = "scrutin.telemetry"
BEGUN: Final = "scrutin.begun"
PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger("scrutin.telemetry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A number that is read when it is asked for."""

    name: str
    meaning: str
    read: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    requests: Mapping[tuple[str, str], int]
    seconds: Mapping[str, tuple[tuple[int, ...], float]]
    gauges: Mapping[str, float]


class Telemetry:
    """The counts of one process. Safe to use from several threads."""

    def __init__(
        self,
        *,
        interval: float,
        gauges: Iterable[Gauge] = (),
        checks: Mapping[str, Callable[[], bool]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``interval`` seconds long the same numbers are shown; ``checks`` say whether the process
        is ready: one that raises says no."""
        self._interval = interval
        self._gauges = tuple(gauges)
        self._checks = dict(checks or {})
        self._clock = clock
        self._guard = threading.Lock()
        self._requests: dict[tuple[str, str], int] = {}
        self._seconds: dict[str, tuple[list[int], float]] = {}
        self._shown: _Snapshot | None = None
        self._taken = 0.0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    # -- counting -------------------------------------------------------------------------------

    def watch(self, app: Flask) -> None:
        """Count the requests of ``app`` by route and status, and the seconds they took; who stands
        before it finds this at ``app.extensions[EXTENSION]``."""
        app.extensions[EXTENSION] = self

        @app.before_request
        def begin() -> None:
            # Not in flask.g: an answer that fails later is made in another context.
            request.environ[BEGUN] = self._clock()

        @app.after_request
        def end(response: Response) -> Response:
            begun = request.environ.get(BEGUN)
            if begun is None:  # nobody asked: an answer that is made beforehand
                return response
            route = request.endpoint or "none"

            def count() -> None:
                self.count(route, response.status_code, self._clock() - begun)

            if isinstance(response, Later):
                response.when_sent.append(count)
            else:
                count()
            return response

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._guard:
            key = (route, str(status))
            self._requests[key] = self._requests.get(key, 0) + 1
            buckets, total = self._seconds.get(route, ([0] * (len(BUCKETS) + 1), 0.0))
            place = next((i for i, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
            buckets[place] += 1
            self._seconds[route] = (buckets, total + seconds)

    # -- telling --------------------------------------------------------------------------------

    def _snapshot(self) -> _Snapshot:
        with self._guard:
            now = self._clock()
            if self._shown is None or now - self._taken >= self._interval:
                self._taken = now
                self._shown = _Snapshot(
                    requests=dict(self._requests),
                    seconds={
                        route: (tuple(buckets), total)
                        for route, (buckets, total) in self._seconds.items()
                    },
                    gauges=dict(self._read()),
                )
            return self._shown

    def _read(self) -> Iterator[tuple[str, float]]:
        for gauge in self._gauges:
            try:
                yield gauge.name, float(gauge.read())
            except Exception as error:  # a database that is away must not hide the other numbers
                log.warning("%s cannot be read: %s", gauge.name, type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """For the registry: the numbers of the last whole interval."""
        shown = self._snapshot()
        requests = CounterMetricFamily(
            "scrutin_requests", "Requests by route and status", labels=("route", "status")
        )
        for (route, status), count in sorted(shown.requests.items()):
            requests.add_metric((route, status), count)
        yield requests
        seconds = HistogramMetricFamily(
            "scrutin_request_seconds", "How long requests took", labels=("route",)
        )
        for route, (buckets, total) in sorted(shown.seconds.items()):
            named: list[tuple[str, float]] = []
            so_far = 0
            for most, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
                so_far += count
                named.append((most, so_far))
            seconds.add_metric((route,), named, total)
        yield seconds
        for gauge in self._gauges:
            if gauge.name in shown.gauges:
                yield GaugeMetricFamily(gauge.name, gauge.meaning, value=shown.gauges[gauge.name])

    def metrics(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self._registry)

    def ready(self) -> dict[str, bool]:
        """Each check and whether it holds now."""
        return {name: _holds(check) for name, check in sorted(self._checks.items())}

    def application(
        self, environment: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """``/metrics`` and ``/ready``, as a WSGI application."""
        path = environment.get("PATH_INFO", "")
        if path == "/metrics":
            start("200 OK", [("Content-Type", PLAIN), ("Cache-Control", "no-store")])
            return [self.metrics()]
        if path == "/ready":
            checks = self.ready()
            fine = all(checks.values())
            status = "200 OK" if fine else "503 Service Unavailable"
            start(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
            return [json.dumps({"ready": fine, "checks": checks}).encode()]
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"/metrics or /ready\n"]


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return bool(check())
    except Exception as error:  # whatever it was, the process is not ready
        log.warning("not ready: %s", type(error).__name__)
        return False


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: an access log would hold addresses."""


def inside_address(text: str) -> tuple[str, int]:
    """Host and port of ``SCRUTIN_INSIDE``, ``127.0.0.1:9100``. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise UsageError("SCRUTIN_INSIDE: write an address and a port, such as 127.0.0.1:9100")
    return host.strip("[]"), int(port)


@contextmanager
def told_inside(telemetry: Telemetry, host: str, port: int, tries: int) -> Iterator[int]:
    """Serve ``telemetry`` on the first free of ``tries`` ports from ``port`` on (each process of a
    host takes the next), until the ``with`` ends; gives the port. Raises UsageError."""
    for place in range(tries):
        try:
            server = make_server(
                host,
                port + place,
                cast("Callable[..., Iterable[bytes]]", telemetry.application),
                server_class=_Server,
                handler_class=_Silent,
            )
            break
        except OSError:
            continue
    else:
        raise UsageError(
            f"SCRUTIN_INSIDE: no free port on {host} from {port} to {port + tries - 1}"
        )
    thread = threading.Thread(target=server.serve_forever, name="inside", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
