"""Sequential Phragmén sees nothing but a multiset: no order, no grouping, no unit of money."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.election import Envelope
from tally.mark import Choice
from tally.outcome import Outcome
from tally.profile import Profile
from tally.rules import phragmen_ledger
from tally.rules.phragmen import count
from tally.tiebreak import lot_keys
from tests.tally.test_equal_shares_splitting import Apart
from tests.tally.test_phragmen import Ballots, counted, envelope
from tests.tally.test_phragmen_nearness import larger_cases

Case = tuple[Envelope, Ballots]


@st.composite
def permuted(draw: st.DrawFn) -> tuple[Case, Case]:
    """An envelope whose ties go to the lot, and it with its projects, ballots and the marks on
    them in another order."""
    contest, ballots = draw(larger_cases())
    contest = replace(contest, tie_break=draw(st.sampled_from([("votes", "lot"), ("lot",)])))
    order = draw(st.permutations(contest.projects))
    place = {project.id: n for n, project in enumerate(order)}
    other = {
        tuple(sorted(choice, key=lambda mark: place[mark[0]])): number
        for choice, number in draw(st.permutations(list(ballots.items())))
    }
    return (contest, ballots), (replace(contest, projects=tuple(order)), other)


def by_project(outcome: Outcome) -> dict[str, Any]:
    """All that an outcome says, without the order of the list of projects."""
    ties = [{**tie.to_value(), "projects": set(tie.projects)} for tie in outcome.ties]
    return {
        "winners": outcome.winners,
        "standings": {standing.project: standing for standing in outcome.standings},
        "steps": outcome.steps,
        "ties": ties,
        "left": outcome.left,
    }


@settings(max_examples=150, deadline=None)
@given(permuted())
def test_the_order_of_projects_and_ballots_does_not_matter(pair: tuple[Case, Case]) -> None:
    one, other = (by_project(counted(*case)) for case in pair)
    assert one == other


@pytest.mark.parametrize("arrays", [True, False], ids=["arrays", "plain"])
@settings(max_examples=75, deadline=None)
@given(case=larger_cases(), data=st.data())
def test_equal_ballots_may_stand_together_or_apart(
    case: Case, data: st.DataObject, arrays: bool
) -> None:
    contest, ballots = case
    parts: list[tuple[Choice, int]] = []
    for choice, number in ballots.items():
        here = data.draw(st.integers(1, number))
        parts += [(choice, part) for part in (here, number - here) if part]
    torn = Apart(choices=Profile.of(ballots).choices)
    object.__setattr__(torn, "parts", data.draw(st.permutations(parts)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phragmen_ledger, "ARRAYS", arrays)
        assert count(contest, torn, lot_keys(b"", "e")) == counted(contest, ballots)


@settings(max_examples=150, deadline=None)
@given(larger_cases(), st.integers(2, 10_000))
def test_the_unit_of_money_does_not_matter(case: Case, unit: int) -> None:
    contest, ballots = case
    larger = envelope(
        [project.cost * unit for project in contest.projects],
        contest.budget * unit,
        dict(contest.rule.parameters),
        contest.tie_break,
    )
    small, large = counted(contest, ballots), counted(larger, ballots)
    assert (small.winners, small.left * unit) == (large.winners, large.left)
    assert small.ties == large.ties
    for one, other in zip(small.standings, large.standings, strict=True):
        assert (one.reason, one.position) == (other.reason, other.position)
        assert one.margin is not None
        assert other.margin is not None
        assert (one.margin.votes, one.margin.safe) == (other.margin.votes, other.margin.safe)
        # The smallest reduction in finer units is no more, and less by less than a coarse unit.
        if one.margin.cheaper is not None and other.margin.cheaper is not None:
            assert (one.margin.cheaper - 1) * unit < other.margin.cheaper
            assert other.margin.cheaper <= one.margin.cheaper * unit
        else:
            assert one.margin.cheaper is None
