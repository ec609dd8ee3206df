"""Requests that threads hand to one writer.

The writer is woken twice a group, when it begins and when it is complete, rather than by each
request: while it waits for the others, threads that change places take longer than their work.
"""

from collections import deque
from threading import Condition, Lock
from time import monotonic
from typing import Generic, TypeVar

from ballot.errors import BallotError

Item = TypeVar("Item")


class Ended(BallotError):
    """No more are taken."""


class Crowded(BallotError):
    """As many wait as may."""


class Gathering(Generic[Item]):
    """Many threads put, one takes. A thread says first that it comes, and then puts or leaves: so
    the taker knows who is nearly there, and waits for nobody else."""

    def __init__(self, most: int) -> None:
        """``most`` may wait at once."""
        self._most = most
        self._changed = Condition(Lock())
        self._waiting: deque[Item] = deque()
        self._coming = 0
        self._open = False

    def begin(self) -> None:
        """Take from now on."""
        with self._changed:
            self._open = True

    def end(self) -> None:
        """Take no more; what waits is still given to the taker."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    @property
    def open(self) -> bool:
        """Whether more are taken."""
        return self._open

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def come(self) -> None:
        """This thread is about to put something, or to leave."""
        with self._changed:
            self._coming += 1

    def leave(self) -> None:
        """This thread puts nothing after all."""
        with self._changed:
            self._coming -= 1
            if not self._coming:
                self._changed.notify()

    def put(self, item: Item) -> None:
        """Hand over; this thread is not coming any more. Raises Ended or Crowded, and then it
        still is."""
        with self._changed:
            if not self._open:
                raise Ended
            if len(self._waiting) >= self._most:
                raise Crowded
            self._waiting.append(item)
            self._coming -= 1
            if not self._coming or len(self._waiting) == 1:
                self._changed.notify()

    def take(self, most: int, seconds: float) -> list[Item]:
        """The next group: at most ``most``, and after ``seconds`` since its first whoever is there;
        sooner when nobody else is coming. Empty only after the end."""
        with self._changed:
            while self._open and not self._waiting:
                self._changed.wait()
            until = monotonic() + seconds
            while self._open and self._coming and len(self._waiting) < most:
                left = until - monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
