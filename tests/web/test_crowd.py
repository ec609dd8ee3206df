"""Beyond so many requests at a time everybody is told at once to come back; nobody is lost."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from tests.web.desk import Desk
from web.app import SECURITY_HEADERS
from web.audience import Door
from web.crowd import Crowd

MOST = 3


class Held:
    """An application whose answers wait until they are let go."""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask.wsgi_app
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.inside.release()
        assert self.go.wait(20)
        return self._flask(environ, start_response)


def ask(crowd: Crowd, path: str = "/health", **more: Any) -> TestResponse:
    return Client(crowd).open(path, **more)


def test_the_others_are_sent_away_and_get_in_afterwards(desk: Desk) -> None:
    flask = desk.app(frozenset({Door.PUBLIC}))
    held = Held(flask)
    crowd = Crowd(held, MOST, flask)
    with ThreadPoolExecutor(MOST) as pool:
        inside = [pool.submit(ask, crowd) for _ in range(MOST)]
        for _ in range(MOST):
            assert held.inside.acquire(timeout=20)
        refused = ask(crowd, "/box/ballots", method="POST", data=b"{}")
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.headers["Cache-Control"] == "no-store"
        assert json.loads(refused.data)["code"] == "busy"
        for name, value in SECURITY_HEADERS.items():
            assert refused.headers[name] == value
        held.go.set()
        assert {each.result().status_code for each in inside} == {200}
    assert ask(crowd).status_code == 200


@pytest.mark.parametrize(
    ("languages", "accept", "method", "language", "kind"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "text/html,*/*", "GET", "fr", "text/html"),
        ("en-GB,en;q=0.9,fr;q=0.8", "text/html,*/*", "GET", "en", "text/html"),
        ("en", "application/json", "GET", "en", "application/problem+json"),
        ("pl", "*/*", "POST", "fr", "application/problem+json"),
        ("", "text/html", "POST", "fr", "application/problem+json"),
    ],
)
def test_in_the_readers_language_and_kind(
    desk: Desk, languages: str, accept: str, method: str, language: str, kind: str
) -> None:
    flask = desk.app(frozenset({Door.PUBLIC}))
    crowd = Crowd(flask.wsgi_app, 0, flask)
    answer = ask(crowd, method=method, headers={"Accept-Language": languages, "Accept": accept})
    assert answer.status_code == 503
    assert answer.headers["Content-Language"] == language
    assert answer.mimetype == kind
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_an_answer_that_breaks_gives_its_place_back(desk: Desk) -> None:
    flask = desk.app(frozenset({Door.PUBLIC}))

    def broken(_environ: Any, _start: Any) -> Any:
        raise RuntimeError("out of order")

    crowd = Crowd(broken, 1, flask)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            ask(crowd)


def test_every_process_of_the_service_has_it(desk: Desk) -> None:
    assert isinstance(desk.app().wsgi_app, Crowd)
