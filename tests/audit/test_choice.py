"""The choice of the knapsack optimum: against all sets, refusing what cannot be, and drawn."""

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest

from audit.alt import alternative
from audit.charts import typeface
from audit.figure import FigureInvalid
from audit.figures_choice import choice
from audit.sheet import MARGIN, WIDTH, Bar, Label, Stroke
from audit.sheet_choice import last_rate, money_of_bars
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tally.election import Election
from tally.profile import Profile
from tests.audit.drawn import RESULT_HASH
from tests.audit.ruled import POINTS, ballots_of, envelope_of, result_of, ruled

SCORES = {
    "type": "scores",
    "minimum": 0,
    "maximum": 5,
    "minimum_projects": 1,
    "maximum_projects": None,
}
PATH = "figures/choice-centre.json"
RULE = "knapsack-optimum"


def made(election: Election, result: Any) -> Any:
    return json.loads(canonical.encode(choice(election, envelope_of(election), "E" * 43, result)))


@pytest.mark.parametrize("form", [{}, {"form": POINTS}], ids=["votes", "points"])
def test_totals_are_those_of_all_sets(form: dict[str, Any]) -> None:
    election, result = ruled(RULE, {}, 9, **form)
    figure = made(election, result)
    projects = figure["projects"]
    fitting = [
        {project["id"] for project in chosen}
        for size in range(len(projects) + 1)
        for chosen in combinations(projects, size)
        if sum(project["cost"] for project in chosen) <= figure["budget"]
    ]
    score = {project["id"]: int(project["score"]) for project in projects}
    totals = [sum(score[name] for name in chosen) for chosen in fitting]
    assert figure["total"] == max(totals) <= figure["bound"]
    for project in projects:
        other = [
            total
            for total, chosen in zip(totals, fitting, strict=True)
            if (project["id"] in chosen) != project["won"]
        ]
        assert project["contrary"] == max(other, default=None), project["id"]
    assert figure["measure"] == ("score" if form else "votes")
    assert sum(project["won"] for project in projects) == len(result["winners"]) > 2


def test_projects_stand_by_their_score_for_the_money() -> None:
    figure = made(*ruled(RULE, {}, 34))
    rates = [Fraction(project["score"]) / project["cost"] for project in figure["projects"]]
    assert rates == sorted(rates, reverse=True)
    assert [str(rate) for rate in rates] == [each["per_cost"] for each in figure["projects"]]
    whole = [each for each in figure["projects"] if each["cost"] <= figure["budget"]]
    costs = [each["cost"] for each in whole[: figure["whole"] + 1]]
    assert sum(costs[:-1]) <= figure["budget"] < sum(costs)
    score = sum(int(each["score"]) for each in whole[: figure["whole"]])
    assert score <= figure["bound"] <= score + int(whole[figure["whole"]]["score"])


def test_projects_that_did_not_compete_are_counted() -> None:
    figure = made(*ruled(RULE, {"minimum_votes": 25}))
    assert figure["excluded"] == 9 - len(figure["projects"]) > 0
    assert all(each["votes"] >= 25 for each in figure["projects"])


def test_one_dearer_than_the_envelope_has_no_other_total() -> None:
    value: Any = json.loads(canonical.encode(ruled(RULE, {}, 5)[0].to_value()))
    value["contests"][0]["budget"] = 2_000_000
    election = Election.from_value(value)
    figure = made(election, result_of(election, Profile.of(ballots_of(5))))
    fates = {each["id"]: each["contrary"] for each in figure["projects"]}
    costs = {each["id"]: each["cost"] for each in figure["projects"]}
    assert {name for name in fates if fates[name] is None} == {
        name for name in costs if costs[name] > 2_000_000
    }
    assert None in fates.values()


def test_a_score_below_nothing_is_never_chosen_and_never_bounds() -> None:
    form = {**SCORES, "minimum": -2}
    value: Any = json.loads(canonical.encode(ruled(RULE, {}, 5, form)[0].to_value()))
    value["contests"][0]["budget"] = 100_000_000
    election = Election.from_value(value)
    profile = Profile.of({(("p0", 5), ("p1", -2)): 3, (("p1", 1), ("p2", 4)): 2, (("p3", 1),): 1})
    result = result_of(election, profile)
    figure = made(election, result)
    fates = {each["id"]: (each["score"], each["won"]) for each in figure["projects"]}
    assert fates["p1"] == ("-4", False)
    assert figure["total"] == figure["bound"] == 15 + 8 + 1
    assert figure["whole"] == 3
    data = {PATH: canonical.encode(figure)}
    assert len(dict(sheets(election, data, RESULT_HASH, typeface()))) == 2


