"""Small envelopes and ballots on which tests of Equal Shares are run.

A case says its ballots by the projects' letters: ``{"ab": 3}`` are three ballots that name ``a``
and ``b``. Where ballots give points or ranks, the letters' points are written beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tally import rules
from tally.election import Approval, CountingRule, Envelope, Points, Project
from tally.mark import Choice
from tally.outcome import Outcome
from tally.profile import Profile
from tally.rules import equal_shares
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import words

NAMES = "abcdef"
MOST_POINTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Costs by project, ballots by what they mark (project, points) and the envelope's budget."""

    costs: Mapping[str, int]
    ballots: Mapping[Choice, int]
    budget: int

    @property
    def voters(self) -> int:
        """All ballots: none is blank."""
        return sum(self.ballots.values())

    def envelope(self, **parameters: Any) -> Envelope:
        """The envelope, counted by plain Equal Shares with cost utility unless told otherwise."""
        given = {"utility": "cost", "raise": "none", "fill": "none"} | parameters
        form: Approval | Points = Approval(minimum=1, maximum=len(self.costs))
        if given["utility"] == "points":
            form = Points(
                total=MOST_POINTS * len(self.costs),
                cap=MOST_POINTS,
                minimum_projects=1,
                maximum_projects=None,
                minimum_total=1,
            )
        return Envelope(
            id="e",
            title=words("e"),
            description=words("e"),
            budget=self.budget,
            form=form,
            rule=CountingRule.of("equal-shares", given),
            tie_break=("order",),
            projects=tuple(
                Project(id=name, title=words(name), description=words(name), cost=cost)
                for name, cost in self.costs.items()
            ),
        )

    def utility(self, choice: Choice, kind: str) -> dict[str, int]:
        """What each project is worth to a ballot, by the definition in docs/rules.md."""
        return {
            name: {"cost": self.costs[name], "cardinality": 1, "points": mark}[kind]
            for name, mark in choice
        }


def approving(costs: Mapping[str, int], ballots: Mapping[str, int], budget: int) -> Case:
    """A case whose ballots only name projects."""
    choices: dict[Choice, int] = {
        tuple((name, 1) for name in sorted(names)): number for names, number in ballots.items()
    }
    return Case(costs=costs, ballots=choices, budget=budget)


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    points: bool = False,
    whole_share: bool = False,
    rough: bool = False,
    most_projects: int = 6,
    most_groups: int = 6,
) -> Case:
    """A case with many equal costs, so that rates are often equal.

    With ``whole_share`` the budget is a multiple of the number of ballots. ``rough`` cases have
    costs of any size instead, so that ballots are left with all kinds of sums.
    """
    names = NAMES[: draw(st.integers(2, most_projects))]
    any_cost = st.integers(1, 60)
    cost = any_cost if rough else st.one_of(st.sampled_from([6, 12, 12, 24]), any_cost)
    mark = st.integers(1, MOST_POINTS) if points else st.just(1)
    drawn = draw(
        st.lists(
            st.tuples(st.dictionaries(st.sampled_from(names), mark, min_size=1), st.integers(1, 3)),
            min_size=1,
            max_size=most_groups,
        )
    )
    ballots: dict[Choice, int] = {}
    for marks, number in drawn:
        choice = tuple(sorted(marks.items()))
        ballots[choice] = ballots.get(choice, 0) + number
    voters = sum(ballots.values())
    if whole_share:
        budget = voters * draw(st.integers(1, 14))
    else:
        budget = draw(st.integers(max(4, voters), 120))
    return Case(costs={name: draw(cost) for name in names}, ballots=ballots, budget=budget)


def count(envelope: Envelope, profile: Profile) -> Outcome:
    """Count with margins."""
    assert rules.check(envelope) == []
    return equal_shares.count(envelope, profile, lot_keys(b"", envelope.id))


def decide(envelope: Envelope, profile: Profile) -> Outcome:
    """Count without margins."""
    assert rules.check(envelope) == []
    return equal_shares.decide(envelope, profile, lot_keys(b"", envelope.id))
