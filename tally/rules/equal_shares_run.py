"""The Method of Equal Shares itself: which project is bought next, and at which rate.

Every ballot starts with the same budget. A project with supporters i of utility u(i) is affordable
at rate r if the sum of min(budget of i, r · u(i)) over its supporters is its cost; the affordable
project of least rate is bought, each supporter pays that much, and so on.

Rates only rise while budgets fall, so what a project's rate was bounds what it is, and only those
that could come next are looked at anew.

Source: Peters, Pierczyński, Skowron (2021), "Proportional Participatory Budgeting with Additive
Utilities"; docs/rules.md, "equal-shares".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Any

from tally.rules.equal_shares_purse import Purse, Supporters
from tally.tiebreak import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A project that competes: its ``cost`` in minor units, its supporters, the ``key`` that sorts
    equal ones, and what its rate is divided by to be compared (``scale``: its cost for cost
    utility, where each supporter's utility is written 1)."""

    place: int
    cost: int
    who: Supporters
    scale: int
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A project bought: a supporter who pays in full pays ``price`` · utility. ``payers`` ballots
    paid something, ``in_full`` of them in full. ``tied``: the places of equal rate, sorted."""

    place: int
    price: Fraction
    payers: int
    in_full: int
    tied: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A whole run: what was bought, and what everybody has left in ``purse``."""

    purchases: tuple[Purchase, ...]
    purse: Purse

    @property
    def winners(self) -> list[int]:
        """The places bought, in order."""
        return [each.place for each in self.purchases]


def run(
    candidates: Sequence[Candidate],
    purse: Purse,
    *,
    most: int | None = None,
    preferred: int | None = None,
) -> Run | None:
    """Buy until nothing is affordable. ``purse`` is fresh, and used up by this.

    Given up, with None, once more than ``most`` is spent. ``preferred`` comes first among equal
    rates, whatever the keys say.
    """
    by_place = {each.place: each for each in candidates}
    waiting: list[tuple[Any, Key, int]] = [
        (purse.least(each.cost, each.who, each.scale), each.key, each.place)
        for each in candidates
        if each.who.weight
    ]
    heapify(waiting)
    purchases: list[Purchase] = []
    spent = 0
    while waiting:
        seen: list[tuple[Any, int]] = []
        highest: Any = None
        while waiting and (highest is None or waiting[0][0] <= highest):
            each = by_place[heappop(waiting)[2]]
            bounds = purse.bounds(each.cost, each.who, each.scale, highest)
            if bounds is None:
                continue  # and never again: budgets only fall
            seen.append((bounds[0], each.place))
            if highest is None or bounds[1] < highest:
                highest = bounds[1]
        if highest is None:
            break
        tied = _least([by_place[place] for low, place in seen if low <= highest], purse)
        chosen = next((each for each in tied if each.place == preferred), tied[0])
        for low, place in seen:
            if place != chosen.place:
                heappush(waiting, (low, by_place[place].key, place))
        price = purse.pay(chosen.cost, chosen.who)
        spent += chosen.cost
        purchases.append(
            Purchase(
                place=chosen.place,
                price=price.rate,
                payers=price.payers,
                in_full=price.in_full,
                tied=tuple(each.place for each in tied),
            )
        )
        if most is not None and spent > most:
            return None
    return Run(purchases=tuple(purchases), purse=purse)


def _least(close: list[Candidate], purse: Purse) -> list[Candidate]:
    """Those of least exact rate, sorted by their keys."""
    if len(close) == 1:
        return close
    rates = [(purse.price(each.cost, each.who).rate / each.scale, each) for each in close]
    least = min(rate for rate, _ in rates)
    return sorted((each for rate, each in rates if rate == least), key=lambda each: each.key)
