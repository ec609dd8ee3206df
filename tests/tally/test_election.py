"""Definitions: read strictly, every fault at once, written back exactly."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from tally.canonical import encode, parse
from tally.election import DefinitionFaults, Election, Knapsack, Text, is_time
from tally.errors import TallyError
from tests import strategies

WORDS = {"fr": "mots", "en": "words"}


def definition() -> dict[str, Any]:
    """Two envelopes and a question, one override, everything right."""

    def project(name: str, cost: int) -> dict[str, Any]:
        return {
            "id": name, "title": WORDS, "description": {"fr": "a\nb", "en": ""}, "cost": cost,
            "category": ["nature"], "district": "Nord", "picture": None, "invented": True,
        }  # fmt: skip

    def envelope(name: str, form: dict[str, Any]) -> dict[str, Any]:
        return {
            "kind": "envelope", "id": name, "title": WORDS, "description": WORDS, "budget": 1000,
            "form": {**form, "blank": True},
            "rule": {"name": "greedy", "parameters": {"list": [1, {"of": "4/5"}]}},
            "tie_break": ["votes", "cost", "lot"],
            "projects": [project("1/A", 100), project("2/B", 200), project("é#3", 5000)],
        }  # fmt: skip

    return {
        "id": "town-2026", "title": WORDS, "organiser": WORDS, "eligibility": WORDS,
        "languages": ["fr", "en"], "currency": "EUR", "exponent": 2,
        "time_zone": "Europe/Paris", "opens": "2026-10-05T08:00:00Z",
        "closes": "2026-10-25T22:00:00Z",
        "contests": [
            envelope("city", {"type": "approval", "minimum": 1, "maximum": 3}),
            envelope("north", {"type": "knapsack", "budget": 300, "minimum": 1, "maximum": None}),
            {
                "kind": "question", "id": "asked", "title": WORDS, "description": WORDS,
                "form": {"type": "question", "blank": False},
                "rule": {"name": "question", "parameters": {}},
                "options": [{"id": "for", "title": WORDS}, {"id": "against", "title": WORDS}],
            },
        ],
        "styles": [
            {"id": "all", "title": WORDS, "contests": ["city", "north", "asked"], "forms": {}},
            {
                "id": "young", "title": WORDS, "contests": ["asked", "city"],
                "forms": {"city": {"type": "approval", "minimum": 1, "maximum": 2, "blank": False}},
            },
        ],
    }  # fmt: skip


def faults_of(value: object) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionFaults) as caught:
        Election.from_value(value)
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.path, fault.message) for fault in caught.value.faults]


@given(strategies.elections())
def test_elections_read_back_exactly(election: Election) -> None:
    value = election.to_value()
    again = Election.from_value(parse(encode(value)))
    assert again == election
    assert again.to_value() == value
    assert pickle.loads(pickle.dumps(election)) == election  # noqa: S301  (for worker processes)
    assert election.__hash__() == again.__hash__()


def test_the_example_reads() -> None:
    election = Election.from_value(definition())
    assert election.to_value() == definition()
    assert election.form("all", "city").blank
    assert not election.form("young", "city").blank
    assert election.form("all", "north") == Knapsack(budget=300, minimum=1, maximum=None)
    for wrong in (
        lambda: election.contest("x"),
        lambda: election.style("x"),
        lambda: election.form("young", "north"),
        lambda: election.form("young", "x"),
    ):
        with pytest.raises(TallyError, match=r"has no (contest|style)"):
            wrong()


def test_nothing_changes_afterwards() -> None:
    value = definition()
    election = Election.from_value(value)
    value["contests"][0]["rule"]["parameters"]["list"].append(2)
    assert election.to_value() == definition()


def test_blank_is_true_when_left_out_and_written_always() -> None:
    value = definition()
    del value["contests"][0]["form"]["blank"]
    assert Election.from_value(value).to_value() == definition()


def test_texts_fall_back_to_the_first_language() -> None:
    words = {"en": "words", "de": "Worte", "fr": "mots"}
    text = Text.from_value(words, ("fr", "en"))
    assert [code for code, _ in text.words] == ["fr", "en", "de"]
    assert text.in_language("en") == "words"
    assert text.in_language("oc") == "mots"
    with pytest.raises(DefinitionFaults, match="no words in 'it'"):
        Text.from_value({"fr": "mots"}, ("fr", "it"))


Change = Callable[[dict[str, Any]], object]


def put(path: str, new: object) -> Change:
    """A change of one value; ``path`` as faults name it."""
    steps = [
        int(step) if step.isdigit() else step
        for step in path.replace("[", ".").replace("]", "").split(".")
    ]

    def change(value: Any) -> None:
        for step in steps[:-1]:
            value = value[step]
        value[steps[-1]] = new

    return change


CITY = "contests[0]"
FORM = f"{CITY}.form"
FAULTS: list[tuple[str, object, str, str]] = [
    # what is changed, to what, the path of the one fault, its message
    ("id", "Town", "id", "'Town' is not an identifier"),
    ("id", "x" * 65, "id", "65 characters"),
    ("id", 5, "id", "an integer stands here"),
    ("title", "words", "title", "a text stands here"),
    ("title", {"fr": "mots"}, "title.en", "no words in 'en'"),
    ("title", {**WORDS, "Fr": "x"}, "title", "'Fr' is not a language code"),
    ("title", {**WORDS, "en": "a\nb"}, "title.en", "control character U+000A"),
    ("title", {**WORDS, "en": "a\x85"}, "title.en", "control character U+0085"),
    ("title", {**WORDS, "en": "a\ud800"}, "title.en", "half a character"),
    ("title", {**WORDS, "en": " "}, "title.en", "the text is empty"),
    ("title", {**WORDS, "en": "x" * 4001}, "title.en", "4001 characters"),
    ("title", dict([*WORDS.items(), (5, "x")]), "title", "key 5 is not a text"),
    ("currency", "€", "currency", "not a currency code"),
    ("exponent", 7, "exponent", "7 is out of range"),
    ("exponent", True, "exponent", "a flag stands here"),
    ("exponent", "2", "exponent", "a text stands here"),
    ("exponent", None, "exponent", "null stands here"),
    ("time_zone", "", "time_zone", "empty"),
    ("time_zone", "Europe/", "time_zone", "not the name of a time zone"),
    ("time_zone", "/Paris", "time_zone", "not the name of a time zone"),
    ("time_zone", "../Paris", "time_zone", "not the name of a time zone"),
    ("time_zone", "Europe/Zürich", "time_zone", "not the name of a time zone"),
    ("time_zone", "+02:00", "time_zone", "not the name of a time zone"),
    ("time_zone", 2, "time_zone", "an integer stands here"),
    ("opens", "2026-10-05 08:00:00", "opens", "is not a time"),
    ("opens", "2026-10-05T08:00:00+02:00", "opens", "is not a time"),
    ("opens", "2026-02-29T08:00:00Z", "opens", "is not a time"),
    ("closes", "2026-10-05T08:00:00Z", "closes", "closes before it opens"),
    ("contests", [], "contests", "0 contests"),
    ("contests", {}, "contests", "an object stands here"),
    ("styles", [], "styles", "0 styles"),
    (CITY, [], CITY, "a list stands here"),
    (f"{CITY}.kind", "poll", f"{CITY}.kind", "'poll' is not known"),
    ("contests[2].id", "city", "contests[2].id", "'city' is the id of contests[0] too"),
    (f"{CITY}.budget", 0, f"{CITY}.budget", "0 is out of range"),
    (f"{CITY}.budget", 2**53, f"{CITY}.budget", "is out of range"),
    (f"{CITY}.budget", 1.5, f"{CITY}.budget", "float stands here"),
    (f"{CITY}.rule", {"name": "greedy"}, f"{CITY}.rule.parameters", "'parameters' is missing"),
    (f"{CITY}.rule.name", "", f"{CITY}.rule.name", "the text is empty"),
    (f"{CITY}.rule.parameters", {"x": 1.5}, f"{CITY}.rule.parameters.x", "no canonical spelling"),
    (f"{CITY}.tie_break", [], f"{CITY}.tie_break", "0 criteria"),
    (f"{CITY}.tie_break", ["votes"], f"{CITY}.tie_break", "a tie could remain"),
    (f"{CITY}.tie_break", ["age", "lot"], f"{CITY}.tie_break[0]", "'age' is not known"),
    (f"{CITY}.tie_break", ["cost", "cost", "lot"], f"{CITY}.tie_break[1]", "stands twice"),
    (f"{CITY}.tie_break", ["order", "lot"], f"{CITY}.tie_break[0]", "decides every tie"),
    (f"{CITY}.projects", [], f"{CITY}.projects", "0 projects"),
    (f"{CITY}.projects[2].id", "1/A", f"{CITY}.projects[2].id", "is the id of projects[0] too"),
    (f"{CITY}.projects[2].id", "a b", f"{CITY}.projects[2].id", "is not a project id"),
    (f"{CITY}.projects[2].id", "", f"{CITY}.projects[2].id", "the text is empty"),
    (f"{CITY}.projects[2].cost", -1, f"{CITY}.projects[2].cost", "-1 is out of range"),
    (f"{CITY}.projects[2].cost", 2**53 - 1, f"{CITY}.projects", "add up to more than"),
    (f"{CITY}.projects[2].category", ["a", "a"], f"{CITY}.projects[2].category[1]", "twice"),
    (f"{CITY}.projects[2].invented", 1, f"{CITY}.projects[2].invented", "an integer stands here"),
    (f"{CITY}.projects[2].picture", {"path": "../x", "sha256": "A" * 43},
     f"{CITY}.projects[2].picture.path", "is not a picture's path"),
    (f"{CITY}.projects[2].picture", {"path": "pictures/x.jpg", "sha256": "A" * 42 + "B"},
     f"{CITY}.projects[2].picture.sha256", "is not a SHA-256 hash"),
    (f"{CITY}.projects[2].picture", {"path": "pictures/x.jpg", "sha256": "é" * 43},
     f"{CITY}.projects[2].picture.sha256", "is not a SHA-256 hash"),
    (FORM, {}, f"{FORM}.type", "'type' is missing"),
    (FORM, {"type": "ballot"}, f"{FORM}.type", "'ballot' is not known"),
    (FORM, {"type": []}, f"{FORM}.type", "a list stands here"),
    (f"{FORM}.blank", "yes", f"{FORM}.blank", "a text stands here"),
    (f"{FORM}.minimum", 0, f"{FORM}.minimum", "0 is out of range"),
    (f"{FORM}.maximum", 4, f"{FORM}.maximum", "up to 4 of 3 projects"),
    (f"{FORM}.limit", 4, FORM, "unknown key 'limit'"),
    ("contests[1].form.budget", 0, "contests[1].form.budget", "0 is out of range"),
    ("contests[1].form.budget", 99, "contests[1].form.budget", "cheapest projects cost more"),
    ("contests[1].form.minimum", 4, "contests[1].form.minimum", "4 projects are asked for"),
    ("contests[2].options", [], "contests[2].options", "0 options"),
    ("contests[2].options[1].id", "for", "contests[2].options[1].id", "id of options[0] too"),
    ("contests[2].form", {"type": "choose-1"}, "contests[2].form", "form 'choose-1' in a question"),
    ("contests[2].budget", 5, "contests[2]", "unknown key 'budget'"),
    ("styles[1].id", "all", "styles[1].id", "'all' is the id of styles[0] too"),
    ("styles[0].contests", ["city", "asked", "x", "north"], "styles[0].contests[2]", "no contest"),
    ("styles[0].contests", ["city", "asked"], "contests[1].id", "no style offers"),
    ("styles[1].contests", ["city", "city"], "styles[1].contests[1]", "stands twice"),
    ("styles[1].contests", ["asked"], "styles[1].forms.city", "the style has no contest 'city'"),
    ("styles[1].forms.city", {"type": "choose-1"}, "styles[1].forms.city.type", "replaces"),
    ("styles[1].forms.city.maximum", 9, "styles[1].forms.city.maximum", "up to 9 of 3"),
]  # fmt: skip
POINTS = {
    "type": "points", "total": 10, "cap": 5, "minimum_projects": 1, "maximum_projects": 2,
    "minimum_total": 0,
}  # fmt: skip
SCORES = {
    "type": "scores", "minimum": 0, "maximum": 5, "minimum_projects": 1, "maximum_projects": None,
}  # fmt: skip
GRADES = {"type": "grades", "labels": [{"fr": "a", "en": "a"}, {"fr": "b", "en": "b"}]}
FORM_FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"type": "approval", "minimum": 3, "maximum": 2}, "minimum", "minimum 3 is above maximum 2"),
    ({"type": "ranking", "minimum": 1, "maximum": 4}, "maximum", "up to 4 of 3 projects"),
    ({**POINTS, "cap": 11}, "cap", "cap 11 is above the total 10"),
    ({**POINTS, "cap": 65536, "total": 70000}, "cap", "65536 is out of range"),
    ({**POINTS, "minimum_total": 11}, "minimum_total", "at most 10 points"),
    ({**POINTS, "cap": 3, "minimum_total": 7}, "minimum_total", "at most 6 points"),
    ({**POINTS, "minimum_projects": 3}, "minimum_projects", "is above maximum_projects 2"),
    ({**POINTS, "total": 1, "cap": 1, "minimum_projects": 2}, "minimum_projects", "1 points"),
    ({**SCORES, "maximum": 0}, "maximum", "not above the lowest"),
    ({**SCORES, "maximum": 65535}, "maximum", "65536 different scores"),
    ({**SCORES, "maximum_projects": 4}, "maximum_projects", "up to 4 of 3"),
    ({**GRADES, "default": 2}, "default", "grade number 2 of 2"),
    ({**GRADES, "labels": [WORDS, WORDS], "default": 0}, "labels", "two grades read the same"),
    ({"type": "grades", "labels": [WORDS], "default": 0}, "labels", "1 grades"),
    ({"type": "question"}, "", "a question's form in an envelope"),
]


@pytest.mark.parametrize(("path", "new", "at", "message"), FAULTS)
def test_faults_one_by_one(path: str, new: object, at: str, message: str) -> None:
    value = copy.deepcopy(definition())
    put(path, new)(value)
    # A contest that goes missing leaves styles that name it: said as well, and not meant here.
    faults = [
        fault
        for fault in faults_of(value)
        if message in fault[1] or "there is no contest" not in fault[1]
    ]
    assert [fault[0] for fault in faults] == [at], faults
    assert message in faults[0][1]


@pytest.mark.parametrize(("form", "at", "message"), FORM_FAULTS)
def test_faults_of_forms(form: dict[str, object], at: str, message: str) -> None:
    value = definition()
    value["contests"][0]["form"] = form
    value["styles"][1]["forms"] = {}
    ((path, said),) = faults_of(value)
    assert path == (f"{FORM}.{at}" if at else FORM)
    assert message in said


@pytest.mark.parametrize(
    "path", ["", CITY, FORM, f"{CITY}.projects[1]", "contests[2]", "styles[0]"]
)
def test_every_key_is_needed_and_no_other_known(path: str) -> None:
    def at(value: Any) -> dict[str, Any]:
        for step in path.replace("[", ".").replace("]", "").split(".") if path else ():
            value = value[int(step) if step.isdigit() else step]
        assert isinstance(value, dict)
        return value

    for key in at(definition()):
        if key == "blank":
            continue
        value = definition()
        del at(value)[key]
        assert (f"{path}.{key}" if path else key, f"{key!r} is missing") in faults_of(value)
    value = definition()
    at(value)["extra"] = 1
    assert faults_of(value) == [(path, "unknown key 'extra'")]


def test_pictures_of_one_name_are_one_picture() -> None:
    value = definition()
    for number, letter in enumerate("AE"):
        value["contests"][0]["projects"][number]["picture"] = {
            "path": "pictures/x.jpg",
            "sha256": "A" * 42 + letter,
        }
    ((path, message),) = faults_of(value)
    assert path == f"{CITY}.projects[1].picture.path"
    assert "another hash" in message


@pytest.mark.parametrize("form", [{**GRADES, "default": 0}, SCORES])
def test_styles_keep_the_meaning_of_marks(form: dict[str, object]) -> None:
    value = definition()
    value["contests"][0]["form"] = form
    changed = {**form, "default": 1} if "default" in form else {**form, "maximum": 6}
    value["styles"][1]["forms"] = {"city": {**form, "blank": False}}
    Election.from_value(value)
    value["styles"][1]["forms"] = {"city": changed}
    ((path, message),) = faults_of(value)
    assert path.startswith("styles[1].forms.city.")
    assert "differ from the contest's" in message


def test_all_faults_at_once() -> None:
    value = definition()
    for path, new in (
        ("id", "Town"),
        ("opens", "soon"),
        (f"{CITY}.projects[1].cost", "free"),
        (f"{CITY}.form.minimum", 0),
        ("contests[1].tie_break", ["votes"]),
        ("styles[1].title", {}),
    ):
        put(path, new)(value)
    assert {path for path, _ in faults_of(value)} == {
        "id", "opens", f"{CITY}.projects[1].cost", f"{CITY}.form.minimum", "contests[1].tie_break",
        "styles[1].title.fr", "styles[1].title.en",
    }  # fmt: skip


@pytest.mark.parametrize("value", [None, 5, "x", [], True, 1.5])
def test_what_is_no_object(value: object) -> None:
    ((path, message), *_) = faults_of(value)
    assert path == ""
    assert "stands here" in message


def test_messages_read_as_sentences() -> None:
    with pytest.raises(DefinitionFaults) as caught:
        Election.from_value({**definition(), "exponent": 7, "contests": []})
    assert "exponent: 7 is out of range. Give 0 to 6" in str(caught.value).splitlines()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2024-02-29T23:59:59Z", True),
        ("2000-02-29T00:00:00Z", True),
        ("1900-02-29T00:00:00Z", False),
        ("2026-04-31T00:00:00Z", False),
        ("2026-13-01T00:00:00Z", False),
        ("2026-00-01T00:00:00Z", False),
        ("2026-01-00T00:00:00Z", False),
        ("0000-01-01T00:00:00Z", False),
        ("2026-01-01T24:00:00Z", False),
        ("2026-01-01T00:60:00Z", False),
        ("2026-01-01T00:00:60Z", False),
        ("2026-01-01T00:00:00.0Z", False),
        ("2026-01-01t00:00:00z", False),
        ("2026-01-01T00:00:00Z\n", False),
        ("２０２６-01-01T00:00:00Z", False),
    ],
)
def test_times(text: str, right: bool) -> None:
    assert is_time(text) is right
