"""Threads that work for an event loop: no more of them at once than the work needs.

An executor of the standard library wakes a thread for each task and the loop for each result.
Python does one thing at a time, and threads that change places take longer than many a request: so
the thread that is at work takes the next task too, and another one comes only when nothing was
done for a while, because the one at work waits for something. The loop is woken once for all that
was done meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, Semaphore, Thread
from typing import Any, Generic, TypeVar

PATIENCE_SECONDS = 0.002
"""So long nothing is done before another thread comes: several requests' time."""

Result = TypeVar("Result")

Tell = Callable[[Any, BaseException | None], None]


class Unfinished(Generic[Result]):
    """What work gives when its result is for others to bring: no thread waits for it."""

    def __init__(self, then: Callable[[Tell], None]) -> None:
        """``then`` is given whom to tell, once and in any thread: the result, or the error."""
        self.then = then


class Hands:
    """At most so many threads, for one event loop. They end with the process."""

    def __init__(self, threads: int, *, patience: float = PATIENCE_SECONDS) -> None:
        self._most = threads
        self._patience = patience
        self._started = 0
        self._guard = Lock()
        self._at_work = 0
        self._finished = 0
        self._called = Semaphore(0)
        self._tasks: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._watched = False

    async def do(self, work: Callable[[], Result | Unfinished[Result]]) -> Result:
        """Let a thread do something: gives its result, or raises what it raised."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._woken, self._watched = loop, False, False
        future: asyncio.Future[Result] = loop.create_future()
        with self._guard:
            self._tasks.append((future, work))
            alone = not self._at_work
        if alone:
            self._call()
        elif not self._watched:
            self._watch()
        return await future

    # -- in the loop ----------------------------------------------------------------------------

    def _call(self) -> None:
        """Let one more thread come, if there is one."""
        with self._guard:
            if self._at_work == self._most:
                return
            self._at_work += 1
            fresh = self._at_work > self._started
            self._started += fresh
        if fresh:
            Thread(target=self._work, name=f"request {self._started}", daemon=True).start()
        self._called.release()

    def _watch(self) -> None:
        """Look again in a while whether anything was done."""
        self._watched = True
        asyncio.get_running_loop().call_later(self._patience, self._look, self._finished)

    def _look(self, finished: int) -> None:
        self._watched = False
        if self._tasks:
            if finished == self._finished:
                self._call()
            self._watch()

    def _deliver(self) -> None:
        self._woken = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():  # who waited has gone
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    # -- in the threads -------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            self._called.acquire()
            while (task := self._next()) is not None:
                self._do(*task)
                self._finished += 1  # two at once may count as one: enough to see that all is well

    def _next(self) -> tuple[asyncio.Future[Any], Callable[[], Any]] | None:
        with self._guard:
            if self._tasks:
                return self._tasks.popleft()
            self._at_work -= 1
            return None

    def _do(self, future: asyncio.Future[Any], work: Callable[[], Any]) -> None:
        try:
            result = work()
        except BaseException as error:  # whatever it was, somebody waits for it
            self._hand_back(future, None, error)
            return
        if isinstance(result, Unfinished):
            result.then(partial(self._hand_back, future))
        else:
            self._hand_back(future, result, None)

    def _hand_back(
        self, future: asyncio.Future[Any], result: Any, error: BaseException | None
    ) -> None:
        """In any thread."""
        self._done.append((future, result, error))
        # Another thread may see the same and wake it too: once more than needed, never less,
        # since the loop looks for what is done after it has noted that it is awake.
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                future.get_loop().call_soon_threadsafe(self._deliver)
