"""Equal Shares against its definition, with and without NumPy and gmpy2, and its completions."""

from array import array
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import canonical, rules
from tally.election import CountingRule, Envelope, Project
from tally.form import Approval
from tally.mark import Choice
from tally.outcome import Outcome, replay
from tally.profile import Profile
from tally.rules import equal_shares_completion as completion
from tally.rules import equal_shares_poll, equal_shares_purse
from tally.rules.equal_shares_completion import Shares
from tally.rules.equal_shares_parameters import SharesParameters
from tally.rules.equal_shares_purse import Supporters, open_purse
from tally.rules.equal_shares_run import Candidate, Run, run
from tally.tiebreak import lot_keys
from tests.tally.equal_shares_oracle import Bought, Listed, equal_shares
from tests.tally.greedy_oracle import words

MILLIARD = 10**9


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Fraction, list[int], list[Listed]]:
    """A start, the ballots of each group, and projects; amounts of any size, many nearly equal."""
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    unit = draw(st.sampled_from([1, 1, 1, MILLIARD]))
    by_cost, points = draw(st.booleans()), draw(st.booleans())
    projects = []
    for place in range(draw(st.integers(1, 7))):
        groups = draw(st.sets(st.integers(0, len(counts) - 1)))
        cost = draw(st.integers(0, 60)) * unit + draw(st.integers(0, 1))
        projects.append(
            Listed(
                place=place,
                cost=cost,
                utility={g: draw(st.integers(1, 3)) if points else 1 for g in sorted(groups)},
                scale=max(cost, 1) if by_cost and not points else 1,
            )
        )
    start = Fraction(draw(st.integers(0, 80)) * unit, draw(st.sampled_from([1, 1, 3, 7])))
    return start, counts, projects


def ours(
    start: Fraction, counts: list[int], projects: list[Listed], *, arrays: bool
) -> tuple[list[Bought], list[Fraction]]:
    candidates = []
    for project in projects:
        groups: Any = list(project.utility)
        utility: Any = list(project.utility.values())
        weight = sum(counts[g] for g in groups)
        total = sum(counts[g] * u for g, u in project.utility.items())
        if arrays:
            groups, utility = np.array(groups, dtype=np.int64), np.array(utility, dtype=np.int64)
        even = set(project.utility.values()) <= {1}
        candidates.append(
            Candidate(
                place=project.place,
                cost=project.cost,
                who=Supporters(
                    groups=groups, utility=None if even else utility, weight=weight, total=total
                ),
                scale=project.scale,
                key=(project.place,),
            )
        )
    purse = open_purse(start, np.array(counts) if arrays else counts)
    found = run(candidates, purse)
    assert isinstance(found, Run)
    bought = [
        Bought(
            place=each.place,
            price=Fraction(each.price),
            payers=each.payers,
            in_full=each.in_full,
            tied=each.tied,
        )
        for each in found.purchases
    ]
    return bought, [Fraction(purse.left(group)) for group in range(len(counts))]


@pytest.mark.parametrize("arrays", [False, True], ids=["lists", "arrays"])
@settings(max_examples=250)
@given(world=worlds())
def test_it_does_what_the_definition_says(
    arrays: bool, world: tuple[Fraction, list[int], list[Listed]]
) -> None:
    assert ours(*world, arrays=arrays) == equal_shares(*world)


def test_rates_that_differ_in_the_last_place_are_told_apart() -> None:
    """Two projects whose rates differ by one part in 10^24: binary fractions cannot see it."""
    big = 10**12
    projects = [
        Listed(place=0, cost=big, utility={0: 1, 1: 1}, scale=1),
        Listed(place=1, cost=big - 1, utility={1: 1, 2: 1}, scale=1),
        Listed(place=2, cost=3, utility={2: 1}, scale=1),
    ]
    for arrays in (False, True):
        bought, _ = ours(Fraction(big), [1, 1, 1], projects, arrays=arrays)
        assert [each.place for each in bought] == [2, 1, 0]


