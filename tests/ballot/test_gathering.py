"""One who takes, many who put: whom the taker waits for, and what is left at the end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic

import pytest

from ballot.gathering import Crowded, Ended, Gathering

LONG = 20.0


def gathering(most: int = 10) -> Gathering[int]:
    made: Gathering[int] = Gathering(most)
    made.begin()
    return made


def put(own: Gathering[int], *items: int) -> None:
    for item in items:
        own.come()
        own.put(item)


def test_nobody_else_is_waited_for() -> None:
    own = gathering()
    put(own, 1, 2, 3)
    begin = monotonic()
    assert own.take(2, LONG) == [1, 2]
    assert own.take(2, LONG) == [3]
    assert monotonic() - begin < LONG / 2


def test_who_comes_is_waited_for_until_they_put() -> None:
    own = gathering()
    put(own, 1)
    own.come()
    taking = Event()

    def later() -> None:
        assert taking.wait(LONG)
        own.put(2)

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(later)
        taking.set()
        assert own.take(5, LONG) == [1, 2]
        second.result()


def test_who_comes_is_waited_for_until_they_leave() -> None:
    own = gathering()
    put(own, 1)
    own.come()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(own.take, 5, LONG)
        own.leave()
        assert taken.result(LONG / 2) == [1]


def test_nobody_is_waited_for_longer_than_said() -> None:
    own = gathering()
    put(own, 1)
    own.come()
    assert own.take(5, 0.01) == [1]
    own.put(2)
    assert own.take(5, LONG) == [2]


def test_a_group_is_no_larger_than_asked_for() -> None:
    own = gathering()
    own.come()  # and never arrives
    put(own, 1, 2, 3)
    assert own.take(3, LONG) == [1, 2, 3]


def test_the_taker_sleeps_until_the_first() -> None:
    own = gathering()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(own.take, 5, 0)
        put(own, 1)
        assert taken.result(LONG) == [1]


def test_too_many_are_told_and_may_come_again() -> None:
    own = gathering(most=1)
    put(own, 1)
    own.come()
    with pytest.raises(Crowded):
        own.put(2)
    own.leave()
    assert len(own) == 1
    assert own.take(5, LONG) == [1]
    put(own, 2)
    assert own.take(5, LONG) == [2]


def test_after_the_end_what_waits_is_taken_and_no_more_comes() -> None:
    own = gathering()
    put(own, 1, 2, 3)
    own.end()
    assert own.open is False
    own.come()
    with pytest.raises(Ended):
        own.put(4)
    assert [own.take(2, LONG), own.take(2, LONG), own.take(2, LONG)] == [[1, 2], [3], []]


def test_the_end_wakes_the_taker() -> None:
    own = gathering()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(own.take, 5, LONG)
        own.end()
        assert taken.result(LONG) == []


def test_nothing_is_lost_or_taken_twice_among_many_threads() -> None:
    own = gathering(most=8)
    number, taken = 2_000, list[int]()

    def take() -> None:
        while group := own.take(5, 0.001):
            taken.extend(group)

    def insist(item: int) -> None:
        own.come()
        while True:
            try:
                own.put(item)
                return
            except Crowded:
                continue

    taker = Thread(target=take)
    taker.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insist, range(number)))
    own.end()
    taker.join(LONG)
    assert sorted(taken) == list(range(number))
