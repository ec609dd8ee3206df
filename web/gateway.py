"""Between the server and the application: bodies are here whole before a thread sees a request.

The application answers each request in a thread, and there are only so many of them. Whoever sends
a body slowly, on purpose or from a train, would hold a thread for as long as they like; so the body
is read without one, and whoever is not done in time is told so. And a server that lets everybody
wait answers nobody in time: those who waited longest have gone, and ask again. So a process works
on so many requests at once and no more, and says the same moment to all others when to come back.

Speaks RSGI to the server and WSGI (PEP 3333) to the application.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from flask import Flask, Response

from web.hands import Hands, Unfinished
from web.later import UNDERSTOOD, Later
from web.problem import Problem, respond
from web.telemetry import EXTENSION, Telemetry
from web.wording import DEFAULT, LANGUAGES

if TYPE_CHECKING:
    from granian.rsgi import Scope

MOST_AT_ONCE = 256
"""Requests at work in a process: a third of a second's, on two cores."""
THREADS = 64
BODY_SECONDS = 10.0
"""For the whole body. The largest, 256 kB, takes eight seconds on a slow mobile network."""
LARGEST_BODY = 256 * 1024
COME_BACK_SECONDS = 2
BEFORE = "none"
"""The route under which telemetry counts what no route answered."""
HTML, JSON = "text/html", "application/json"

log = logging.getLogger("scrutin.web")

Headers = list[tuple[str, str]]


class Answer:
    """What the application said: status, headers, and the body as it is read."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: Headers = []
        self.parts: Iterable[bytes] = ()

    def start(self, status: str, headers: Headers, _error: Any = None) -> Any:
        """``start_response`` of PEP 3333."""
        self.status = int(status[:3])
        self.headers = [(name.lower(), value) for name, value in headers]

    def close(self) -> None:
        """Tell the application that its body was read, or will not be."""
        close = getattr(self.parts, "close", None)
        if close is not None:
            close()


class Gateway:
    """The RSGI application of a process, around its Flask application."""

    def __init__(
        self,
        flask: Flask,
        *,
        most: int = MOST_AT_ONCE,
        threads: int = THREADS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.flask = flask
        self._most = most
        self._inside = 0
        self._body_seconds = body_seconds
        self._hands = Hands(threads)
        self._telemetry: Telemetry | None = flask.extensions.get(EXTENSION)
        problems = (Problem("busy", retry_after=COME_BACK_SECONDS), Problem("too-slow"))
        self._ready = {
            (problem.code, language, chosen, kind): _made(flask, problem, language, chosen, kind)
            for problem in problems
            for language in LANGUAGES
            for chosen in (False, True)
            for kind in (HTML, JSON)
        }

    async def __rsgi__(self, scope: "Scope", protocol: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.close(404)  # no websockets here
            return
        headers = list(scope.headers.items())
        if self._inside >= self._most:
            self._refuse("busy", scope, headers, protocol)
            return
        length = _length(headers)
        body = b""
        if length is not None and 0 < length <= LARGEST_BODY:
            try:
                async with asyncio.timeout(self._body_seconds):
                    body = await protocol()
            except TimeoutError:
                self._refuse("too-slow", scope, headers, protocol)
                return
            if self._inside >= self._most:  # others came while this body did
                self._refuse("busy", scope, headers, protocol)
                return
        # Without a length, or with one beyond the limit, nothing is read: the application refuses.
        self._inside += 1
        try:
            await self._answer(_environment(scope, headers, body), protocol)
        finally:
            self._inside -= 1

    async def _answer(self, environment: dict[str, Any], protocol: Any) -> None:
        answer = Answer()

        def work() -> Unfinished[bytes | None] | bytes | None:
            parts = self.flask.wsgi_app(environment, answer.start)
            if isinstance(parts, Later):
                return Unfinished(partial(parts.then, body))
            return body(parts)

        def body(parts: Iterable[bytes]) -> bytes | None:
            """The whole body, or None when it is one to be read piece by piece."""
            answer.parts = parts
            if isinstance(answer.parts, list | tuple):
                return b"".join(answer.parts)
            known = dict(answer.headers).get("content-length", "")
            if known.isdecimal() and int(known) <= LARGEST_BODY:
                return b"".join(answer.parts)
            return None

        try:
            whole = await self._hands.do(work)
            if whole is not None:
                protocol.response_bytes(answer.status, answer.headers, whole)
                return
            transport = protocol.response_stream(answer.status, answer.headers)
            parts: Iterator[bytes] = iter(answer.parts)
            while True:
                part = await self._hands.do(lambda: next(parts, None))
                if part is None:
                    return
                # Whoever reads slowly holds no thread either.
                await transport.send_bytes(part)
        finally:
            answer.close()

    def _refuse(self, code: str, scope: "Scope", headers: Headers, protocol: Any) -> None:
        asked = dict(parse_qsl(scope.query_string)).get("lang")
        language = asked if asked in LANGUAGES else _language(headers)
        made = self._ready[code, language, asked in LANGUAGES, _kind(scope.method, headers)]
        if self._telemetry is not None:
            self._telemetry.count(BEFORE, made.status, 0.0)
        protocol.response_bytes(made.status, made.headers, b"".join(made.parts))


def _made(flask: Flask, problem: Problem, language: str, chosen: bool, kind: str) -> Answer:
    # A language that was chosen in the address stays in the links of the page.
    address = f"/?lang={language}" if chosen else "/"
    with flask.test_request_context(address, headers={"Accept": kind, "Accept-Language": language}):
        response: Response = flask.process_response(respond(problem))
    answer = Answer()
    answer.start(response.status, response.headers.to_wsgi_list())
    answer.parts = [response.get_data()]
    return answer


def _environment(scope: "Scope", headers: Headers, body: bytes) -> dict[str, Any]:
    """The environment of PEP 3333 for a request."""
    host, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environment: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # PEP 3333: the bytes of the path, each as one character.
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": quote(scope.query_string, safe="%/:?#[]@!$&'()*+,;=~-._"),
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        UNDERSTOOD: True,
    }
    if scope.authority:
        environment["HTTP_HOST"] = scope.authority
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        before = environment.get(key) if key != "HTTP_HOST" else None
        environment[key] = value if before is None else f"{before},{value}"
    return environment


def _length(headers: Headers) -> int | None:
    for name, value in headers:
        if name == "content-length":
            return int(value) if value.isascii() and value.isdecimal() else None
    return None


def _header(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name == wanted), "").lower()


def _language(headers: Headers) -> str:
    asked = _header(headers, "accept-language")
    found = [(asked.find(language), language) for language in LANGUAGES]
    return min([each for each in found if each[0] >= 0], default=(0, DEFAULT))[1]


def _kind(method: str, headers: Headers) -> str:
    return HTML if method == "GET" and HTML in _header(headers, "accept") else JSON
