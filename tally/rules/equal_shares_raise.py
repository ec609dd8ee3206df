"""How far Equal Shares raises the budgets: by one increment at a time, in effect.

Where nothing changes between two starts, the ones between are leapt over; which project comes next
is decided in binary fractions where that is certain (``equal_shares_trial``), exactly where not.
The outcome is that of counting every start exactly.

**Leaps.** For a fixed sequence of purchases what each ballot has left only grows with the starting
budget, and every rate only falls. (By induction: with more everywhere the same cost is raised at a
lower rate; and who had more, paying less, has more left.) So between two starts all rates lie
between those at the two ends. If at each purchase the project bought has, at the lower start, a
smaller rate than any other would have at the higher one, then every start between buys it next, and
the whole range has one outcome. A project whose supporters all pay in full at the lower start has
the same rate throughout, and no rate is ever below cost / utility: that settles equal rates by
their keys.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from tally.rules.equal_shares_purse import PRECISION, open_purse
from tally.rules.equal_shares_run import Candidate, run
from tally.rules.equal_shares_trial import Field, Trial

ABOVE: Final = (PRECISION + 2) / PRECISION


class Counting:
    """Counts from one start after the other, which only grows: in binary fractions where these are
    certain, else exactly."""

    def __init__(self, candidates: Sequence[Candidate], counts: Any) -> None:
        """``counts``: the ballots of each group, a list or a NumPy array."""
        self._candidates = candidates
        self._counts = counts
        self._field = Field(candidates, counts)
        self._last: Trial | None = None

    def count(self, start: Fraction, most: int | None = None) -> Trial:
        """What is bought from a start; given up once more than ``most`` is spent."""
        found = self._field.trial(start, most=most, like=self._last)
        if found is None:
            found = self._exactly(start, most)
        self._last = found
        return found

    def leap(self, start: Fraction, below: Trial) -> Trial | None:
        """What is bought from ``start``, if it is certainly the same in the same order from there
        down to the start of ``below``; None where that is not certain."""
        return self._field.leap(start, below)

    def _exactly(self, start: Fraction, most: int | None) -> Trial:
        found = run(self._candidates, open_purse(start, self._counts), most=most)
        if found is None:
            return Trial(places=(), rates=(), highest=(), even=(), spent=0, over=True)
        by_place = {each.place: each for each in self._candidates}
        bought = [(by_place[each.place], each) for each in found.purchases]
        return Trial(
            places=tuple(each.place for each in found.purchases),
            rates=tuple(_binary(each.price) for each in found.purchases),
            highest=tuple(_binary(each.price / of.scale) * ABOVE for of, each in bought),
            even=tuple(bool(each.price * of.who.total == of.cost) for of, each in bought),
            spent=sum(of.cost for of, _ in bought),
            over=False,
        )


def _binary(value: Fraction) -> Any:
    return int(value.numerator) / int(value.denominator)


def highest_start(
    candidates: Sequence[Candidate],
    counts: Any,
    *,
    ballots: int,
    budget: int,
    increment: int,
    exhaustive: bool,
) -> tuple[Fraction, int]:
    """The start that stands, and how many counts it took to find.

    From the whole number of increments in an equal share on; the last before more than ``budget``
    would be spent; ``exhaustive``, the first after which nothing that is left fits.
    """
    paths = Counting(candidates, counts)
    start = Fraction(budget // (ballots * increment) * increment)
    found = paths.count(start)
    rounds, stride = 1, 1
    while len(found.places) < len(candidates):
        if exhaustive and not _something_fits(candidates, found, budget):
            break
        # Where nothing changes, in ever longer leaps; else one increment at a time.
        if stride > 1:
            rounds += 1
            same = paths.leap(start + stride * increment, found)
            if same is None:
                stride //= 2
            else:
                start, found, stride = start + stride * increment, same, stride * 2
            continue
        higher = paths.count(start + increment, budget)
        rounds += 1
        if higher.over:
            break
        stride = 2 if higher.places == found.places else 1
        start, found = start + increment, higher
    return start, rounds


def _something_fits(candidates: Sequence[Candidate], found: Trial, budget: int) -> bool:
    left = budget - found.spent
    bought = set(found.places)
    return any(each.cost <= left for each in candidates if each.place not in bought)
