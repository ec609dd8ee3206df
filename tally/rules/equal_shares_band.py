"""Bounds of what Equal Shares does from all the starts between two, in binary fractions.

Every group of ballots has a lower and an upper bound of what it has left, from whichever start
between, as long as a sequence of purchases is followed. What supporters raise at a rate grows with
what they have. So a rate at which the upper bounds raise too little is below the project's rate
from every start, and one at which the lower bounds raise enough is not. Both are checked, with more
than the rounding of sums to spare; how such rates are guessed does not matter. Supporters then have
left at least the lower bound less the higher rate, and at most the upper bound less the lower one.

With NumPy only; ``equal_shares_between.Pair`` does the same exactly.
"""

from collections.abc import Sequence
from copy import copy
from fractions import Fraction
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Final, NamedTuple

from tally.rules.equal_shares_run import Candidate

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

ROUND: Final = 2**-51
"""Four times what one operation is rounded by."""
SPARE: Final = 2**-44
"""By which part guesses are moved to the safe side."""
MOST_STEPS: Final = 40
"""Steps of Newton's method for a guess."""


class Entrant(NamedTuple):
    """A candidate in binary fractions: ``even`` is the rate at which all pay in full, ``slack``
    what a sum over its supporters is rounded by."""

    groups: Any
    weights: Any
    utility: Any
    cost: Any
    scale: Any
    even: Any
    slack: Any


def entrants(candidates: Sequence[Candidate], counts: Any) -> dict[int, Entrant]:
    """The candidates, all with supporters, prepared. ``counts`` is a NumPy array."""
    found = {}
    for each in candidates:
        who = each.who
        groups = who.groups.astype(np.intp)
        weights = counts[groups] * (1 if who.utility is None else who.utility)
        found[each.place] = Entrant(
            groups=groups,
            weights=weights.astype(np.float64),
            utility=None if who.utility is None else who.utility.astype(np.float64),
            cost=each.cost / 1,
            scale=each.scale / 1,
            even=each.cost / who.total,
            slack=(len(groups) + 16) * ROUND,
        )
    return found


class Band:
    """The bounds along one sequence of purchases."""

    def __init__(
        self, prepared: dict[int, Entrant], counts: Any, low: Fraction, high: Fraction
    ) -> None:
        lower, upper = (int(each.numerator) / int(each.denominator) for each in (low, high))
        self._entrants = prepared
        self._low = np.full(len(counts), lower * (1 - ROUND))
        self._high = np.full(len(counts), upper * (1 + ROUND))
        self._pad = upper * ROUND * 2
        self._bought: set[int] = set()
        # By a bound below the rate over the scale, which only ever rises.
        self._waiting = [
            (each.even / each.scale * (1 - SPARE), place) for place, each in prepared.items()
        ]
        heapify(self._waiting)

    def copy(self) -> "Band":
        """Another one at the same point."""
        other = copy(self)
        other._low, other._high = self._low.copy(), self._high.copy()
        other._bought, other._waiting = self._bought.copy(), self._waiting.copy()
        return other

    def follow(self, place: int) -> None:
        """Buy this, from those starts from which it can be paid for."""
        entrant = self._entrants[place]
        groups, utility = entrant.groups, 1 if entrant.utility is None else entrant.utility
        most, least = self._most(entrant), self._least(entrant)
        low = self._low[groups] - most * utility - self._pad
        high = self._high[groups] - (0 if least is None else least) * utility + self._pad
        self._low[groups] = np.maximum(low, 0)
        self._high[groups] = np.maximum(high, 0)
        self._bought.add(place)

    def coming(self) -> list[int]:
        """Who may come next from some start between, except those that others surely precede
        because of lower rates."""
        found: list[tuple[int, Any]] = []
        put: list[tuple[Any, int]] = []
        limit: Any = inf
        while self._waiting and self._waiting[0][0] <= limit:
            _, place = heappop(self._waiting)
            if place in self._bought:
                continue
            entrant = self._entrants[place]
            least = self._least(entrant)
            if least is None:
                continue  # and never again: budgets only fall
            below = least / entrant.scale * (1 - ROUND)
            put.append((below, place))
            if below <= limit:
                found.append((place, below))
                limit = min(limit, self._most(entrant) / entrant.scale * (1 + ROUND))
        for entry in put:
            heappush(self._waiting, entry)
        return [place for place, below in found if below <= limit]

    def surely_even(self, place: int) -> bool:
        """Whether from every start all supporters pay in full: its rate is the same from each."""
        entrant = self._entrants[place]
        poorest: Any = self._keys(self._low, entrant).min().item()
        enough: bool = poorest > entrant.even * (1 + SPARE)
        return enough

    def _least(self, entrant: Entrant) -> Any:
        """A rate that the project's is not below; None if its supporters can never pay."""
        keys, weights = self._keys(self._high, entrant), entrant.weights
        if keys.dot(weights).item() * (1 + entrant.slack) < entrant.cost:
            return None
        even = entrant.even * (1 - SPARE)
        rate, spare = _guess(keys, weights, entrant)
        rate -= spare
        if rate <= even:
            return even
        raised = np.minimum(keys, rate).dot(weights).item() * (1 + entrant.slack)
        return rate if raised <= entrant.cost else even

    def _most(self, entrant: Entrant) -> Any:
        """A rate that the project's is not above; infinite if perhaps its supporters cannot pay."""
        keys, weights = self._keys(self._low, entrant), entrant.weights
        if keys.dot(weights).item() * (1 - entrant.slack) < entrant.cost:
            return inf
        rate, spare = _guess(keys, weights, entrant)
        rate += spare
        raised = np.minimum(keys, rate).dot(weights).item() * (1 - entrant.slack)
        return rate if raised >= entrant.cost else keys.max().item()

    @staticmethod
    def _keys(budgets: Any, entrant: Entrant) -> Any:
        """Budgets in units of utility. Division is rounded too: ``slack`` is wide enough."""
        keys = budgets[entrant.groups]
        return keys if entrant.utility is None else keys / entrant.utility


def _guess(keys: Any, weights: Any, entrant: Entrant) -> tuple[Any, Any]:
    """About the rate at which these raise the cost, and by how much to move it to be safe."""
    rate = entrant.even
    near = entrant.cost * entrant.slack
    for _ in range(MOST_STEPS):
        missing = entrant.cost - np.minimum(keys, rate).dot(weights).item()
        slope = (keys > rate).dot(weights).item()
        if missing <= near or slope <= 0:
            break
        rate += missing / slope
    return rate, rate * SPARE + (4 * near / slope if slope > 0 else 0)
