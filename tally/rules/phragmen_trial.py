"""Sequential Phragmén on the arrays of phragmen_ledger.py: the count itself, and trials of others.

A trial goes on from a moment of the count as if one project were not there, or came first. Loads
are binary fractions with a proven bound of their error: where two are closer than that they are
compared exactly, and equal ones by their keys, so that who comes is never nearly right. The rounds
are those of ``phragmen_run.play`` (tests/tally/test_phragmen_nearness.py).
"""

from collections.abc import Iterable, Iterator
from functools import cmp_to_key
from typing import Any, Final, NamedTuple

from tally.rules.phragmen_accounts import Accounts
from tally.rules.phragmen_ledger import Ledger
from tally.rules.phragmen_run import Course, Race, Round

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]


class Turn(NamedTuple):
    """The project whose turn has come, its load, about, what is left before, and who is equal:
    itself first."""

    place: int
    load: Any
    left: int
    tied: tuple[int, ...]


class Trial:
    """A count from ``accounts`` on, which it changes, with ``left`` money among ``waiting`` places,
    which it changes too.

    As ``phragmen_run.play``: ``first`` takes the first turn whatever the keys say; the count is
    given up when less than ``least`` is left. ``ended`` is true once nobody is left to come.
    """

    __slots__ = ("_first", "_least", "accounts", "ended", "left", "race", "waiting", "winners")

    def __init__(
        self,
        race: Race,
        accounts: Accounts,
        waiting: Any,
        left: int,
        *,
        first: int | None = None,
        least: int = 0,
    ) -> None:
        self.race: Final = race
        self.accounts: Final = accounts
        self.waiting: Final = waiting
        self.left = left
        self.winners: list[int] = []
        self.ended = False
        self._first = first
        self._least: Final = least

    def turns(self) -> Iterator[Turn]:
        """Every turn, before what it does is done to ``accounts`` and ``left``."""
        race, accounts, waiting = self.race, self.accounts, self.waiting
        loads = accounts.loads(waiting)
        remaining = int(waiting.sum())
        while remaining and self.left >= self._least:
            tied = self._next(loads)
            place = tied[0]
            load = accounts.load(place)
            yield Turn(place, load, self.left, tied)
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

    def _next(self, loads: Any) -> tuple[int, ...]:
        first, self._first = self._first, None
        if first is not None:
            return (first,)
        race, accounts = self.race, self.accounts
        # Two loads that may be equal or the other way round differ by less than four errors.
        near = np.flatnonzero(loads <= loads.min() * (1 + 4 * accounts.error)).tolist()
        equal: list[int] = near[:1]
        for other in near[1:]:
            sign = accounts.compare(other, race.votes[other], equal[0])
            if sign < 0:
                equal = [other]
            elif sign == 0:
                equal.append(other)
        return tuple(sorted(equal, key=race.keys.__getitem__)) if len(equal) > 1 else tuple(equal)


def waiting_places(ledger: Ledger, places: Iterable[int]) -> Any:
    """An array that says of each row whether it waits."""
    waiting = np.zeros(ledger.rows, np.bool_)
    waiting[list(places)] = True
    return waiting


def swift_play(race: Race, ledger: Ledger, places: Iterable[int], left: int) -> Course:
    """The course that ``phragmen_run.play`` gives, faster. Needs NumPy."""
    accounts = Accounts(ledger)
    trial = Trial(race, accounts, waiting_places(ledger, places), left)
    rounds = [
        Round(
            place=turn.place,
            left=turn.left,
            fits=race.costs[turn.place] <= turn.left,
            tied=turn.tied,
            shown=accounts.shown(turn.place),
        )
        for turn in trial.turns()
    ]
    stopped = bool(rounds) and race.stops and not rounds[-1].fits
    behind: list[int] = []
    if stopped:

        def order(one: int, other: int) -> int:
            sign = accounts.compare(one, race.votes[one], other)
            return sign or (1 if race.keys[other] < race.keys[one] else -1)

        behind = sorted(np.flatnonzero(trial.waiting).tolist(), key=cmp_to_key(order))
    return Course(
        rounds=tuple(rounds),
        behind=tuple((accounts.shown(place), place) for place in behind),
        ended=trial.ended and not stopped,
        left=trial.left,
    )
