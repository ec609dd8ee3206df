"""Charts: the same bytes everywhere, nothing cut or lost, no text that is more than text."""

import copy
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any

import matplotlib as mpl
import pytest

from audit.charts import FILLS, draw, png, svg, typeface
from audit.figures import figures
from audit.sheet import ELLIPSIS, MARGIN, WIDTH, Bar, Label, Sheet, Stroke, ticks, wrap
from audit.sheets import sheets
from audit.words import LANGUAGES, Words, _phrases
from tally.canonical import encode, parse
from tally.election import Envelope
from tally.phrases import REASONS
from tests.audit.drawn import LONG, NASTY, RESULT_HASH, Drawn, drawn

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
SHORT = "3f66 2004 cb46 76be"
RULES: tuple[tuple[tuple[str, Any], ...], ...] = (
    (),
    (("minimum_votes", 30),),
    (("on_misfit", "top-up"), ("top_up_share", "1/100")),
    (("minimum_per", (("field", "district"), ("count", 1), ("on_misfit", "next"))),),
)


def laid(projects: int, *rule: tuple[str, Any]) -> dict[str, Sheet]:
    made = drawn(projects, *rule)
    return dict(sheets(made.election, made.figures, RESULT_HASH, typeface()))


def drawing(made: Drawn) -> dict[str, bytes]:
    return dict(draw(made.election, made.figures, RESULT_HASH))


@cache
def charts(projects: int) -> dict[str, bytes]:
    return drawing(drawn(projects))


@cache
def large(projects: int) -> dict[str, bytes]:
    """The charts that grow with the projects, in the language with the longer words."""
    return {
        f"charts/{name}.{kind}": svg(sheet, RESULT_HASH.hex()) if kind == "svg" else png(sheet)
        for name, sheet in laid(projects).items()
        if name in ("votes-centre.fr", "filling-centre.fr")
        for kind in ("svg", "png")
    }


def digests(made: Drawn, *names: str) -> dict[str, str]:
    """Of all charts, or of those of the figures of these names."""
    chosen = {
        path: data
        for path, data in made.figures.items()
        if not names or path.removeprefix("figures/").removesuffix(".json") in names
    }
    charted = draw(made.election, chosen, RESULT_HASH)
    return {path: sha256(data).hexdigest() for path, data in charted}


def parsed(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314  (we drew it)


def texts(data: bytes) -> list[str]:
    return ["".join(found.itertext()) for found in parsed(data).iter(f"{SVG}text")]


def test_every_figure_is_drawn_in_every_language() -> None:
    made = drawn(5)
    assert set(charts(5)) == {
        f"charts/{path.removeprefix('figures/').removesuffix('.json')}.{language}.{kind}"
        for path in made.figures
        for language in ("fr", "en")
        for kind in ("svg", "png")
    }


PROGRAM = """
import json, sys
from tests.audit.test_charts import digests, drawn
kinds = ("turnout", "votes-centre", "filling-centre", "question-again")
print(json.dumps(digests(drawn(5), *kinds)))
"""


def test_other_processes_draw_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 30\nsvg.fonttype: path\nhatch.linewidth: 5\n"
    )
    worlds = (
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {
            "PYTHONHASHSEED": "77",
            "TZ": "America/Anchorage",
            "LC_ALL": "C.UTF-8",
            "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
            "SOURCE_DATE_EPOCH": "86400",
        },
    )
    printed = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **world},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for world in worlds
    }
    assert len(printed) == 1
    assert SHORT.replace(" ", "") == RESULT_HASH.hex()[:16]


def test_threads_draw_the_same_bytes_and_leave_no_setting_behind() -> None:
    made = drawn(5)
    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(3) as pool:
        names = ("votes-centre", "turnout")
        all_drawn = list(pool.map(lambda _: digests(made, *names), range(3)))
    assert all(one == all_drawn[0] for one in all_drawn)
    assert len(all_drawn[0]) == 8
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("projects", [5, 34, 199])
def test_charts_of_any_size_are_drawn_without_warnings(projects: int) -> None:
    made = large(projects) if projects > 5 else charts(projects)
    assert made
    for path, data in made.items():
        if path.endswith(".png"):
            assert data.startswith(b"\x89PNG\r\n\x1a\n")
            assert int.from_bytes(data[16:20]) >= 1000
            assert b"Software" not in data
            assert b"tIME" not in data
        else:
            assert SHORT in texts(data)
            assert any("Budget participatif <b>2026</b>" in text for text in texts(data))


