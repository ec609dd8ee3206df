"""Who carries what under sequential Phragmén, on the arrays of phragmen_ledger.py.

**Bounds.** Loads are sums of whole numbers of ballots times earlier loads. All terms are above
zero, nothing is ever subtracted, so that no digits are lost: after n purchases a load is made by
sums of at most n + 1 terms, a product, a division and one rounding of the cost, n + 4 in all, on
loads that were made in the same way. With u = 2^-53 that is at most (n + 1)(n + 8) / 2 factors of
(1 + u), one on the other, and so less than (n + 2)(n + 8) · 2^-54 of it (``Accounts.error``).

What is closer than that is compared by loads in whole parts, 2^128 to a minor unit, rounded down
throughout. Each purchase adds less than one part to what the loads before it are off, so that the
load of the n-th is off by less than n parts. What is closer still is compared in rationals.

Source: docs/rules.md, "phragmen".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tally.rules import phragmen_run
from tally.rules.phragmen_ledger import Ledger

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

ROUND: Final = 2**-54
"""Half of what one operation is rounded by, at most."""
PARTS: Final = 128
"""How many binary digits of a minor unit a part is: see above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What an exact load follows from: cost, votes, and how many ballots carried which purchase
    before, of those that carried any. ``parts`` is the load rounded down."""

    cost: int
    votes: int
    carried: tuple[tuple[int, int], ...]
    parts: int


class Accounts:
    """Who carries what at one moment; purchase 0 stands for ballots that carry nothing."""

    __slots__ = ("_column", "_exact", "_last", "_loads", "_purchases", "ledger", "sums")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger: Final = ledger
        self._last: Any = np.zeros(ledger.count, np.intp)
        self._column: Any = ledger.votes[None, :].copy()
        self._loads: Any = np.zeros(1, np.float64)
        self._purchases = [Purchase(cost=0, votes=1, carried=(), parts=0)]
        self._exact: list[Fraction] = [phragmen_run.RATIO(0)]
        self.sums: Any = np.zeros(ledger.rows, np.float64)

    def copy(self) -> "Accounts":
        """The same, to go on in another way."""
        new = object.__new__(Accounts)
        new.ledger = self.ledger  # type: ignore[misc]
        new._last = self._last.copy()
        new._column = self._column
        new._loads = self._loads
        new._purchases = [*self._purchases]
        new._exact = [*self._exact]
        new.sums = self.sums
        return new

    @property
    def error(self) -> Any:
        """By which part of it a load or a sum of loads may be off."""
        purchases = len(self._purchases) - 1
        return (purchases + 2) * (purchases + 8) * ROUND

    def buy(self, place: int, load: Any) -> None:
        """Let the ballots of a project carry ``load``, about."""
        ledger, purchases = self.ledger, len(self._purchases)
        carried = self._carried(place)
        cost, votes = ledger.exact_costs[place], ledger.exact_votes[place]
        parts = self._parts(cost, votes, carried)
        moved = ledger.moved(place, self._last, purchases)
        self._column = np.concatenate((self._column - moved, moved.sum(0)[None, :]))
        self._last[ledger.supporters(place)] = purchases * ledger.rows
        self._loads = np.append(self._loads, load)
        self._purchases.append(Purchase(cost=cost, votes=votes, carried=carried, parts=parts))
        self.sums = self._loads @ self._column

    def loads(self, waiting: Any) -> Any:
        """What the ballots of each project would carry, about; infinite unless it waits."""
        found = np.full(self.ledger.rows, np.inf)
        np.divide(self.ledger.costs + self.sums, self.ledger.votes, out=found, where=waiting)
        return found

    def load(self, place: int) -> Any:
        """What the ballots of a project would carry once it is bought, about."""
        return (self.ledger.costs[place] + self.sums[place]) / self.ledger.votes[place]

    def asked(self, load: Any) -> Any:
        """With how many votes each project would come at a load, about: a quotient."""
        return (self.ledger.costs + self.sums) / load

    def asked_of(self, place: int, load: Any) -> Any:
        """As ``asked``, for one project."""
        return (self.ledger.costs[place] + self.sums[place]) / load

    def shown(self, place: int) -> str:
        """The load of a project as ``phragmen_run.load_text`` writes it."""
        ledger, carried = self.ledger, self._carried(place)
        cost, votes = ledger.exact_costs[place], ledger.exact_votes[place]
        parts = self._parts(cost, votes, carried)
        unit = 10**phragmen_run.DECIMALS
        low = parts * unit >> PARTS
        if low == (parts + len(self._purchases)) * unit >> PARTS:
            return phragmen_run.millionths_text(low)
        return phragmen_run.load_text(self._exact_load(cost, votes, carried))

    def _carried(self, place: int) -> tuple[tuple[int, int], ...]:
        """How many ballots of a project carry which purchase, without those that carry nothing."""
        column = self._column[:, place]
        carrying = np.flatnonzero(column[1:]) + 1
        return tuple(zip(carrying.tolist(), map(int, column[carrying].tolist()), strict=True))

    def _parts(self, cost: int, votes: int, carried: Iterable[tuple[int, int]]) -> int:
        purchases = self._purchases
        total = sum(ballots * purchases[purchase].parts for purchase, ballots in carried)
        return ((cost << PARTS) + total) // votes

    def _exact_load(self, cost: int, votes: int, carried: Iterable[tuple[int, int]]) -> Fraction:
        total = phragmen_run.RATIO(cost)
        for purchase, ballots in carried:
            total += self._exact_of(purchase) * ballots
        return total / votes

    def _exact_of(self, purchase: int) -> Fraction:
        for each in self._purchases[len(self._exact) : purchase + 1]:
            self._exact.append(self._exact_load(each.cost, each.votes, each.carried))
        return self._exact[purchase]

    def compare(self, first: int, votes: int, second: int, *, less: int = 0) -> int:
        """The sign of the load of ``first``, if it had so many votes, cost so much ``less`` and its
        ballots carried the same, less that of ``second``; exactly."""
        ledger = self.ledger
        other = ledger.exact_votes[second]
        factors: dict[int, int] = {}
        for purchase, ballots in self._carried(first):
            factors[purchase] = ballots * other
        for purchase, ballots in self._carried(second):
            factors[purchase] = factors.get(purchase, 0) - ballots * votes
        costs = (ledger.exact_costs[first] - less) * other - ledger.exact_costs[second] * votes
        parts = costs << PARTS
        off = 0
        for purchase, factor in factors.items():
            parts += factor * self._purchases[purchase].parts
            off += abs(factor)
        off *= len(self._purchases)
        if not off or abs(parts) > off:
            return (parts > 0) - (parts < 0)
        exact = phragmen_run.RATIO(costs)
        for purchase, factor in factors.items():
            exact += self._exact_of(purchase) * factor
        return (exact > 0) - (exact < 0)
