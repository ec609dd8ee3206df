"""Explanations: made from the results alone, the same as from the count itself."""

import json
from typing import Any, cast

import pytest

from audit.charts import typeface
from audit.explanations import explain, explanations_file
from audit.figures_envelope import votes
from audit.label import b64
from audit.sheet import Label
from audit.sheets import sheets
from tally import canonical
from tally.count import EnvelopeResult, Result, count_profiles
from tally.election import Election
from tally.mark import Choice
from tally.profile import Profile
from tests.audit.drawn import RESULT_HASH, both, definition, drawn
from tests.audit.forger import published, verified
from tests.town import town

SENTENCES = ("sentences", "summary", "explanation")


def same(election: Election, result: Result) -> None:
    """Words made from the bytes of the results are those made from the count's own objects."""
    value = canonical.parse(canonical.encode(result.to_value()))
    explained = explain(election, cast("dict[str, Any]", value))
    assert list(explained) == [contest.id for contest in election.contests]
    for counted in result.contests:
        if isinstance(counted, EnvelopeResult):
            found = explained[counted.envelope.id]
            ids = [project.id for project in counted.envelope.projects]
            assert list(found.projects.items()) == list(zip(ids, counted.sentences, strict=True))
        else:
            found = explained[counted.question.id]
            assert not found.projects
        assert found.summary == counted.summary


@pytest.mark.parametrize("projects", [1, 9, 34])
@pytest.mark.parametrize(
    "rule",
    [
        (),
        (("on_misfit", "top-up"), ("top_up_share", "1/5")),
        (("on_misfit", "part-fund"), ("minimum_votes", 12)),
        (
            ("on_misfit", "skip"),
            (
                "top_per",
                (
                    ("field", "district"),
                    ("count", 1),
                    ("budget", None),
                    ("on_misfit", "skip"),
                    ("pool", True),
                ),
            ),
        ),
    ],
    ids=["skip", "top-up", "part-fund", "districts"],
)
def test_results_are_enough_to_explain_them(projects: int, rule: tuple[object, ...]) -> None:
    made = drawn(projects, *rule)
    same(made.election, made.counted)


@pytest.mark.parametrize("budget", [1_500_000, 9_000_000])
def test_results_of_the_knapsack_optimum_are_enough_to_explain_them(budget: int) -> None:
    value = definition(9)
    value["contests"] = value["contests"][:2]
    for contest in value["contests"]:
        contest["rule"] = {"name": "knapsack-optimum", "parameters": {"minimum_votes": 4}}
        contest["budget"] = budget
    value["styles"] = [{**style, "contests": ["centre", "points"]} for style in value["styles"]]
    election = Election.from_value(value)
    profiles = {
        "centre": Profile.of({((f"p{p}", 1),): 3 + 5 * p % 11 for p in range(9)}),
        "points": Profile.of({(("a", 3), ("b", 3), ("c", 1)): 40, (("b", 2), ("d", 2)): 20}),
    }
    counted = count_profiles(election, profiles, b"lot")
    same(election, counted)
    said = " ".join(text.in_language("en") for text in counted.envelope("centre").sentences)
    assert "the best possible choice" in said
    assert "votes fewer" in said


@pytest.mark.parametrize(
    "parameters",
    [
        {"on_misfit": "skip"},
        {"on_misfit": "stop"},
        {"on_misfit": "skip", "minimum_votes": 9, "maximum_cost_share": "1/5"},
    ],
    ids=["skip", "stop", "bars"],
)
def test_results_of_phragmen_are_enough_to_explain_them(parameters: dict[str, object]) -> None:
    value = definition(9)
    value["contests"] = value["contests"][:1]
    value["contests"][0] |= {"rule": {"name": "phragmen", "parameters": parameters}}
    value["styles"] = [{**style, "contests": ["centre"]} for style in value["styles"]]
    election = Election.from_value(value)
    ballots: dict[Choice, int] = {
        tuple((f"p{p}", 1) for p in range(9) if (p * n + p) % 4 == 0): n for n in range(1, 9)
    }
    counted = count_profiles(election, {"centre": Profile.of({**ballots, (): 2})}, b"lot")
    same(election, counted)
    result = counted.envelope("centre")
    assert {standing.won for standing in result.outcome.standings} == {True, False}
    reasons = {standing.reason for standing in result.outcome.standings}
    assert ("after-stop" in reasons) == (parameters["on_misfit"] == "stop")
    assert ("above-cost-cap" in reasons) == ("maximum_cost_share" in parameters)
    said = " ".join(text.in_language("en") for text in result.sentences)
    assert "on whichever ballots" in said