def width(item: Label) -> float:
    return typeface().width(item.words, item.size, item.bold)


def extent(item: Label) -> tuple[float, float]:
    long = width(item)
    start = item.x - {"start": 0, "middle": long / 2, "end": long}[item.anchor]
    return start, start + long


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("projects", [5, 34, 199])
def test_no_label_leaves_the_sheet_or_touches_another(
    projects: int, rule: tuple[tuple[str, Any], ...]
) -> None:
    for name, sheet in laid(projects, *rule).items():
        labels = [item for item in sheet.items if isinstance(item, Label) and item.words]
        assert sheet.width == WIDTH
        for item in labels:
            start, end = extent(item)
            assert start >= MARGIN - 8, (name, item)
            assert end <= WIDTH - MARGIN + 12, (name, item)
            assert 8 <= item.y <= sheet.height - 8, (name, item)
        ordered = sorted(labels, key=lambda item: (item.y, extent(item)[0]))
        for left, right in pairwise(ordered):
            if left.y == right.y:
                assert extent(left)[1] + 2 <= extent(right)[0], (name, left.words, right.words)
        for bar in [item for item in sheet.items if isinstance(item, Bar)]:
            assert bar.fill in FILLS
            assert bar.x + bar.width <= WIDTH
            assert bar.y >= 0
            assert bar.y + bar.height <= sheet.height


@pytest.mark.parametrize("projects", [34, 199])
def test_each_project_has_its_place_cost_and_votes(projects: int) -> None:
    sheet = laid(projects)["votes-centre.en"]
    words = [item.words for item in sheet.items if isinstance(item, Label)]
    made = drawn(projects)
    say = Words.of(made.election, "en")
    for row in made.results["contests"][0]["projects"]:
        assert say.number(row["position"]) in words
        assert say.number(row["votes"]) in words
    envelope = made.election.contests[0]
    assert isinstance(envelope, Envelope)
    for project in envelope.projects:
        assert say.money(project.cost) in words
    winners = len(made.results["contests"][0]["winners"])
    assert words.count("✓") == winners
    assert 0 < winners < projects
    bars = [item.fill for item in sheet.items if isinstance(item, Bar)]
    assert bars.count("won") == winners + 2  # the head and the legend
    assert bars.count("lost") == projects - winners + 1


def test_the_cut_line_stands_below_the_last_winner() -> None:
    cut = Words.of(drawn(34).election, "en").say("chart.cut")
    sheet = laid(34, ("on_misfit", "stop"))["votes-centre.en"]
    labels = [item for item in sheet.items if isinstance(item, Label)]
    line = next(item for item in labels if item.words == cut)
    ticked = [item.y for item in labels if item.words == "✓"]
    assert max(ticked) < line.y
    assert "fund" in line.words


def test_a_minimum_is_a_line_that_hides_no_number() -> None:
    sheet = laid(34, ("minimum_votes", 30))["votes-centre.en"]
    lines = [item for item in sheet.items if isinstance(item, Stroke) and item.dashed]
    upright = next(item for item in lines if item.x1 == item.x2)
    for item in sheet.items:
        if (
            isinstance(item, Label)
            and item.words.isdigit()
            and upright.y1 < item.y < upright.y2 - 8
        ):
            start, end = extent(item)
            assert not start < upright.x1 < end, item


def test_long_runs_of_skipped_projects_share_a_row() -> None:
    sheet = laid(199)["filling-centre.en"]
    words = [item.words for item in sheet.items if isinstance(item, Label)]
    assert any(text.endswith(" projects") and text[0].isdigit() for text in words)
    steps = len(drawn(199).results["contests"][0]["steps"])
    assert steps == 199
    assert sheet.height < laid(199)["votes-centre.en"].height


