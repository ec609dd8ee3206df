"""The knapsack optimum: by the definition over all sets, its margins, its ties, and invariance."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import gcd
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import pabulib, rules
from tally.election import CountingRule, Envelope, Project
from tally.explain import explain_project
from tally.form import Approval, Form, Grades, Points, Scores
from tally.outcome import Outcome, Standing, replay
from tally.profile import Profile
from tally.rules.knapsack_optimum import check, count, decide
from tally.rules.knapsack_solver import bound, by_rate, greatest
from tally.rules.score import support_of
from tally.tiebreak import lot_keys
from tally.vote import Choice
from tests.tally.greedy_oracle import changed, election, words

LOT = lot_keys(b"seed", "e")
POINTS = Points(total=6, cap=3, minimum_projects=1, maximum_projects=None, minimum_total=0)
SCORES = Scores(minimum=-2, maximum=3, minimum_projects=1, maximum_projects=None)
MARKS: dict[str | None, st.SearchStrategy[int]] = {
    None: st.just(1),
    "points": st.integers(1, 3),
    "scores": st.integers(-2, 3),
}
Case = tuple[Envelope, Profile]


def envelope(
    costs: list[int],
    budget: int,
    parameters: dict[str, Any] | None = None,
    tie: tuple[str, ...] = ("order",),
    form: Form | None = None,
) -> Envelope:
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=budget,
        form=form or Approval(minimum=1, maximum=len(costs)),
        rule=CountingRule.of("knapsack-optimum", parameters or {}),
        tie_break=tie,
        projects=tuple(
            Project(id=f"p{n}", title=words(f"P{n}"), description=words("p"), cost=cost)
            for n, cost in enumerate(costs)
        ),
    )


def singly(votes: list[int]) -> Profile:
    return Profile.of({((f"p{n}", 1),): number for n, number in enumerate(votes)})


def by_definition(
    contest: Envelope, profile: Profile, taken: dict[int, int] | None = None
) -> tuple[list[str], int, list[frozenset[int]], list[int]]:
    """Winners, total, all optima and the order, in nothing but the words of the definition.

    ``taken``: so much score is taken from a project (and as many votes where votes are counted).
    """
    support = support_of(contest, profile)
    score, votes = list(support.score), list(support.votes)
    for place, less in (taken or {}).items():
        score[place] -= less
        votes[place] -= less if isinstance(contest.form, Approval) else 0
    parameters = contest.rule.parameters
    costs = [project.cost for project in contest.projects]

    def key(place: int) -> list[Any]:
        criteria: dict[str, Any] = {
            "votes": -votes[place],
            "score": -score[place],
            "cost": costs[place],
            "expensive": -costs[place],
            "order": place,
            "lot": LOT(f"p{place}"),
        }
        return [-score[place], *(criteria[name] for name in contest.tie_break)]

    least = max(1, int(str(parameters.get("minimum_votes", 1))))
    top, _, bottom = str(parameters.get("maximum_cost_share", "1000")).partition("/")
    order = [
        place
        for place in sorted(range(len(costs)), key=key)
        if votes[place] >= least and costs[place] * int(bottom or 1) <= int(top) * contest.budget
    ]
    sets = [
        frozenset(chosen)
        for size in range(len(order) + 1)
        for chosen in combinations(order, size)
        if sum(costs[place] for place in chosen) <= contest.budget
    ]
    total = max(sum(score[place] for place in chosen) for chosen in sets)
    optima = [chosen for chosen in sets if sum(score[place] for place in chosen) == total]
    standing = optima
    winners: list[int] = []
    for place in order:
        holding = [chosen for chosen in standing if place in chosen]
        if holding:
            standing = holding
            winners.append(place)
    return [f"p{place}" for place in winners], total, optima, order


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 6))
    costs = draw(st.lists(st.integers(1, 12), min_size=size, max_size=size))
    parameters: dict[str, Any] = {}
    if draw(st.booleans()):
        parameters["minimum_votes"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        parameters["maximum_cost_share"] = draw(st.sampled_from(["1/3", "1/2", "4/5", "1"]))
    form = draw(st.sampled_from([None, POINTS, SCORES]))
    first = draw(st.lists(st.sampled_from(["votes", "cost", "expensive"]), unique=True, max_size=2))
    tie = (*first, draw(st.sampled_from(["order", "lot"])))
    places = st.sets(st.integers(0, size - 1), min_size=1, max_size=3)
    ballots: Counter[Choice] = Counter()
    for _ in range(draw(st.integers(0, 7))):
        marks = draw(places)
        points = MARKS[None if form is None else form.type]
        choice = tuple((f"p{place}", draw(points)) for place in sorted(marks))
        ballots[choice] += draw(st.integers(1, 3))
    contest = envelope(costs, draw(st.integers(1, 30)), parameters, tie, form)
    return contest, Profile.of(ballots)


@settings(max_examples=250, deadline=None)
@given(cases())
def test_the_winners_are_those_of_the_definition(case: Case) -> None:
    contest, profile = case
    outcome = count(contest, profile, LOT)
    winners, total, optima, order = by_definition(contest, profile)
    assert list(outcome.winners) == winners
    again = replay(contest.budget, outcome.steps)
    assert (again.winners, again.left) == (outcome.winners, outcome.left)
    scores = support_of(contest, profile).score
    assert sum(scores[int(name[1:])] for name in winners) == total
    for step in outcome.steps[len(contest.projects) - len(order) :]:
        assert step.detail["total"] == total
        assert int(str(step.detail["bound"])) >= total
    differing = frozenset().union(*optima) - frozenset.intersection(*optima)
    for step in outcome.steps:
        assert step.project is not None
        place = int(step.project[1:])
        equal = step.reason in {"preferred-optimum", "other-optimum"}
        assert equal == (place in differing)
    plain = decide(contest, profile, LOT)
    assert (plain.winners, plain.steps) == (outcome.winners, outcome.steps)
    assert all(standing.margin is None for standing in plain.standings)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_every_step_says_what_the_contrary_would_have_been(case: Case) -> None:
    contest, profile = case
    outcome = count(contest, profile, LOT)
    scores = support_of(contest, profile).score
    _, _, _, order = by_definition(contest, profile)
    for step in outcome.steps:
        if "contrary" not in step.detail:
            continue
        assert step.project is not None
        place = int(step.project[1:])
        won = step.action == "fund"
        best = max(
            sum(scores[p] for p in chosen)
            for size in range(len(order) + 1)
            for chosen in combinations(order, size)
            if (place in chosen) != won
            and sum(contest.projects[p].cost for p in chosen) <= contest.budget
        )
        assert step.detail["contrary"] == best
        assert int(str(step.detail["contrary_bound"])) >= best


@settings(max_examples=200, deadline=None)
@given(cases())
def test_ties_are_those_that_other_sets_or_orders_show(case: Case) -> None:
    contest, profile = case
    outcome = count(contest, profile, LOT)
    winners, _, optima, order = by_definition(contest, profile)
    scores = support_of(contest, profile).score
    differing = frozenset().union(*optima) - frozenset.intersection(*optima)
    totals = [tie for tie in outcome.ties if tie.criterion == "total"]
    if len({scores[place] for place in differing}) > 1:
        (tie,) = totals
        assert tie.decisive
        assert list(tie.order) == [f"p{place}" for place in order if place in differing]
    else:
        assert not totals
    for tie in outcome.ties:
        if tie.criterion == "total":
            continue
        tied = [int(name[1:]) for name in tie.order]
        assert [place for place in order if place in tied] == tied
        start = order.index(tied[0])
        sets = set()
        for first in tied:
            again = [*order[:start], first, *(p for p in order[start:] if p != first)]
            standing = optima
            for place in again:
                standing = [chosen for chosen in standing if place in chosen] or standing
            sets |= set(standing)
        assert tie.decisive == (sets != {frozenset(int(name[1:]) for name in winners)})


def with_cost(contest: Envelope, place: int, cost: int) -> Envelope:
    projects = list(contest.projects)
    projects[place] = replace(projects[place], cost=cost)
    return replace(contest, projects=tuple(projects))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_margins_are_exact(case: Case) -> None:
    contest, profile = case
    each = 1 if isinstance(contest.form, Approval) else 3
    for place, standing in enumerate(count(contest, profile, LOT).standings):
        name, margin = standing.project, standing.margin
        assert margin is not None
        if standing.won:
            most = int(standing.score)
            wins = [
                name in by_definition(contest, profile, {place: less})[0]
                for less in range(most + 1)
            ]
            safe = next((less - 1 for less, won in enumerate(wins) if not won), None)
            assert margin.safe == safe
            continue
        assert margin.each == each

        def wins_with(k: int, name: str = name) -> bool:
            return name in by_definition(contest, changed(profile, {((name, each),): k}))[0]

        if margin.votes is None:
            assert not wins_with(60)
        else:
            assert wins_with(margin.votes)
            assert not wins_with(margin.votes - 1)
        cost = contest.projects[place].cost
        cheaper = next(
            (
                less
                for less in range(1, cost)
                if name in by_definition(with_cost(contest, place, cost - less), profile)[0]
            ),
            None,
        )
        assert margin.cheaper == cheaper


def told(outcome: Outcome) -> object:
    """What an outcome says, whatever the order of projects."""
    return (
        outcome.winners,
        outcome.steps,
        {tie.order: (tie.criterion, tie.decisive, tie.step) for tie in outcome.ties},
        {standing.project: standing for standing in outcome.standings},
    )


@settings(max_examples=100, deadline=None)
@given(cases(), st.randoms(use_true_random=False), st.integers(2, 1000))
def test_neither_order_nor_splitting_nor_money_units_matter(
    case: Case, random: Any, unit: int
) -> None:
    contest, profile = case
    contest = replace(contest, tie_break=(*contest.tie_break[:-1], "lot"))
    outcome = count(contest, profile, LOT)
    projects = list(contest.projects)
    random.shuffle(projects)
    ballots = [(choice, 1) for choice, n in profile.choices.items() for _ in range(n)]
    random.shuffle(ballots)
    split: Counter[Choice] = Counter()
    for choice, number in ballots:
        split[choice] += number
    again = count(replace(contest, projects=tuple(projects)), Profile.of(split), LOT)
    assert told(again) == told(outcome)
    larger = replace(
        contest,
        budget=contest.budget * unit,
        projects=tuple(replace(p, cost=p.cost * unit) for p in contest.projects),
    )
    paid = count(larger, profile, LOT)
    assert paid.winners == outcome.winners
    assert paid.spent == outcome.spent * unit
    assert [step.reason for step in paid.steps] == [step.reason for step in outcome.steps]


def table(items: list[tuple[int, int]], capacity: int) -> int:
    """The greatest value by a table over all capacities."""
    best = [0] * (capacity + 1)
    for weight, value in items:
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40).flatmap(
        lambda slope: st.lists(
            st.tuples(st.integers(1, 120), st.integers(1, 60)).map(
                lambda pair: (pair[0], pair[1] + slope * pair[0] // 10)
            ),
            max_size=45,
        )
    ),
    st.integers(0, 900),
)
def test_the_solver_agrees_with_a_table_over_all_capacities(
    items: list[tuple[int, int]], capacity: int
) -> None:
    ordered = by_rate(items)
    best = table(items, capacity)
    assert greatest(ordered, capacity) == best
    assert bound(ordered, capacity) >= best


@pytest.mark.parametrize("slack", [0, 1, 17])
def test_the_solver_agrees_where_values_follow_weights(slack: int) -> None:
    """Where every set is nearly as good as every other, the bound says little."""
    items = [(7 * n % 83 + 20, 7 * n % 83 + 20 + 10 * (slack > 0)) for n in range(80)]
    capacity = sum(weight for weight, _ in items) // 2 + slack
    assert greatest(by_rate(items), capacity) == table(items, capacity)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40)), min_size=10, max_size=32),
    st.integers(1, 600),
    st.sampled_from([("order",), ("cost", "order"), ("expensive", "order")]),
)
def test_larger_envelopes_agree_with_a_table_and_with_counting_again(
    drawn: list[tuple[int, int]], budget: int, tie: tuple[str, ...]
) -> None:
    contest = envelope([cost for cost, _ in drawn], budget, tie=tie)
    profile = singly([votes for _, votes in drawn])
    outcome = count(contest, profile, LOT)
    won = {int(name[1:]) for name in outcome.winners}
    items = {place: item for place, item in enumerate(drawn) if item[1]}
    total = table(list(items.values()), budget)
    assert sum(drawn[place][1] for place in won) == total
    for place, (cost, votes) in items.items():
        standing = outcome.standings[place]
        step = outcome.deciding(standing)
        assert step is not None
        others = [item for other, item in items.items() if other != place]
        if place in won:
            assert step.detail["contrary"] == table(others, budget)
        elif cost <= budget:
            assert step.detail["contrary"] == votes + table(others, budget - cost)
    for standing in outcome.standings[:4]:
        check_by_counting_again(contest, profile, standing)


def check_by_counting_again(contest: Envelope, profile: Profile, standing: Standing) -> None:
    """That a margin is where the outcome turns, by the rule itself."""
    name, margin = standing.project, standing.margin
    assert margin is not None
    place, only = int(name[1:]), ((name, 1),)
    cost = contest.projects[place].cost

    def wins(more: int, less: int = 0) -> bool:
        again = with_cost(contest, place, cost - less)
        return name in decide(again, changed(profile, {only: more}), LOT).winners

    if margin.won:
        assert margin.safe is not None
        assert wins(-margin.safe)
        assert not wins(-margin.safe - 1)
        return
    if margin.votes is not None:
        assert wins(margin.votes)
        assert not wins(margin.votes - 1)
    if margin.cheaper is not None:
        assert wins(0, margin.cheaper)
        assert not wins(0, margin.cheaper - 1)
    else:
        assert not wins(0, cost - 1)


def test_one_dear_project_gives_way_to_several() -> None:
    contest = envelope([60, 50, 50], 100)
    outcome = count(contest, singly([10, 7, 6]), LOT)
    assert outcome.winners == ("p1", "p2")
    dear = outcome.standing("p0")
    assert (dear.reason, dear.margin and dear.margin.votes) == ("not-in-optimum", 3)
    assert outcome.standing("p2").margin is not None
    here = election(contest)
    said = [explain_project(here, contest, outcome, standing) for standing in outcome.standings]
    french, english = (
        [text.in_language(language).replace("\u00a0", " ") for text in said]
        for language in ("fr", "en")
    )
    assert "réunissent 13 voix ; avec lui, le meilleur choix possible en aurait 3" in french[0]
    assert "with it, the best possible choice would have had 3 votes fewer" in english[0]
    assert "the best without it would have 3 votes fewer" in english[1]


def test_what_costs_more_than_the_envelope_or_has_no_votes() -> None:
    contest = envelope([120, 50, 50], 100, {"maximum_cost_share": "1"})
    outcome = count(contest, singly([10, 7, 0]), LOT)
    assert [outcome.standing(f"p{n}").reason for n in range(3)] == [
        "above-cost-cap",
        "in-optimum",
        "below-minimum-votes",
    ]
    outcome = count(envelope([120, 50, 50], 100), singly([10, 7, 0]), LOT)
    first = outcome.standing("p0")
    assert first.reason == "does-not-fit"
    assert first.margin is not None
    assert (first.margin.votes, first.margin.cheaper) == (None, 20)
    assert count(envelope([5], 4), Profile.of({}), LOT).winners == ()


@pytest.mark.parametrize(
    ("projects", "counted"), [(200, decide), (40, count)], ids=["decide", "count"]
)
@pytest.mark.parametrize("tie", [("cost", "order"), ("order",)], ids=["cost", "order"])
def test_projects_of_equal_score_are_counted(
    projects: int, counted: Callable[..., Outcome], tie: tuple[str, ...]
) -> None:
    """Every set of as many cheap projects that fits is an optimum."""
    costs = [1_000 + 37 * n % 400 for n in range(projects)]
    budget = 500 * projects
    outcome = counted(envelope(costs, budget, tie=tie), singly([5] * projects), LOT)
    cheapest = sorted(costs)
    number = len(outcome.winners)
    assert sum(cheapest[:number]) <= budget < sum(cheapest[: number + 1])
    assert outcome.ties


FOLDER = os.environ.get("SCRUTIN_PABULIB", "")
SIZES = {  # Projects, and the time that the whole count may take on a busy machine.
    "France_Toulouse_2022": (199, 5),
    "Hungary_Budapest_2024": (175, 5),
    "Poland_Wroclaw_2015_150_-_500": (197, 5),
}


@pytest.mark.skipif(
    not FOLDER, reason="real .pb files are not here: set SCRUTIN_PABULIB to a folder of them"
)
@pytest.mark.parametrize("name", SIZES)
def test_real_elections_are_counted_in_seconds(name: str) -> None:
    instance = pabulib.read_counted((Path(FOLDER) / f"{name}.pb").read_bytes().decode())
    contest = replace(instance.envelope, rule=CountingRule.of("knapsack-optimum", {}))
    begin = time.process_time()
    outcome = count(contest, instance.profile, LOT)
    projects, seconds = SIZES[name]
    assert time.process_time() - begin < seconds
    assert len(outcome.standings) == projects
    support = support_of(contest, instance.profile)
    costs = [project.cost for project in contest.projects]
    unit = gcd(*costs)
    total = sum(int(standing.score) for standing in outcome.standings if standing.won)
    if contest.budget // unit <= 10_000:
        items = [(cost // unit, score) for cost, score in zip(costs, support.score, strict=True)]
        assert table(items, contest.budget // unit) == total
    greedy = replace(contest, rule=CountingRule.of("greedy", {"on_misfit": "skip"}))
    by_votes = rules.envelope_rule(greedy).count(greedy, instance.profile, LOT)
    assert total > sum(int(standing.score) for standing in by_votes.standings if standing.won)
    assert all(int(str(step.detail["bound"])) >= total for step in outcome.steps)


def test_the_rule_is_read_back_in_both_languages() -> None:
    for form in (Approval(minimum=1, maximum=3), POINTS):
        contest = envelope(
            [5, 5, 3], 8, {"minimum_votes": 2, "maximum_cost_share": "4/5"}, form=form
        )
        assert rules.check(contest) == []
        here = election(contest)
        unit = "voix" if form.type == "approval" else "points"
        assert f"le plus de {unit}" in " ".join(rules.describe(contest, here, "fr"))
        assert "fit into the envelope" in " ".join(rules.describe(contest, here, "en"))
        for language in ("fr", "en"):
            assert len(rules.example(contest, here, language)) >= 7


def test_parameters_and_forms_are_refused_by_name() -> None:
    for parameters, path in (
        ({"on_misfit": "skip"}, "on_misfit"),
        ({"fixed_winners": 2}, "fixed_winners"),
        ({"minimum_votes": 0}, "minimum_votes"),
        ({"maximum_cost_share": "3/2"}, "maximum_cost_share"),
    ):
        faults = check(envelope([1], 1, parameters))
        assert [path in fault.path for fault in faults] == [True], faults
    grades = Grades(labels=(words("a"), words("b")), default=1)
    (fault,) = rules.check(envelope([1], 1, form=grades))
    assert fault.path == "form.type"
    nothing = Scores(minimum=0, maximum=0, minimum_projects=1, maximum_projects=None)
    assert [fault.path for fault in check(envelope([1], 1, form=nothing))] == ["form.maximum"]
