"""The loads of Phragmén's rule: what each ballot carries, refusing what cannot be, and drawn."""

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from audit.alt import alternative
from audit.charts import typeface
from audit.figure import FigureInvalid
from audit.figures_loads import loads
from audit.sheet import MARGIN, WIDTH, Bar, Label
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tally.election import Election
from tests.audit.drawn import RESULT_HASH
from tests.audit.ruled import ballots_of, envelope_of, ruled

PATH = "figures/loads-centre.json"


def made(election: Election, result: Any) -> Any:
    return json.loads(canonical.encode(loads(election, envelope_of(election), "E" * 43, result)))


@pytest.mark.parametrize("on_misfit", ["skip", "stop"])
def test_every_load_is_what_the_ballots_carry_one_by_one(on_misfit: str) -> None:
    election, result = ruled("phragmen", {"on_misfit": on_misfit})
    figure = made(election, result)
    ballots = [({name for name, _ in choice}, count) for choice, count in ballots_of(9).items()]
    carried = [Fraction(0)] * len(ballots)
    for row in figure["projects"]:
        named = [at for at, (names, _) in enumerate(ballots) if row["id"] in names]
        votes = sum(ballots[at][1] for at in named)
        before = sum((carried[at] * ballots[at][1] for at in named), Fraction(0))
        load = (row["cost"] + before) / votes
        assert row["votes"] == votes
        assert row["own"] == str(Fraction(row["cost"], votes))
        assert Fraction(row["load"]) <= load < Fraction(row["load"]) + Fraction(1, 10**6)
        if row["won"]:
            for at in named:
                carried[at] = load
    assert [row["id"] for row in figure["projects"] if row["won"]] == result["winners"]
    assert len({row["load"] for row in figure["projects"]}) > 5
    assert figure["excluded"] == 9 - len(figure["projects"])


def test_projects_that_did_not_compete_are_counted() -> None:
    figure = made(*ruled("phragmen", {"on_misfit": "skip", "minimum_votes": 25}))
    votes = {f"p{p}": 0 for p in range(9)}
    for choice, count in ballots_of(9).items():
        for name, _ in choice:
            votes[name] += count
    assert {row["id"] for row in figure["projects"]} == {p for p in votes if votes[p] >= 25}
    assert figure["excluded"] == sum(number < 25 for number in votes.values()) == 4


def turns(result: Any) -> list[Any]:
    return [step for step in result["steps"] if step["action"] != "exclude"]


def put(at: int, load: object) -> Callable[[Any], None]:
    return lambda result: turns(result)[at]["detail"].update(load=load)


def forget(result: Any) -> None:
    del turns(result)[0]["detail"]["load"]


def unknown(result: Any) -> None:
    turns(result)[0]["project"] = "nobody"


def nobody(result: Any) -> None:
    for row in result["projects"]:
        row["votes"] = 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(0, "7"), "a load of '7'"),
        (put(0, 7), "a load of 7"),
        (put(0, "07.000000"), "a load of '07"),
        (put(0, "-1.000000"), "a load of '-1"),
        (forget, "a load of None"),
        (nobody, "for 0 ballots"),
        (unknown, "no project 'nobody'"),
        (put(0, "1.000000"), "cannot carry 1.000000"),
        (put(0, "99999999.000000"), "cannot carry 99999999"),
        (put(-1, "99999999.000000"), "cannot carry 99999999"),
        (put(-1, "10000.000000"), "less than the load at the turn before"),
    ],
)
def test_loads_that_cannot_be_are_refused(change: Callable[[Any], None], told: str) -> None:
    election, result = ruled("phragmen", {"on_misfit": "skip"})
    made(election, result)
    changed = copy.deepcopy(result)
    change(changed)
    with pytest.raises(FigureInvalid, match=told):
        made(election, changed)


def test_the_first_load_is_exact_to_its_last_digit() -> None:
    """Nothing was carried before the first project: there is one load that it can have."""
    election, result = ruled("phragmen", {"on_misfit": "skip"})
    first = turns(result)[0]["detail"]["load"]
    for millionths in (-1, 1):
        changed = copy.deepcopy(result)
        text = f"{int(first.replace('.', '')) + millionths:07d}"
        put(0, f"{text[:-6]}.{text[-6:]}")(changed)
        with pytest.raises(FigureInvalid, match="cannot carry"):
            made(election, changed)


@pytest.mark.parametrize("projects", [5, 34, 199])
def test_the_chart_shows_every_turn_and_stays_on_its_sheet(projects: int) -> None:
    election, result = ruled("phragmen", {"on_misfit": "skip"}, projects)
    figure = made(election, result)
    face = typeface()
    data = {PATH: canonical.encode(figure)}
    for name, sheet in sheets(election, data, RESULT_HASH, face):
        say = Words.of(election, name.rpartition(".")[2])
        labels = [item for item in sheet.items if isinstance(item, Label)]
        words = [item.words for item in labels]
        for row in figure["projects"]:
            assert say.small_money(Fraction(row["load"])) in words
        assert words.count("✓") == len(result["winners"])
        for item in labels:
            long = face.width(item.words, item.size, item.bold)
            start = item.x - {"start": 0, "middle": long / 2, "end": long}[item.anchor]
            assert start >= MARGIN - 8, item
            assert start + long <= WIDTH - MARGIN + 8, item
        told = alternative(figure, say, election.languages)
        assert say.number(len(result["winners"])) in told


def test_the_bars_are_what_was_carried_and_the_own_part() -> None:
    election, result = ruled("phragmen", {"on_misfit": "skip"}, 34)
    figure = made(election, result)
    data = {PATH: canonical.encode(figure)}
    sheet = dict(sheets(election, data, RESULT_HASH, typeface()))["loads-centre.en"]
    bars = [item for item in sheet.items if isinstance(item, Bar) and item.height == 12]
    ends = {round(bar.y, 3): bar.x + bar.width for bar in bars}
    assert len(ends) == len(figure["projects"])
    own = [bar for bar in bars if bar.fill in ("won", "lost")]
    won = [(row, bar) for row, bar in zip(figure["projects"], own, strict=True) if row["won"]]
    assert [bar.fill for _, bar in won] == ["won"] * len(result["winners"])
    unit = float(won[0][1].width / Fraction(won[0][0]["own"]))
    assert unit > 0
    for row, bar in won:
        assert bar.width == pytest.approx(unit * float(Fraction(row["own"])))
        end = ends[round(bar.y, 3)]
        assert end == pytest.approx(418 + unit * float(Fraction(row["load"])), abs=0.01)
    beyond = [item for item in sheet.items if isinstance(item, Label) and item.words == "›"]
    longer = [row for row in figure["projects"] if unit * float(Fraction(row["load"])) > 198]
    assert len(beyond) == len(longer)


@pytest.mark.parametrize(
    ("load", "exponent", "shown"),
    [("5.714285", 0, "€5.71"), ("5.714285", 2, "€0.05"), ("571.999", 2, "€5.71"), ("3", 0, "€3")],
)
def test_small_amounts_are_rounded_down(load: str, exponent: int, shown: str) -> None:
    words = Words(language="en", currency="EUR", exponent=exponent)
    assert words.small_money(Fraction(load)) == shown
