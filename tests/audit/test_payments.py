"""The payments of Equal Shares: what each ballot pays, refusing what cannot be, and drawn."""

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import pytest

from audit.alt import alternative
from audit.charts import typeface
from audit.figure import FigureInvalid
from audit.figures_payments import payments
from audit.sheet import MARGIN, WIDTH, Bar, Label
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tally.election import Election
from tests.audit.drawn import RESULT_HASH
from tests.audit.ruled import POINTS, ballots_of, envelope_of, ruled, whole_figures

PLAIN: Final = {"utility": "cost", "raise": "none", "fill": "none"}
BY_POINTS: Final = {**PLAIN, "utility": "points"}
PATH: Final = "figures/payments-centre.json"


def made(election: Election, result: Any) -> Any:
    figure = payments(election, envelope_of(election), "E" * 43, result)
    return json.loads(canonical.encode(figure))


@pytest.mark.parametrize("utility", ["cost", "cardinality", "points"])
def test_every_price_is_what_the_ballots_pay_one_by_one(utility: str) -> None:
    form = {"form": POINTS} if utility == "points" else {}
    election, result = ruled("equal-shares", {**PLAIN, "utility": utility}, 9, **form)
    figure = made(election, result)
    ballots = [
        (dict(choice), count) for choice, count in ballots_of(9, utility == "points").items()
    ]
    purses = [Fraction(figure["start"])] * len(ballots)
    assert sum(count for _, count in ballots) == figure["expressed"]
    assert len(figure["bought"]) >= 3
    for row in figure["bought"]:
        in_full = in_part = 0
        paid = effective = Fraction(0)
        for at, (marks, count) in enumerate(ballots):
            if row["id"] not in marks:
                continue
            left = purses[at]
            asked = Fraction(row["price"]) * (marks[row["id"]] if utility == "points" else 1)
            in_full += count if left and left >= asked else 0
            in_part += count if 0 < left < asked else 0
            paid += count * min(left, asked)
            # A ballot that pays a part of what is asked counts for that part.
            effective += count * min(left, asked) / Fraction(row["price"])
            purses[at] = left - min(left, asked)
        assert (in_full, in_part) == (row["in_full"], row["in_part"]), row["id"]
        assert paid == row["cost"]
        assert Fraction(row["effective"]) == effective
        assert row["votes"] == sum(count for marks, count in ballots if row["id"] in marks)
    for row in figure["lacking"]:
        own = [
            count * purse
            for (marks, count), purse in zip(ballots, purses, strict=True)
            if row["id"] in marks
        ]
        assert row["money"] == int(sum(own, Fraction(0))) < row["cost"]
        assert row["missing"] == row["cost"] - row["money"]
    assert any(row["in_part"] for row in figure["bought"])
    assert figure["lacking"]


def test_parts_of_a_cost_add_up_where_they_are_known() -> None:
    figure = made(*ruled("equal-shares", PLAIN))
    for row in figure["bought"]:
        assert Fraction(row["paid_in_full"]) == Fraction(row["price"]) * row["in_full"]
        assert Fraction(row["paid_in_full"]) + Fraction(row["paid_in_part"]) == row["cost"]
    by_points = made(*ruled("equal-shares", BY_POINTS, 9, POINTS))["bought"]
    assert {row["paid_in_full"] is None for row in by_points} == {False, True}
    for row in by_points:
        assert (row["paid_in_full"] is None) == bool(row["in_full"] and row["in_part"])


def test_what_is_funded_from_the_rest_was_paid_by_nobody() -> None:
    election, result = ruled("equal-shares", {**PLAIN, "fill": "greedy"})
    figure = made(election, result)
    bought = {row["id"] for row in figure["bought"]}
    filled = {row["id"] for row in figure["filled"] if row["won"]}
    assert filled
    assert bought | filled == set(result["winners"])
    assert not figure["lacking"]
    assert figure["prefer"] is None


