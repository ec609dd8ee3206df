"""The same work on many items, in one process or in several, with the results in order.

The signatures of a ballot cost some 0.15 ms and its opening half as much again; both are
independent of every other ballot.
"""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import count, islice
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Final, Self, TypeVar

PORTION = 250
"""Items in a portion: some 50 ms of work, so that progress moves and nothing waits long."""

WORTH_IT = 40 * PORTION
"""From so many items on, starting further processes costs less than it saves."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_prepared: dict[int, Callable[[Any], Any]] = {}
"""In a worker process: what it does now, by its number. It holds the keys: it is read once."""


def _do(number: int, work: bytes, portion: Sequence[Any]) -> Any:
    if number not in _prepared:
        _prepared.clear()
        _prepared[number] = pickle.loads(work)  # noqa: S301  (from the process that started this one)
    return _prepared[number](portion)


def _portions(items: Iterator[Item]) -> Iterator[list[Item]]:
    while portion := list(islice(items, PORTION)):
        yield portion


def processes(jobs: int) -> int:
    """How many processes ``jobs`` asks for: 0 means one for each core."""
    return jobs or os.cpu_count() or 1


class Workers:
    """Processes that share the work of one run; they start when there is enough of it, and end
    with the ``with``. Stateful, for one thread."""

    def __init__(self, jobs: int = 1) -> None:
        """``jobs``: how many processes; 1 for none beside this one, 0 for one each core."""
        self._processes = processes(jobs)
        self._pool: ProcessPoolExecutor | None = None
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the processes, and free their memory, until there is work for them again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def in_portions(
        self, work: Callable[[Sequence[Item]], Result], items: Iterable[Item], *, number: int
    ) -> Iterator[Result]:
        """``work`` on portions of ``items``; gives the results in the order of the portions.

        ``number`` is how many items there are; they are taken only as they are worked on, so that
        nobody has to keep a list of them.
        Few items are worked on in this process. For others ``work``, its results and what it
        raises must pickle; what it raises is raised here, for the earliest portion first.
        """
        portions = _portions(iter(items))
        if self._processes == 1 or number < WORTH_IT:
            yield from map(work, portions)
            return
        if self._pool is None:
            # Spawned, not forked: a forked child would inherit whatever locks other threads hold.
            self._pool = ProcessPoolExecutor(self._processes, mp_context=get_context("spawn"))
        known, pickled = next(self._numbers), pickle.dumps(work)
        waiting: deque[Future[Result]] = deque()
        try:
            for portion in portions:
                waiting.append(self._pool.submit(_do, known, pickled, portion))
                if len(waiting) > 4 * self._processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


IN_THIS_PROCESS: Final = Workers(1)
"""Starts no other process."""
