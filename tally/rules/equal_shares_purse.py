"""What ballots have left under Equal Shares, and what a project costs them: exactly.

A group of equal ballots that always paid in full has, exactly, the start less the sum of rate
times utility over what it paid; any other has nothing. So the money of any set of groups follows
from whole numbers (how much utility of the set paid for which purchase) and from the few exact
rates, and no rational is kept for a ballot.

Beside that, binary fractions of budgets tell within which bounds a rate lies, so that exact work is
done only where two projects are close and for what is bought. Two implementations of the same, with
NumPy and without anything; they give equal results (tests/tally/test_equal_shares.py), since binary
fractions only save exact work and never decide.

**Bounds.** After T purchases the binary budget of a group is the start, rounded once, less at most
T rounded products, each result between 0 and the start: it is within ``(2 T + 2) · start · 2^-53``
of the exact one. Sums of m weighted terms are within that times the weight, and ``m · 2^-53`` of
the sum, besides. ``slack`` is more than four times all that, which covers the rounding of the bound
itself. The money paid only grows with the rate; so the rates that would raise the cost less the
slack, and the cost plus the slack, enclose the exact one.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

from tally.errors import TallyError

try:
    import numpy as np
except ImportError:  # the same, more slowly
    np = None  # type: ignore[assignment]
try:
    from gmpy2 import mpq

    RATIO: Callable[..., Fraction] = mpq
except ImportError:
    RATIO = Fraction

PART: Final = 8_192
PRECISION: Final = 1 << 50
"""A binary fraction is rounded by less than one part in this many, with a margin of eight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supporters:
    """The groups of ballots that support a project, by index, with their ``utility`` (None: 1 for
    all). ``weight`` is the number of their ballots, ``total`` the utility of all of these;
    ``weights``, beside arrays, that of each group as binary fractions, to save time."""

    groups: Any
    utility: Any
    weight: int
    total: int
    weights: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The exact ``rate`` of a project: whoever has more than rate · utility pays just that and
    keeps something (``kept``, groups); the others' money is gone (``gone``). ``payers`` ballots pay
    something, ``in_full`` of them rate · utility."""

    rate: Fraction
    kept: Any
    gone: Any
    payers: int
    in_full: int


def _binary(value: Fraction) -> Any:
    return int(value.numerator) / int(value.denominator)


class Purse:
    """What all groups have. Stateful: ``pay`` takes money out."""

    def __init__(self, start: Fraction, counts: Any) -> None:
        """Every ballot of the groups, ``counts`` of them each, has ``start`` minor units."""
        self.start = RATIO(start)
        self.counts = counts
        self.rates: list[Fraction] = []
        self._budgets: Any = None
        self._broke: Any = None
        self._payers: list[Any] = []

    # -- what the implementations do differently ------------------------------------------------

    def _poorest(self, who: Supporters) -> Any:
        """The least binary budget in units of utility."""
        raise NotImplementedError

    def _enclosed(self, cost: int, who: Supporters, limit: Any) -> tuple[Any, Any] | None:
        """Bounds of the rate; None when the supporters cannot pay together. Where the lower bound
        is above ``limit`` the upper one may be anything above it."""
        raise NotImplementedError

    def _apart(self, who: Supporters, low: Any, high: Any) -> tuple[Any, Any, Any]:
        """The groups whose budget, in units of utility, is below, between, and above."""
        raise NotImplementedError

    def _paid(self, groups: Any) -> list[int]:
        """For each purchase how much utility of all ballots of these groups paid for it."""
        raise NotImplementedError

    def _alive(self, groups: Any) -> Any:
        """Those of the groups that have anything."""
        raise NotImplementedError

    def _ballots(self, groups: Any) -> int:
        """How many ballots these groups are."""
        raise NotImplementedError

    def _utility(self, who: Supporters) -> Callable[[int], int]:
        """The utility of one ballot of a group."""
        raise NotImplementedError

    def _sum_utility(self, groups: Any, utility: Callable[[int], int], who: Supporters) -> int:
        """The utility of all ballots of these groups."""
        raise NotImplementedError

    def _budget(self, group: int) -> Fraction:
        """What a ballot of a group that is not broke has, exactly."""
        raise NotImplementedError

    def _take(self, price: Price, utility: Callable[[int], int], who: Supporters) -> None:
        """Take out the money for a purchase."""
        raise NotImplementedError

    # -- bounds ---------------------------------------------------------------------------------

    def _error(self) -> Any:
        """How far a binary budget may be from the exact one."""
        return _binary(self.start) * (2 * len(self.rates) + 4) / PRECISION

    def least(self, cost: int, who: Supporters, scale: int) -> Any:
        """A bound that the rate over ``scale`` is never below."""
        return (cost * (PRECISION - 1)) / (who.total * scale * PRECISION)

    def bounds(
        self, cost: int, who: Supporters, scale: int, limit: Any = None
    ) -> tuple[Any, Any] | None:
        """Between which bounds the rate over ``scale`` lies; None when the supporters cannot pay
        for the project together, which then stays so. Beyond ``limit`` nobody asks how far."""
        even = (cost * (PRECISION - 1)) / (who.total * PRECISION)
        if self._poorest(who) - self._error() > even * (PRECISION + 2) / (PRECISION - 1):
            return even / scale, (cost * (PRECISION + 1)) / (who.total * scale * PRECISION)
        found = self._enclosed(cost, who, None if limit is None else limit * scale)
        if found is None:
            return None
        return (
            max(found[0] * (PRECISION - 1) / PRECISION, even) / scale,
            found[1] * (PRECISION + 1) / (scale * PRECISION),
        )

    # -- exact ----------------------------------------------------------------------------------

    def money(self, groups: Any) -> Fraction:
        """What these groups have together, exactly."""
        alive = self._alive(groups)
        found = self.start * self._ballots(alive)
        for rate, paid in zip(self.rates, self._paid(alive), strict=True):
            if paid:
                found -= rate * paid
        return found

    def price(self, cost: int, who: Supporters) -> Price:
        """What an affordable project costs its supporters, exactly."""
        error = self._error()
        utility = self._utility(who)
        if self._poorest(who) - error > (cost / who.total) * (PRECISION + 1) / PRECISION:
            return Price(
                rate=RATIO(cost, who.total),
                kept=who.groups,
                gone=who.groups[:0],
                payers=who.weight,
                in_full=who.weight,
            )
        found = self._enclosed(cost, who, None)
        if found is None:
            raise TallyError("nobody can pay for this project: it has no price")
        poor, unsure, rich = self._apart(who, found[0] - 2 * error, found[1] + 2 * error)
        unsure = self._alive(unsure)
        paid = self.money(poor)
        rest = self._sum_utility(rich, utility, who) + self._sum_utility(unsure, utility, who)
        rate = None
        close = sorted((self._budget(group) / utility(group), group) for group in map(int, unsure))
        gone: list[int] = []
        for own, group in close:
            weight = utility(group) * int(self.counts[group])
            if rate is None or rate > own:
                rate = (cost - paid) / rest
                if rate > own:
                    paid += own * weight
                    rest -= weight
                    if rest == 0:  # everybody gives all they have
                        rate = own
        if rest and (rate is None or rate != (cost - paid) / rest):
            rate = (cost - paid) / rest
        if rate is None:  # for nothing, from those who have nothing
            rate = RATIO(0)
        full = self._ballots(rich)
        kept = []
        for own, group in close:
            if own >= rate:
                full += int(self.counts[group])
            if own <= rate:
                gone.append(group)
            else:
                kept.append(group)
        return Price(
            rate=rate,
            kept=self._joined(rich, kept),
            gone=self._joined(poor, gone),
            payers=self._ballots(self._alive(poor)) + self._ballots(unsure) + self._ballots(rich),
            in_full=full,
        )

    def _joined(self, groups: Any, more: list[int]) -> Any:
        raise NotImplementedError

    def pay(self, cost: int, who: Supporters) -> Price:
        """Take the money for a project out."""
        price = self.price(cost, who)
        self._take(price, self._utility(who), who)
        self.rates.append(price.rate)
        return price

    def empty(self, who: Supporters) -> None:
        """Take out all that these have, for no project in particular."""
        nobody = who.groups[:0]
        price = Price(rate=RATIO(0), kept=nobody, gone=who.groups, payers=0, in_full=0)
        self._take(price, self._utility(who), who)
        self.rates.append(price.rate)

    def copy(self) -> "Purse":
        """Another one with the same in it."""
        other = copy(self)
        other.rates = self.rates.copy()
        other._budgets = self._budgets.copy()
        other._broke = self._broke.copy()
        other._payers = self._payers.copy()
        return other

    def left(self, group: int) -> Fraction:
        """What each ballot of a group has left, exactly."""
        raise NotImplementedError


class PlainPurse(Purse):
    """A purse of lists."""

    def __init__(self, start: Fraction, counts: Sequence[int]) -> None:
        super().__init__(start, counts)
        self._budgets = [_binary(start)] * len(counts)
        self._broke = bytearray(len(counts)) if start > 0 else bytearray(b"\1") * len(counts)

    def _poorest(self, who: Supporters) -> Any:
        budgets = self._budgets
        if who.utility is None:
            return min(budgets[group] for group in who.groups)
        return min(budgets[g] / u for g, u in zip(who.groups, who.utility, strict=True))

    def _sorted(self, who: Supporters) -> tuple[list[Any], list[Any], list[Any], list[int]]:
        """Groups by budget in units of utility, these, and running sums of money and utility, each
        of what stands before: one longer than the groups."""
        budgets, counts = self._budgets, self.counts
        utility = who.utility or [1] * len(who.groups)
        rows = sorted(
            (budgets[g] / u, g, u * counts[g], budgets[g] * counts[g])
            for g, u in zip(who.groups, utility, strict=True)
        )
        money = list(accumulate((row[3] for row in rows), initial=0))
        sums = list(accumulate((row[2] for row in rows), initial=0))
        return [row[1] for row in rows], [row[0] for row in rows], money, sums

    def _enclosed(self, cost: int, who: Supporters, limit: Any) -> tuple[Any, Any] | None:
        groups, keys, money, sums = self._sorted(who)
        error = self._error()
        slack = 4 * (error * who.weight + (money[-1] + cost) * (len(groups) + 4) / PRECISION)
        if money[-1] < cost - slack:
            return None
        if money[-1] < cost + slack and self.money(groups) < cost:
            return None

        def rate(amount: Any) -> Any:
            poor = bisect_left(
                range(len(keys)),
                amount,
                key=lambda k: money[k] + keys[k] * (sums[-1] - sums[k]),
            )
            if poor == len(keys):
                return keys[-1]
            return (amount - money[poor]) / (sums[-1] - sums[poor])

        return rate(cost - slack) - error, rate(cost + slack) + error

    def _apart(self, who: Supporters, low: Any, high: Any) -> tuple[Any, Any, Any]:
        groups, keys, _, _ = self._sorted(who)
        first = bisect_left(keys, low)
        last = next((k for k in range(first, len(keys)) if keys[k] > high), len(keys))
        return groups[:first], groups[first:last], groups[last:]

    def _paid(self, groups: Any) -> list[int]:
        return [
            sum(payers.get(group, 0) * self.counts[group] for group in groups)
            for payers in self._payers
        ]

    def _alive(self, groups: Any) -> Any:
        return [group for group in groups if not self._broke[group]]

    def _ballots(self, groups: Any) -> int:
        return sum(self.counts[group] for group in groups)

    def _utility(self, who: Supporters) -> Callable[[int], int]:
        if who.utility is None:
            return lambda _: 1
        return dict(zip(who.groups, who.utility, strict=True)).__getitem__

    def _sum_utility(self, groups: Any, utility: Callable[[int], int], who: Supporters) -> int:
        return sum(utility(group) * self.counts[group] for group in groups)

    def _budget(self, group: int) -> Fraction:
        found = self.start
        for rate, payers in zip(self.rates, self._payers, strict=True):
            if group in payers:
                found -= rate * payers[group]
        return found

    def _joined(self, groups: Any, more: list[int]) -> Any:
        return [*groups, *more]

    def _take(self, price: Price, utility: Callable[[int], int], who: Supporters) -> None:
        rate = _binary(price.rate)
        for group in price.gone:
            self._budgets[group] -= self._budgets[group]
            self._broke[group] = 1
        paid = {}
        for group in price.kept:
            paid[group] = utility(group)
            self._budgets[group] = max(self._budgets[group] - rate * paid[group], 0)
        self._payers.append(paid)

    def left(self, group: int) -> Fraction:
        """See Purse."""
        return RATIO(0) if self._broke[group] else self._budget(group)


def dot(each: Any, weights: Any) -> Any:
    """The sum of products of two arrays, in parts: whole long ones would be shared among threads,
    which on a busy machine wait for one another far longer than the sum takes."""
    if len(each) <= PART:
        return each.dot(weights).item()
    parts = [slice(begin, begin + PART) for begin in range(0, len(each), PART)]
    return sum(each[part].dot(weights[part]).item() for part in parts)


class ArrayPurse(Purse):
    """A purse of NumPy arrays."""

    def __init__(self, start: Fraction, counts: Any) -> None:
        super().__init__(start, counts)
        self._budgets = np.full(len(counts), _binary(start))
        self._broke = np.full(len(counts), start <= 0)

    def _keys(self, who: Supporters) -> Any:
        budgets = self._budgets[who.groups]
        return budgets if who.utility is None else budgets / who.utility

    def _poorest(self, who: Supporters) -> Any:
        return self._keys(who).min().item()

    def _enclosed(self, cost: int, who: Supporters, limit: Any) -> tuple[Any, Any] | None:
        """See Purse: without sorting, by Newton's method from below. What is raised is a concave
        function of the rate, so that no step from below goes beyond the rate that is sought."""
        keys, weights = self._keys(who), self._weights(who)
        error = self._error()
        total = dot(keys, weights)
        slack = 4 * (error * who.weight + (total + cost) * (len(keys) + 4) / PRECISION)
        if total < cost - slack:
            return None
        if total < cost + slack and self.money(who.groups) < cost:
            return None
        low = self._rising(keys, weights, 0, cost - slack, limit)
        if limit is not None and low > limit + error:
            return low - error, keys.max().item() + error
        high = self._rising(keys, weights, low, cost + slack, None)
        # The last step from below may end short of it by the rounding of one step.
        return low - error, high + error + high * len(keys) / PRECISION

    @staticmethod
    def _rising(keys: Any, weights: Any, rate: Any, amount: Any, limit: Any) -> Any:
        """The rate that raises ``amount``, from a ``rate`` below it; given up beyond ``limit``."""
        while limit is None or rate <= limit:
            missing = amount - dot(np.minimum(keys, rate), weights)
            if missing <= 0:
                break
            slope = dot(keys > rate, weights)
            if slope <= 0:
                break
            higher = rate + missing / slope
            if higher <= rate:
                break
            rate = higher
        return rate

    def _weights(self, who: Supporters) -> Any:
        if who.weights is not None:
            return who.weights
        counts = self.counts[who.groups]
        return (counts if who.utility is None else counts * who.utility).astype(np.float64)

    def _apart(self, who: Supporters, low: Any, high: Any) -> tuple[Any, Any, Any]:
        keys = self._keys(who)
        below, above = keys < low, keys > high
        return who.groups[below], who.groups[~(below | above)], who.groups[above]

    def _paid(self, groups: Any) -> list[int]:
        counts = self.counts[groups]
        return [int(counts @ payers[groups].astype(np.int64)) for payers in self._payers]

    def _alive(self, groups: Any) -> Any:
        return groups[~self._broke[groups]]

    def _ballots(self, groups: Any) -> int:
        return int(self.counts[groups].sum())

    def _utility(self, who: Supporters) -> Callable[[int], int]:
        if who.utility is None:
            return lambda _: 1
        groups, utility = who.groups, who.utility  # groups are sorted
        return lambda group: int(utility[groups.searchsorted(group)])

    def _sum_utility(self, groups: Any, utility: Callable[[int], int], who: Supporters) -> int:
        if who.utility is None:
            return self._ballots(groups)
        each = who.utility[who.groups.searchsorted(groups)]
        return int((self.counts[groups] * each).sum())

    def _budget(self, group: int) -> Fraction:
        found = self.start
        for rate, payers in zip(self.rates, self._payers, strict=True):
            if payers[group]:
                found -= rate * int(payers[group])
        return found

    def _joined(self, groups: Any, more: list[int]) -> Any:
        if not more:
            return groups
        return np.concatenate([groups, np.array(more, dtype=groups.dtype)])

    def _take(self, price: Price, utility: Callable[[int], int], who: Supporters) -> None:
        self._budgets[price.gone] = 0
        self._broke[price.gone] = True
        kept = price.kept
        if who.utility is None:
            payers = np.zeros(len(self.counts), dtype=np.uint8)
            payers[kept] = 1
            self._budgets[kept] -= _binary(price.rate)
        else:
            each = who.utility[who.groups.searchsorted(kept)]
            payers = np.zeros(len(self.counts), dtype=np.min_scalar_type(each.max(initial=1)))
            payers[kept] = each
            self._budgets[kept] -= _binary(price.rate) * each
        np.maximum(self._budgets, 0, out=self._budgets)
        self._payers.append(payers)

    def left(self, group: int) -> Fraction:
        """See Purse."""
        return RATIO(0) if self._broke[group] else self._budget(group)


def open_purse(start: Fraction, counts: Any) -> Purse:
    """A fresh purse, of the kind that ``counts`` (a list, or a NumPy array) is of."""
    return PlainPurse(start, counts) if isinstance(counts, list) else ArrayPurse(start, counts)
