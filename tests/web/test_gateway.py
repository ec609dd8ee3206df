"""Before the application: slow bodies hold no thread, too many are told at once to come back."""

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response, request

from tests.journey.killed import Killed
from tests.web.desk import Desk
from web.app import SECURITY_HEADERS
from web.audience import Door
from web.client import Client
from web.gateway import LARGEST_BODY, THREADS, Gateway
from web.service import application
from web.telemetry import Telemetry

PARTS = [b"a" * 70_000] * 5


@dataclass
class Exchange:
    """One request to a gateway, as the server hands it over, and what was answered."""

    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    body_after: float = 0.0
    proto: str = "http"
    status: int = 0
    answer: bytes = b""
    said: dict[str, str] = field(default_factory=dict)
    reads: int = 0

    @property
    def scope(self) -> Any:
        return SimpleNamespace(
            proto=self.proto,
            method=self.method,
            path=self.path,
            query_string=self.query,
            http_version="1.1",
            server="127.0.0.1:8000",
            client="[2001:db8::7]:50000",
            scheme="http",
            authority="vote.example.org",
            headers=self.headers,
        )

    async def __call__(self) -> bytes:
        self.reads += 1
        await asyncio.sleep(self.body_after)
        return self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.said, self.answer = status, dict(headers), body

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Any:
        self.status, self.said = status, dict(headers)

        async def send(part: bytes) -> None:
            self.answer += part

        return SimpleNamespace(send_bytes=send)

    def close(self, status: int) -> None:
        self.status = status


def post(body: bytes = b"{}", **more: Any) -> Exchange:
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return Exchange(
        method="POST",
        path="/box/ballots",
        headers=headers | more.pop("also", {}),
        body=body,
        **more,
    )


