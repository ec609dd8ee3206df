"""Sequential Phragmén as pabutools counts it with exact fractions, on generated elections.

Two differences are known and said in docs/rules.md. pabutools ends the count before any of several
equal projects is bought if one of them does not fit; here the first in order is bought if it fits.
And pabutools buys projects that nobody named, at the end; here they never come.
"""

from collections.abc import Iterator
from typing import Any

import pabutools.fractions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pabutools.election import ApprovalBallot, ApprovalProfile, Instance, Project
from pabutools.rules import sequential_phragmen
from pabutools.tiebreaking import TieBreakingRule

from tally.election import Envelope
from tally.rules import phragmen, phragmen_ledger
from tally.rules.phragmen_run import Course, play
from tests.tally.test_phragmen import Ballots, counted, envelope

STOP = {"on_misfit": "stop", "maximum_cost_share": "1"}
"""pabutools never considers a project that costs more than the envelope."""


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """pabutools in rationals, whatever its default is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pabutools.fractions, "FRACTION", "gmpy2")
        yield


def course_of(contest: Envelope, ballots: Ballots) -> Course:
    """Every round of a count, with who was equal in it."""
    found: list[Course] = []

    def noted(*given: Any, **named: Any) -> Course:
        found.append(play(*given, **named))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phragmen, "play", noted)
        patch.setattr(phragmen_ledger, "ARRAYS", False)
        counted(contest, ballots)
    return found[0]


def theirs(contest: Envelope, ballots: Ballots) -> set[str]:
    """The winners of pabutools that somebody named, equal ones in listed order."""
    projects = {each.id: Project(each.id, each.cost) for each in contest.projects}
    listed = list(projects)
    named = {name for choice in ballots for name, _ in choice}
    winners = sequential_phragmen(
        Instance(projects.values(), budget_limit=contest.budget),
        ApprovalProfile(
            ApprovalBallot(projects[name] for name, _ in choice)
            for choice, number in ballots.items()
            for _ in range(number)
        ),
        tie_breaking=TieBreakingRule(lambda _, __, project: listed.index(project.name)),
    )
    return {project.name for project in winners} & named


def expected(contest: Envelope, course: Course) -> tuple[set[str], bool]:
    """Our winners up to the first round in which an equal project does not fit; and whether we
    bought one there."""
    costs = [project.cost for project in contest.projects]
    found: set[str] = set()
    for at in course.rounds:
        if any(costs[place] > at.left for place in at.tied):
            return found, at.fits
        if at.fits:
            found.add(contest.projects[at.place].id)
    return found, False


@st.composite
def elections(draw: st.DrawFn) -> tuple[Envelope, Ballots]:
    """Up to eight projects of few different costs, so that many loads are equal."""
    costs = draw(st.lists(st.sampled_from([1, 2, 2, 3, 4, 6, 30]), min_size=1, max_size=8))
    names = [f"p{n}" for n in range(len(costs))]
    choice = st.sets(st.sampled_from(names), min_size=1, max_size=4).map(
        lambda chosen: tuple((name, 1) for name in sorted(chosen))
    )
    ballots = draw(st.dictionaries(choice, st.integers(1, 4), min_size=1, max_size=9))
    return envelope(costs, draw(st.integers(1, 25)), STOP), ballots


@settings(max_examples=200, deadline=None)
@given(elections())
def test_the_winners_are_those_of_pabutools_but_for_a_tie_with_a_misfit(
    case: tuple[Envelope, Ballots],
) -> None:
    contest, ballots = case
    winners, _ = expected(contest, course_of(contest, ballots))
    assert theirs(contest, ballots) == winners


def test_an_equal_project_that_does_not_fit_ends_their_count_before_ours() -> None:
    contest = envelope([2, 4], 3, {"on_misfit": "stop"})
    ballots: Ballots = {(("p0", 1),): 1, (("p1", 1),): 2}
    # Both would lead to a load of 2; with the cap p1 would not compete in either.
    assert counted(contest, ballots).winners == ("p0",)
    capped = envelope([2, 2, 4], 5, STOP)
    three: Ballots = {(("p0", 1),): 1, (("p1", 1),): 1, (("p2", 1),): 2}
    assert counted(capped, three).winners == ("p0", "p1")
    assert theirs(capped, three) == {"p0"}
    winners, bought = expected(capped, course_of(capped, three))
    assert (winners, bought) == ({"p0"}, True)


def test_projects_that_nobody_named_win_there_and_not_here() -> None:
    contest = envelope([2, 2], 5, STOP)
    projects = [Project("p0", 2), Project("p1", 2)]
    given = sequential_phragmen(
        Instance(projects, budget_limit=5), ApprovalProfile([ApprovalBallot([projects[0]])])
    )
    assert {project.name for project in given} == {"p0", "p1"}
    assert counted(contest, {(("p0", 1),): 1}).winners == ("p0",)
