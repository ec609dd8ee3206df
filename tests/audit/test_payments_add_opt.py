"""The payments of a raise without increments: what they tend to adds up to the costs too."""

import json
from fractions import Fraction

import pytest

from audit.figures_payments import payments
from tally import canonical
from tests.audit.ruled import POINTS, ballots_of, envelope_of, ruled


@pytest.mark.parametrize("utility", ["cost", "cardinality", "points"])
@pytest.mark.parametrize("fill", ["none", "phragmen"])
def test_the_figure_adds_up_just_below_the_start(utility: str, fill: str) -> None:
    form = {"form": POINTS} if utility == "points" else {}
    parameters = {"utility": utility, "raise": "add-opt", "fill": fill}
    election, result = ruled("equal-shares", parameters, 9, **form)
    figure = payments(election, envelope_of(election), "E" * 43, result)
    assert json.loads(canonical.encode(figure)) == figure
    ballots = [
        (dict(choice), count) for choice, count in ballots_of(9, utility == "points").items()
    ]
    purses = [Fraction(str(figure["start"]))] * len(ballots)
    steps = {step["project"]: step for step in result["steps"]}
    assert {step["detail"]["side"] for step in steps.values()} == {"below"}
    bought = figure["bought"]
    assert isinstance(bought, list)
    assert bought
    for row in bought:
        paid = Fraction(0)
        for at, (marks, count) in enumerate(ballots):
            if row["id"] in marks:
                full = Fraction(row["price"]) * (marks[row["id"]] if utility == "points" else 1)
                own = min(purses[at], full)
                purses[at] -= own
                paid += own * count
        assert paid == row["cost"]
    lacking = figure["lacking"]
    assert isinstance(lacking, list)
    for row in lacking:
        own = sum(
            (c * p for (marks, c), p in zip(ballots, purses, strict=True) if row["id"] in marks),
            Fraction(0),
        )
        # Just below the start it is a trifle less than what it tends to.
        assert row["money"] == -(-own.numerator // own.denominator) - 1 < row["cost"]