@pytest.fixture
def flask() -> Flask:
    """An application that says what it was given, and one answer in pieces."""
    app = Flask("web", static_folder=None)
    app.wsgi_told = []  # type: ignore[attr-defined]

    @app.route("/", methods=["GET", "POST"])
    @app.route("/<path:_rest>", methods=["GET", "POST"])
    def told(_rest: str = "") -> dict[str, Any]:
        return {
            "path": request.path,
            "arguments": dict(request.args),
            "body": request.get_data().decode(),
            "length": request.content_length,
            "address": request.remote_addr,
            "host": request.host,
            "headers": dict(request.headers),
            "thread": threading.current_thread().name,
        }

    @app.get("/pieces")
    def pieces() -> Response:
        def each() -> Iterator[bytes]:
            try:
                yield from PARTS
            finally:
                app.wsgi_told.append(threading.current_thread().name)  # type: ignore[attr-defined]

        return Response(each(), content_type="text/plain")

    @app.get("/held")
    def held() -> str:
        assert app.go.wait(120)  # type: ignore[attr-defined]
        return "held"

    app.go = threading.Event()  # type: ignore[attr-defined]
    return app


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` in a thread of its own: a browser of other tests may keep a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()


def play(gateway: Gateway, *exchanges: Exchange) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(gateway.__rsgi__(each.scope, each) for each in exchanges))

    run(all_of_them)


def test_a_request_is_handed_over_as_it_came(flask: Flask) -> None:
    exchange = post(
        b'{"a":1}', query="x=%C3%A9&y=a+b", also={"accept-language": "fr", "x-forwarded-for": "1"}
    )
    exchange.path = "/é/a b"
    play(Gateway(flask), exchange)
    told = json.loads(exchange.answer)
    assert exchange.status == 200
    assert told["path"] == "/é/a b"
    assert told["arguments"] == {"x": "é", "y": "a b"}
    assert told["body"] == '{"a":1}'
    assert told["address"] == "2001:db8::7"
    assert told["host"] == "vote.example.org"
    assert told["headers"]["X-Forwarded-For"] == "1"
    assert told["headers"]["Accept-Language"] == "fr"
    assert told["thread"].startswith("request")


def test_a_slow_body_waits_without_a_thread_and_ends(desk: Desk) -> None:
    gateway = Gateway(desk.app(frozenset({Door.BOX})), threads=1, body_seconds=0.3)
    slow = [post(body_after=60.0, also={"accept-language": "en"}) for _ in range(5)]
    quick = Exchange(path="/health")
    begin = time.monotonic()
    play(gateway, *slow, quick)
    assert time.monotonic() - begin < 10
    assert quick.status == 200
    for each in slow:
        assert each.status == 408
        assert json.loads(each.answer)["code"] == "too-slow"
        assert each.said["content-language"] == "en"


def test_a_body_that_takes_its_time_is_taken(flask: Flask) -> None:
    exchange = post(b"[1]", body_after=0.05)
    play(Gateway(flask), exchange)
    assert json.loads(exchange.answer)["body"] == "[1]"


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [(None, 411, "length-required"), (str(LARGEST_BODY + 1), 413, "too-large"),
     ("9" * 30, 413, "too-large")],
)  # fmt: skip
def test_what_is_refused_anyway_is_not_read(
    desk: Desk, length: str | None, status: int, code: str
) -> None:
    exchange = post(body_after=60.0)
    del exchange.headers["content-length"]
    if length is not None:
        exchange.headers["content-length"] = length
    play(Gateway(desk.app(frozenset({Door.BOX}))), exchange)
    assert exchange.reads == 0
    assert exchange.status == status
    assert json.loads(exchange.answer)["code"] == code


def test_a_long_answer_goes_out_in_pieces(flask: Flask) -> None:
    exchange = Exchange(path="/pieces")
    play(Gateway(flask), exchange)
    assert exchange.answer == b"".join(PARTS)
    assert len(flask.wsgi_told) == 1  # type: ignore[attr-defined]


def test_no_websockets(flask: Flask) -> None:
    exchange = Exchange(proto="ws")
    play(Gateway(flask), exchange)
    assert exchange.status == 404


# -- too many ---------------------------------------------------------------------------------


def test_the_others_are_sent_away_and_get_in_afterwards(flask: Flask) -> None:
    telemetry = Telemetry(interval=0)
    telemetry.watch(flask)
    gateway = Gateway(flask, most=3, threads=2)
    inside = [Exchange(path="/held") for _ in range(3)]
    refused = [post(body_after=60.0), Exchange(path="/")]

    async def crowd() -> None:
        at_work = [asyncio.create_task(gateway.__rsgi__(each.scope, each)) for each in inside]
        await asyncio.sleep(0)
        for each in refused:
            await gateway.__rsgi__(each.scope, each)
        flask.go.set()  # type: ignore[attr-defined]
        await asyncio.gather(*at_work)

    run(crowd)
    assert {each.answer for each in inside} == {b"held"}
    for each in refused:
        assert each.reads == 0
        assert each.status == 503
        assert int(each.said["retry-after"]) >= 1
        assert each.said["cache-control"] == "no-store"
        assert json.loads(each.answer)["code"] == "busy"
    later = Exchange()
    play(gateway, later)
    assert later.status == 200
    # Who watches sees them, and not the answers that were made beforehand.
    counted = telemetry.metrics()
    assert b'scrutin_requests_total{route="none",status="503"} 2.0' in counted
    assert b'status="408"' not in counted


@pytest.mark.parametrize(
    ("languages", "accept", "method", "language", "kind"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "text/html,*/*", "GET", "fr", "text/html; charset=utf-8"),
        ("en-GB,en;q=0.9,fr;q=0.8", "text/html,*/*", "GET", "en", "text/html; charset=utf-8"),
        ("en", "application/json", "GET", "en", "application/problem+json"),
        ("pl", "*/*", "POST", "fr", "application/problem+json"),
        ("", "text/html", "POST", "fr", "application/problem+json"),
    ],
)
def test_in_the_readers_language_and_kind(
    desk: Desk, languages: str, accept: str, method: str, language: str, kind: str
) -> None:
    gateway = Gateway(desk.app(frozenset({Door.PUBLIC})), most=0)
    headers = {"accept-language": languages, "accept": accept}
    exchange = Exchange(method=method, headers=headers)
    play(gateway, exchange)
    assert exchange.status == 503
    assert exchange.said["content-language"] == language
    assert exchange.said["content-type"] == kind
    assert int(exchange.said["content-length"]) == len(exchange.answer)
    for name, value in SECURITY_HEADERS.items():
        assert exchange.said[name.lower()] == value


def test_a_chosen_language_stays_on_the_page_of_a_refusal(desk: Desk) -> None:
    gateway = Gateway(desk.app(frozenset({Door.PUBLIC})), most=0)
    for query, language, kept in (
        ("order=a&lang=en", "en", b'href="/help?lang=en"'),
        ("lang=de", "fr", b'href="/help"'),
        ("lang=en%00;;&&=%ff", "fr", b'href="/help"'),
    ):
        headers = {"accept-language": "fr", "accept": "text/html"}
        exchange = Exchange(path="/projects", query=query, headers=headers)
        play(gateway, exchange)
        assert (exchange.status, exchange.said["content-language"]) == (503, language)
        assert kept in exchange.answer
        assert exchange.answer.count(b"<header") == exchange.answer.count(b"<footer") == 1


def test_an_answer_that_breaks_gives_its_place_back(flask: Flask) -> None:
    gateway = Gateway(flask, most=1)

    def broken(_environ: Any, _start: Any) -> Any:
        raise RuntimeError("out of order")

    flask.wsgi_app = broken  # type: ignore[method-assign, assignment]
    for _ in range(3):
        exchange = Exchange()
        with pytest.raises(RuntimeError):
            play(gateway, exchange)
    assert gateway._inside == 0


# -- the real server --------------------------------------------------------------------------


def test_more_slow_bodies_than_threads_keep_nobody_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRUTIN_REQUESTS_FACTOR", "100")
    head = (
        b"POST /registrar/city/credentials HTTP/1.1\r\nHost: vote.example.org\r\n"
        b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    service = Killed(desk.place.root, dict(os.environ), 1, doors=("registrar",))
    with ExitStack() as stack:
        stack.callback(service.kill)
        service.start()
        port = int(service.address.rpartition(":")[2])
        slow = []
        for _ in range(THREADS + 16):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(head)
            slow.append(connection)
        time.sleep(0.3)
        client = Client(service.address)
        begin = time.monotonic()
        client.get("/health")
        client.close()
        assert time.monotonic() - begin < 5
        # They are still waited for: nobody was cut off before their time.
        slow[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            slow[0].recv(1)


def test_every_process_of_the_service_has_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUTIN_FOLDER", str(desk.place.root))
    monkeypatch.setenv("SCRUTIN_DOORS", "public")
    monkeypatch.setattr("web.service.logging.basicConfig", lambda **_given: None)
    assert isinstance(application(), Gateway)
