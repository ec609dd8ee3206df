"""How near each project was to the other side, and which ties decided: by counting again.

Why binary search is exact here: with more votes, or a lower cost, a project is looked at no later
than before, and up to that moment nothing else has changed; whatever keeps a project from being
funded (money, a sub-budget, an exclusive group, enough winners) only grows during a count. So a
project that wins goes on winning with more votes. Two things break this, and both are split into
ranges in which it holds: added ballots can push *others* below a share of the ballots, and with
the tie criterion ``expensive`` a lower cost moves a project back among its equals.
"""

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import Final

from tally.outcome import PART_FUND, PAYING, STOP, TOP_UP, Margin
from tally.rules.greedy_admission import Admission
from tally.rules.greedy_run import Problem, Run, funded
from tally.rules.score import Support
from tally.tiebreak import Key, Sorter, TieSet

MOST_PERMUTED: Final = 5
_STOPPING: Final = frozenset({STOP, TOP_UP, PART_FUND})


def smallest(low: int, high: int, wins: Callable[[int], bool]) -> int:
    """The smallest number from ``low`` to ``high`` that wins; ``high`` does."""
    while low < high:
        middle = (low + high) // 2
        if wins(middle):
            high = middle
        else:
            low = middle + 1
    return low


def first_winning(last: int, breaks: Iterable[int], wins: Callable[[int], bool]) -> int | None:
    """The smallest number from 1 to ``last`` that wins.

    ``breaks`` are the numbers at which a range begins; within a range a number above a winning
    one wins.
    """
    starts = sorted({1, *(point for point in breaks if 1 < point <= last)})
    for start, following in zip(starts, [*starts[1:], last + 1], strict=True):
        if start < following and wins(following - 1):
            return smallest(start, following - 1, wins)
    return None


class _Before:
    """The count of the other projects, as it stands before each place at which one could come.

    Only where what is left, how many have won, and whether the count has stopped are all there is
    to know: no phases, no groups.
    """

    __slots__ = ("keys", "left", "stopped", "winners")

    def __init__(self, problem: Problem, others: Sequence[int], keys: Sequence[Key]) -> None:
        self.keys: Final = [keys[other] for other in others]
        self.left: Final = [problem.budget]
        self.winners: Final = [0]
        self.stopped: Final = [False]
        for event in Run(problem, others).play():
            self.left.append(event[4])
            self.winners.append(self.winners[-1] + (event[1] in PAYING))
            self.stopped.append(self.stopped[-1] or event[1] in _STOPPING)

    def wins(self, problem: Problem, project: int, key: Key) -> bool:
        """Whether the project wins when it comes with this key."""
        place = bisect(self.keys, key)
        if self.stopped[place]:
            return False
        run = Run(problem, (project,), project)
        run.left, run.winners = self.left[place], self.winners[place]
        return project in funded(problem, run.play())


