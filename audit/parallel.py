"""The same work on many items, in one process or in several, with the results in order.

The signatures of a ballot cost some 0.15 ms and its opening half as much again; both are
independent of every other ballot.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

PORTION = 250
"""Items in a portion: some 50 ms of work, so that progress moves and nothing waits long."""

WORTH_IT = 40 * PORTION
"""From so many items on, starting further processes costs less than it saves."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_prepared: list[Callable[[Any], Any]] = []
"""In a worker process: what it does. It holds the keys, so it is sent once a process."""


def _prepare(work: Callable[[Any], Any]) -> None:
    # A function of this module, because a bound method would be pickled with a copy of the list.
    _prepared.append(work)


def _do(portion: Sequence[Any]) -> Any:
    return _prepared[0](portion)


def _portions(items: Iterator[Item]) -> Iterator[list[Item]]:
    while portion := list(islice(items, PORTION)):
        yield portion


def processes(jobs: int) -> int:
    """How many processes ``jobs`` asks for: 0 means one for each core."""
    return jobs or os.cpu_count() or 1


def in_portions(
    work: Callable[[Sequence[Item]], Result], items: Iterable[Item], *, number: int, jobs: int
) -> Iterator[Result]:
    """``work`` on portions of ``items``; gives the results in the order of the portions.

    ``number`` is how many items there are; they are taken only as they are worked on, so that
    nobody has to keep a list of them.
    With ``jobs`` 1, or few items, in this process. Otherwise ``work``, its results and what it
    raises must pickle; what it raises is raised here, for the earliest portion first.
    """
    portions = _portions(iter(items))
    if processes(jobs) == 1 or number < WORTH_IT:
        yield from map(work, portions)
        return
    # Spawned, not forked: a forked child would inherit whatever locks other threads hold.
    pool = ProcessPoolExecutor(
        max_workers=processes(jobs),
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(work,),
    )
    waiting: deque[Future[Result]] = deque()
    try:
        for portion in portions:
            waiting.append(pool.submit(_do, portion))
            if len(waiting) > 4 * processes(jobs):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
