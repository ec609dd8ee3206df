"""The greedy count itself, on places and integers only.

It sees the projects in their final order and knows nothing of ballots, so that margins and ties
can be recounted as often as needed with the code that decides. Source: docs/rules.md, "greedy".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tally.election import Envelope
from tally.outcome import DEFER, FUND, PART_FUND, PASS, PAYING, SHORT, STOP, TOP_UP
from tally.rules.greedy_parameters import GreedyParameters, TopPer, values_in, values_of

MINIMUM: Final = "minimum"
TOP: Final = "top"
OVERALL: Final = "overall"

Event = tuple[int, str, str, int, int, str, int, int]
"""Project (-1: none), action, reason, left before, left after, phase, reference, amount.

The reference is a project (exclusive, after-stop) or a group; the amount what that group has left,
or how many winners it has (minimum-not-reached)."""

Barrier = tuple[str, int, int]


@dataclass(slots=True, kw_only=True)
class Problem:
    """An envelope and its parameters, by place. ``costs`` is changed while margins are sought."""

    budget: int
    costs: list[int]
    parameters: GreedyParameters
    sub_field: str
    sub_groups: tuple[tuple[int, ...], ...]
    sub_names: tuple[str, ...]
    sub_budgets: tuple[int | None, ...]
    exclusive: tuple[tuple[int, ...], ...]
    first_field: str
    first_groups: tuple[tuple[int, ...], ...]
    first_names: tuple[str, ...]

    @property
    def single_phase(self) -> bool:
        """Whether the projects are gone through only once."""
        return self.parameters.minimum_per is None and self.parameters.top_per is None


def problem_of(envelope: Envelope, parameters: GreedyParameters) -> Problem:
    """Turn names into places."""

    def groups(field: str) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
        names = values_in(envelope, field)
        place = {name: index for index, name in enumerate(names)}
        return names, tuple(
            tuple(place[value] for value in values_of(project, field))
            for project in envelope.projects
        )

    none: tuple[tuple[int, ...], ...] = tuple(() for _ in envelope.projects)
    sub = parameters.budget_per
    sub_names, sub_groups = groups(sub.field) if sub else ((), none)
    first = parameters.minimum_per or parameters.top_per
    first_names, first_groups = groups(first.field) if first else ((), none)
    return Problem(
        budget=envelope.budget,
        costs=[project.cost for project in envelope.projects],
        parameters=parameters,
        sub_field=sub.field if sub else "",
        sub_groups=sub_groups,
        sub_names=sub_names,
        sub_budgets=tuple(sub.budgets[name] for name in sub_names) if sub else (),
        exclusive=tuple(
            tuple(g for g, members in enumerate(parameters.exclusive_groups) if p.id in members)
            for p in envelope.projects
        ),
        first_field=first.field if first else "",
        first_groups=first_groups,
        first_names=first_names,
    )


class Run:
    """One count. ``target`` ends it as soon as the fate of that project is known."""

    __slots__ = (
        "closed",
        "decided",
        "events",
        "holders",
        "left",
        "order",
        "problem",
        "sub_left",
        "target",
        "winners",
    )

    def __init__(self, problem: Problem, order: Sequence[int], target: int = -1) -> None:
        self.problem = problem
        self.order = order
        self.target = target
        self.left = problem.budget
        self.events: list[Event] = []
        self.decided: set[int] = set()
        self.winners = 0
        self.sub_left = list(problem.sub_budgets)
        self.closed: set[int] = set()
        self.holders: dict[int, int] = {}

    def play(self) -> list[Event]:
        """Count, and return what happened."""
        parameters = self.problem.parameters
        if parameters.minimum_per is not None:
            self._minimum_phase(parameters.minimum_per.count, parameters.minimum_per.on_misfit)
        if parameters.top_per is not None:
            self._top_phase(parameters.top_per)
        self._overall_phase()
        return self.events

    def _barrier(self, project: int) -> Barrier | None:
        """What keeps a project from being funded, if anything does."""
        problem = self.problem
        limit = problem.parameters.fixed_winners
        if limit is not None and self.winners >= limit:
            return ("enough-winners", -1, limit)
        for group in problem.exclusive[project]:
            if group in self.holders:
                return ("exclusive", self.holders[group], 0)
        cost = problem.costs[project]
        for group in problem.sub_groups[project]:
            if group in self.closed:
                return ("group-closed", group, self.sub_left[group] or 0)
        for group in problem.sub_groups[project]:
            available = self.sub_left[group]
            if available is not None and cost > available:
                return ("sub-budget", group, available)
        if cost > self.left:
            return ("does-not-fit", -1, self.left)
        return None

    def _note(
        self, project: int, action: str, reason: str, phase: str, reference: int, amount: int
    ) -> None:
        left = self.left
        self.events.append((project, action, reason, left, left, phase, reference, amount))
        if action in {PASS, STOP}:
            self.decided.add(project)

    def _fund(self, project: int, action: str, reason: str, phase: str, group: int = -1) -> None:
        cost, before = self.problem.costs[project], self.left
        self.left = before - cost if action == FUND else 0
        self.decided.add(project)
        self.winners += 1
        for place in self.problem.exclusive[project]:
            self.holders[place] = project
        for place in self.problem.sub_groups[project]:
            available = self.sub_left[place]
            if available is not None:
                self.sub_left[place] = available - cost
        self.events.append((project, action, reason, before, self.left, phase, group, 0))

    def _minimum_phase(self, count: int, on_misfit: str) -> None:
        groups = self.problem.first_groups
        chosen = [0] * len(self.problem.first_names)
        given_up: set[int] = set()
        tried: set[int] = set()
        for place in range(1, count + 1):
            for project in self.order:
                if project in self.decided or project in tried:
                    continue
                short = [g for g in groups[project] if chosen[g] < place and g not in given_up]
                if not short:
                    continue
                barrier = self._barrier(project)
                if barrier is None:
                    self._fund(project, FUND, "best-of-group", MINIMUM, short[0])
                    for group in groups[project]:
                        chosen[group] += 1
                elif barrier[0] in {"does-not-fit", "sub-budget"}:
                    tried.add(project)
                    self._note(project, DEFER, barrier[0], MINIMUM, *barrier[1:])
                    if on_misfit == "leave":
                        given_up.update(short)
        self._note_short(chosen, count, MINIMUM)

    def _note_short(self, chosen: Sequence[int], promised: int, phase: str) -> None:
        for group, winners in enumerate(chosen):
            if winners < promised:
                self._note(-1, SHORT, "minimum-not-reached", phase, group, winners)

    def _top_phase(self, top: TopPer) -> None:
        chosen = [0] * len(self.problem.first_names)
        available = [top.budget] * len(chosen)
        ended: set[int] = set()
        for project in self.order:
            group = self.problem.first_groups[project][0]
            cost, rest = self.problem.costs[project], available[group]
            barrier: Barrier | None
            if group in ended:
                barrier = ("group-ended", group, 0)
            elif top.count is not None and chosen[group] >= top.count:
                barrier = ("not-among-first", group, top.count)
            else:
                barrier = self._barrier(project)
                if (
                    barrier is None
                    and rest is not None
                    and cost > rest
                    and chosen[group] >= top.minimum
                ):
                    barrier = ("group-budget", group, rest)
                if (
                    barrier is not None
                    and barrier[0] in {"group-budget", "sub-budget", "does-not-fit"}
                    and top.on_misfit == "stop"
                ):
                    ended.add(group)
            if barrier is None:
                self._fund(project, FUND, "group-share", TOP, group)
                chosen[group] += 1
                if rest is not None:
                    available[group] = max(rest - cost, 0)
            elif not top.pool:
                self._note(project, PASS, barrier[0], TOP, *barrier[1:])
            elif barrier[0] in {"group-budget", "sub-budget", "does-not-fit"}:
                self._note(project, DEFER, barrier[0], TOP, *barrier[1:])
        self._note_short(chosen, top.minimum, TOP)

    def _overall_phase(self) -> None:
        on_misfit = self.problem.parameters.on_misfit
        stopper = -1
        for project in self.order:
            if project in self.decided:
                if project == self.target:
                    return
                continue
            if stopper >= 0:
                self._note(project, PASS, "after-stop", OVERALL, stopper, 0)
                continue
            barrier = self._barrier(project)
            if barrier is None:
                self._fund(project, FUND, "fits", OVERALL)
            elif barrier[0] == "does-not-fit" and on_misfit != "skip":
                stopper = project
                if on_misfit == "top-up" and self._covers(project):
                    self._fund(project, TOP_UP, "topped-up", OVERALL)
                elif on_misfit == "part-fund" and self.left > 0:
                    self._fund(project, PART_FUND, "part-funded", OVERALL)
                else:
                    self._note(project, STOP, "does-not-fit", OVERALL, -1, self.left)
            else:
                self._note(project, PASS, barrier[0], OVERALL, *barrier[1:])
                if barrier[0] == "sub-budget" and on_misfit == "stop":
                    self._close_groups(project)
            if project == self.target:
                return

    def _close_groups(self, project: int) -> None:
        cost = self.problem.costs[project]
        for group in self.problem.sub_groups[project]:
            available = self.sub_left[group]
            if available is not None and cost > available:
                self.closed.add(group)

    def _covers(self, project: int) -> bool:
        share = self.problem.parameters.top_up_share
        return (
            share is not None
            and self.left * share.denominator >= share.numerator * self.problem.costs[project]
        )


def funded(problem: Problem, events: Sequence[Event]) -> dict[int, int]:
    """What each winner gets, in order of selection."""
    return {
        event[0]: event[3] - event[4] if event[1] == PART_FUND else problem.costs[event[0]]
        for event in events
        if event[1] in PAYING
    }