class Recount:
    """Counts one envelope again with one project changed."""

    def __init__(
        self,
        problem: Problem,
        admission: Admission,
        sorter: Sorter,
        support: Support,
        order: Sequence[int],
        keys: Sequence[Key],
    ) -> None:
        self.problem: Final = problem
        self.admission: Final = admission
        self.sorter: Final = sorter
        self.support: Final = support
        self.order: Final = tuple(order)
        self.keys: Final = tuple(keys)
        self.base: Final = support.base(admission.parameters.share_of)
        self._plain: Final = problem.single_phase and not any(
            any(groups) for groups in (problem.sub_groups, problem.exclusive)
        )
        self._before: tuple[int, _Before] | None = None

    def wins(
        self, project: int, *, votes: int = 0, score: int = 0, ballots: int = 0, cost: int = 0
    ) -> bool:
        """Whether a project wins with so much more (less, if negative) of each."""
        new_votes = self.support.votes[project] + votes
        new_score = self.support.score[project] + score
        old_cost = self.problem.costs[project]
        new_cost = old_cost + cost
        base = self.base + ballots
        if self.admission.bars(new_votes, new_score, new_cost, base) is not None:
            return False
        key = self.sorter.key(project, new_votes, new_score, new_cost)
        shares = ballots > 0 and self.admission.parameters.uses_shares
        self.problem.costs[project] = new_cost
        try:
            if self._plain and not shares:
                return self._without(project).wins(self.problem, project, key)
            return self._wins_anew(project, key, base if shares else None)
        finally:
            self.problem.costs[project] = old_cost

    def _without(self, project: int) -> _Before:
        # What is asked about one project is asked many times over, then never again.
        if self._before is None or self._before[0] != project:
            others = [other for other in self.order if other != project]
            self._before = (project, _Before(self.problem, others, self.keys))
        return self._before[1]

    def _wins_anew(self, project: int, key: Key, base: int | None) -> bool:
        """Count from the start; ``base`` where shares of ballots may bar others, too."""
        others = [other for other in self.order if other != project]
        if base is not None:
            others = [
                other
                for other in others
                if self.admission.bars(
                    self.support.votes[other],
                    self.support.score[other],
                    self.problem.costs[other],
                    base,
                )
                is None
            ]
        others.insert(bisect(others, key, key=lambda other: self.keys[other]), project)
        return project in funded(self.problem, Run(self.problem, others, project).play())

    def votes_missing(self, project: int, each: int) -> int | None:
        """The smallest number of added ballots naming only this project that make it win."""
        support, costs = self.support, self.problem.costs
        votes, score = support.votes[project], support.score[project]
        admitted = self.admission.added_until_admitted(
            votes, score, costs[project], self.base, each
        )
        if admitted is None:
            return None
        ahead = max((support.score[other] for other in self.order if other != project), default=0)
        last = max(admitted, (ahead - score) // each + 1, 1)
        breaks: list[int] = []
        if self.admission.parameters.uses_shares:
            for other in self.order:
                if other != project:
                    breaks += self.admission.barred_from(
                        support.votes[other], support.score[other], costs[other], self.base
                    )
        return first_winning(
            last, breaks, lambda k: self.wins(project, votes=k, score=k * each, ballots=k)
        )

    def cost_excess(self, project: int) -> int | None:
        """The smallest reduction of its cost (minor units) that makes this project win."""
        costs, breaks = self.problem.costs, []
        if "expensive" in self.sorter.criteria:
            for other in self.order:
                if self.support.score[other] == self.support.score[project]:
                    equal = costs[project] - costs[other]
                    breaks += [equal, equal + 1]
        return first_winning(
            costs[project] - 1, breaks, lambda less: self.wins(project, cost=-less)
        )

    def score_to_spare(self, project: int, *, as_votes: bool) -> int | None:
        """How much score a winner could have lost and still won; None if all of it.

        ``as_votes``: each point of score is a ballot that does not name it any more.
        """
        last = self.support.score[project]

        def loses(less: int) -> bool:
            return not self.wins(project, score=-less, votes=-less if as_votes else 0)

        if last < 1 or not loses(last):
            return None
        return smallest(1, last, loses) - 1

    def margin(self, project: int, won: bool, *, each: int, as_votes: bool) -> Margin:
        """Both margins of a loser, or what a winner had to spare."""
        if won:
            return Margin(won=True, safe=self.score_to_spare(project, as_votes=as_votes))
        return Margin(
            won=False,
            votes=self.votes_missing(project, each),
            each=each,
            cheaper=self.cost_excess(project),
        )

    def decisive(self, tie: TieSet) -> bool:
        """Whether another order of the tied projects changes who gets money, or how much."""
        return decisive(self.problem, self.order, tie)


def decisive(problem: Problem, order: Sequence[int], tie: TieSet) -> bool:
    """Whether another order of the tied projects gives other projects money, or less or more.

    Up to five projects: every order is tried. More: each of them is put first, each last,
    and all are turned round. Where projects are gone through only once and nothing is topped
    up, putting each first is enough whatever their number: what cannot be funded first
    cannot be funded later, and projects that are all funded fit in any order.
    """
    start = order.index(tie.order[0])
    end = start + len(tie.order)
    before = funded(problem, Run(problem, order).play())
    block = tie.order
    orders: Iterable[tuple[int, ...]]
    firsts = [(p, *(other for other in block if other != p)) for p in block]
    if problem.single_phase and problem.parameters.on_misfit != "top-up":
        orders = firsts
    elif len(block) <= MOST_PERMUTED:
        orders = permutations(block)
    else:
        lasts = [(*(other for other in block if other != p), p) for p in block]
        orders = [*firsts, *lasts, tuple(reversed(block))]
    for other in orders:
        again = (*order[:start], *other, *order[end:])
        if funded(problem, Run(problem, again).play()) != before:
            return True
    return False
