"""Raises, fills and the comparison, step by step, against a second reading of docs/rules.md."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.outcome import FUND, Outcome
from tally.profile import Profile
from tests.tally import equal_shares_completion_oracle as oracle
from tests.tally.equal_shares_cases import Case, approving, cases, decide

ways = st.fixed_dictionaries(
    {
        "utility": st.sampled_from(["cost", "cardinality", "points"]),
        "raise": st.sampled_from(["none", "none", "add1", "add1-exhaustive"]),
        "fill": st.sampled_from(["none", "greedy", "phragmen"]),
        "comparison": st.booleans(),
    }
)


def told(outcome: Outcome) -> oracle.Completed:
    """What the steps of an outcome say."""
    bought, filled = [], []
    for step in outcome.steps:
        detail = step.detail
        assert step.project is not None
        if detail["phase"] == "fill":
            filled.append((step.project, step.action == FUND))
        elif step.action == FUND:
            assert isinstance(detail["price"], str)
            assert isinstance(detail["payers"], int)
            assert isinstance(detail["in_full"], int)
            bought.append(
                (step.project, Fraction(detail["price"]), detail["payers"], detail["in_full"])
            )
    start = outcome.steps[0].detail["start"]
    assert isinstance(start, str)
    return oracle.Completed(
        start=Fraction(start),
        bought=tuple(bought),
        filled=tuple(filled),
        winners=outcome.winners,
    )


def parameters(how: dict[str, Any], increment: int) -> dict[str, Any]:
    return how if how["raise"] == "none" else {**how, "increment": increment}


@settings(max_examples=250)
@given(data=st.data(), how=ways, increment=st.integers(1, 2))
def test_every_completion_is_as_the_rules_say(
    data: st.DataObject, how: dict[str, Any], increment: int
) -> None:
    case = data.draw(cases(points=how["utility"] == "points"))
    given = parameters(how, increment)
    outcome = decide(case.envelope(**given), Profile.of(case.ballots))
    assert told(outcome) == oracle.completed(case, given)


@settings(max_examples=150)
@given(case=cases())
def test_what_is_left_is_the_start_of_the_phragmen_fill(case: Case) -> None:
    """The fill alone, over money that ballots really kept, and not over nothing."""
    how = {"utility": "cost", "raise": "none", "fill": "phragmen"}
    found = told(decide(case.envelope(**how), Profile.of(case.ballots)))
    kept = oracle.money_left(case, how, found.start)
    left = case.budget - sum(case.costs[name] for name, *_ in found.bought)
    rest = [name for name, _ in found.filled]
    assert list(found.filled) == oracle.phragmen_fill(case, rest, list(kept.values()), left)


def test_who_kept_more_comes_first_in_the_phragmen_fill() -> None:
    """Two of ``a`` paid 8 of their 10. Then ``b`` lacks 1 for one ballot that kept 10, and ``c``
    17 − 4 for two that kept 2 each. From nothing, ``c`` would be paid for first."""
    case = approving({"a": 16, "b": 11, "c": 17}, {"ac": 2, "b": 1}, 30)
    how = {"utility": "cost", "raise": "none", "fill": "phragmen"}
    found = told(decide(case.envelope(**how), Profile.of(case.ballots)))
    assert [name for name, *_ in found.bought] == ["a"]
    assert found.filled == (("b", True), ("c", False))
    nothing = [Fraction(0)] * len(case.ballots)
    assert oracle.phragmen_fill(case, ["b", "c"], nothing, 14) == [("c", False), ("b", True)]


@pytest.mark.parametrize("fill", ["greedy", "phragmen"])
def test_the_second_reading_notices_another_fill(fill: str) -> None:
    """An outcome filled the other way is not the same."""
    case = approving({"a": 16, "b": 11, "c": 9}, {"ac": 2, "b": 1}, 30)
    how = {"utility": "cost", "raise": "none", "fill": fill}
    other = {**how, "fill": "greedy" if fill == "phragmen" else "phragmen"}
    outcome = told(decide(case.envelope(**how), Profile.of(case.ballots)))
    assert outcome == oracle.completed(case, how)
    assert outcome != oracle.completed(case, other)
