"""The grade profile of majority judgment: exact, refusing what does not add up, and drawn."""

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from audit.alt import alternative
from audit.charts import FILLS, typeface
from audit.explanations import explain
from audit.figure import FigureInvalid
from audit.figures_envelope import filling, votes
from audit.figures_grades import grades
from audit.page_contest import contest_section
from audit.page_text import Reader
from audit.sheet import WIDTH, Bar, Label, Sheet
from audit.sheet_grades import SHADES, shade
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tally.count import count_profiles
from tally.election import Election, Envelope
from tally.mark import Choice
from tally.profile import Profile
from tests.audit.drawn import LONG, RESULT_HASH, both, definition

PATH = "figures/grades-centre.json"
GRADES = ("Très favorable", "Favorable", "Passable", LONG)


@cache
def counted(projects: int, blank_only: bool = False) -> tuple[Election, Any]:
    """An election of so many graded projects and the result of its envelope."""
    value = definition(projects)
    value["contests"] = value["contests"][:1]
    value["contests"][0] |= {
        "form": {"type": "grades", "labels": [both(word) for word in GRADES], "default": 3},
        "rule": {"name": "majority-judgment", "parameters": {"on_misfit": "skip"}},
    }
    value["styles"] = [{**style, "contests": ["centre"]} for style in value["styles"]]
    election = Election.from_value(value)
    ballots: dict[Choice, int] = {
        tuple(sorted((f"p{p}", (p * n + n * n) % 4) for p in range(projects) if (p + n) % 3)): n
        for n in range(1, 9)
    }
    profile = Profile.of({**({} if blank_only else ballots), (): 2}, {"too-many": 1})
    result = count_profiles(election, {"centre": profile}, b"lot").to_value()["contests"]
    return election, json.loads(canonical.encode(result))[0]


def made(election: Election, result: Any) -> Any:
    envelope = election.contests[0]
    assert isinstance(envelope, Envelope)
    return json.loads(canonical.encode(grades(election, envelope, "E" * 43, result)))


def laid(projects: int, language: str) -> Sheet:
    election, result = counted(projects)
    figure = canonical.encode(made(election, result))
    drawings = dict(sheets(election, {PATH: figure}, RESULT_HASH, typeface()))
    return drawings[f"grades-centre.{language}"]


def test_the_profile_is_what_the_ballots_say() -> None:
    election, result = counted(9)
    figure = made(election, result)
    assert figure["expressed"] == sum(range(1, 9))
    assert [row["position"] for row in figure["projects"]] == list(range(1, 10))
    for row in figure["projects"]:
        place = int(row["id"].removeprefix("p"))
        given = [0, 0, 0, 0]
        for n in range(1, 9):
            given[(place * n + n * n) % 4 if (place + n) % 3 else 3] += n
        assert row["grades"] == given
        assert row["at_least"] == [sum(given[: grade + 1]) for grade in range(4)]
        one_by_one = sorted(grade for grade in range(4) for _ in range(given[grade]))
        assert row["median"] == one_by_one[len(one_by_one) // 2]
    assert len({tuple(row["grades"]) for row in figure["projects"]}) > 3


def test_without_expressed_ballots_there_is_no_median() -> None:
    election, result = counted(3, blank_only=True)
    figure = made(election, result)
    assert {row["median"] for row in figure["projects"]} == {None}
    data = {PATH: canonical.encode(figure)}
    assert len(dict(sheets(election, data, RESULT_HASH, typeface()))) == 2
    assert alternative(figure, Words.of(election, "en"), ("en",)).endswith("4 grades.")


def move(result: Any) -> None:
    """As many grades, others than gave the score."""
    counts = result["steps"][0]["detail"]["grades"]
    counts[:] = [sum(counts), 0, 0, 0]


def lose(result: Any) -> None:
    result["steps"][0]["detail"]["grades"][3] += 1


def negative(result: Any) -> None:
    counts = result["steps"][0]["detail"]["grades"]
    counts[0], counts[3] = -1, counts[3] + counts[0] + 1


def shorten(result: Any) -> None:
    result["steps"][0]["detail"]["grades"].pop()


def forget(result: Any) -> None:
    del result["steps"][0]["detail"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (move, "do not give its score"),
        (lose, "not those of the 36"),
        (negative, "not those of the 36"),
        (shorten, "not 4 grades"),
        (forget, "not 4 grades"),
    ],
)
def test_grades_that_do_not_fit_are_refused(change: Callable[[Any], None], told: str) -> None:
    election, result = counted(9)
    made(election, result)
    changed = copy.deepcopy(result)
    change(changed)
    with pytest.raises(FigureInvalid, match=told):
        made(election, changed)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("projects", [5, 34, 199])
def test_the_bars_are_the_shares_and_nothing_leaves_the_sheet(projects: int, language: str) -> None:
    election, result = counted(projects)
    figure = made(election, result)
    sheet = laid(projects, language)
    graded = {shade(grade, 4) for grade in range(4)}
    bars = [item for item in sheet.items if isinstance(item, Bar) and item.fill in graded]
    drawn = bars[4:]  # after the legend's
    wanted = [count for row in figure["projects"] for count in row["grades"] if count]
    full = 280
    assert [round(bar.width / full * figure["expressed"], 6) for bar in drawn] == wanted
    face = typeface()
    for item in sheet.items:
        if isinstance(item, Label) and item.anchor == "start":
            assert item.x + face.width(item.words, item.size, item.bold) <= WIDTH - 20, item.words
    alt = alternative(figure, Words.of(election, language), ("fr", "en"))
    assert ("Majority grade" if language == "en" else "mention majoritaire").lower() in alt.lower()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_shows_the_chart_and_a_table_beside_it(language: str) -> None:
    election, result = counted(9)
    envelope = election.contests[0]
    assert isinstance(envelope, Envelope)
    results = {"contests": [result]}
    figure = made(election, result)
    name = f"charts/grades-centre.{language}.svg"
    reader = Reader(
        election=election,
        words=Words.of(election, language),
        results=results,
        explained=explain(election, results),
        figures={
            "figures/votes-centre.json": votes(election, envelope, "E" * 43, result),
            "figures/filling-centre.json": filling(election, envelope, "E" * 43, result),
            PATH: figure,
        },
        charts={name: ("760", "400")},
        files=frozenset(),
    )
    page = contest_section(reader, envelope).source
    assert page.count(f'src="{name}"') == 1
    colon = "\u00a0: " if language == "fr" else ": "
    assert len(figure["projects"]) == 9
    for row in figure["projects"]:
        given = zip(GRADES, row["grades"], strict=True)
        assert " · ".join(f"{label}{colon}{count}" for label, count in given) in page


def luminance(colour: str) -> Fraction:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return Fraction(2126 * red + 7152 * green + 722 * blue, 10_000)


def test_grades_are_told_apart_in_grey() -> None:
    grey = [luminance(FILLS[f"grade-{number}"][0]) for number in range(SHADES)]
    assert all(lighter - darker >= 20 for darker, lighter in pairwise(grey))
    for number in range(2, SHADES + 1):
        assert len({shade(grade, number) for grade in range(number)}) == number