def test_a_comparison_says_how_many_ballots_prefer_which() -> None:
    election, result = ruled("equal-shares", {**PLAIN, "fill": "greedy", "comparison": True})
    prefer = made(election, result)["prefer"]
    detail = result["steps"][0]["detail"]
    assert prefer == {"shares": detail["prefer_shares"], "votes": detail["prefer_votes"]}


def first(result: Any, reason: str) -> Any:
    return next(step for step in result["steps"] if step["reason"] == reason)


def alter(reason: str, **detail: Any) -> Callable[[Any], None]:
    return lambda result: first(result, reason)["detail"].update(detail)


def everywhere(**detail: Any) -> Callable[[Any], None]:
    def change(result: Any) -> None:
        for step in result["steps"]:
            step["detail"].update(detail)

    return change


def drop_step(result: Any) -> None:
    result["steps"].pop()


def dearer(result: Any) -> None:
    first(result, "shares")["detail"]["price"] += "1"


def one_more_in_full(result: Any) -> None:
    first(result, "shares")["detail"]["in_full"] -= 1


def poor(result: Any) -> None:
    """Ballots that cannot have paid for it, at a price for which the parts add up."""
    for step in result["steps"]:
        step["detail"]["start"] = "1"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop_step, "not one step for each project"),
        (alter("shares", start="5"), "do not agree"),
        (everywhere(start="-1"), "began with '-1'"),
        (everywhere(start=7), "began with 7"),
        (everywhere(prefer_shares=90, prefer_votes=90), "90 and 90 of"),
        (everywhere(prefer_shares=-1, prefer_votes=1), "-1 and 1 of"),
        (alter("shares", payers=1_000), "of 1000 who paid"),
        (alter("shares", in_full=1_000), "1000 in full"),
        (alter("shares", in_full=-1), "-1 in full"),
        (alter("shares", payers=0, in_full=0), "0 in full of 0 who paid"),
        (alter("shares", price="0"), "in full of"),
        (dearer, "do not give"),
        (one_more_in_full, "do not give"),
        (poor, "cannot have paid"),
        (alter("unaffordable", money=10**9), "could not pay"),
        (alter("unaffordable", money=-1), "supporters with -1"),
        (alter("unaffordable", money=None), "supporters with None"),
    ],
)
def test_payments_that_cannot_be_are_refused(change: Callable[[Any], None], told: str) -> None:
    election, result = ruled("equal-shares", PLAIN)
    made(election, result)
    changed = copy.deepcopy(result)
    change(changed)
    with pytest.raises(FigureInvalid, match=told):
        made(election, changed)


def test_more_than_all_ballots_have_cannot_be_spent_or_left() -> None:
    election, result = ruled("equal-shares", BY_POINTS, 9, POINTS)
    made(election, result)
    costs = {project.id: project.cost for project in envelope_of(election).projects}
    paid = [
        (costs[step["project"]], step["detail"]["payers"])
        for step in result["steps"]
        if step["reason"] == "shares"
    ]
    start = max(Fraction(cost, payers) for cost, payers in paid)
    assert start * result["expressed"] < sum(cost for cost, _ in paid)
    poor = copy.deepcopy(result)
    everywhere(start=str(start))(poor)
    with pytest.raises(FigureInvalid, match="no money left to pay"):
        made(election, poor)
    rich = copy.deepcopy(result)
    start = Fraction(sum(cost for cost, _ in paid) + 100, result["expressed"])
    everywhere(start=str(start))(rich)
    for step in rich["steps"]:
        if step["reason"] == "unaffordable":
            step["detail"]["money"] = 100
    made(election, rich)
    first(rich, "unaffordable")["detail"]["money"] = 101
    with pytest.raises(FigureInvalid, match="that all ballots have"):
        made(election, rich)


