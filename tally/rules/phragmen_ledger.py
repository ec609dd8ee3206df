"""Who carries what under sequential Phragmén, in arrays: for margins, which count many times over.

What a project's ballots carry depends only on how many of them carry the load of which purchase.
These numbers are kept for all projects together and changed, purchase by purchase, on the marks
of the ballots that pay: whole numbers below 2^53, so that binary fractions hold them exactly.

**Bounds.** The loads themselves are sums of such numbers times earlier loads. All terms are above
zero, nothing is ever subtracted, so that no digits are lost: after n purchases a load is made by
sums of at most n + 1 terms, a product, a division and one rounding of the cost, on loads that were
made in the same way. With u = 2^-53 that is off by less than a factor of (1 + u)^(n + 4) for each
of the n + 1, and so by less than (n + 5)^2 · 2^-52 of it (``Accounts.error``). Where numbers are
closer than that they are compared exactly.

Source: docs/rules.md, "phragmen".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any, Final

from tally.mark import Choice
from tally.profile import Profile
from tally.rules.phragmen_run import RATIO, Race

try:
    import numpy as np
except ImportError:  # The same margins, more slowly.
    np = None  # type: ignore[assignment]

ROUND: Final = 2**-52
"""Twice what one operation is rounded by."""
MOST_KEPT: Final = 1 << 24
"""Marks of paying ballots that are kept at hand, over all projects."""


def touched(projects: Sequence[str], profile: Profile) -> list[int]:
    """How many marks the different choices that name a project hold, by place: what it costs to
    count one purchase."""
    found = dict.fromkeys(projects, 0)
    for choice, _ in profile.groups():
        for project, mark in choice:
            if mark > 0:
                found[project] += len(choice)
    return [found[project] for project in projects]


class Ledger:
    """The ballots of a profile as arrays, in groups of equal ones. Needs NumPy."""

    def __init__(self, race: Race, projects: Sequence[str], profile: Profile) -> None:
        choices: list[Choice] = []
        weights: list[int] = []
        for choice, ballots in profile.groups():
            choices.append(choice)
            weights.append(ballots)
        self.race: Final = race
        self.count: Final = len(choices)
        # A mark that supports nothing goes to a row of its own, behind all projects.
        self.rows: Final = len(projects) + 1
        place: Mapping[str, int] = {project: at for at, project in enumerate(projects)}
        rows = {
            mark: place[mark[0]] if mark[1] > 0 else len(projects)
            for mark in set(chain.from_iterable(choices))
        }
        self._lengths = np.fromiter(map(len, choices), np.intp, self.count)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._marks = np.fromiter(
            map(rows.__getitem__, chain.from_iterable(choices)),
            np.min_scalar_type(self.rows),
            int(self._lengths.sum()),
        )
        self._weights = None
        if any(each != 1 for each in weights):
            self._weights = np.array(weights, np.float64)
        order = np.argsort(self._marks, kind="stable")
        by_mark = np.repeat(np.arange(self.count, dtype=np.int32), self._lengths)[order]
        ends = np.cumsum(np.bincount(self._marks, minlength=self.rows))
        self._groups = np.split(by_mark, ends[:-1])
        self._entries: dict[int, tuple[Any, Any]] = {}
        self._kept = 0
        self.votes: Final = np.array([self._sum(groups) for groups in self._groups], np.float64)
        self.costs: Final = np.array([*race.costs, 0], np.float64)

    def supporters(self, place: int) -> Any:
        """The groups that name a project, by index."""
        return self._groups[place]

    def _sum(self, groups: Any) -> Any:
        return len(groups) if self._weights is None else self._weights[groups].sum()

    def touched(self) -> list[int]:
        """As the function of this name."""
        return [int(self._lengths[groups].sum()) for groups in self._groups[:-1]]

    def entries(self, place: int) -> tuple[Any, Any]:
        """All marks on the ballots that name a project, and the group of each."""
        found = self._entries.get(place)
        if found is None:
            groups = self._groups[place]
            lengths = self._lengths[groups]
            ends = np.cumsum(lengths)
            total = int(ends[-1])
            at = np.arange(total) + np.repeat(self._starts[groups] - (ends - lengths), lengths)
            found = self._marks[at], np.repeat(groups, lengths)
            if self._kept + total <= MOST_KEPT:
                self._kept += total
                self._entries[place] = found
        return found

    def moved(self, place: int, last: Any, purchases: int) -> Any:
        """How many ballots of a project name which projects, by the purchase they carry now.

        ``last`` holds the purchase of each group times ``rows``.
        """
        marks, groups = self.entries(place)
        weights = None if self._weights is None else self._weights[groups]
        found = np.bincount(last[groups] + marks, weights, minlength=purchases * self.rows)
        return found.reshape(purchases, self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A purchase whose exact load is not worked out: cost, votes, and how many of the ballots
    carried which purchase before."""

    cost: int
    votes: int
    column: Any


