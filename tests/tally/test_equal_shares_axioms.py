"""Price systems and representation: every outcome keeps what Equal Shares promises."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.frozen import freeze_map
from tally.outcome import Outcome, Step
from tally.profile import Profile
from tests.tally.equal_shares_axioms import Broken, priceable, published_prices, represented
from tests.tally.equal_shares_cases import Case, approving, cases, decide

kinds = st.sampled_from(["cost", "cardinality", "points"])


def counted(case: Case, **parameters: Any) -> Outcome:
    return decide(case.envelope(**parameters), Profile.of(case.ballots))


@settings(max_examples=120)
@given(data=st.data(), utility=kinds)
def test_plain_outcomes_have_prices_and_represent(data: st.DataObject, utility: str) -> None:
    case = data.draw(cases(points=utility == "points", most_projects=5))
    outcome = counted(case, utility=utility)
    published_prices(case, outcome)
    priceable(case, outcome.winners, Fraction(case.budget, case.voters))
    represented(case, outcome.winners, utility)


@settings(max_examples=80)
@given(data=st.data(), utility=kinds, how=st.sampled_from(["add1", "add1-exhaustive"]))
def test_a_raise_breaks_no_promise(data: st.DataObject, utility: str, how: str) -> None:
    """Where it begins at the exact share, and all that is asked for fits into the envelope: more
    money for all is a larger envelope."""
    case = data.draw(cases(points=utility == "points", most_projects=4, whole_share=True))
    fitting = {name: min(cost, case.budget) for name, cost in case.costs.items()}
    case = replace(case, costs=fitting)
    outcome = counted(case, utility=utility, **{"raise": how, "increment": 1})
    published_prices(case, outcome)
    start = Fraction(str(outcome.steps[0].detail["start"]))
    priceable(case, outcome.winners, start)
    represented(case, outcome.winners, utility)


# -- the checks refuse what is wrong ---------------------------------------------------------------

CASE = approving({"a": 60, "b": 20, "c": 20, "d": 30}, {"ad": 6, "bc": 4}, 100)


def changed(outcome: Outcome, number: int, **detail: Any) -> Outcome:
    """The same with other details in one step."""
    steps: list[Step] = list(outcome.steps)
    step = steps[number]
    steps[number] = replace(step, detail=freeze_map({**step.detail, **detail}))
    return replace(outcome, steps=tuple(steps))


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"price": "9"}, "a: ballots pay 54"),
        ({"payers": 5}, "6 ballots pay, 6 of them in full"),
        ({"in_full": 0}, "6 ballots pay, 6 of them in full"),
        ({"start": "9"}, "10 ballots with 9 each are less"),
        ({"phase": "fill"}, "a is not paid for by ballots"),
    ],
)
def test_other_prices_are_refused(detail: dict[str, Any], reason: str) -> None:
    outcome = counted(CASE)
    assert outcome.winners == ("a", "b", "c")
    published_prices(CASE, outcome)
    with pytest.raises(Broken, match=reason):
        published_prices(CASE, changed(outcome, 0, **detail))


def test_a_winner_left_out_is_refused() -> None:
    outcome = counted(CASE)
    without = replace(outcome, steps=outcome.steps[:2], winners=("a", "b"))
    with pytest.raises(Broken, match="c: its ballots have 20 left"):
        published_prices(replace(CASE, costs={**CASE.costs, "c": 19}), without)


@pytest.mark.parametrize(
    ("winners", "fine"),
    [
        (["a", "b", "c"], True),
        (["d", "b", "c"], True),  # other prices: 5 a ballot for d leaves 30 for a, which costs 60
        (["a", "d"], False),  # six ballots with 60 cannot pay 90
        (["a"], False),  # four ballots keep 40, b costs 20
        (["a", "b"], True),  # they keep 20, and c costs no less
        ([], False),
    ],
)
def test_only_outcomes_with_prices_have_prices(winners: list[str], fine: bool) -> None:
    if fine:
        priceable(CASE, winners, Fraction(10))
    else:
        with pytest.raises(Broken, match="no prices support"):
            priceable(CASE, winners, Fraction(10))


@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_a_minority_left_out_is_refused(utility: str) -> None:
    """By votes the larger group takes all; the four ballots of b and c could pay for both."""
    case = replace(CASE, costs={**CASE.costs, "d": 40})
    with pytest.raises(Broken, match="4 ballots could pay for b together"):
        represented(case, ["a", "d"], utility)
    with pytest.raises(Broken, match="4 ballots could pay for b, c together"):
        represented(case, ["a", "b"], "cardinality")
    represented(case, counted(case, utility=utility).winners, utility)


def test_up_to_one_project_is_one_project() -> None:
    """b is worth 20, and b and c, which four ballots could pay for, 40: with e besides b is more
    than that if e is worth 30, and is not if it is worth 20, or if neither b nor c is there."""
    for cost, winners, fine in ((30, "ab", True), (20, "ab", False), (30, "a", False)):
        case = approving({"a": 60, "b": 20, "c": 20, "e": cost}, {"a": 6, "bce": 4}, 100)
        if fine:
            represented(case, winners, "cost")
        else:
            with pytest.raises(Broken, match="4 ballots could pay for"):
                represented(case, winners, "cost")


def test_every_demand_is_tried() -> None:
    """All four ballots give b at least one point, and each would have more with b or with d. But
    two give it three, and could pay for it alone."""
    ballots = {(("b", 3),): 2, (("b", 1), ("d", 2)): 2, (("a", 1),): 6}
    case = Case(costs={"a": 60, "b": 20, "d": 99}, ballots=ballots, budget=100)
    with pytest.raises(Broken, match="2 ballots could pay for b together"):
        represented(case, ["a"], "points")
    represented(replace(case, costs={**case.costs, "b": 21}), ["a"], "points")
