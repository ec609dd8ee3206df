"""Sequential Phragmén: by definition, against another library, margins, and invariance."""

from collections import Counter
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tally import rules
from tally.election import CountingRule, Envelope, Project
from tally.explain import explain_project
from tally.form import Approval
from tally.outcome import Outcome, replay
from tally.profile import Profile
from tally.rules import phragmen_run
from tally.rules.phragmen import check, count
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import election, words

Ballots = dict[tuple[tuple[str, int], ...], int]


def envelope(
    costs: list[int], budget: int, parameters: dict[str, Any], tie: tuple[str, ...] = ("order",)
) -> Envelope:
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=budget,
        form=Approval(minimum=1, maximum=len(costs)),
        rule=CountingRule.of("phragmen", parameters),
        tie_break=tie,
        projects=tuple(
            Project(id=f"p{n}", title=words("p"), description=words("p"), cost=cost)
            for n, cost in enumerate(costs)
        ),
    )


def counted(contest: Envelope, ballots: Ballots) -> Outcome:
    return count(contest, Profile.of(ballots), lot_keys(b"", "e"))


def by_definition(contest: Envelope, ballots: Ballots) -> list[str]:
    """The winners, ballot by ballot, in nothing but the words of the definition."""
    parameters = contest.rule.parameters
    loads = [(dict(choice), Fraction(0)) for choice, n in ballots.items() for _ in range(n)]
    waiting = {}
    for place, project in enumerate(contest.projects):
        votes = sum(project.id in names for names, _ in loads)
        if votes >= max(1, int(str(parameters.get("minimum_votes", 1)))):
            waiting[project.id] = (project.cost, place, votes)
    left, winners = contest.budget, []
    while waiting:
        keys = []
        for name, (cost, place, votes) in waiting.items():
            load = (cost + sum(v for names, v in loads if name in names)) / Fraction(votes)
            order: dict[str, int] = {"order": place, "cost": cost, "expensive": -cost}
            order["votes"] = -votes
            keys.append((load, [order[c] for c in contest.tie_break], name))
        load, _, name = min(keys)
        cost = waiting.pop(name)[0]
        if cost <= left:
            left -= cost
            winners.append(name)
            loads = [(names, load if name in names else v) for names, v in loads]
        elif parameters["on_misfit"] == "stop":
            break
    return winners


@st.composite
def cases(draw: st.DrawFn) -> tuple[Envelope, Ballots]:
    costs = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    parameters: dict[str, Any] = {"on_misfit": draw(st.sampled_from(["skip", "stop"]))}
    if draw(st.booleans()):
        parameters["minimum_votes"] = draw(st.integers(1, 3))
    names = [f"p{n}" for n in range(len(costs))]
    choice = st.sets(st.sampled_from(names), min_size=1).map(
        lambda chosen: tuple((name, 1) for name in sorted(chosen))
    )
    ballots = draw(st.dictionaries(choice, st.integers(1, 4), max_size=6))
    first = draw(st.sampled_from(["votes", "cost", "expensive", "order"]))
    tie = (first,) if first == "order" else (first, "order")
    budget = draw(st.integers(1, 25))
    return envelope(costs, budget, parameters, tie), ballots


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_winners_are_those_of_the_definition(case: tuple[Envelope, Ballots]) -> None:
    contest, ballots = case
    outcome = counted(contest, ballots)
    assert list(outcome.winners) == by_definition(contest, ballots)
    again = replay(contest.budget, outcome.steps)
    assert (again.winners, again.left) == (outcome.winners, outcome.left)
    positions = sorted(standing.position for standing in outcome.standings)
    assert positions == list(range(1, len(contest.projects) + 1))


