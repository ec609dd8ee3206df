"""How near each project was to the other side under majority judgment, by counting again.

Added ballots change every project's grades, since who says nothing of a project gives it the
form's default. So with more ballots for a project those better placed may change places among
themselves, and a project that wins with k more ballots may lose with k + 1. The smallest winning
number is found all the same: ``shape_changes`` and ``meetings`` say at which numbers the order of
any two projects may change; between two of these the whole order stays, hence the outcome, and
counting once is enough. Their number depends on projects and grades, not on ballots.

A lower cost, or ballots that turn to the worst grade, move the project alone, in one direction;
what is said of halving in tally/rules/greedy_margin.py holds for them.
"""

from bisect import bisect, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from tally.outcome import Margin
from tally.rules.greedy_admission import Admission, Bar
from tally.rules.greedy_margin import first_winning, smallest
from tally.rules.greedy_run import Problem, Run, funded
from tally.rules.majority_grade import (
    Counts,
    add_grades,
    majority_grade,
    majority_key,
    meetings,
    shape_changes,
    spoil,
)
from tally.rules.majority_judgment_parameters import MajorityParameters
from tally.tiebreak import Key, Sorter

BELOW_GRADE: Final = "below-minimum-grade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Electorate:
    """The projects' grades by place, and what is asked of them.

    Without a single ballot every project stands as the ``default`` grade says.
    """

    problem: Problem
    parameters: MajorityParameters
    sorter: Sorter
    grades: tuple[Counts, ...]
    default: int

    def grade(self, counts: Counts) -> int:
        """The majority grade."""
        return majority_grade(counts) if any(counts) else self.default

    def votes(self, counts: Counts) -> int:
        """Ballots that grade a project better than one without a grade."""
        return sum(counts[: self.default])

    def key(self, place: int, counts: Counts, cost: int | None = None) -> Key:
        """What to sort a project by; ``cost`` is its own unless given."""
        price = self.problem.costs[place] if cost is None else cost
        judged = majority_key(counts) if any(counts) else (self.default,)
        return (judged, *self.sorter.key(place, 0, 0, price)[1:])

    def bar(self, place: int, counts: Counts | None = None, cost: int | None = None) -> Bar | None:
        """What keeps a project out of the count, if anything does."""
        price = self.problem.costs[place] if cost is None else cost
        bar = Admission(self.parameters.fill, self.problem.budget).bars(0, 0, price, 0)
        least = self.parameters.minimum_grade
        if bar is not None or least is None:
            return bar
        judged = self.grade(self.grades[place] if counts is None else counts)
        return (BELOW_GRADE, least) if judged > least else None


