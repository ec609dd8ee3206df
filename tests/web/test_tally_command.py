"""``scrutin tally`` and ``scrutin compare FILE.pb``: a file alone, no election and no server."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tally.election import CountingRule
from tally.pabulib import publication
from tally.profile import Profile
from tests.tally.test_pabulib_comment import GRADED, GRADES, election_of
from tests.web.console import Console

FOLDER = os.environ.get("SCRUTIN_PABULIB", "")
NEEDS_FILES = pytest.mark.skipif(
    not FOLDER, reason="real .pb files are not here: set SCRUTIN_PABULIB to a folder of them"
)
META = {
    "description": "A town",
    "country": "France",
    "unit": "Ville",
    "instance": "2026",
    "num_projects": "4",
    "num_votes": "6",
    "budget": "100.50",
    "vote_type": "approval",
    "rule": "greedy",
    "date_begin": "01.02.2026",
    "date_end": "28.02.2026",
    "currency": "EUR",
}
PROJECTS = (
    ("project_id", "cost", "votes", "name", "category", "selected"),
    ("A 1", "60", "4", "Verger \x1b[31m", "nature", "1"),
    ("b", "50", "3", "Piste", "sport", "0"),
    ("c", "40.5", "2", "Banc", "nature,sport", "0"),
    ("d", "10", "1", "Nichoirs", "nature", "1"),
)
VOTES = ("A 1,b", "A 1,b,c", "A 1", "A 1,c", "b", "d")


def written(folder: Path, **meta: str) -> Path:
    lines = ["META", "key;value", *(f"{key};{value}" for key, value in {**META, **meta}.items())]
    lines += ["PROJECTS", *(";".join(row) for row in PROJECTS), "VOTES", "voter_id;vote"]
    lines += [f"{number};{vote}" for number, vote in enumerate(VOTES, start=1)]
    file = folder / "town.pb"
    file.write_bytes(("\n".join(lines) + "\n").encode())
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


def test_the_object_has_what_is_promised(console: Console, file: Path) -> None:
    run = console.done("tally", file, "--json")
    found = run.data
    assert found["rule"] == "greedy"
    assert found["parameters"] == {"on_misfit": "skip"}
    assert (found["budget"], found["spent"], found["exponent"]) == (10050, 10050, 2)
    assert found["winners"] == ["A 1", "c"]
    assert found["ties"] == []
    assert [project["id"] for project in found["projects"]] == ["A 1", "b", "c", "d"]
    assert [project["score"] for project in found["projects"]] == [4, 3, 2, 1]
    assert [project["won"] for project in found["projects"]] == [True, False, True, False]
    assert [project["reason"] for project in found["projects"]] == [
        "fits",
        "does-not-fit",
        "fits",
        "does-not-fit",
    ]
    assert found["projects"][1]["margin"] == {"votes": 1, "each": 1, "cheaper": 950}
    assert "40,50" in found["projects"][1]["explanation"]["fr"]
    assert [step["project"] for step in found["steps"]] == ["A 1", "b", "c", "d"]
    # The file's own column says otherwise, and that is told.
    assert found["selected"] == {"same": False, "more": ["c"], "fewer": ["d"]}
    assert found["file"] == "town.pb"


def test_people_read_winners_steps_and_reasons(console: Console, file: Path) -> None:
    run = console.done("tally", file)
    assert "2\u00a0winners: €100.50 of €100.50" in run.out
    assert "\x1b" not in run.out + run.err
    assert "  1. A 1  Verger  [31m  (€60)" in run.out
    assert "Lost: €40.50 was left, it costs €50." in run.out
    assert max(map(len, run.out.splitlines())) <= 100
    assert "project c wins here and not in the file's column 'selected'" in run.err
    assert "project d wins in the file's column 'selected' and not here" in run.err
    french = console.done("tally", file, "--language", "fr").out
    assert "Règle : greedy" in french
    assert "Perdu : il restait 40,50" in french


def test_rule_and_parameters_may_be_chosen(console: Console, file: Path) -> None:
    def winners(*words: str) -> Any:
        return console.done("tally", file, "--json", *words).data["winners"]

    assert winners("--rule", "greedy") == ["A 1", "c"]
    assert winners("--rule", "greedy-stop") == ["A 1"]
    assert winners("--set", "on_misfit=stop") == ["A 1"]
    assert winners("--set", "on_misfit=skip", "--set", "minimum_votes=3") == ["A 1"]
    assert winners("--set", 'exclusive_groups=[["u+A+20+1","c"]]') == ["A 1", "d"]
    assert winners("--set", "minimum_votes_share=1/2", "--set", "share_of=cast") == ["A 1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rule", "best"), "there is no such rule. Write one of greedy"),
        (("--rule", "majority-judgment"), "form.type"),
        (("--set", "minimum_votes=0"), "rule.parameters.minimum_votes"),
        (("--set", "sorting=yes"), "unknown key"),
        (("--set", "minimum_votes"), "parameter=value"),
        (("--set", "minimum_votes=1.5"), "has decimals"),
        (("--set", "minimum_votes=1", "--set", "minimum_votes=2"), "set twice"),
    ],
)
def test_what_makes_no_sense_is_named(
    console: Console, file: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in console.refused("tally", file, *words, status=2)


def test_a_published_file_of_grades_is_counted_by_its_own_rule(
    console: Console, tmp_path: Path
) -> None:
    rule = CountingRule.of("majority-judgment", {"on_misfit": "skip"})
    text = publication(election_of(GRADES, rule), "city", Profile.of(GRADED), ["b"])
    file = tmp_path / "grades.pb"
    file.write_text(text)
    found = console.done("tally", file, "--json").data
    assert (found["rule"], found["parameters"]) == ("majority-judgment", {"on_misfit": "skip"})
    # All have the majority grade "Passable"; five ballots of twelve give `a` a better one, three a
    # worse one; `b` no longer fits.
    assert found["winners"] == ["a", "P 1", "d"]
    assert found["selected"]["fewer"] == ["b"]
    assert "Majority grade “Passable" in found["projects"][0]["explanation"]["en"]
    assert "form.type" in console.refused("tally", file, "--rule", "greedy", status=2)


def test_an_unknown_rule_of_the_file_asks_for_one(console: Console, tmp_path: Path) -> None:
    file = written(tmp_path, rule="divination")
    said = console.refused("tally", file)
    assert "'divination' is not one of ours. Name one with --rule: greedy" in said
    assert console.done("tally", file, "--rule", "greedy", "--json").data["winners"] == ["A 1", "c"]


def test_a_broken_file_is_named_with_section_line_and_column(
    console: Console, tmp_path: Path
) -> None:
    file = written(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"\nb;50;", b"\nb;fifty;"))
    for command in ("tally", "compare"):
        said = console.refused(command, file)
        assert f"{file}: PROJECTS, line 18, column 'cost'" in said
    file.write_bytes(data.replace(b"Piste", b"P\xefste"))
    assert f"{file}: line 18, byte 9: this is not UTF-8" in console.refused("tally", file)
    console.refused("tally", tmp_path / "none.pb", status=2)


def test_rules_side_by_side(console: Console, file: Path) -> None:
    found = console.done("compare", file, "--json").data
    by_id = {each["id"]: each for each in found["compared"]}
    assert by_id["greedy-skip"]["own"]
    assert by_id["greedy-skip"]["winners"] == ["A 1", "c"]
    assert by_id["greedy-stop"]["winners"] == ["A 1"]
    assert by_id["greedy-stop"]["lost"] == ["c"]
    assert by_id["greedy-skip"]["satisfied"] == 4
    assert by_id["greedy-stop"]["by_category"] == {"nature": "40/67", "sport": "0"}
    assert "c" in found["differing"]
    assert found["titles"]["b"] == "Piste"
    shown = console.done("compare", file).out
    assert "(greedy-skip) [the file’s own rule]" in shown
    assert "2\u00a0winners; spent €100.50 (100.0%); at least one winner for 4\u00a0ballots" in shown
    assert "Share by category:" in shown
    assert "Only the rule announced before the vote gives its result" in shown
    assert (
        "Part de l’enveloppe par catégorie" in console.done("compare", file, "--language", "fr").out
    )


def test_compare_does_what_fits_what_it_is_given(
    console: Console, file: Path, tmp_path: Path
) -> None:
    # Two captures: the observers' program answers; a folder that is none of them fails there.
    run = console("compare", tmp_path, tmp_path)
    assert (run.status, run.out) == (1, "FAILED: manifest.json: missing\n")
    assert "Give a second capture" in console.refused("compare", tmp_path, status=2)
    assert "no such file" in console.refused("compare", tmp_path / "x.pb", status=2)
    assert "--json goes with one" in console.refused("compare", "a", "b", "--json", status=2)
    assert "FILE.pb, or the two captures" in console.refused("compare", "a", "b", "c", status=2)
    shown = console.done("compare", "--help").out
    assert "scrutin compare FILE.pb" in shown
    assert "scrutin compare EARLIER LATER" in shown


@NEEDS_FILES
def test_a_large_city_takes_two_seconds(console: Console) -> None:
    started = time.process_time()
    found = console.done("tally", Path(FOLDER) / "Poland_Lodz_2022.pb", "--json").data
    # Reading, counting, 160 margins and printing; without the start of Python.
    assert time.process_time() - started < 2
    assert len(found["winners"]) == 16
    assert found["spent"] == 6_112_868
    assert found["selected"]["same"]


@NEEDS_FILES
def test_every_city_is_counted_by_some_rule(console: Console) -> None:
    files = sorted(Path(FOLDER).glob("France_Toulouse*.pb"))[:4]
    for file in files:
        found = json.loads(console.done("tally", file, "--rule", "greedy", "--json").out)
        assert len(found["projects"]) == len({project["id"] for project in found["projects"]})
        assert sum(project["funded"] for project in found["projects"]) == found["spent"]