class Accounts:
    """Who carries what at one moment; purchase 0 stands for ballots that carry nothing."""

    __slots__ = ("_column", "_exact", "_last", "_loads", "_purchases", "ledger", "sums")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger: Final = ledger
        self._last: Any = np.zeros(ledger.count, np.intp)
        self._column: Any = ledger.votes[None, :].copy()
        self._loads: Any = np.zeros(1, np.float64)
        self._exact: list[Fraction | Debt] = [RATIO(0)]
        self.sums: Any = np.zeros(ledger.rows, np.float64)

    def copy(self) -> "Accounts":
        """The same, to go on in another way."""
        new = object.__new__(Accounts)
        new.ledger = self.ledger  # type: ignore[misc]
        new._last = self._last.copy()
        new._column = self._column.copy()
        new._loads = self._loads
        new._exact = [*self._exact]
        new.sums = self.sums
        return new

    @property
    def error(self) -> Any:
        """By which part of it a load or a sum of loads may be off."""
        return (len(self._exact) + 5) ** 2 * ROUND

    def buy(self, place: int, load: Any, exact: Fraction | None = None) -> None:
        """Let the ballots of a project carry ``load``, about; ``exact`` is it, where known."""
        ledger, purchases = self.ledger, len(self._exact)
        if exact is None:
            race = ledger.race
            exact_or_debt: Fraction | Debt = Debt(
                cost=race.costs[place], votes=race.votes[place], column=self.column(place)
            )
        else:
            exact_or_debt = exact
        moved = ledger.moved(place, self._last, purchases)
        self._column = np.concatenate((self._column - moved, moved.sum(0)[None, :]))
        self._last[ledger.supporters(place)] = purchases * ledger.rows
        self._loads = np.append(self._loads, load)
        self._exact.append(exact_or_debt)
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

    def column(self, place: int) -> Any:
        """How many ballots of a project carry each purchase."""
        return self._column[:, place].copy()

    def _load(self, purchase: int) -> Fraction:
        found = self._exact[purchase]
        if isinstance(found, Debt):
            found = (found.cost + self._carried(found.column)) / RATIO(found.votes)
            self._exact[purchase] = found
        return found

    def _carried(self, column: Any) -> Fraction:
        total = RATIO(0)
        for purchase in np.flatnonzero(column).tolist():
            total += self._load(purchase) * int(column[purchase])
        return total

    def compare(self, first: int, votes: int, second: int) -> int:
        """The sign of the load of ``first``, if it had so many votes and its ballots carried the
        same, less that of ``second``; exactly."""
        race = self.ledger.race
        other = race.votes[second]
        difference = RATIO(race.costs[first] * other - race.costs[second] * votes)
        pairs = zip(self._column[:, first], self._column[:, second], strict=True)
        for purchase, (mine, theirs) in enumerate(pairs):
            factor = int(mine) * other - int(theirs) * votes
            if factor and purchase:
                difference += self._load(purchase) * factor
        return (difference > 0) - (difference < 0)
