"""The tables beside charts: on the page, every number of the figure, in both languages."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any, Final

import pytest

from audit.chart_table import OF_RULES, ChartTable, chart_tables
from audit.charts import svg, typeface
from audit.explanations import explain
from audit.figures import OWN
from audit.page_contest import contest_section
from audit.page_text import Reader
from audit.sheet import Label
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tests.audit.drawn import RESULT_HASH
from tests.audit.ruled import POINTS, envelope_of, ruled, whole_figures

SHARES: Final = {"utility": "cost", "raise": "none", "fill": "none"}
CASES: Final[Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]]] = {
    "greedy": ("greedy", {"on_misfit": "skip"}, {}),
    "equal-shares": ("equal-shares", SHARES, {}),
    "filled": ("equal-shares", {**SHARES, "fill": "greedy"}, {}),
    "optimum": ("knapsack-optimum", {}, {}),
    "phragmen": ("phragmen", {"on_misfit": "skip"}, {}),
    "points": ("equal-shares", {**SHARES, "utility": "points"}, {"form": POINTS}),
}


def read(case: str) -> tuple[Any, Any, dict[str, Any]]:
    rule, parameters, form = CASES[case]
    election, result = ruled(rule, parameters, 9, **form)
    files = whole_figures(election, result)
    return election, result, {path: json.loads(data) for path, data in files.items()}


@pytest.mark.parametrize("case", CASES)
def test_the_chart_of_each_rule_is_drawn_with_its_words(case: str) -> None:
    election, _, figures = read(case)
    own = {
        path: canonical.encode(figure)
        for path, figure in figures.items()
        if figure["figure"] in OF_RULES
    }
    assert len(own) == (case != "greedy")
    for name, sheet in sheets(election, own, RESULT_HASH, typeface()):
        drawn = svg(sheet, RESULT_HASH.hex())
        shown = {"".join(each.itertext()) for each in ET.fromstring(drawn).iter()}  # noqa: S314
        assert {item.words for item in sheet.items if isinstance(item, Label)} <= shown, name
        assert drawn == svg(sheet, RESULT_HASH.hex())


def cells(table: ChartTable, at: int) -> list[Any]:
    return [line.cells[at] for line in table.lines]


def test_each_figure_of_a_rule_has_its_place_on_the_page() -> None:
    assert sorted(OF_RULES) == sorted(name for name, _ in OWN.values())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_has_a_chart_and_tables_for_each_figure(case: str, language: str) -> None:
    election, result, figures = read(case)
    envelope = envelope_of(election)
    reader = Reader(
        election=election,
        words=Words.of(election, language),
        results={"contests": [result]},
        explained=explain(election, {"contests": [result]}),
        figures=figures,
        charts={
            f"{path.replace('figures', 'charts').removesuffix('.json')}.{language}.svg": (
                "760",
                "400",
            )
            for path in figures
        },
        files=frozenset(),
    )
    page = contest_section(reader, envelope).source
    for path, figure in figures.items():
        if path == "figures/turnout.json":
            continue
        name = path.removeprefix("figures/").removesuffix(".json")
        assert page.count(f'src="charts/{name}.{language}.svg"') == 1
        tables = chart_tables(figure, reader.words, election.languages)
        assert bool(tables) == (figure["figure"] != "votes"), path
        for table in tables:
            assert page.count(f"<caption><div>{table.caption}</div></caption>") == 1
            assert {len(line.cells) for line in table.lines} == {len(table.columns)}
    rows = sum(
        len(table.lines)
        for figure in figures.values()
        for table in chart_tables(figure, reader.words, election.languages)
    )
    others = 9 + 1  # the list of all projects, its head
    heads = page.count("<table>") - 1
    assert page.count("<tr") == rows + heads + others


def test_the_steps_say_what_was_paid_and_is_left() -> None:
    election, result, figures = read("greedy")
    say = Words.of(election, "en")
    (table,) = chart_tables(figures["figures/filling-centre.json"], say, ("en",))
    assert cells(table, 0) == [say.number(step["step"]) for step in result["steps"]]
    assert cells(table, 4) == [say.money(step["left_after"]) for step in result["steps"]]
    funded = [cell for cell in cells(table, 3) if cell != "–"]
    costs = {project.id: project.cost for project in envelope_of(election).projects}
    assert funded == [say.money(costs[winner]) for winner in result["winners"]]


@pytest.mark.parametrize("case", ["equal-shares", "points"])
def test_payments_are_told_in_full(case: str) -> None:
    election, _, figures = read(case)
    figure, say = figures["figures/payments-centre.json"], Words.of(election, "en")
    bought, lacking = chart_tables(figure, say, ("en",))
    assert cells(bought, 1) == [row["title"] for row in figure["bought"]]
    assert cells(bought, 3) == [say.number(row["votes"]) for row in figure["bought"]]
    assert cells(bought, 4) == [say.money(ceil(Fraction(r["price"]))) for r in figure["bought"]]
    assert cells(bought, 5) == [say.number(row["in_full"]) for row in figure["bought"]]
    assert cells(bought, 7) == [say.number(row["in_part"]) for row in figure["bought"]]
    shares = cells(bought, 6)
    assert shares[0] == "100%"
    assert ("–" in shares) == (case == "points")
    assert cells(lacking, 4) == [say.money(row["money"]) for row in figure["lacking"]]
    assert cells(lacking, 5) == [say.money(row["missing"]) for row in figure["lacking"]]
    assert bought.columns[4].words == ("At most, a point" if case == "points" else "Each at most")


def test_what_was_filled_is_told() -> None:
    election, _, figures = read("filled")
    figure, say = figures["figures/payments-centre.json"], Words.of(election, "en")
    _, filled = chart_tables(figure, say, ("en",))
    assert [line.won for line in filled.lines] == [row["won"] for row in figure["filled"]]
    assert {"✓ funded", "not funded"} == set(cells(filled, 3))


def test_loads_are_told_turn_by_turn() -> None:
    election, result, figures = read("phragmen")
    figure, say = figures["figures/loads-centre.json"], Words.of(election, "en")
    (table,) = chart_tables(figure, say, ("en",))
    assert cells(table, 1) == [row["title"] for row in figure["projects"]]
    assert cells(table, 5) == [say.small_money(Fraction(r["load"])) for r in figure["projects"]]
    assert sum(line.won for line in table.lines) == len(result["winners"])


def test_the_choice_is_told_with_what_else_there_was() -> None:
    election, _, figures = read("optimum")
    figure, say = figures["figures/choice-centre.json"], Words.of(election, "en")
    (table,) = chart_tables(figure, say, ("en",))
    assert cells(table, 3) == [row["score"] for row in figure["projects"]]
    assert cells(table, 5) == [say.number(row["contrary"]) for row in figure["projects"]]
    assert [line.won for line in table.lines] == [row["won"] for row in figure["projects"]]
    assert "€1,000" in table.caption
    first = figure["projects"][0]
    wanted = Fraction(int(first["score"]) * 100_000, first["cost"])
    assert cells(table, 4)[0] == say.decimal(wanted)


def test_a_figure_without_a_table_has_none() -> None:
    say = Words(language="en")
    assert chart_tables({"figure": "turnout"}, say, ("en",)) == ()