def turns(result: Any) -> list[Any]:
    return [step for step in result["steps"] if step["action"] != "exclude"]


def everywhere(**detail: Any) -> Callable[[Any], None]:
    def change(result: Any) -> None:
        for step in turns(result):
            step["detail"].update(detail)

    return change


def at(place: int, **detail: Any) -> Callable[[Any], None]:
    return lambda result: turns(result)[place]["detail"].update(detail)


def swapped(result: Any) -> None:
    turns(result)[0]["reason"] = "not-in-optimum"


def equal(result: Any) -> None:
    """As if another choice were as good."""
    detail = turns(result)[0]["detail"]
    detail["contrary"] = detail["contrary_bound"] = detail["total"]


def unknown(result: Any) -> None:
    turns(result)[0]["project"] = "nobody"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (unknown, "no project of the envelope"),
        (at(0, total=1), "its steps say"),
        (everywhere(total=1), "its steps say 1"),
        (everywhere(bound=10_000), "the bound is"),
        (everywhere(bound=1), "the bound is"),
        (at(0, contrary=10_000), "a total of 10000 against"),
        (at(0, contrary=None), "a total of None against"),
        (at(0, contrary_bound=0), "above its bound"),
        (swapped, "not-in-optimum with a total"),
        (equal, "in-optimum with a total"),
    ],
)
def test_choices_that_cannot_be_are_refused(change: Callable[[Any], None], told: str) -> None:
    election, result = ruled(RULE, {})
    made(election, result)
    changed = copy.deepcopy(result)
    change(changed)
    with pytest.raises(FigureInvalid, match=told):
        made(election, changed)


@pytest.mark.parametrize("form", [{}, {"form": POINTS}], ids=["votes", "points"])
@pytest.mark.parametrize("projects", [5, 34, 199])
def test_the_chart_shows_every_project_and_stays_on_its_sheet(
    projects: int, form: dict[str, Any]
) -> None:
    election, result = ruled(RULE, {}, projects, **form)
    figure = made(election, result)
    face = typeface()
    money = money_of_bars(last_rate(figure))
    for name, sheet in sheets(election, {PATH: canonical.encode(figure)}, RESULT_HASH, face):
        say = Words.of(election, name.rpartition(".")[2])
        labels = [item for item in sheet.items if isinstance(item, Label)]
        words = [item.words for item in labels]
        for row in figure["projects"]:
            assert say.decimal(Fraction(row["per_cost"]) * money) in words
            assert say.money(row["cost"]) in words
        assert words.count("✓") == len(result["winners"])
        for item in labels:
            long = face.width(item.words, item.size, item.bold)
            start = item.x - {"start": 0, "middle": long / 2, "end": long}[item.anchor]
            assert start >= MARGIN - 8, item
            assert start + long <= WIDTH - MARGIN + 8, item
        assert say.number(figure["total"]) in alternative(figure, say, election.languages)


def test_the_line_stands_where_the_money_ends() -> None:
    election, result = ruled(RULE, {}, 30)
    figure = made(election, result)
    data = {PATH: canonical.encode(figure)}
    sheet = dict(sheets(election, data, RESULT_HASH, typeface()))["choice-centre.en"]
    line = next(item for item in sheet.items if isinstance(item, Stroke) and item.dashed)
    bars = [item for item in sheet.items if isinstance(item, Bar) and item.height == 12]
    assert len(bars) == len(figure["projects"])
    assert all(each["contrary"] is not None for each in figure["projects"])
    assert sum(bar.y < line.y1 for bar in bars) == figure["whole"]
    won = [bar.fill == "won" for bar in bars]
    assert won == [each["won"] for each in figure["projects"]]
    assert any(won[figure["whole"] :])  # better than the first in this order


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("7/2", "3.50"),
        ("1999/1000", "1.99"),
        ("0", "0.00"),
        ("-7/3", "−2.33"),
        ("12345", "12,345.00"),
    ],
)
def test_numbers_to_two_decimals_are_rounded_towards_nothing(value: str, shown: str) -> None:
    assert Words(language="en").decimal(Fraction(value)) == shown
