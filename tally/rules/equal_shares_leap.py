"""Whether Equal Shares buys the same, in the same order, from every budget between two.

For a fixed sequence of purchases what each ballot has left only grows with the starting budget, and
every rate only falls. (By induction: with more everywhere the same cost is raised at a lower rate;
and who had more, paying less, has more left.) So between two starts all rates lie between those at
the two ends. If at each purchase the project bought has, at the lower start, a smaller rate than
any other would have at the higher one, then every start between buys it next, and the whole
range has one outcome. A project whose supporters all pay in full at the lower start has the same
rate throughout, and no rate is ever below cost / utility: that settles equal rates by their keys.

With this a raise by small increments leaps over all budgets that change nothing.
"""

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Any

from tally.rules.equal_shares_purse import PRECISION, Purse
from tally.rules.equal_shares_run import Candidate, Purchase, Run
from tally.tiebreak import Key


def follow(candidates: Sequence[Candidate], purse: Purse, before: Sequence[Purchase]) -> Run | None:
    """The run from the start of ``purse``, if it and all from the start of ``before`` up to it buy
    the same in the same order; None when that is not certain.

    ``before`` are the purchases from the lower start. The ``tied`` of the purchases are left empty.
    """
    by_place = {each.place: each for each in candidates}
    waiting: list[tuple[Any, Key, int]] = [
        (purse.least(each.cost, each.who, each.scale), each.key, each.place)
        for each in candidates
        if each.who.weight
    ]
    heapify(waiting)
    purchases: list[Purchase] = []
    for bought in before:
        chosen = by_place[bought.place]
        rate = bought.price / chosen.scale
        even = bought.price * chosen.who.total == chosen.cost
        limit = int(rate.numerator) * (PRECISION + 1) / (int(rate.denominator) * PRECISION)
        kept: list[tuple[Any, Key, int]] = []
        while waiting and waiting[0][0] <= limit:
            _, key, place = heappop(waiting)
            if place == chosen.place:
                continue
            other = by_place[place]
            bounds = purse.bounds(other.cost, other.who, other.scale, limit)
            if bounds is None:
                continue
            if bounds[0] <= limit and not (
                even
                and (Fraction(other.cost, other.who.total * other.scale), key)
                > (Fraction(chosen.cost, chosen.who.total * chosen.scale), chosen.key)
            ):
                return None
            kept.append((bounds[0], key, place))
        for entry in kept:
            heappush(waiting, entry)
        waiting = _without(waiting, chosen.place)
        price = purse.pay(chosen.cost, chosen.who)
        purchases.append(
            Purchase(
                place=chosen.place,
                price=price.rate,
                payers=price.payers,
                in_full=price.in_full,
                tied=(),
            )
        )
    for _, _, place in waiting:
        other = by_place[place]
        if purse.bounds(other.cost, other.who, other.scale) is not None:
            return None
    return Run(purchases=tuple(purchases), purse=purse)


def _without(waiting: list[tuple[Any, Key, int]], place: int) -> list[tuple[Any, Key, int]]:
    kept = [entry for entry in waiting if entry[2] != place]
    if len(kept) < len(waiting):
        heapify(kept)
    return kept