def test_titles_are_text_and_nothing_else() -> None:
    data = charts(9)["charts/votes-centre.fr.svg"]
    shown = texts(data)
    assert "<script>alert('vote')</script>" in shown
    assert 'Un prix de $x^2$ ou de $5, au choix & "bien"' in shown
    assert "Un verger □ pour tous" in shown
    assert "À l'envers" in shown
    assert "{count} % {0} __class__" in shown
    assert NASTY[4] in shown
    tree = parsed(data)
    assert not [found for found in tree.iter() if found.tag.rpartition("}")[2] == "script"]
    assert b"\xe2\x80\xae" not in data


def test_a_long_title_is_wrapped_and_cut_with_a_sign() -> None:
    assert len(LONG) > 115
    face = typeface()
    for limit in (110.0, 150.0, 300.0):
        for lines in (1, 2, 3):
            found = wrap(face, LONG, limit, 9.5, lines=lines)
            assert len(found) <= lines
            assert all(face.width(line, 9.5) <= limit for line in found)
            whole = " ".join(found)
            assert whole == LONG or (
                whole.endswith(ELLIPSIS) and LONG.startswith(whole.removesuffix(ELLIPSIS))
            )
    assert wrap(face, "", 100, 9) == [""]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\tb\nc  d", "a b c d"),
        ("🌳🍎 ici 👩‍🌾", "□ ici □"),
        ("\u202eabc\u202c\u200b\ufeff", "abc"),
        ("投票", "□"),
        ("a\x00b\x1bc\ufffe", "a□b□c□"),
        ("1\u202f000\u00a0€", "1 000 €"),
    ],
)
def test_signs_that_cannot_be_drawn_are_replaced(given: str, shown: str) -> None:
    cleaned = typeface().clean(given)
    assert cleaned.replace("\u202f", " ").replace("\u00a0", " ") == shown
    assert typeface().clean(cleaned) == cleaned


def test_an_amount_is_never_broken() -> None:
    face = typeface()
    amount = "12\u202f345,67\u00a0€"
    assert face.clean(f"  il reste\n {amount} ") == f"il reste {amount}"
    for limit in range(60, 200, 5):
        lines = wrap(face, f"payés par douze de ses soutiens, il reste {amount}", limit, 8, lines=9)
        assert any(amount in line for line in lines), lines


@pytest.mark.parametrize(
    ("largest", "scale"),
    [
        ("0", [0, 1]),
        ("1", [0, 1]),
        ("7", [0, 2, 4, 6, 8]),
        ("492", [0, 100, 200, 300, 400, 500]),
        ("1001/2", [0, 200, 400, 600]),
        ("131778", [0, 50000, 100000, 150000]),
    ],
)
def test_scales_have_round_numbers(largest: str, scale: list[int]) -> None:
    assert ticks(Fraction(largest)) == scale


def test_sheets_say_what_they_are() -> None:
    for name, sheet in laid(9).items():
        language = name.rpartition(".")[2]
        assert sheet.language == language
        data = charts(9)[f"charts/{name}.svg"]
        assert data == svg(sheet, RESULT_HASH.hex()), "drawn twice"
        tree = parsed(data)
        title = tree.find(f"{SVG}title")
        assert title is not None
        assert title.text == sheet.title
        assert len(sheet.description) > 30
        assert RESULT_HASH.hex().encode() in data
        assert b"<dc:date>" not in data


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_fills_differ_in_greyscale_by_lightness_or_by_hatch() -> None:
    together = (("won", "lost"), ("won", "used"), ("used", "misfit"), ("won", "misfit"),
                ("won", "added"), ("misfit", "added"), ("blank", "spoiled"))  # fmt: skip
    for one, other in together:
        first, second = FILLS[one], FILLS[other]
        darker, lighter = sorted((luminance(first[0]), luminance(second[0])))
        assert first[2] != second[2] or (lighter + 0.05) / (darker + 0.05) >= 3, (one, other)