def fraction_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(equal_shares_purse, "RATIO", Fraction)
    patch.setattr(completion, "RATIO", Fraction)


def lists_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(equal_shares_poll, "np", None)


# -- whole envelopes ------------------------------------------------------------------------------


def envelope(costs: dict[str, int], budget: int, **parameters: Any) -> Envelope:
    given = {"utility": "cost", "raise": "none", "fill": "none"} | parameters
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=budget,
        form=Approval(minimum=1, maximum=len(costs)),
        rule=CountingRule.of("equal-shares", given),
        tie_break=("cost", "lot"),
        projects=tuple(
            Project(id=name, title=words(name), description=words(name), cost=cost)
            for name, cost in costs.items()
        ),
    )


def counted(contest: Envelope, ballots: dict[str, int]) -> Outcome:
    assert rules.check(contest) == []
    choices: dict[Choice, int] = {
        tuple((name, 1) for name in names): number for names, number in ballots.items()
    }
    rule = rules.envelope_rule(contest)
    return rule.count(contest, Profile.of(choices), lot_keys(b"seed", "e"))


NAMES = "abcdef"
elections = st.tuples(
    st.lists(st.integers(0, 60), min_size=2, max_size=6),
    st.integers(10, 160),
    st.dictionaries(
        st.sets(st.sampled_from(NAMES), min_size=1).map(lambda names: "".join(sorted(names))),
        st.integers(1, 4),
        min_size=1,
        max_size=8,
    ),
)
completions = st.fixed_dictionaries(
    {
        "utility": st.sampled_from(["cost", "cardinality"]),
        "fill": st.sampled_from(["none", "greedy", "phragmen"]),
        "comparison": st.booleans(),
        "raise": st.sampled_from(["none", "add1", "add1-exhaustive"]),
    }
)


def prepared(
    drawn: tuple[list[int], int, dict[str, int]], how: dict[str, Any], unit: int = 1
) -> tuple[Envelope, dict[str, int]]:
    costs, budget, ballots = drawn
    names = NAMES[: len(costs)]
    held = {"".join(name for name in chosen if name in names): n for chosen, n in ballots.items()}
    held.pop("", None)
    how = how | ({} if how["raise"] == "none" else {"increment": unit})
    listed = {name: cost * unit for name, cost in zip(names, costs, strict=True)}
    return envelope(listed, budget * unit, **how), held


@settings(max_examples=60)
@given(drawn=elections, how=completions)
def test_every_outcome_replays_and_is_the_same_in_any_arithmetic(
    drawn: tuple[list[int], int, dict[str, int]], how: dict[str, Any]
) -> None:
    contest, ballots = prepared(drawn, how)
    outcome = counted(contest, ballots)
    played = replay(contest.budget, outcome.steps)
    assert played.winners == outcome.winners
    assert played.left == outcome.left >= 0
    for step in outcome.steps:
        canonical.encode(step.to_value())
    backwards = replace(contest, projects=tuple(reversed(contest.projects)))
    assert counted(backwards, ballots).winners == outcome.winners
    costs, budget, held = drawn
    sevenfold, _ = prepared((costs, budget, held), how, 7)
    assert counted(sevenfold, ballots).winners == outcome.winners
    for arithmetic in (fraction_only, lists_only):
        with pytest.MonkeyPatch.context() as patch:
            arithmetic(patch)
            assert counted(contest, ballots) == outcome