def cheaper(contest: Envelope, name: str, less: int) -> Envelope:
    costs = [p.cost - less * (p.id == name) for p in contest.projects]
    return envelope(costs, contest.budget, dict(contest.rule.parameters), contest.tie_break)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_margins_are_exact(case: tuple[Envelope, Ballots]) -> None:
    contest, ballots = case
    for standing in counted(contest, ballots).standings:
        name, margin = standing.project, standing.margin
        assert margin is not None
        only = ((name, 1),)

        def wins(k: int, only: Any = only, name: str = name) -> bool:
            more = Counter(ballots)
            more[only] += k
            return name in by_definition(contest, dict(more))

        def wins_cheaper(less: int, name: str = name) -> bool:
            return name in by_definition(cheaper(contest, name, less), ballots)

        if standing.won:
            assert margin.safe is not None
            for k in range(1, ballots.get(only, 0) + 1):
                assert wins(-k) == (k <= margin.safe)
            continue
        if margin.votes is None:
            assert not wins(60)
        else:
            assert wins(margin.votes)
            assert not wins(margin.votes - 1)
        cost = contest.project(name).cost
        smallest = next((d for d in range(1, cost) if wins_cheaper(d)), None)
        assert margin.cheaper == smallest


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(2, 1000))
def test_money_units_and_arithmetic_do_not_matter(
    case: tuple[Envelope, Ballots], unit: int
) -> None:
    contest, ballots = case
    larger = envelope(
        [p.cost * unit for p in contest.projects],
        contest.budget * unit,
        dict(contest.rule.parameters),
        contest.tie_break,
    )
    outcome = counted(contest, ballots)
    assert counted(larger, dict(reversed(ballots.items()))).winners == outcome.winners
    before = phragmen_run.RATIO
    try:
        phragmen_run.RATIO = Fraction
        assert counted(contest, ballots) == outcome
    finally:
        phragmen_run.RATIO = before


def test_nobody_loses_by_so_many_ballots_whichever() -> None:
    contest = envelope([4, 3, 3], 7, {"on_misfit": "skip"})
    ballots: Ballots = {(("p0", 1), ("p1", 1)): 3, (("p0", 1),): 2, (("p2", 1),): 2}
    standing = counted(contest, ballots).standing("p0")
    assert standing.margin is not None
    safe = standing.margin.safe
    assert safe is not None
    assert safe > 0
    for both in range(min(safe, 3) + 1):
        alone = safe - both
        if alone <= 2:
            fewer: Ballots = {
                (("p0", 1), ("p1", 1)): 3 - both,
                (("p1", 1),): both,
                (("p0", 1),): 2 - alone,
                (("p2", 1),): 2,
            }
            assert "p0" in counted(contest, fewer).winners


def test_the_loads_stand_in_the_steps_to_six_decimals() -> None:
    ballots: Ballots = {(("p0", 1), ("p1", 1)): 7, (("p2", 1),): 3, (("p3", 1),): 1}
    for rule, loads in (
        ("skip", ["5.714285", "10.000000", "11.428571", "30.000000"]),
        ("stop", ["5.714285", "10.000000", "11.428571", "30.000000"]),
    ):
        outcome = counted(envelope([40, 40, 30, 30], 100, {"on_misfit": rule}), ballots)
        assert [step.project for step in outcome.steps] == ["p0", "p2", "p1", "p3"]
        assert [step.detail["load"] for step in outcome.steps] == loads


def test_a_tie_says_whether_it_decided() -> None:
    tied: Ballots = {(("p0", 1),): 2, (("p1", 1),): 2}
    (tie,) = counted(envelope([5, 5], 5, {"on_misfit": "skip"}), tied).ties
    assert (tie.order, tie.criterion, tie.decisive) == (("p0", "p1"), "order", True)
    (tie,) = counted(envelope([5, 5], 10, {"on_misfit": "skip"}), tied).ties
    assert not tie.decisive


def test_the_rule_is_read_back_and_explained_in_both_languages() -> None:
    contest = envelope([5, 5, 3], 8, {"on_misfit": "stop", "minimum_votes": 2})
    assert rules.check(contest) == []
    here = election(contest)
    outcome = counted(contest, {(("p0", 1),): 3, (("p1", 1),): 2, (("p2", 1),): 1})
    french, english = (
        " ".join(rules.describe(contest, here, language)) for language in ("fr", "en")
    )
    assert "charge" in french
    assert "the least load" in english
    for language in ("fr", "en"):
        assert len(rules.example(contest, here, language)) >= 7
    said = [
        explain_project(here, contest, outcome, standing).in_language("en")
        for standing in outcome.standings
    ]
    assert "on whichever ballots" in said[0]
    assert "The count ends at the first project" in said[1]
    assert "at least 2 were needed" in said[2]


def test_parameters_are_refused_by_name() -> None:
    for parameters, path in (
        ({"on_misfit": "skip", "fixed_winners": 2}, "fixed_winners"),
        ({"on_misfit": "part-fund"}, "on_misfit"),
        ({}, "on_misfit"),
        ({"on_misfit": "skip", "minimum_votes": -1}, "minimum_votes"),
    ):
        faults = check(envelope([1], 1, parameters))
        assert [path in fault.path for fault in faults] == [True], faults
