"""An answer that follows: as complete as any other, and as honest when it fails."""

import asyncio
import json
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from flask import Flask

from tests.web.desk import Desk, cast_body
from tests.web.test_gateway import Exchange, post
from web.app import SECURITY_HEADERS, create_app
from web.audience import Audience, Cache, Door, Route
from web.body import read_body
from web.gateway import Gateway
from web.later import answer_later
from web.models import CastRequest
from web.problem import Problem
from web.settings import Settings
from web.telemetry import Telemetry

LONG = 20.0


class Promised:
    """An application with one route, whose answers a test gives; its requests are counted."""

    def __init__(self, desk: Desk) -> None:
        self.waiting: list[Future[bytes]] = []
        self.asked = threading.Semaphore(0)
        self.now = 0.0
        self.telemetry = Telemetry(interval=0, clock=lambda: self.now)
        route = Route(
            name="promise",
            path="/box/ballots",
            method="POST",
            door=Door.BOX,
            audience=Audience.RESIDENT,
            view=self._view,
            limit=2,
            cache=Cache.NEVER,
            summary="Promise an answer",
            body=CastRequest,
            body_limit=128 * 1024,
            answers={},
            problems=(),
        )
        settings = Settings(folder=desk.place.root, doors=frozenset({Door.BOX}))
        self.flask: Flask = create_app(settings, [route])
        self.telemetry.watch(self.flask)
        self.gateway = Gateway(self.flask, threads=1)
        self.body = json.dumps(cast_body(desk.ballot("north-0"))).encode()

    def _view(self) -> Any:
        read_body(CastRequest)
        future: Future[bytes] = Future()
        self.waiting.append(future)
        self.asked.release()
        return answer_later(future, content_type="text/plain", otherwise=self._otherwise)

    @staticmethod
    def _otherwise(error: BaseException) -> BaseException:
        return Problem("tested", reason="tested") if isinstance(error, KeyError) else error

    def ask(self, give: Any, **more: Any) -> Exchange:
        """Ask, and when the view has been left by its only thread let ``give`` answer."""
        exchange = post(self.body, **more)

        def later() -> None:
            assert self.asked.acquire(timeout=LONG)
            self.now += 3.0
            give(self.waiting.pop())

        async def asked() -> None:
            threading.Thread(target=later).start()
            await asyncio.wait_for(self.gateway.__rsgi__(exchange.scope, exchange), LONG)

        asyncio.run(asked())
        return exchange

    def counted(self) -> dict[str, tuple[float, float]]:
        """By status: how many, and how many seconds in all the route's requests took."""
        families = {family.name: family.samples for family in self.telemetry.collect()}
        seconds = next(
            each.value
            for each in families["scrutin_request_seconds"]
            if each.name.endswith("_sum") and each.labels["route"] == "promise"
        )
        return {
            each.labels["status"]: (each.value, seconds) for each in families["scrutin_requests"]
        }


@pytest.fixture
def promised(desk: Desk) -> Promised:
    return Promised(desk)


def test_it_is_a_response_like_any_other(promised: Promised) -> None:
    answer = promised.ask(lambda future: future.set_result(b"a receipt"))
    assert (answer.status, answer.answer) == (200, b"a receipt")
    headers = {name.lower(): value for name, value in SECURITY_HEADERS.items()}
    assert headers.items() <= answer.said.items()
    assert answer.said["content-length"] == "9"
    assert answer.said["content-type"] == "text/plain"
    assert answer.said["cache-control"] == "no-store"
    assert promised.counted() == {"200": (1, 3.0)}


def test_a_refusal_that_follows_is_told_as_any_refusal(promised: Promised) -> None:
    answer = promised.ask(
        lambda future: future.set_exception(KeyError()), also={"accept-language": "fr"}
    )
    assert answer.status == 409
    assert answer.said["content-type"] == "application/problem+json"
    assert answer.said["content-language"] == "fr"
    assert answer.said["x-content-type-options"] == "nosniff"
    told = json.loads(answer.answer)
    assert (told["code"], told["reason"]) == ("tested", "tested")
    # Counted once, and with the time it took.
    assert promised.counted() == {"409": (1, 3.0)}


def test_what_nobody_foresaw_is_an_internal_error_without_its_words(
    promised: Promised, caplog: pytest.LogCaptureFixture
) -> None:
    answer = promised.ask(lambda future: future.set_exception(RuntimeError("4711")))
    assert answer.status == 500
    assert json.loads(answer.answer)["code"] == "internal"
    assert b"4711" not in answer.answer
    assert "RuntimeError" in caplog.text
    assert "4711" not in caplog.text
    assert promised.counted() == {"500": (1, 3.0)}


def test_its_request_is_counted_against_the_limit_once(promised: Promised) -> None:
    for _ in range(2):
        assert promised.ask(lambda future: future.set_exception(KeyError())).status == 409
    exchange = post(promised.body)
    asyncio.run(promised.gateway.__rsgi__(exchange.scope, exchange))
    assert exchange.status == 429


def test_before_another_server_the_view_waits(promised: Promised) -> None:
    def later(*, fails: bool) -> None:
        assert promised.asked.acquire(timeout=LONG)
        if fails:
            promised.waiting.pop().set_exception(KeyError())
        else:
            promised.waiting.pop().set_result(b"a receipt")

    client = promised.flask.test_client()
    for fails, status in ((False, 200), (True, 409)):
        thread = threading.Thread(target=later, kwargs={"fails": fails})
        thread.start()
        answer = client.post("/box/ballots", data=promised.body, content_type="application/json")
        thread.join()
        assert answer.status_code == status
