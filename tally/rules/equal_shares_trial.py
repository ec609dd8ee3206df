"""What Equal Shares buys from a starting budget, in binary fractions: certain, or not said.

A raise counts a whole election hundreds of times only to learn what each count would buy. For that
exact rates are not needed, as long as it is *proven* which project comes next. So a trial computes
with binary fractions and with a bound of their error, and gives up (None) where two projects are
closer than that; ``equal_shares_run`` then decides exactly. What it says is what an exact run says,
never something near it (tests/tally/test_equal_shares_trial.py).

**Bounds.** Every group's budget ``b`` has an error bound of its own. A project's supporters raise
``R(r) = sum of weight · min(b / utility, r)`` at rate r. Sums of m terms are rounded by less than
``m · 2^-52`` of them, and the error of a budget counts only where that ballot gives all it has: one
that surely has more than r gives r, whatever else. So ``R`` is known within ``slack``. If R(r) is
below the cost by more, the rate is higher than r (or there is none). It grows with at least the
weight ``rich`` of those who surely have more than r; so if R(r) misses the cost by x, the rate is
within ``(|x| + slack) / rich`` of r, provided that is less than ``margin``, by how much "surely"
has to be more. This is also by how much the purchase adds to the errors of those who pay the rate;
who surely gives all has exactly nothing left, and no error.

R is concave in r: the line through two points of it is above it further on. So, where R(r) is below
the cost, the slope to the left of r says how much higher the rate is at the least.

A project whose supporters all pay in full has exactly the rate cost / utility, and no rate is ever
below that; the same where all do who have anything left, with their utility. This settles equal
rates of such projects by their keys.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from math import inf
from operator import mul
from typing import Any, Final, NamedTuple

from tally.rules.equal_shares_purse import dot
from tally.rules.equal_shares_run import Candidate
from tally.tiebreak import Key

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

ROUND: Final = 2**-52
"""Twice what one operation is rounded by."""
WIDER: Final = 1 + 8 * ROUND
"""More than a few operations are rounded by."""
ABOVE: Final = 1 + 2 * ROUND
"""More than 1, and still less than ``WIDER`` after a few roundings."""
SURE: Final = 2**-22
"""``margin`` as a part of the start."""
STEP: Final = 2**-12
"""Along which part of a rate the slope is measured."""
MOST_STEPS: Final = 60
"""Steps of Newton's method; where they are not enough nothing is said."""
BETWEEN: Final = 4
"""Purchases between two looks at what may still be spent,"""
LOOKS: Final = 12
"""and where a project was changed."""
NEVER: Final = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The ``places`` bought, in order, at which ``rates`` about, ``highest`` at most (over the
    project's scale), ``even``: surely all in full; and what they cost. ``over``: more than may be
    spent, and given up there."""

    places: tuple[int, ...]
    rates: tuple[Any, ...]
    highest: tuple[Any, ...]
    even: tuple[bool, ...]
    spent: int
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A candidate in binary fractions. ``even``: the rate at which all pay in full; ``order``:
    that over ``scale``, exactly, and the key; ``most``: the highest utility."""

    price: int
    cost: Any
    groups: Any
    weights: Any
    utility: Any
    most: Any
    total: Any
    scale: Any
    even: Any
    order: tuple[Fraction, Key]
    rounding: Any


class Look(NamedTuple):
    """Bounds of a rate over its scale, and what they follow from: the budgets in units of utility
    (``keys``), the rate about, who surely has more, their ``weight``, and what is ``missing``."""

    low: Any
    high: Any
    keys: Any
    rate: Any
    rich: Any
    weight: Any
    missing: Any


class Frame(NamedTuple):
    """A course without its budgets, and what of these the last purchase changed: ``budgets`` and
    ``errors`` of ``groups``."""

    course: "Course"
    groups: Any
    budgets: Any
    errors: Any


class Unsure(Exception):
    """Binary fractions cannot tell."""


class Field:
    """The candidates of a count, prepared for trials."""

    def __init__(self, candidates: Sequence[Candidate], counts: Any) -> None:
        """``counts``: the ballots of each group, a list or a NumPy array."""
        self._counts = counts
        self._kind = _ListCourse if isinstance(counts, list) else _ArrayCourse
        self._entrants = {
            each.place: self._kind.entrant(each, counts) for each in candidates if each.who.weight
        }

    def trial(
        self, start: Fraction, *, most: int | None = None, like: Trial | None = None
    ) -> Trial | None:
        """What is bought when every ballot has ``start``; None when that is not certain.

        Given up once more than ``most`` is spent. ``like`` is a trial that is probably similar: the
        nearer the truth, the faster.
        """
        try:
            return self._kind(self._entrants, self._counts, start, like).all(most)
        except Unsure:
            return None

    def course(self, start: Fraction, like: Trial | None = None) -> "Course":
        """The course of a trial, to be watched while it runs; its ``all`` may raise Unsure."""
        return self._kind(self._entrants, self._counts, start, like)

    def entrant(self, candidate: Candidate, counts: Any) -> Entrant:
        """A candidate with other ballots or another cost, for ``Course.branch``."""
        return self._kind.entrant(candidate, counts)

    def leap(self, start: Fraction, below: Trial) -> Trial | None:
        """The trial of ``start``, if it, and all starts from that of ``below`` up to it, certainly
        buy the same in the same order (tally/rules/equal_shares_raise.py); otherwise None."""
        try:
            return self._kind(self._entrants, self._counts, start, below).same(below)
        except Unsure:
            return None


class Course:
    """One trial while it runs. In ``_waiting`` a bound below each rate over its scale, which holds
    from then on, since rates only rise. ``watch`` is called before each purchase."""

    def __init__(
        self, entrants: dict[int, Entrant], counts: Any, start: Fraction, like: Trial | None
    ) -> None:
        self._entrants = entrants
        self._counts = counts
        self._ballots = sum(counts) if isinstance(counts, list) else int(counts.sum())
        self.start = int(start.numerator) / int(start.denominator)
        self.margin = self.start * SURE
        self.budgets, self._errors = self._filled(len(counts))
        self.error = 2 * self.start * ROUND  # no budget, in units of utility, is further off
        self._waiting = [
            (each.even / each.scale / WIDER, place) for place, each in entrants.items()
        ]
        heapify(self._waiting)
        self._gone: set[int] = set()
        self._spent = 0
        self._enough: dict[int, Any] = {}  # until how much is spent it surely stays affordable
        self._bought: list[tuple[int, Any, Any, bool]] = []
        self._rates = dict(zip(like.places, like.rates, strict=True)) if like else {}
        self.watch: Callable[[Look], None] | None = None

    def twin(self) -> "Course":
        """A copy, to go on from here."""
        other = self._bare()
        other.budgets, other._errors = self.budgets.copy(), self._errors.copy()
        return other

    def frame(self) -> "Frame":
        """Where it stands, as far as it differs from before the last purchase."""
        if not self._bought:
            return Frame(course=self._bare(), groups=None, budgets=None, errors=None)
        groups = self._entrants[self._bought[-1][0]].groups
        return Frame(
            course=self._bare(),
            groups=groups,
            budgets=self._picked(self.budgets, groups),
            errors=self._picked(self._errors, groups),
        )

    @classmethod
    def at(cls, frames: "Sequence[Frame]") -> "Course":
        """Where the last of the frames of all purchases from the first on stood."""
        other = frames[-1].course._bare()
        other.budgets, other._errors = other._filled(len(other._counts))
        for each in frames[1:]:
            cls._put(other.budgets, each.groups, each.budgets)
            cls._put(other._errors, each.groups, each.errors)
        return other

    def _bare(self) -> "Course":
        other = copy(self)
        other.watch = None
        other.budgets = other._errors = None
        other._waiting = self._waiting.copy()
        other._gone = self._gone.copy()
        other._enough = self._enough.copy()
        other._bought = self._bought.copy()
        return other

    def branch(self, place: int, entrant: Entrant, like: Trial | None) -> "Course":
        """A copy with another entrant at a place that was not bought so far."""
        other = self.twin()
        other._rates = dict(zip(like.places, like.rates, strict=True)) if like else {}
        other._entrants = {**self._entrants, place: entrant}
        other._waiting = [each for each in self._waiting if each[1] != place]
        heapify(other._waiting)
        heappush(other._waiting, (entrant.even / entrant.scale / WIDER, place))
        other._gone.discard(place)
        other._enough.pop(place, None)
        return other

    # -- what the implementations do differently ------------------------------------------------

    @staticmethod
    def entrant(candidate: Candidate, counts: Any) -> Entrant:
        """A candidate prepared."""
        raise NotImplementedError

    def _filled(self, groups: int) -> tuple[Any, Any]:
        """The budgets and their errors at the start."""
        raise NotImplementedError

    @staticmethod
    def _picked(each: Any, groups: Any) -> Any:
        """What belongs to groups."""
        raise NotImplementedError

    @staticmethod
    def _put(each: Any, groups: Any, picked: Any) -> None:
        """Put it there."""
        raise NotImplementedError

    def _keys(self, entrant: Entrant) -> Any:
        """The budgets of the supporters in units of utility."""
        raise NotImplementedError

    @staticmethod
    def _sum(keys: Any, weights: Any) -> Any:
        """The sum of keys, or of those that a mask marks, times weights."""
        raise NotImplementedError

    @staticmethod
    def _raised(keys: Any, rate: Any, weights: Any) -> Any:
        """R(rate)."""
        raise NotImplementedError

    @staticmethod
    def _above(keys: Any, rate: Any) -> Any:
        """A mask of the keys above ``rate``."""
        raise NotImplementedError

    def _poor(self, entrant: Entrant, rich: Any) -> Any:
        """The errors of the supporters who are not ``rich``, together."""
        raise NotImplementedError

    def _left_by_others(self, entrant: Entrant, look: "Look") -> Any:
        """What the supporters who are not rich may have at most, in units of utility; 0 where they
        have exactly nothing."""
        raise NotImplementedError

    def _money(self, entrants: Sequence[Entrant]) -> Any:
        """What the supporters of any of these have together."""
        raise NotImplementedError

    def _take(self, entrant: Entrant, look: "Look", off: Any, rounding: Any) -> None:
        """Take out the money for a purchase whose rate is known within ``off``."""
        raise NotImplementedError

    # -- what they have in common ----------------------------------------------------------------

    def potential(self) -> Any:
        """No more than this can be spent from here on: neither more than what those cost that are
        affordable, nor more than what their supporters have."""
        gone, enough = self._gone, self._enough
        affordable = []
        for place, each in self._entrants.items():
            if place in gone:
                continue
            # What supporters have falls by no more than what is spent.
            if self._spent >= enough.get(place, 0):
                spare = self._spare(each)
                if spare < 0:
                    gone.add(place)
                    continue
                enough[place] = self._spent + spare
            affordable.append(each)
        costs = sum(each.price for each in affordable)
        unsure = self.error * self._ballots
        return min(costs, (self._money(affordable) + unsure) * (1 + SURE))

    def _spare(self, entrant: Entrant) -> Any:
        """At least how much more than the cost the supporters have; below 0, they cannot pay."""
        slack = self.error * entrant.total + 4 * entrant.cost * entrant.rounding
        return self._sum(self._keys(entrant), entrant.weights) + slack - entrant.cost

    def all(self, most: int | None) -> Trial:
        """Buy until nothing is affordable."""
        return self._all(most, None, None)

    def settled(self, place: int, budget: int | None) -> Trial:
        """Buy until it is clear whether a project is bought and whether ``budget``, if any, is
        exceeded."""
        return self._all(None, place, budget)

    def _all(self, most: int | None, awaited: int | None, budget: int | None) -> Trial:
        hints = [place for place in reversed(self._rates) if place in self._entrants]
        while self._waiting:
            while hints and hints[-1] in self._gone:
                hints.pop()
            chosen = self._next(hints[-1] if hints else None)
            if chosen is None:
                break
            if most is not None and self._spent > most:
                return self._trial(over=True)
            if (
                awaited in self._gone
                and (budget is None or len(self._bought) % LOOKS == 0)
                and any(place == awaited for place, *_ in self._bought)
                and (budget is None or self._spent + self.potential() <= budget)
            ):
                break
        return self._trial(over=False)

    def same(self, below: Trial) -> Trial:
        """Buy the same as ``below``, or raise Unsure."""
        waiting, entrants = self._waiting, self._entrants
        for chosen, limit, even in zip(below.places, below.highest, below.even, strict=True):
            put: list[tuple[Any, int]] = []
            while waiting and waiting[0][0] <= limit:
                least, place = heappop(waiting)
                if place in self._gone or place == chosen:
                    continue
                beyond = self._beyond(entrants[place], limit)
                if beyond is not None:
                    least = beyond
                elif not even or entrants[place].order < entrants[chosen].order:
                    raise Unsure
                put.append((least, place))
            for least, place in put:
                if least < NEVER:
                    heappush(waiting, (least, place))
            look = self._look(chosen)
            if look is None:
                raise Unsure
            self._pay(chosen, look)
        if any(self._look(place) for _, place in waiting if place not in self._gone):
            raise Unsure
        return self._trial(over=False)

    def _trial(self, *, over: bool) -> Trial:
        places, rates, highest, even = zip(*self._bought, strict=True) if self._bought else [()] * 4
        return Trial(
            places=places,
            rates=rates,
            highest=highest,
            even=even,
            spent=self._spent,
            over=over,
        )

    def _next(self, hint: int | None) -> int | None:
        """Buy the project of least rate, if any is affordable."""
        waiting, entrants = self._waiting, self._entrants
        found: dict[int, Look] = {}
        limit: Any = NEVER
        if hint is not None and (look := self._look(hint)):
            found[hint], limit = look, look.high
        while waiting and waiting[0][0] <= limit:
            _, place = heappop(waiting)
            if place in self._gone or place in found:
                continue
            if found:
                least = self._beyond(entrants[place], limit)
                if least is not None:
                    if least < NEVER:
                        heappush(waiting, (least, place))
                    continue
            if look := self._look(place):
                found[place], limit = look, min(limit, look.high)
        if not found:
            return None
        close = [place for place, look in found.items() if look.low <= limit]
        chosen = close[0] if len(close) == 1 else self._first(close, found)
        for place, look in found.items():
            if place != chosen:
                heappush(waiting, (look.low, place))
        if self.watch is not None:
            heappush(waiting, (found[chosen].low, chosen))  # for who branches off here
            self.watch(found[chosen])
        self._pay(chosen, found[chosen])
        return chosen

    def _beyond(self, entrant: Entrant, limit: Any) -> Any:
        """A bound above ``limit`` that the rate is not below, if it certainly is above that;
        NEVER where the supporters cannot pay, which then stays so."""
        keys, weights, cost = self._keys(entrant), entrant.weights, entrant.cost
        rate = limit * entrant.scale * WIDER
        raised = self._raised(keys, rate, weights)
        slack = self.error * entrant.total + 2 * (cost + raised) * entrant.rounding
        missing = cost - raised - slack
        if missing <= 0:
            return None
        if self._sum(keys, weights) + slack < cost:
            return NEVER
        step = rate * STEP
        before = self._raised(keys, rate - step, weights)
        slope = (raised - before + 3 * slack) / step
        least = (rate + missing / slope) / (entrant.scale * WIDER)
        return max(least, limit * ABOVE)

    def _look(self, place: int) -> Look | None:
        """Bounds of the rate; None, and away with the project, if its supporters cannot pay.

        By Newton's method: R being concave, a step from anywhere ends below what is sought, and
        further ones come nearer from there.
        """
        entrant = self._entrants[place]
        keys, weights, cost = self._keys(entrant), entrant.weights, entrant.cost
        slack = self.error * entrant.total + 4 * cost * entrant.rounding
        if self._sum(keys, weights) + slack < cost:
            self._gone.add(place)
            return None
        rate = max(entrant.even, self._rates.get(place, 0))
        near = cost * entrant.rounding
        missing = cost - self._raised(keys, rate, weights)
        for _ in range(MOST_STEPS):
            if -near <= missing <= near:
                break
            slope = self._sum(self._above(keys, rate), weights)
            if slope > 0:
                rate += missing / slope
            elif missing < 0 and rate > entrant.even:
                rate = entrant.even
            else:
                break
            missing = cost - self._raised(keys, rate, weights)
        rich = self._above(keys, rate + self.margin)
        weight = self._sum(rich, weights)
        slack += 2 * abs(missing) * entrant.rounding
        if weight * self.margin <= 2 * (abs(missing) + slack + weight * self.error):
            raise Unsure
        off = (abs(missing) + slack) / weight
        return Look(
            low=(rate - off) / (entrant.scale * WIDER),
            high=(rate + off) / entrant.scale * WIDER,
            keys=keys,
            rate=rate,
            rich=rich,
            weight=weight,
            missing=missing,
        )

    def _first(self, close: list[int], found: dict[int, Look]) -> int:
        """Of several whose bounds overlap the first, if that is certain."""
        orders = {place: self._order(place, found[place]) for place in close}
        chosen = min(close, key=lambda place: orders[place][0])
        if not orders[chosen][1]:
            raise Unsure
        return chosen

    def _order(self, place: int, look: Look) -> tuple[tuple[Fraction, Key], bool]:
        """The rate over its scale, exactly, and the key; where that is not known, no more than the
        rate and False. It is known where all pay in full who have anything left."""
        entrant = self._entrants[place]
        least, key = entrant.order
        if look.weight == entrant.total:
            return (least, key), True
        if self._left_by_others(entrant, look) > 0:
            return (least, key), False
        return (least * int(entrant.total) / int(look.weight), key), True

    def _pay(self, place: int, look: Look) -> None:
        """Take the money out."""
        entrant = self._entrants[place]
        rounding = 2 * self.start * ROUND
        poor = self._poor(entrant, look.rich)
        if entrant.utility is not None:  # the division of budgets is rounded too
            poor += entrant.total * rounding
        missing = abs(look.missing)
        slack = poor + 4 * (entrant.cost + missing) * entrant.rounding
        off = (missing + slack) / look.weight * (1 + SURE)
        self._take(entrant, look, off, rounding)
        self.error += off * entrant.most + rounding
        self._gone.add(place)
        self._spent += entrant.price
        self._bought.append((place, look.rate, look.high, look.weight == entrant.total))


def _entrant(candidate: Candidate, groups: Any, weights: Any, utility: Any, most: Any) -> Entrant:
    who = candidate.who
    cost, total = candidate.cost / 1, who.total / 1
    return Entrant(
        price=candidate.cost,
        cost=cost,
        groups=groups,
        weights=weights,
        utility=utility,
        most=most,
        total=total,
        scale=candidate.scale / 1,
        even=cost / total,
        order=(Fraction(candidate.cost, who.total * candidate.scale), candidate.key),
        rounding=(len(groups) + 16) * ROUND,
    )


class _ArrayCourse(Course):
    """With NumPy arrays."""

    @staticmethod
    def entrant(candidate: Candidate, counts: Any) -> Entrant:
        """See Course."""
        who = candidate.who
        weights = counts[who.groups] * (1 if who.utility is None else who.utility)
        return _entrant(
            candidate,
            who.groups.astype(np.intp),
            weights.astype(np.float64),
            None if who.utility is None else who.utility.astype(np.float64),
            1 if who.utility is None else who.utility.max().item(),
        )

    def _filled(self, groups: int) -> tuple[Any, Any]:
        return np.full(groups, self.start), np.full(groups, self.start * ROUND)

    @staticmethod
    def _picked(each: Any, groups: Any) -> Any:
        return each[groups]

    @staticmethod
    def _put(each: Any, groups: Any, picked: Any) -> None:
        each[groups] = picked

    def _keys(self, entrant: Entrant) -> Any:
        budgets = self.budgets.take(entrant.groups)
        return budgets if entrant.utility is None else budgets / entrant.utility

    @staticmethod
    def _sum(keys: Any, weights: Any) -> Any:
        return dot(keys, weights)

    @staticmethod
    def _raised(keys: Any, rate: Any, weights: Any) -> Any:
        return dot(np.minimum(keys, rate), weights)

    @staticmethod
    def _above(keys: Any, rate: Any) -> Any:
        return keys > rate

    def _poor(self, entrant: Entrant, rich: Any) -> Any:
        return dot(np.where(rich, 0, self._errors.take(entrant.groups)), entrant.weights)

    def _left_by_others(self, entrant: Entrant, look: Look) -> Any:
        left = look.keys + self._errors.take(entrant.groups)
        return np.where(look.rich, 0, left).max()

    def _money(self, entrants: Sequence[Entrant]) -> Any:
        theirs = np.zeros(len(self.budgets))
        for each in entrants:
            theirs[each.groups] = 1
        return dot(theirs * self.budgets, self._counts)

    def _take(self, entrant: Entrant, look: Look, off: Any, rounding: Any) -> None:
        groups, utility = entrant.groups, entrant.utility
        errors = self._errors.take(groups)
        if utility is None:
            errors += off + rounding
            budgets = look.keys - look.rate
        else:
            errors += off * utility + rounding
            budgets = self.budgets[groups] - look.rate * utility
        errors[look.keys < look.rate - self.margin] = 0
        self.budgets[groups] = np.maximum(budgets, 0, out=budgets)
        self._errors[groups] = errors


class _ListCourse(Course):
    """With lists."""

    @staticmethod
    def entrant(candidate: Candidate, counts: Any) -> Entrant:
        """See Course."""
        who = candidate.who
        utility = [1] * len(who.groups) if who.utility is None else who.utility
        return _entrant(
            candidate,
            who.groups,
            [counts[group] * each for group, each in zip(who.groups, utility, strict=True)],
            who.utility,
            max(utility),
        )

    def _filled(self, groups: int) -> tuple[Any, Any]:
        return [self.start] * groups, [self.start * ROUND] * groups

    @staticmethod
    def _picked(each: Any, groups: Any) -> Any:
        return [each[group] for group in groups]

    @staticmethod
    def _put(each: Any, groups: Any, picked: Any) -> None:
        for group, value in zip(groups, picked, strict=True):
            each[group] = value

    def _keys(self, entrant: Entrant) -> Any:
        budgets = self.budgets
        if entrant.utility is None:
            return [budgets[group] for group in entrant.groups]
        return [budgets[g] / u for g, u in zip(entrant.groups, entrant.utility, strict=True)]

    @staticmethod
    def _sum(keys: Any, weights: Any) -> Any:
        return sum(map(mul, keys, weights))

    @staticmethod
    def _raised(keys: Any, rate: Any, weights: Any) -> Any:
        return sum([(min(rate, key)) * w for key, w in zip(keys, weights, strict=True)])

    @staticmethod
    def _above(keys: Any, rate: Any) -> Any:
        return [key > rate for key in keys]

    def _poor(self, entrant: Entrant, rich: Any) -> Any:
        errors = self._errors
        rows = zip(entrant.groups, entrant.weights, rich, strict=True)
        return sum(errors[group] * weight for group, weight, spared in rows if not spared)

    def _left_by_others(self, entrant: Entrant, look: Look) -> Any:
        errors = (self._errors[group] for group in entrant.groups)
        rows = zip(look.keys, errors, look.rich, strict=True)
        return max(0 if spared else key + error for key, error, spared in rows)

    def _money(self, entrants: Sequence[Entrant]) -> Any:
        theirs = {group for each in entrants for group in each.groups}
        return sum(self.budgets[group] * self._counts[group] for group in theirs)

    def _take(self, entrant: Entrant, look: Look, off: Any, rounding: Any) -> None:
        budgets, errors = self.budgets, self._errors
        least = look.rate - self.margin
        utility = entrant.utility or [1] * len(entrant.groups)
        for group, key, each in zip(entrant.groups, look.keys, utility, strict=True):
            budgets[group] = max(budgets[group] - look.rate * each, 0)
            errors[group] = 0 if key < least else errors[group] + off * each + rounding
