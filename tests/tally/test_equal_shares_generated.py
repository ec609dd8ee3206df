"""Equal Shares as pabutools counts it with exact fractions: plain and Add1, generated and real.

pabutools' ``voter_budget_increment`` is the exhaustive Add1, from the exact equal share. Ours
begins at the whole number of increments in it (docs/rules.md). So either the budget is a multiple
of the ballots, or pabutools is told to begin where ours does. The non-exhaustive Add1, which cities
use, is pabutools' own run repeated until the envelope is exceeded. pabutools lets a project compete
that costs more than the envelope; such projects are taken away before.
"""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pabutools.fractions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pabutools.election import (
    Additive_Cardinal_Sat,
    ApprovalBallot,
    ApprovalProfile,
    CardinalBallot,
    Cardinality_Sat,
    CardinalProfile,
    Cost_Sat,
    Instance,
    parse_pabulib,
)
from pabutools.election import Project as TheirProject
from pabutools.rules import method_of_equal_shares
from pabutools.rules.budgetallocation import BudgetAllocation
from pabutools.rules.mes.mes_rule import method_of_equal_shares_scheme
from pabutools.tiebreaking import TieBreakingRule

from tally.election import CountingRule
from tally.pabulib import read_counted
from tally.profile import Profile
from tally.rules.equal_shares import decide as decide_shares
from tally.tiebreak import lot_keys
from tests.tally.equal_shares_cases import Case, approving, cases, decide

FOLDER = os.environ.get("SCRUTIN_PABULIB", "")
SLOW = bool(os.environ.get("SCRUTIN_SLOW"))
MOST_BYTES = 60_000 if SLOW else 8_300
SATISFACTION = {
    "cost": Cost_Sat,
    "cardinality": Cardinality_Sat,
    "points": Additive_Cardinal_Sat,
}


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """pabutools in rationals, whatever its default is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pabutools.fractions, "FRACTION", "gmpy2")
        yield


class Theirs:
    """An election as pabutools sees it, equal projects in listed order."""

    def __init__(
        self, instance: Instance, profile: Any, utility: str, place: Callable[[str], int]
    ) -> None:
        limit = instance.budget_limit
        # Without those that cost more than the envelope, which do not compete with us.
        self.instance = Instance([p for p in instance if p.cost <= limit], budget_limit=limit)
        self.profile = profile
        self.satisfaction = SATISFACTION[utility]
        self.listed = TieBreakingRule(lambda _, __, project: place(project.name))

    def plain(self) -> list[str]:
        """The winners in order."""
        return self._names(
            method_of_equal_shares(
                self.instance, self.profile, self.satisfaction, tie_breaking=self.listed
            )
        )

    def raised(self, start: Any, increment: int | None) -> list[str]:
        """The winners in order, from any start: exhaustive Add1, or one run without increment."""
        return self._names(
            method_of_equal_shares_scheme(
                self.instance,
                self.profile,
                self.profile.as_sat_profile(self.satisfaction),
                pabutools.fractions.frac(start, 1),
                BudgetAllocation(),
                self.listed,
                voter_budget_increment=increment,
                binary_sat=isinstance(self.profile, ApprovalProfile),
            )
        )

    def to_the_end(self, start: int, supported: set[str]) -> list[str]:
        """Add1 as cities use it, run by run: the last one that fits."""
        cost = {project.name: project.cost for project in self.instance}
        kept = self.raised(start, None)
        while set(kept) != supported:
            start += 1
            higher = self.raised(start, None)
            if sum(cost[name] for name in higher) > self.instance.budget_limit:
                break
            kept = higher
        return kept

    @staticmethod
    def _names(found: Any) -> list[str]:
        return [project.name for project in found]


def theirs(case: Case, utility: str) -> Theirs:
    projects = {name: TheirProject(name, cost) for name, cost in case.costs.items()}
    instance = Instance(projects.values(), budget_limit=case.budget)
    ballots = [marks for marks, number in case.ballots.items() for _ in range(number)]
    profile: Any
    if utility == "points":
        profile = CardinalProfile(
            CardinalBallot({projects[name]: mark for name, mark in marks}) for marks in ballots
        )
    else:
        profile = ApprovalProfile(
            ApprovalBallot(projects[name] for name, _ in marks) for marks in ballots
        )
    return Theirs(instance, profile, utility, list(case.costs).index)


def ours(case: Case, utility: str, **parameters: Any) -> list[str]:
    envelope = case.envelope(utility=utility, **parameters)
    return list(decide(envelope, Profile.of(case.ballots)).winners)


kinds = st.sampled_from(["cost", "cardinality", "points"])


@settings(max_examples=100)
@given(data=st.data(), utility=kinds)
def test_plain_winners_come_in_the_same_order(data: st.DataObject, utility: str) -> None:
    case = data.draw(cases(points=utility == "points"))
    assert ours(case, utility) == theirs(case, utility).plain()


@settings(max_examples=80)
@given(data=st.data(), utility=kinds)
def test_exhaustive_add1_from_a_whole_share(data: st.DataObject, utility: str) -> None:
    """Both begin at the exact share: pabutools' own Add1, as it is called."""
    case = data.draw(cases(points=utility == "points", whole_share=True))
    other = theirs(case, utility)
    found = other._names(
        method_of_equal_shares(
            other.instance,
            other.profile,
            other.satisfaction,
            tie_breaking=other.listed,
            voter_budget_increment=1,
        )
    )
    assert ours(case, utility, **{"raise": "add1-exhaustive", "increment": 1}) == found