@pytest.mark.parametrize(
    ("parameters", "form"),
    [(PLAIN, {}), ({**PLAIN, "fill": "greedy"}, {}), (BY_POINTS, {"form": POINTS})],
    ids=["plain", "filled", "points"],
)
@pytest.mark.parametrize("projects", [5, 34, 199])
def test_the_chart_shows_every_supporter_and_stays_on_its_sheet(
    projects: int, parameters: dict[str, str], form: dict[str, Any]
) -> None:
    election, result = ruled("equal-shares", parameters, projects, **form)
    figure = made(election, result)
    data = {PATH: canonical.encode(figure)}
    face = typeface()
    for name, sheet in sheets(election, data, RESULT_HASH, face):
        say = Words.of(election, name.rpartition(".")[2])
        labels = [item for item in sheet.items if isinstance(item, Label)]
        words = [item.words for item in labels]
        for row in figure["bought"] + figure["lacking"]:
            assert say.money(row["cost"]) in words
        filled = sum(row["won"] for row in figure["filled"])
        assert words.count("✓") == len(figure["bought"]) + filled
        for item in labels:
            long = face.width(item.words, item.size, item.bold)
            start = item.x - {"start": 0, "middle": long / 2, "end": long}[item.anchor]
            assert start >= MARGIN - 8, item
            assert start + long <= WIDTH - MARGIN + 8, item
        bars = [item for item in sheet.items if isinstance(item, Bar)]
        paid = [bar for bar in bars if bar.fill in ("won", "part", "rest")][4:]  # head and legend
        wide = max(bar.x + bar.width for bar in paid)
        assert wide <= 600
        told = alternative(figure, say, election.languages)
        assert say.number(len(figure["bought"])) in told


def test_the_bars_are_the_supporters() -> None:
    election, result = ruled("equal-shares", PLAIN, 34)
    figure = made(election, result)
    data = {PATH: canonical.encode(figure)}
    sheet = dict(sheets(election, data, RESULT_HASH, typeface()))["payments-centre.en"]
    bars = [item for item in sheet.items if isinstance(item, Bar) and item.height == 12]
    wanted = [
        count
        for row in figure["bought"]
        for count in (row["in_full"], row["in_part"], row["votes"] - row["payers"])
        if count
    ]
    drawn = [bar.width for bar in bars if bar.fill in ("won", "part", "rest")]
    assert len(drawn) == len(wanted)
    one = drawn[0] / wanted[0]
    assert drawn == pytest.approx([one * count for count in wanted])
    missing = [bar for bar in bars if bar.fill == "lost"]
    assert [round(bar.width / 182 * row["cost"]) for bar, row in zip(
        missing, [row for row in figure["lacking"] if row["money"]], strict=True
    )] == [row["money"] for row in figure["lacking"] if row["money"]]  # fmt: skip


def test_nobody_voted_nobody_paid() -> None:
    election, result = ruled("equal-shares", PLAIN)
    empty = copy.deepcopy(result)
    empty |= {"ballots": 0, "blank": 0, "spoiled": {}, "expressed": 0, "winners": []}
    empty |= {"spent": 0, "left": empty["budget"]}
    for step in empty["steps"]:
        step |= {"action": "exclude", "reason": "below-minimum-votes"}
        step |= {"left_before": empty["budget"], "left_after": empty["budget"]}
        step["detail"] = {"phase": "admission", "needed": 1, "start": "0"}
    for row in empty["projects"]:
        row |= {"won": False, "funded": 0, "votes": 0, "score": "0"}
    figure = made(election, empty)
    assert (figure["bought"], figure["filled"], figure["lacking"]) == ([], [], [])
    assert PATH in whole_figures(election, empty)
    sheet = dict(
        sheets(election, {PATH: canonical.encode(figure)}, RESULT_HASH, typeface())
    )["payments-centre.en"]  # fmt: skip
    words = [item.words for item in sheet.items if isinstance(item, Label)]
    assert "No project is bought by its supporters." in words
