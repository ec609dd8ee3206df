"""Margins of sequential Phragmén found in binary fractions are those found in exact ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.election import Envelope
from tally.outcome import Outcome
from tally.rules import phragmen_accounts, phragmen_ledger, phragmen_nearness
from tests.tally.test_phragmen import Ballots, counted, envelope

COARSE = 2**-10
"""A bound so wide that nearly everything has to be compared exactly."""


@contextmanager
def plainly() -> Iterator[None]:
    """As where NumPy is missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phragmen_ledger, "ARRAYS", False)
        yield


def alike(contest: Envelope, ballots: Ballots) -> Outcome:
    """The outcome, the same in three ways."""
    outcome = counted(contest, ballots)
    with plainly():
        assert counted(contest, ballots) == outcome
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phragmen_accounts, "ROUND", COARSE)
        assert counted(contest, ballots) == outcome
    return outcome


@st.composite
def larger_cases(draw: st.DrawFn) -> tuple[Envelope, Ballots]:
    """Ten projects, some of equal cost, and up to thousands of ballots."""
    costs = draw(st.lists(st.sampled_from([3, 40, 41, 500, 997]), min_size=2, max_size=10))
    names = [f"p{n}" for n in range(len(costs))]
    choice = st.sets(st.sampled_from(names), min_size=1).map(
        lambda chosen: tuple((name, 1) for name in sorted(chosen))
    )
    ballots = draw(
        st.dictionaries(choice, st.sampled_from([1, 1, 2, 60, 4_001]), min_size=1, max_size=12)
    )
    parameters: dict[str, Any] = {"on_misfit": draw(st.sampled_from(["skip", "stop"]))}
    if draw(st.booleans()):
        parameters["maximum_cost_share"] = draw(st.sampled_from(["1/2", "1"]))
    if draw(st.booleans()):
        parameters["minimum_votes"] = draw(st.integers(1, 70))
    first = draw(st.sampled_from(["votes", "cost", "expensive"]))
    budget = draw(st.integers(1, sum(costs) + 1))
    return envelope(costs, budget, parameters, (first, "order")), ballots


@settings(max_examples=250, deadline=None)
@given(larger_cases())
def test_binary_fractions_change_nothing(case: tuple[Envelope, Ballots]) -> None:
    outcome = alike(*case)
    assert all(standing.margin is not None for standing in outcome.standings)


def test_loads_closer_than_any_binary_fraction_are_told_apart() -> None:
    big = 9_007_199_254_740_991
    for cost in (big - 3, big - 2, big - 1):
        contest = envelope([big - 2, cost], big, {"on_misfit": "skip"})
        outcome = alike(contest, {(("p0", 1),): 1, (("p1", 1),): 1})
        assert outcome.winners == (("p1",) if cost < big - 2 else ("p0",))
        winner, loser = sorted(outcome.standings, key=lambda standing: not standing.won)
        assert (winner.margin.safe, loser.margin.votes) == (0, 1)  # type: ignore[union-attr]


def test_loads_equal_by_different_purchases_are_a_tie() -> None:
    # p0 and p1 lead to a third of a unit; one ballot of p2 then carries the first, of p3 the other.
    contest = envelope([1, 2, 5, 5], 8, {"on_misfit": "skip"})
    ballots: Ballots = {
        (("p0", 1), ("p2", 1)): 1,
        (("p0", 1),): 2,
        (("p1", 1), ("p3", 1)): 1,
        (("p1", 1),): 5,
        (("p2", 1),): 1,
        (("p3", 1),): 1,
    }
    outcome = alike(contest, ballots)
    assert outcome.winners == ("p0", "p1", "p2")
    assert [(tie.order, tie.decisive) for tie in outcome.ties] == [
        (("p0", "p1"), False),
        (("p2", "p3"), True),
    ]
    (last,) = (step for step in outcome.steps if step.project == "p3")
    assert last.detail["load"] == "2.666666"


def test_a_count_that_would_take_too_long_has_no_margins_of_winners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contest = envelope([4, 3, 3], 7, {"on_misfit": "skip"})
    ballots: Ballots = {(("p0", 1), ("p1", 1)): 3, (("p0", 1),): 2, (("p2", 1),): 2}
    whole = alike(contest, ballots)
    # Two winners, p0 and p2, on whose ballots there are 3 and 1 marks.
    assert whole.winners == ("p0", "p2")
    monkeypatch.setattr(phragmen_nearness, "MOST_WORK", 2 * (3 + 1))
    assert alike(contest, ballots) == whole
    monkeypatch.setattr(phragmen_nearness, "MOST_WORK", 2 * (3 + 1) - 1)
    less = alike(contest, ballots)
    assert [standing.margin for standing in less.standings] == [
        None if standing.won else standing.margin for standing in whole.standings
    ]
    assert (less.winners, less.steps, less.ties) == (whole.winners, whole.steps, whole.ties)