@settings(max_examples=80)
@given(data=st.data(), utility=kinds, increment=st.integers(1, 3))
def test_exhaustive_add1_from_any_share(data: st.DataObject, utility: str, increment: int) -> None:
    case = data.draw(cases(points=utility == "points"))
    start = case.budget // (case.voters * increment) * increment
    expected = theirs(case, utility).raised(start, increment)
    assert ours(case, utility, **{"raise": "add1-exhaustive", "increment": increment}) == expected


@settings(max_examples=80)
@given(data=st.data(), utility=kinds)
def test_add1_to_the_end(data: st.DataObject, utility: str) -> None:
    case = data.draw(cases(points=utility == "points", most_projects=4, most_groups=4))
    supported = {
        name for marks in case.ballots for name, _ in marks if case.costs[name] <= case.budget
    }
    start = case.budget // case.voters
    assert ours(case, utility, **{"raise": "add1", "increment": 1}) == theirs(
        case, utility
    ).to_the_end(start, supported)


def test_where_the_raise_begins_decides() -> None:
    """The difference told in docs/rules.md: 11 for two ballots is 5½ each, or 5 of whole ones.

    With 5 each only ``b`` can be paid for, and then ``a`` does not fit any more. With 5½ both can,
    at the same cost for what they are worth, and ``a`` is listed first.
    """
    case = approving({"a": 11, "b": 7}, {"ab": 2}, 11)
    other = theirs(case, "cost")
    exhaustive = {"raise": "add1-exhaustive", "increment": 1}
    assert other.raised(Fraction(11, 2), 1) == ["a"] == ours(case, "cost")
    assert other.raised(5, 1) == ["b"] == ours(case, "cost", **exhaustive)
    assert ours(case, "cost", **{"raise": "add1", "increment": 1}) == ["a"]


@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_exhaustive_add1_on_real_files(utility: str) -> None:
    """By steps of a thirtieth of the share (slowly: a hundredth): pabutools has to end too."""
    if not FOLDER:
        pytest.skip("set SCRUTIN_PABULIB to a folder of .pb files")
    compared = raised = 0
    for path in sorted(Path(FOLDER).glob("*.pb")):
        if path.stat().st_size > MOST_BYTES:
            continue
        text = path.read_text()
        given = {"utility": utility, "raise": "none", "fill": "none"}
        plain = CountingRule.of("equal-shares", given)
        read = read_counted(text, rule=plain, tie_break=("order",))
        contest, voters = read.envelope, read.profile.expressed
        if contest.form.type not in {"approval", "choose-1"}:
            continue
        unit = 10**read.election.exponent
        increment = max(contest.budget // (voters * unit * (100 if SLOW else 30)), 1)
        given |= {"raise": "add1-exhaustive", "increment": increment * unit}
        rule = CountingRule.of("equal-shares", given)
        contest = read_counted(text, rule=rule, tie_break=("order",)).envelope
        column = read.head.projects.columns.index("project_id")
        place = {row.cells[column]: n for n, row in enumerate(read.head.projects.rows)}
        instance, profile = parse_pabulib(str(path))
        other = Theirs(instance, profile, utility, place.__getitem__)
        start = contest.budget // (voters * increment * unit) * increment
        expected = {place[name] for name in other.raised(start, increment)}
        outcome = decide_shares(contest, read.profile, lot_keys(b"", contest.id))
        assert {n for n, each in enumerate(outcome.standings) if each.won} == expected, path.name
        compared += 1
        raised += outcome.steps[-1].detail["start"] != str(start * unit)
    assert compared >= 12
    assert raised >= 10
