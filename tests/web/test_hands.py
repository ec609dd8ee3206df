"""Threads that work for an event loop."""

import asyncio
import threading
import time
from functools import partial

import pytest

from web.hands import Hands


def test_everybody_gets_their_own_answer() -> None:
    hands = Hands(4)

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(hands.do(partial(pow, each, 2)) for each in range(500))))

    for _ in range(2):  # the second time in another loop
        assert asyncio.run(all_of_them()) == [each * each for each in range(500)]
    assert sum(each.name.startswith("request ") for each in threading.enumerate()) >= 4


def test_what_a_thread_raises_is_raised_where_it_is_awaited() -> None:
    hands = Hands(1)

    async def fails_then_works() -> str:
        with pytest.raises(ZeroDivisionError):
            await hands.do(lambda: 1 // 0)
        return await hands.do(lambda: "still there")

    assert asyncio.run(fails_then_works()) == "still there"


def test_no_more_at_once_than_there_are_threads_and_whoever_left_holds_up_nobody() -> None:
    hands = Hands(2)
    at_once, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.02)
        with guard:
            at_once -= 1

    async def many() -> None:
        gone = asyncio.ensure_future(hands.do(work))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(*(hands.do(work) for _ in range(10)))

    asyncio.run(many())
    assert most == 2
