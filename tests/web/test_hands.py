"""Threads that work for an event loop."""

import asyncio
import threading
import time
from functools import partial

import pytest

from web.hands import Hands, Tell, Unfinished

LONG = 20.0


def test_everybody_gets_their_own_answer() -> None:
    hands = Hands(4)

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(hands.do(partial(pow, each, 2)) for each in range(500))))

    for _ in range(2):  # the second time in another loop
        assert asyncio.run(all_of_them()) == [each * each for each in range(500)]


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


def test_who_is_at_work_takes_the_next_task_too() -> None:
    hands = Hands(8, patience=LONG)
    names: set[str] = set()

    async def many() -> None:
        await asyncio.gather(
            *(hands.do(lambda: names.add(threading.current_thread().name)) for _ in range(200))
        )

    asyncio.run(many())
    assert len(names) == 1


def test_another_comes_when_one_waits() -> None:
    hands = Hands(3, patience=0.001)
    done, begun = threading.Event(), threading.Barrier(3)

    def waits() -> str:
        begun.wait(LONG)
        assert done.wait(LONG)
        return "waited"

    async def two_wait_for_a_third() -> list[str]:
        waiting = [asyncio.ensure_future(hands.do(waits)) for _ in range(2)]
        await hands.do(lambda: begun.wait(LONG))
        waiting.append(asyncio.ensure_future(hands.do(lambda: done.set() or "let go")))  # type: ignore[func-returns-value]
        return list(await asyncio.gather(*waiting))

    for _ in range(2):  # the second time in another loop, with the same threads
        done.clear()
        begun.reset()
        assert asyncio.run(two_wait_for_a_third()) == ["waited", "waited", "let go"]


def test_a_result_that_follows_holds_no_thread() -> None:
    hands = Hands(1, patience=LONG)
    told: list[Tell] = []

    async def follows() -> tuple[int, str]:
        def work() -> int | Unfinished[int]:
            return Unfinished(told.append)

        waiting = [asyncio.ensure_future(hands.do(work)) for _ in range(2)]
        assert await hands.do(lambda: "meanwhile") == "meanwhile"
        assert len(told) == 2
        threading.Thread(target=told[0], args=(7, None)).start()
        threading.Thread(target=told[1], args=(None, KeyError("gone"))).start()
        with pytest.raises(KeyError, match="gone"):
            await waiting[1]
        return await waiting[0], "told"

    assert asyncio.run(follows()) == (7, "told")
