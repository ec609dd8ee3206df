"""Threads that work for an event loop, and wake it once for all that they have done meanwhile.

An executor of the standard library wakes the loop for each result, by a byte through a socket:
under load that takes longer than many a request, and each time threads wait for one another.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

Result = TypeVar("Result")


class Hands:
    """So many threads, for one event loop. They end with the process."""

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._started = 0
        self._tasks: SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False

    async def do(self, work: Callable[[], Result]) -> Result:
        """Let a thread do something: gives its result, or raises what it raised."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._woken = loop, False
        future: asyncio.Future[Result] = loop.create_future()
        if self._started < self._most:
            self._started += 1
            Thread(target=self._work, name=f"request {self._started}", daemon=True).start()
        self._tasks.put((future, work))
        return await future

    def _work(self) -> None:
        while True:
            future, work = self._tasks.get()
            try:
                self._done.append((future, work(), None))
            except BaseException as error:  # whatever it was, somebody waits for it
                self._done.append((future, None, error))
            # Another thread may see the same and wake it too: once more than needed, never less,
            # since the loop looks for what is done after it has noted that it is awake.
            if not self._woken:
                self._woken = True
                with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                    future.get_loop().call_soon_threadsafe(self._deliver)

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
