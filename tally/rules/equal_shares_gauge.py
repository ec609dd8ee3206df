"""How much projects lack to be bought next in a count of Equal Shares: more ballots, or less cost.

At the rate r of a purchase a project's supporters raise R(r) (``equal_shares_trial``, within
``slack``), and each ballot that names it alone min(start, r · utility). So the ballots that are
lacking are ``(cost - R) / min(start, r · utility)``, between bounds. Of a cost lower by x less has
to be raised; where rates are compared over the cost, r falls with it, from ``p · cost`` to ``p ·
(cost - x)``, and what is lacking, ``(cost - x) - R(p · (cost - x))``, is convex in x with the slope
``p · rich - 1`` at 0, ``rich`` being the weight of those with more than r: so x is ``(cost - R) /
(1 - p · rich)`` or more. When nothing more is bought R is all the money, and who has the cost then
is surely bought.

These bounds only save counting; what is close is counted, with exact Fractions where need be. Two
implementations of the same, with NumPy and without anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tally.rules.equal_shares_run import Candidate
from tally.rules.equal_shares_trial import NEVER, ROUND, WIDER, Course, Look

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

BALLOTS: Final = 0
"""The column of a row that says how many more ballots would at least have been needed,"""
COST: Final = 1
"""by how much lower a cost,"""
SURELY: Final = 2
"""and, added to one of these, how many or how much would surely have been enough."""
COLUMNS: Final = 4
LEAST: Final = 2**-40


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A project that lost, whether it competed or not. ``worth``: the utility of a ballot more;
    ``over_cost``: whether its rate is compared over the cost, and a lower cost is of interest."""

    place: int
    candidate: Candidate
    worth: int
    over_cost: bool


class ArrayGauge:
    """With NumPy."""

    def __init__(self, watched: Sequence[Watched], counts: Any) -> None:
        """``counts``: the ballots of each group, and 0 for one more."""
        groups, weights, utility = [], [], []
        for each in watched:
            who = each.candidate.who
            own = np.ones(len(who.groups), dtype=np.int64) if who.utility is None else who.utility
            # The group without ballots at the end, so that nobody has no supporters.
            groups.append(np.append(who.groups, len(counts) - 1))
            utility.append(np.append(own, 1))
            weights.append(np.append(counts[who.groups] * own, 0))
        self._groups = np.concatenate(groups).astype(np.intp)
        self._weights = np.concatenate(weights).astype(np.float64)
        self._utility = np.concatenate(utility).astype(np.float64)
        self._uniform = all(each.candidate.who.utility is None for each in watched)
        self._sizes = np.array([len(each) for each in groups])
        self._begins = np.concatenate([[0], np.cumsum(self._sizes)[:-1]])
        self._costs = np.array([each.candidate.cost for each in watched], dtype=np.float64)
        self._scales = np.array([each.candidate.scale for each in watched], dtype=np.float64)
        self._worth = np.array([each.worth for each in watched], dtype=np.float64)
        self._totals = self._sums(self._weights)
        self._rounding = (self._sizes + 16) * ROUND
        self._over_cost = watched[0].over_cost

    def _sums(self, each: Any) -> Any:
        return np.add.reduceat(each, self._begins)

    def lacking(self, course: Course, look: Look | None) -> tuple[Any, ...]:
        """The columns of a row: what is lacking before the purchase of ``look``, or to be bought
        at all where there is none any more."""
        keys = course.budgets.take(self._groups)
        if not self._uniform:
            keys /= self._utility
        start = course.start
        most, least, unsure = start * WIDER, start / WIDER, 0
        slope: Any = 1
        if look is None:
            keys *= self._weights
            raised = self._sums(keys)
        else:
            rates = look.high * self._scales * WIDER
            below = np.repeat(rates, self._sizes)
            if self._over_cost:
                rich = self._sums((keys > below + course.margin) * self._weights)
                slope = 1 - look.high / WIDER**4 * rich + LEAST
                slope = np.where(slope > 0, slope, 1)
            np.minimum(keys, below, out=keys)  # in place: these are long
            keys *= self._weights
            raised = self._sums(keys)
            most = np.minimum(most, rates * self._worth * WIDER)
            lower = look.low * self._scales / WIDER
            least = np.maximum(np.minimum(least, lower * self._worth / WIDER), 0)
            unsure = (rates - lower) * self._totals * WIDER
        slack = course.error * self._totals + 2 * (self._costs + raised) * self._rounding
        missing = self._costs - raised - slack
        enough = missing + 2 * slack + unsure
        if start <= 0:
            return (0 * missing, 0 * missing, NEVER + 0 * missing, NEVER + 0 * missing)
        with np.errstate(divide="ignore", invalid="ignore"):
            surely = np.where(least > 0, enough / least * WIDER, NEVER)
        return (
            missing / most / WIDER,
            missing / slope / WIDER,
            surely,
            enough * WIDER if look is None else NEVER + 0 * missing,
        )

    @staticmethod
    def least(rows: Sequence[tuple[Any, ...]], column: int) -> list[Any]:
        """The least of each project."""
        found: list[Any] = np.min([row[column] for row in rows], axis=0).tolist()
        return found


class ListGauge:
    """Without NumPy."""

    def __init__(self, watched: Sequence[Watched], counts: Any) -> None:
        """See ArrayGauge."""
        self._watched = []
        for each in watched:
            who = each.candidate.who
            utility = who.utility or [1] * len(who.groups)
            members = [(g, u, u * counts[g]) for g, u in zip(who.groups, utility, strict=True)]
            self._watched.append((each, members, (len(members) + 17) * ROUND))

    def lacking(self, course: Course, look: Look | None) -> tuple[Any, ...]:
        """See ArrayGauge."""
        columns: tuple[list[Any], ...] = tuple([] for _ in range(COLUMNS))
        for each, members, rounding in self._watched:
            row = self._row(course, look, each, members, rounding)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        return columns

    @staticmethod
    def _row(
        course: Course, look: Look | None, each: Watched, members: Any, rounding: Any
    ) -> tuple[Any, ...]:
        budgets, start = course.budgets, course.start
        cost, scale = each.candidate.cost / 1, each.candidate.scale / 1
        total = each.candidate.who.total
        keys = [(budgets[group] / utility, weight) for group, utility, weight in members]
        most, least, unsure, slope = start * WIDER, start / WIDER, 0, 1
        if look is None:
            raised = sum(key * weight for key, weight in keys)
        else:
            rate = look.high * scale * WIDER
            raised = sum(min(key, rate) * weight for key, weight in keys)
            most = min(most, rate * each.worth * WIDER)
            lower = look.low * scale / WIDER
            least = max(min(least, lower * each.worth / WIDER), 0)
            unsure = (rate - lower) * total * WIDER
            if each.over_cost:
                above = rate + course.margin
                rich = sum(weight for key, weight in keys if key > above)
                slope = 1 - look.high / WIDER**4 * rich + LEAST
                slope = slope if slope > 0 else 1
        slack = course.error * total + 2 * (cost + raised) * rounding
        missing = cost - raised - slack
        enough = missing + 2 * slack + unsure
        if start <= 0:
            return 0, 0, NEVER, NEVER
        return (
            missing / most / WIDER,
            missing / slope / WIDER,
            enough / least * WIDER if least > 0 else NEVER,
            enough * WIDER if look is None else NEVER,
        )

    @staticmethod
    def least(rows: Sequence[tuple[Any, ...]], column: int) -> list[Any]:
        """See ArrayGauge."""
        return [min(each) for each in zip(*(row[column] for row in rows), strict=True)]
