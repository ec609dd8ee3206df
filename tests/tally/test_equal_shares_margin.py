"""Margins under Equal Shares, against whole counts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tally import rules
from tally.election import Approval, CountingRule, Envelope, Points, Project
from tally.mark import Choice
from tally.outcome import Outcome
from tally.profile import Profile
from tally.rules import equal_shares_border, equal_shares_margin, equal_shares_poll
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import words

PLACES = 12
BUDGET = 40_000
HOWS: Mapping[str, dict[str, Any]] = {
    "plain": {"raise": "none", "fill": "none"},
    "plain, filled": {"raise": "none", "fill": "greedy"},
    "add1": {"raise": "add1", "fill": "none"},
    "add1, filled, with bars": {
        "raise": "add1",
        "fill": "greedy",
        "minimum_votes": 60,
        "maximum_cost_share": "9/20",
    },
    "points": {"raise": "add1", "fill": "greedy", "utility": "points"},
    "cardinality": {"raise": "add1", "fill": "none", "utility": "cardinality"},
}


def town(seed: int, how: str) -> tuple[Envelope, dict[Choice, int]]:
    """Some hundred ballots on a dozen projects that cost about three times the envelope."""
    draws = np.random.default_rng(seed)
    parameters = {"utility": "cost"} | HOWS[how]
    if parameters["raise"] == "add1":
        parameters["increment"] = 5
    points = parameters["utility"] == "points"
    names = [f"p{place:02}" for place in range(PLACES)]
    ballots: dict[Choice, int] = {}
    for _ in range(150):
        marked = sorted(draws.choice(PLACES, int(draws.integers(1, 5)), replace=False).tolist())
        choice = tuple(
            (names[place], int(draws.integers(1, 4)) if points else 1) for place in marked
        )
        ballots[choice] = ballots.get(choice, 0) + int(draws.integers(1, 3))
    form = (
        Points(total=99, cap=3, minimum_projects=1, maximum_projects=None, minimum_total=1)
        if points
        else Approval(minimum=1, maximum=PLACES)
    )
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=BUDGET,
        form=form,
        rule=CountingRule.of("equal-shares", parameters),
        tie_break=("votes", "cost", "order"),
        projects=tuple(
            Project(
                id=name,
                title=words(name),
                description=words(name),
                cost=int(draws.integers(20, 200)) * 100,
            )
            for name in names
        ),
    ), ballots


def counted(envelope: Envelope, ballots: dict[Choice, int], *, margins: bool = True) -> Outcome:
    assert rules.check(envelope) == []
    rule = rules.envelope_rule(envelope)
    action = rule.count if margins or rule.decide is None else rule.decide
    return action(envelope, Profile.of(ballots), lot_keys(b"", "e"))


def with_cost(envelope: Envelope, project: str, less: int) -> Envelope:
    return replace(
        envelope,
        projects=tuple(
            replace(each, cost=each.cost - less) if each.id == project else each
            for each in envelope.projects
        ),
    )


@pytest.mark.parametrize("how", HOWS)
def test_a_border_in_a_town(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With so many more it wins, with one fewer not; so with a lower cost; a winner wins costing so
    much more, and not a unit more; and the same without NumPy."""
    found = 0
    for seed in range(2):
        envelope, ballots = town(seed, how)
        outcome = counted(envelope, ballots)
        with monkeypatch.context() as patch:
            patch.setattr(equal_shares_poll, "np", None)
            assert counted(envelope, ballots) == outcome
        for standing in outcome.standings:
            margin = standing.margin
            assert margin is not None
            if standing.won:
                assert margin.dearer is not None
                for cost in (margin.dearer, margin.dearer + 1):
                    changed = with_cost(envelope, standing.project, -cost)
                    won = counted(changed, ballots, margins=False).standing(standing.project).won
                    assert won is (cost == margin.dearer), (standing.project, cost)
                    found += 1
                continue
            for votes in () if margin.votes is None else (margin.votes, margin.votes - 1):
                own: Choice = ((standing.project, margin.each),)
                more = ballots | {own: ballots.get(own, 0) + votes}
                more = {choice: number for choice, number in more.items() if number}
                won = counted(envelope, more, margins=False).standing(standing.project).won
                assert won is (votes == margin.votes), (standing.project, votes)
                found += 1
            for less in () if margin.cheaper is None else (margin.cheaper, margin.cheaper - 1):
                changed = with_cost(envelope, standing.project, less)
                won = counted(changed, ballots, margins=False).standing(standing.project).won
                assert won is (less == margin.cheaper), (standing.project, less)
                found += 1
    assert found >= 20


def test_where_it_would_take_too_long_only_votes_or_nothing_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    envelope, ballots = town(0, "add1")
    whole = [each.margin for each in counted(envelope, ballots).standings if not each.won]
    monkeypatch.setattr(equal_shares_margin, "MOST_WITH_COST", 0)
    votes = [each.margin for each in counted(envelope, ballots).standings if not each.won]
    assert [margin and (margin.votes, None) for margin in whole] == [
        margin and (margin.votes, margin.cheaper) for margin in votes
    ]
    assert any(margin and margin.cheaper for margin in whole)
    monkeypatch.setattr(equal_shares_margin, "MOST_WORK", 0)
    assert all(each.margin is None for each in counted(envelope, ballots).standings)


@pytest.mark.parametrize("likely", [1, 3, 4, 5, 17, 40])
@pytest.mark.parametrize("winning", [range(4, 99), range(1, 99), [9, 30, 31], []])
def test_a_border_near(likely: int, winning: Any) -> None:
    def wins(number: int) -> bool:
        assert 0 < number < 99
        return number in winning

    found = equal_shares_border.border_near(wins, likely, 98)
    if found is None:
        assert 98 not in winning
    else:
        assert found in winning
        assert found - 1 not in winning