def test_both_languages_say_the_same_things() -> None:
    french, english = (_phrases(language) for language in LANGUAGES)
    assert french.keys() == english.keys()
    for key, phrase in french.items():
        fields = [
            {name for _, name, _, _ in Formatter().parse(text) if name}
            for text in (phrase, english[key])
        ]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_has_short_words(reason: str) -> None:
    for language in LANGUAGES:
        assert f"reason.{reason}" in _phrases(language)
        assert f"step.{reason}" in _phrases(language)


def _nobody(results: Any) -> None:
    """Nobody voted, nothing won."""
    for row in results["styles"]:
        row |= {"roll": 0, "counted": 0, "blank": 0, "spoiled": {}, "superseded": 0}
    for contest in results["contests"]:
        contest |= {"ballots": 0, "blank": 0, "spoiled": {}, "expressed": 0}
        if contest["kind"] == "question":
            contest |= {"adopted": None, "reason": "no-votes"}
            for row in contest["options"]:
                row |= {"votes": 0, "share": "0", "won": False}
            continue
        contest |= {"spent": 0, "added": 0, "left": contest["budget"], "winners": [], "steps": []}
        for row in contest["projects"]:
            row |= {"votes": 0, "score": "0", "won": False, "funded": 0, "reason": "of-a-new-rule"}


def test_an_election_without_ballots_is_drawn() -> None:
    made = drawn(5)
    results = copy.deepcopy(dict(made.results))
    _nobody(results)
    empty = Drawn(
        election=made.election,
        results=results,
        figures=dict(figures(made.election, results)),
        counted=made.counted,
    )
    found = drawing(empty)
    assert len(found) == len(charts(5))
    words = texts(found["charts/votes-centre.en.svg"])
    assert "of-a-new-rule" in words
    assert not [text for text in words if text == "✓"]
    assert "5 other projects were not looked at." in texts(found["charts/filling-centre.en.svg"])


def test_more_rows_than_anybody_reads_are_summed_up() -> None:
    made = drawn(9)
    figure: Any = parse(made.figures["figures/votes-centre.json"])
    figure["projects"] = [{**figure["projects"][-1], "position": at} for at in range(1, 451)]
    data = {"figures/votes-centre.json": encode(figure)}
    sheet = dict(sheets(made.election, data, RESULT_HASH, typeface()))["votes-centre.en"]
    words = [item.words for item in sheet.items if isinstance(item, Label)]
    assert any(text.startswith("… and 50 more rows") for text in words)
    assert "400" in words
    assert "401" not in words


def test_a_score_below_nothing_has_no_bar_and_its_number() -> None:
    figure: Any = parse(drawn(5).figures["figures/votes-points.json"])
    figure["projects"][-1]["score"] = "-7/2"
    data = {"figures/votes-points.json": encode(figure)}
    found = dict(sheets(drawn(5).election, data, RESULT_HASH, typeface()))
    labels = [item for item in found["votes-points.en"].items if isinstance(item, Label)]
    last = next(item for item in labels if item.words == "−3 1/2")
    axis = next(item for item in labels if item.words == "0")
    assert last.x > axis.x


@pytest.mark.parametrize(
    ("share", "french", "english"),
    [
        ("1/3", "33,3\u202f%", "33.3%"),
        ("1/2", "50\u202f%", "50%"),
        ("1999/2000", "100\u202f%", "100%"),
    ],
)
def test_shares_are_rounded_once_and_halves_up(share: str, french: str, english: str) -> None:
    assert Words(language="fr").percent(Fraction(share)) == french
    assert Words(language="en").percent(Fraction(share)) == english


def test_days_are_written_out() -> None:
    french, english = Words(language="fr"), Words(language="en")
    assert french.moment("2026-10-01T08:00:00Z") == "1er octobre 2026 (08:00 UTC)"
    assert english.moment("2026-12-31T23:59:59Z") == "31 December 2026 (23:59:59 UTC)"
    assert english.moment("2026-10-02T00:00:00Z") == "2 October 2026 (00:00 UTC)"