def by_grades(**minimum: int) -> tuple[Election, Result]:
    """An election of nine projects and four grades, counted by majority judgment."""
    value = definition(9)
    grades = [both(word) for word in ("Très favorable", "Favorable", "Passable", "Insuffisant")]
    value["contests"] = value["contests"][:1]
    value["contests"][0] |= {
        "form": {"type": "grades", "labels": grades, "default": 3},
        "rule": {"name": "majority-judgment", "parameters": {"on_misfit": "skip"} | minimum},
    }
    value["styles"] = [{**style, "contests": ["centre"]} for style in value["styles"]]
    election = Election.from_value(value)
    ballots: dict[Choice, int] = {
        tuple((f"p{p}", (p * n + n * n) % 4) for p in range(9) if (p + n) % 3): n
        for n in range(1, 9)
    }
    return election, count_profiles(election, {"centre": Profile.of({**ballots, (): 2})}, b"lot")


@pytest.mark.parametrize("minimum", [{}, {"minimum_grade": 1}], ids=["any", "minimum"])
def test_results_by_grades_are_enough_to_explain_them(minimum: dict[str, int]) -> None:
    election, counted = by_grades(**minimum)
    same(election, counted)
    result = counted.envelope("centre")
    assert {standing.won for standing in result.outcome.standings} == {True, False}
    for text in result.sentences:
        french, english = text.in_language("fr"), text.in_language("en")
        assert french.startswith("Mention majoritaire «")
        assert english.startswith("Majority grade “")
        assert "lui donnent au moins" in french


def test_a_chart_of_grades_does_not_call_the_gauge_points() -> None:
    election, counted = by_grades()
    result: Any = counted.to_value()["contests"]
    figure: Any = votes(election, election.contests[0], "E" * 43, result[0])  # type: ignore[arg-type]
    assert (figure["measure"], figure["unit"]) == ("score", "gauge")
    path = "figures/votes-centre.json"
    for language, head in (("fr", "Jauge majoritaire"), ("en", "Majority gauge")):
        drawings = dict(sheets(election, {path: canonical.encode(figure)}, RESULT_HASH, typeface()))
        texts = [
            item.words
            for item in drawings[f"votes-centre.{language}"].items
            if isinstance(item, Label)
        ]
        assert head in texts
        assert "Points" not in texts


def test_a_whole_election_is_explained_from_its_results() -> None:
    same(town().manifest.election, verified(published()).result)


def test_the_file_names_the_result_and_speaks_both_languages() -> None:
    made = drawn(9)
    data = explanations_file(made.explained, RESULT_HASH)
    assert canonical.encode(canonical.parse(data)) == data
    value = json.loads(data)
    assert value.keys() == {"type", "version", "publication", "contests"}
    assert (value["type"], value["version"]) == ("explanations", 1)
    assert value["publication"] == b64(RESULT_HASH)
    assert value["contests"].keys() == {"centre", "points", "again"}
    assert value["contests"]["again"]["projects"] == {}
    centre = value["contests"]["centre"]
    assert centre["projects"].keys() == {f"p{number}" for number in range(9)}
    for text in (centre["summary"], *centre["projects"].values()):
        assert text.keys() == {"fr", "en"}
        assert text["fr"] != text["en"]
        assert all(words.endswith((".", "…")) for words in text.values())


def test_what_is_decided_holds_no_sentence() -> None:
    files = published()
    for path in ("results.json", *(path for path in files if path.startswith("figures/"))):
        for name in SENTENCES:
            assert f'"{name}":'.encode() not in files[path], path
        said = json.loads(files["explanations.json"])["contests"].values()
        for each in said:
            for text in (each["summary"], *each["projects"].values()):
                for words in text.values():
                    assert json.dumps(words, ensure_ascii=False).encode() not in files[path]