@settings(max_examples=120)
@given(data=st.data())
def test_leaps_end_where_single_increments_do(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 8))
    places = data.draw(st.integers(1, 6))
    supporters = [data.draw(st.sets(st.integers(0, groups - 1))) for _ in range(places)]
    counts = array("l", [data.draw(st.integers(1, 4)) for _ in range(groups)])
    poll = equal_shares_poll._poll(
        counts,
        [array("l", sorted(each)) for each in supporters],
        [array("l", [1] * len(each)) for each in supporters],
        "cost",
        plain=data.draw(st.booleans()),
    )
    costs = tuple(data.draw(st.integers(0, 500)) for _ in range(places))
    budget = data.draw(st.integers(20, 900))
    shares = Shares(
        parameters=SharesParameters(
            utility="cost",
            raises=data.draw(st.sampled_from(["add1", "add1-exhaustive"])),
            fill="none",
            increment=data.draw(st.sampled_from([1, 3])),
        ),
        poll=poll,
        costs=costs,
        keys=tuple((0, place) for place in range(places)),
        places=tuple(p for p in range(places) if poll.votes[p] and costs[p] <= budget),
        budget=budget,
    )
    start, found, _ = completion._raised(shares)
    increment = shares.parameters.increment
    slow = Fraction(budget // (poll.ballots * increment) * increment)
    kept = completion._bought(shares, slow)
    assert kept is not None
    while len(kept.purchases) < len(shares.places):
        left = budget - sum(costs[place] for place in kept.winners)
        rest = set(shares.places) - set(kept.winners)
        if shares.parameters.raises != "add1" and all(costs[place] > left for place in rest):
            break
        higher = completion._bought(shares, slow + increment, most=budget)
        if higher is None:
            break
        slow, kept = slow + increment, higher
    assert start == slow
    assert found.purchases == kept.purchases


@settings(max_examples=60)
@given(drawn=elections, how=completions)
def test_a_margin_is_a_border(
    drawn: tuple[list[int], int, dict[str, int]], how: dict[str, Any]
) -> None:
    contest, ballots = prepared(drawn, how)
    for standing in counted(contest, ballots).standings:
        if standing.margin is None or standing.margin.votes is None:
            continue
        for added, wins in ((standing.margin.votes, True), (standing.margin.votes - 1, False)):
            more = dict(ballots)
            more[standing.project] = more.get(standing.project, 0) + added
            more = {names: number for names, number in more.items() if number}
            assert counted(contest, more).standing(standing.project).won is wins


def test_every_ballot_is_asked_which_outcome_it_prefers() -> None:
    """Also those that have no winner on one side."""
    costs = {"a": 60, "b": 40, "c": 30}
    contest = envelope(costs, 100, comparison=True, fill="greedy")
    outcome = counted(contest, {"a": 4, "bc": 3})
    detail = outcome.steps[0].detail
    assert (detail["prefer_shares"], detail["prefer_votes"]) != (None, None)
    assert isinstance(detail["prefer_shares"], int)
    assert isinstance(detail["prefer_votes"], int)
    stands = counted(envelope(costs, 100, fill="greedy"), {"a": 4, "bc": 3})
    greedy = replace(contest, rule=CountingRule.of("greedy", {"on_misfit": "skip"}))
    by_votes = counted(greedy, {"a": 4, "bc": 3})
    expected = by_votes if detail["prefer_votes"] > detail["prefer_shares"] else stands
    assert set(outcome.winners) == set(expected.winners)


def test_one_project_that_costs_everything_and_all_want_is_bought() -> None:
    """61 voters, one project for exactly the budget: rounding alone would lose it."""
    outcome = counted(envelope({"a": 61_000_001, "b": 7}, 61_000_001), {"a": 61})
    assert outcome.winners == ("a",)
    assert outcome.left == 0


@pytest.mark.parametrize(
    ("parameters", "words_of_fault"),
    [
        ({"utility": "points"}, "no points on these ballots"),
        ({"utility": "ranks"}, "no ranks on these ballots"),
        ({"raise": "add1"}, "by how much a ballot's budget grows"),
        ({"increment": 5}, "nothing is raised"),
        ({"raise": "add2"}, "add2"),
        ({"lift": 1}, "lift"),
    ],
)
def test_parameters_that_contradict_are_refused(
    parameters: dict[str, Any], words_of_fault: str
) -> None:
    faults = rules.check(envelope({"a": 1}, 10, **parameters))
    assert any(words_of_fault in fault.message for fault in faults), faults
