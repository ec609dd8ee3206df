"""The chart of other rules: what tally/comparison.py says, never to be taken for the result."""

import json
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from audit.alt import alternative
from audit.charts import comparison_svg, typeface
from audit.comparison import BallotsUnreadable, comparison_figure, opened_profile
from audit.sheet import MARGIN, WIDTH, Bar, Label, Sheet
from audit.sheets import LAYOUTS, comparison_sheets
from audit.words import Words
from tally import canonical
from tally.comparison import Comparison, compare
from tally.election import Election
from tally.profile import Profile
from tests.audit.drawn import RESULT_HASH
from tests.audit.ruled import ballots_of, envelope_of, ruled


@cache
def compared(projects: int) -> tuple[Election, Comparison]:
    election, _ = ruled("greedy", {"on_misfit": "skip"}, projects)
    return election, compare(envelope_of(election), Profile.of(ballots_of(projects)), b"lot")


def laid(projects: int) -> dict[str, Sheet]:
    election, comparison = compared(projects)
    figure = comparison_figure(election, envelope_of(election), comparison)
    return dict(comparison_sheets(election, figure, RESULT_HASH, typeface()))


def labels(sheet: Sheet) -> list[Label]:
    return [item for item in sheet.items if isinstance(item, Label)]


@pytest.mark.parametrize("projects", [5, 34, 199])
def test_it_says_twice_that_it_is_not_the_result(projects: int) -> None:
    for name, said in (("fr", "Ceci n’est pas le résultat"), ("en", "This is not the result")):
        sheet = laid(projects)[f"comparison-centre.{name}"]
        bands = [item for item in labels(sheet) if item.words == said]
        assert len(bands) == 2
        assert bands[0].y < 220
        assert bands[1].y > sheet.height - 120
        assert sheet.title.startswith(said)
        assert sheet.description.startswith(said)
        words = [item.words for item in labels(sheet)]
        assert "Result hash" not in words
        assert "Empreinte du résultat" not in words


@pytest.mark.parametrize("projects", [5, 34, 199])
def test_it_shows_each_rule_and_stays_on_its_sheet(projects: int) -> None:
    election, comparison = compared(projects)
    face = typeface()
    assert len(comparison.compared) >= 8
    for name, sheet in laid(projects).items():
        say = Words.of(election, name.rpartition(".")[2])
        words = [item.words for item in labels(sheet)]
        for each in comparison.compared:
            assert say.percent(Fraction(each.spent, comparison.budget)) in words
            assert say.percent(Fraction(each.satisfied, comparison.expressed)) in words
            assert say.number(len(each.winners)) in words
        marks = sum(
            project in each.winners
            for project in comparison.differing
            for each in comparison.compared
        )
        assert words.count("✓") == marks > 0
        for item in labels(sheet):
            long = face.width(item.words, item.size, item.bold)
            start = item.x - {"start": 0, "middle": long / 2, "end": long}[item.anchor]
            assert start >= MARGIN - 8, item
            assert start + long <= WIDTH - MARGIN + 8, item
            assert item.y <= sheet.height - 8
        bars = [item for item in sheet.items if isinstance(item, Bar)]
        assert all(bar.x + bar.width <= WIDTH for bar in bars)


def test_the_own_rule_alone_is_drawn_as_the_result_is() -> None:
    _, comparison = compared(34)
    sheet = laid(34)["comparison-centre.en"]
    assert [each.own for each in comparison.compared].count(True) == 1
    own = next(each for each in comparison.compared if each.own)
    filled = [item for item in sheet.items if isinstance(item, Bar) and item.fill == "won"]
    categories = sum(share > 0 for share in own.by_category.values())
    districts = sum(share > 0 for share in own.by_district.values())
    differing = sum(project in own.winners for project in comparison.differing)
    assert len(filled) == 2 + 2 + differing + categories + districts  # head, legend, two bars


def test_projects_stand_in_the_order_of_the_own_rule() -> None:
    election, comparison = compared(34)
    figure: Any = comparison_figure(election, envelope_of(election), comparison)
    places = {row.project: row.position for row in comparison.compared[0].outcome.standings}
    order = [places[project["id"]] for project in figure["projects"]]
    assert order == sorted(order)
    assert json.loads(canonical.encode(figure))["compared"][0]["own"] is True


def test_no_publication_lays_it_out() -> None:
    assert "comparison" not in LAYOUTS


def test_its_words_name_rules_and_numbers() -> None:
    election, comparison = compared(9)
    figure = comparison_figure(election, envelope_of(election), comparison)
    told = alternative(figure, Words.of(election, "en"), election.languages)
    assert told.startswith("This is not the result. Chart of ")
    assert comparison.compared[0].variant.title.in_language("en") in told


def test_its_bytes_are_the_same_each_time() -> None:
    election, comparison = compared(5)
    figure = comparison_figure(election, envelope_of(election), comparison)
    first = comparison_svg(election, figure, RESULT_HASH, "en")
    assert first == comparison_svg(election, figure, RESULT_HASH, "en")
    assert b"This is not the result" in first
    assert comparison_svg(election, figure, RESULT_HASH, "fr") != first
    assert b"pas le r" in comparison_svg(election, figure, RESULT_HASH, "xx")


def opened(**ballot: Any) -> bytes:
    return canonical.encode({"style": "a", "ballots": [{"leaf_hash": "x", **ballot}]})


def test_opened_ballots_become_votes() -> None:
    election = compared(5)[0]
    envelope = envelope_of(election)
    files = {
        "ballots/a.json": opened(contests={"centre": [["p1", 1], ["p2", 1]]}),
        "ballots/b.json": opened(contests={"centre": {"spoiled": "too-many"}}),
    }
    profile = opened_profile(election, envelope, files.get)
    assert dict(profile.choices) == {(("p1", 1), ("p2", 1)): 1}
    assert dict(profile.spoiled) == {"too-many": 1}
    whole = opened_profile(election, envelope, {"ballots/a.json": opened(spoiled="x")}.get)
    assert (whole.ballots, dict(whole.spoiled)) == (0, {})


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b"no", opened(contests={}), opened(contests={"centre": [1]})],
)
def test_what_are_no_opened_ballots_is_refused(data: bytes) -> None:
    election = compared(5)[0]
    with pytest.raises(BallotsUnreadable, match=r"ballots/a\.json"):
        opened_profile(election, envelope_of(election), {"ballots/a.json": data}.get)
