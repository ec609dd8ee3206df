"""What would come under sequential Phragmén if one project were not there, or came first.

A trial goes on from a moment of the count in binary fractions with a proven bound of their error
(phragmen_ledger.py). It says who comes, never nearly: where two loads are closer than the bound
they are compared exactly, and equal ones by their keys, as in phragmen_run.py.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tally.rules.phragmen_ledger import Accounts

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]


class Turn(NamedTuple):
    """The project whose turn has come, its load, about, and what is left before."""

    place: int
    load: Any
    left: int


class Trial:
    """A count from ``accounts`` on, which it changes, with ``left`` money among ``waiting`` places.

    As ``phragmen_run.play``: ``first`` takes the first turn whatever the keys say; the count is
    given up when less than ``least`` is left. ``ended`` is true once nobody is left to come.
    """

    __slots__ = ("_first", "_least", "_waiting", "accounts", "ended", "left", "winners")

    def __init__(
        self,
        accounts: Accounts,
        waiting: Any,
        left: int,
        *,
        first: int | None = None,
        least: int = 0,
    ) -> None:
        self.accounts: Final = accounts
        self.left = left
        self.winners: list[int] = []
        self.ended = False
        self._waiting: Final = waiting.copy()
        self._first = first
        self._least: Final = least

    def turns(self) -> Iterator[Turn]:
        """Every turn, before what it does is done to ``accounts`` and ``left``."""
        race, accounts, waiting = self.accounts.ledger.race, self.accounts, self._waiting
        loads = accounts.loads(waiting)
        remaining = int(waiting.sum())
        while remaining and self.left >= self._least:
            place = self._next(loads)
            load = accounts.load(place)
            yield Turn(place, load, self.left)
            waiting[place] = False
            remaining -= 1
            if race.costs[place] <= self.left:
                self.left -= race.costs[place]
                self.winners.append(place)
                accounts.buy(place, load)
                loads = accounts.loads(waiting)
            elif race.stops:
                return
            else:
                loads[place] = np.inf
        self.ended = not remaining

    def _next(self, loads: Any) -> int:
        first, self._first = self._first, None
        if first is not None:
            return first
        race, accounts = self.accounts.ledger.race, self.accounts
        # Two loads that may be equal or the other way round differ by less than four errors.
        near = np.flatnonzero(loads <= loads.min() * (1 + 4 * accounts.error)).tolist()
        place: int = near[0]
        for other in near[1:]:
            sign = accounts.compare(other, race.votes[other], place)
            if sign < 0 or (sign == 0 and race.keys[other] < race.keys[place]):
                place = other
        return place