class Recount:
    """Counts one envelope again with one project changed."""

    def __init__(self, electorate: Electorate) -> None:
        self._all: Final = electorate
        self._places: Final = range(len(electorate.grades))
        self._orders: Final[dict[int, int]] = {}
        self._numbers: Final[dict[tuple[int, ...], int]] = {}
        self._listed: Final[list[tuple[int, ...]]] = []
        self._won: Final[dict[tuple[int, int, int], bool]] = {}

    @cached_property
    def _changes(self) -> list[int]:
        """The numbers of added ballots at which the order of two unnamed projects may change."""
        everybody = self._all
        found = {0}
        for counts in set(everybody.grades):
            found |= shape_changes(counts, everybody.default)
        return sorted(found)

    def _order(self, added: int) -> int:
        """The number of an order, in ``_listed``: that of the projects that may compete, after so
        many ballots that name none of them.

        It is made at the beginning of each range within which it stays.
        """
        start = self._changes[bisect_right(self._changes, added) - 1]
        if start not in self._orders:
            everybody = self._all
            with_added = {
                place: add_grades(everybody.grades[place], everybody.default, start)
                for place in self._places
            }
            keys = {place: everybody.key(place, counts) for place, counts in with_added.items()}
            order = tuple(
                place
                for place in sorted(self._places, key=keys.__getitem__)
                if everybody.bar(place, with_added[place]) is None
            )
            number = self._numbers.setdefault(order, len(self._listed))
            if number == len(self._listed):
                self._listed.append(order)
            self._orders[start] = number
        return self._orders[start]

    def _plays(self, project: int, at: int, others: Sequence[int]) -> bool:
        order = [*others[:at], project, *others[at:]]
        problem = self._all.problem
        return project in funded(problem, Run(problem, order, project).play())

    def wins(
        self, project: int, counts: Counts, *, added: int = 0, cost: int | None = None
    ) -> bool:
        """Whether a project with these grades wins, ``added`` ballots having named no other."""
        everybody = self._all
        if everybody.bar(project, counts, cost) is not None:
            return False
        number, others = self._others(project, added)
        at = bisect(
            others,
            everybody.key(project, counts, cost),
            key=partial(self._key_with, added=added),
        )
        if cost is None:
            return self._wins_at(project, at, number, others)
        costs = everybody.problem.costs
        before = costs[project]
        costs[project] = cost
        try:
            return self._plays(project, at, others)
        finally:
            costs[project] = before

    def _others(self, project: int, added: int) -> tuple[int, list[int]]:
        """The number of the order after so many ballots, and that order without this project."""
        number = self._order(added)
        return number, [place for place in self._listed[number] if place != project]

    def _key_with(self, place: int, added: int) -> Key:
        """What to sort a project by after so many ballots that do not name it."""
        everybody = self._all
        return everybody.key(place, add_grades(everybody.grades[place], everybody.default, added))

    def _wins_at(self, project: int, at: int, number: int, others: Sequence[int]) -> bool:
        asked = (project, at, number)
        if asked not in self._won:
            self._won[asked] = self._plays(project, at, others)
        return self._won[asked]

    def votes_missing(self, project: int) -> int | None:
        """The smallest number of added ballots, giving the best grade to this project and none to
        others, that make it win; None if no number does.

        Where only the boundaries of this project's grades and of another's meet, these two alone
        are compared again: nobody else can have changed sides.
        """
        everybody = self._all
        problem, own = everybody.problem, everybody.grades[project]
        cost, fill = problem.costs[project], everybody.parameters.fill
        if cost > problem.budget and fill.on_misfit in {"skip", "stop"}:
            return None
        all_anew = {1, *self._changes, *shape_changes(own, 0)} - {0}
        met: dict[int, list[int]] = {added: [] for added in all_anew}
        for place in self._places:
            if place != project:
                for added in meetings(own, everybody.grades[place], everybody.default):
                    met.setdefault(added, []).append(place)
        number, others, barred = 0, list[int](), False
        ahead, competing = set[int](), set[int]()
        for added in sorted(met):
            counts = add_grades(own, 0, added)
            key = everybody.key(project, counts)
            if added in all_anew:
                number, others = self._others(project, added)
                competing = set(others)
                barred = everybody.bar(project, counts) is not None
                with_added = partial(self._key_with, added=added)
                ahead = set(others[: bisect(others, key, key=with_added)])
            else:
                for place in met[added]:
                    if self._key_with(place, added) < key:
                        ahead.add(place)
                    else:
                        ahead.discard(place)
                ahead &= competing
            if not barred and self._wins_at(project, len(ahead), number, others):
                return added
        return None

    def cost_excess(self, project: int) -> int | None:
        """The smallest reduction of its cost (minor units) that makes this project win."""
        everybody = self._all
        costs, breaks = everybody.problem.costs, list[int]()
        if "expensive" in everybody.sorter.criteria:
            for other in self._places:
                if everybody.grades[other] == everybody.grades[project]:
                    equal = costs[project] - costs[other]
                    breaks += [equal, equal + 1]
        cost, own = costs[project], everybody.grades[project]
        return first_winning(
            cost - 1, breaks, lambda less: self.wins(project, own, cost=cost - less)
        )

    def ballots_to_spare(self, project: int) -> int | None:
        """How many ballots, whichever, could have given a winner the worst grade instead, and it
        still won; None if all of them."""
        own = self._all.grades[project]
        ballots = sum(own) - own[-1]

        def loses(fewer: int) -> bool:
            return not self.wins(project, spoil(own, fewer))

        if ballots < 1 or not loses(ballots):
            return None
        return smallest(1, ballots, loses) - 1

    def margin(self, project: int, won: bool) -> Margin:
        """Both margins of a loser, or what a winner had to spare."""
        if won:
            return Margin(won=True, safe=self.ballots_to_spare(project))
        return Margin(
            won=False, votes=self.votes_missing(project), cheaper=self.cost_excess(project)
        )
