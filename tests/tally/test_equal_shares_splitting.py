"""Equal ballots may stand together or apart: no byte of the outcome tells.

A profile puts equal ballots together; here they are torn apart again, before the rule reads them.
"""

from collections.abc import ItemsView
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.mark import Choice
from tally.outcome import Outcome
from tally.profile import Profile
from tally.rules import equal_shares_margin, equal_shares_poll
from tests.tally.equal_shares_cases import Case, approving, cases, count, decide

ways = st.fixed_dictionaries(
    {
        "utility": st.sampled_from(["cost", "cardinality", "points"]),
        "raise": st.sampled_from(["none", "add1", "add1-exhaustive"]),
        "fill": st.sampled_from(["none", "greedy", "phragmen"]),
        "comparison": st.booleans(),
    }
)


class Apart(Profile):
    """A profile that gives its groups in parts, which ``parts`` says, last ones first."""

    __slots__ = ("parts",)
    parts: list[tuple[Choice, int]]

    def groups(self) -> ItemsView[Choice, int]:
        return cast(ItemsView[Choice, int], list(reversed(self.parts)))


def apart(case: Case, parts: list[tuple[Choice, int]]) -> Profile:
    found = Apart(choices=Profile.of(case.ballots).choices)
    object.__setattr__(found, "parts", parts)
    return found


def by_ones(case: Case) -> list[tuple[Choice, int]]:
    """Every ballot for itself."""
    return [(choice, 1) for choice, number in case.ballots.items() for _ in range(number)]


@st.composite
def torn(draw: st.DrawFn, case: Case) -> list[tuple[Choice, int]]:
    """The groups torn into parts of any size, in any order."""
    parts = []
    for choice, number in case.ballots.items():
        left = number
        while left:
            part = draw(st.integers(1, left))
            parts.append((choice, part))
            left -= part
    return draw(st.permutations(parts))


def parameters(how: dict[str, Any]) -> dict[str, Any]:
    return how if how["raise"] == "none" else {**how, "increment": 1}


@pytest.mark.parametrize("plain", [True, False], ids=["lists", "arrays"])
@settings(max_examples=100)
@given(data=st.data(), how=ways)
def test_parts_of_any_size_and_order(data: st.DataObject, how: dict[str, Any], plain: bool) -> None:
    """Winners, ties and every step with its prices and payers."""
    case = data.draw(cases(points=how["utility"] == "points"))
    envelope = case.envelope(**parameters(how))
    parts = data.draw(torn(case))
    with pytest.MonkeyPatch.context() as patch:
        if plain:
            patch.setattr(equal_shares_poll, "np", None)
        whole = decide(envelope, Profile.of(case.ballots))
        assert decide(envelope, apart(case, parts)) == whole


@settings(max_examples=30)
@given(data=st.data(), how=ways)
def test_margins_and_decisive_ties_are_the_same(data: st.DataObject, how: dict[str, Any]) -> None:
    case = data.draw(cases(points=how["utility"] == "points", most_projects=3, most_groups=3))
    envelope = case.envelope(**parameters(how))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equal_shares_margin, "MOST_WORK", 10**9)  # which depends on the groups
        whole = count(envelope, Profile.of(case.ballots))
        assert count(envelope, apart(case, by_ones(case))) == whole
    losers = [standing for standing in whole.standings if not standing.won]
    assert all(standing.margin is not None for standing in losers)


@settings(max_examples=60)
@given(data=st.data(), how=ways, times=st.sampled_from([2, 3, 7]))
def test_a_town_of_equal_towns(data: st.DataObject, how: dict[str, Any], times: int) -> None:
    """So many times the ballots, costs and budget: each ballot pays what it paid, for the same."""
    case = data.draw(cases(points=how["utility"] == "points"))
    larger = Case(
        costs={name: cost * times for name, cost in case.costs.items()},
        ballots={choice: number * times for choice, number in case.ballots.items()},
        budget=case.budget * times,
    )
    small = decide(case.envelope(**parameters(how)), Profile.of(case.ballots))
    large = decide(larger.envelope(**parameters(how)), Profile.of(larger.ballots))
    assert large.winners == small.winners
    assert prices(large) == prices(small)
    assert large.left == small.left * times


def prices(outcome: Outcome) -> list[tuple[object, object]]:
    return [(step.project, step.detail.get("price")) for step in outcome.steps]


def test_parts_that_are_not_the_whole_are_noticed() -> None:
    """One ballot less in a part is another election."""
    case = approving({"a": 60, "b": 40}, {"a": 6, "b": 4}, 100)
    envelope = case.envelope()
    whole = decide(envelope, Profile.of(case.ballots))
    assert decide(envelope, apart(case, by_ones(case))) == whole
    assert decide(envelope, apart(case, by_ones(case)[1:])) != whole
    fewer = replace(case, ballots={(("a", 1),): 5, (("b", 1),): 4})
    assert decide(envelope, apart(case, by_ones(fewer))) != whole
