"""How far Equal Shares raises the budgets: by one increment at a time, in effect.

Where nothing changes between two starts, the ones between are leapt over; which project comes next
is decided in binary fractions where that is certain (``equal_shares_trial``), exactly where not,
and always exactly without NumPy. The outcome is that of counting every start exactly.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, Protocol

from tally.rules.equal_shares_leap import follow
from tally.rules.equal_shares_purse import PRECISION, open_purse
from tally.rules.equal_shares_run import Candidate, Purchase, run
from tally.rules.equal_shares_trial import Field, Trial

ABOVE: Final = (PRECISION + 2) / PRECISION


class Counting(Protocol):
    """Counts from one start after the other, which only grows."""

    def count(self, start: Fraction, most: int | None = None) -> Trial:
        """What is bought from a start; given up once more than ``most`` is spent."""

    def leap(self, start: Fraction, below: Trial) -> Trial | None:
        """What is bought from ``start``, if it is certainly the same in the same order from there
        down to the start of ``below``, the last trial; None where that is not certain."""


class ExactCounting:
    """Every start exactly."""

    def __init__(self, candidates: Sequence[Candidate], counts: Any) -> None:
        self._candidates = candidates
        self._counts = counts
        self._last: tuple[Purchase, ...] = ()

    def count(self, start: Fraction, most: int | None = None) -> Trial:
        """See Counting."""
        found = run(self._candidates, open_purse(start, self._counts), most=most)
        if found is None:
            return Trial(places=(), rates=(), highest=(), even=(), spent=0, over=True)
        return self._trial(found.purchases)

    def leap(self, start: Fraction, below: Trial) -> Trial | None:
        """See Counting."""
        found = follow(self._candidates, open_purse(start, self._counts), self._last)
        return None if found is None else self._trial(found.purchases)

    def _trial(self, purchases: tuple[Purchase, ...]) -> Trial:
        self._last = purchases
        by_place = {each.place: each for each in self._candidates}
        bought = [(by_place[each.place], each) for each in purchases]
        return Trial(
            places=tuple(each.place for each in purchases),
            rates=tuple(_binary(each.price) for each in purchases),
            highest=tuple(_binary(each.price / of.scale) * ABOVE for of, each in bought),
            even=tuple(each.price * of.who.total == of.cost for of, each in bought),
            spent=sum(of.cost for of, _ in bought),
            over=False,
        )


class BinaryCounting:
    """In binary fractions where these are certain, else exactly. ``counts`` is a NumPy array."""

    def __init__(self, candidates: Sequence[Candidate], counts: Any) -> None:
        self._field = Field(candidates, counts)
        self._exact = ExactCounting(candidates, counts)
        self._last: Trial | None = None

    def count(self, start: Fraction, most: int | None = None) -> Trial:
        """See Counting."""
        found = self._field.trial(start, most=most, like=self._last)
        if found is None:
            found = self._exact.count(start, most)
        self._last = found
        return found

    def leap(self, start: Fraction, below: Trial) -> Trial | None:
        """See Counting."""
        return self._field.leap(start, below)


def _binary(value: Fraction) -> Any:
    return int(value.numerator) / int(value.denominator)


def counting(candidates: Sequence[Candidate], counts: Any) -> Counting:
    """The one that suits ``counts``: a list, or a NumPy array."""
    if isinstance(counts, list):
        return ExactCounting(candidates, counts)
    return BinaryCounting(candidates, counts)


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
    paths = counting(candidates, counts)
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
