"""The words of the voting pages and what a voter is asked to do, without a browser."""

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest

from tally.election import (
    Approval,
    ChooseOne,
    Form,
    Grades,
    Knapsack,
    Points,
    QuestionForm,
    Ranking,
    Scores,
    Text,
)
from tally.money import format_money
from tests.browser.every_form import election
from web.ballot_view import ask, contest_views
from web.voting_words import VotingWords
from web.wording import LANGUAGES
from web.wording import catalogue as any_catalogue

WEB = Path(str(resources.files("web")))
SOURCES = [
    *WEB.glob("templates/vote*.html"),
    WEB / "templates/receipt.html",
    *WEB.glob("static/js/ui-*.js"),
    WEB / "ballot_view.py",
]
FAULT = r"\"((?:log|receipt|test)-[a-z-]+|does-not-open|ephemeral-key)\""
PLURALS = re.compile(r"\.(zero|one|two|few|many|other)$")
# Keys that a module or a template puts together, by their beginnings.
MADE = (
    "vote.code.", "vote.door.", "vote.status.", "vote.problem.", "vote.ask.", "receipt.", "test.",
)  # fmt: skip


TOWN = election("2026-10-05T08:00:00Z", "2026-12-19T18:00:00Z")


def catalogue(language: str) -> Mapping[str, str]:
    return any_catalogue(language, "voting")


def _money(minor: int) -> str:
    return format_money(minor, "EUR", 2, "fr")


def _asked(form: Form, language: str = "fr") -> list[str]:
    return list(ask(form, language, VotingWords(language=language, election=TOWN).say, _money))


def test_every_language_has_the_same_words_and_places() -> None:
    first = catalogue(LANGUAGES[0])
    for language in LANGUAGES[1:]:
        other = catalogue(language)
        assert {PLURALS.sub("", key) for key in other} == {PLURALS.sub("", key) for key in first}
        for key, words in other.items():
            places = set(re.findall(r"\{(\w+)\}", words))
            known = first.get(key) or first[PLURALS.sub(".other", key)]
            assert places == set(re.findall(r"\{(\w+)\}", known)), key


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in SOURCES)
    quoted = set(re.findall(r"[\"'`]((?:vote|receipt|test)\.[a-z0-9_.]+)[\"'`]", text))
    quoted.discard("vote.css")
    keys = {PLURALS.sub("", key) for key in catalogue("fr")}
    # What is no key is the beginning of keys.
    assert {
        each for each in quoted - keys if not any(key.startswith(each) for key in keys)
    } == set()
    unused = {key for key in keys if key not in quoted and not key.startswith(MADE)}
    assert unused == set()


def test_modules_hold_no_words() -> None:
    """A sentence in a module would be one that no catalogue can translate."""
    for path in WEB.glob("static/js/ui-*.js"):
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        for literal in re.findall(r"\"([^\"\n]*)\"", code):
            assert not re.search(r"[A-Za-zÀ-ÿ]+ [A-Za-zÀ-ÿ]+ [A-Za-zÀ-ÿ]+", literal), literal


def test_a_page_waits_for_no_fault_that_cannot_happen() -> None:
    """A code that a module misspells would show the wrong verdict."""
    thrown, awaited = set(), set()
    for path in WEB.glob("static/js/*.js"):
        codes = set(re.findall(FAULT, path.read_text("utf-8")))
        if path.name == "ui-session.js":
            awaited = codes
        elif not path.name.startswith("ui-"):
            thrown |= codes
    assert {"log-witnesses", "receipt-signature"} <= awaited
    assert awaited - {"log-evidence"} <= thrown  # that one is the type of a file


def test_french_signs_stay_with_their_words() -> None:
    for key, words in catalogue("fr").items():
        assert not re.search(r" [:;?!»]|« ", words), key


@pytest.mark.parametrize(
    ("form", "sentences"),
    [
        (Approval(minimum=1, maximum=5), ["Choisissez jusqu’à 5 projets."]),
        (Approval(minimum=3, maximum=3), ["Choisissez exactement 3 projets."]),
        (Approval(minimum=3, maximum=10), ["Choisissez de 3 à 10 projets."]),
        (ChooseOne(), ["Choisissez un seul projet."]),
        (QuestionForm(), ["Choisissez une réponse."]),
        (Ranking(minimum=1, maximum=3), ["Classez jusqu’à 3 projets, votre préféré d’abord."]),
        (Ranking(minimum=3, maximum=3), ["Classez exactement 3 projets, votre préféré d’abord."]),
        (
            Knapsack(budget=350_000_000, minimum=1, maximum=10),
            [
                (
                    "Remplissez votre panier\u00a0: tous vos projets ensemble coûtent au plus "
                    "3\u202f500\u202f000\u00a0€."
                ),
                "Choisissez jusqu’à 10 projets.",
            ],
        ),
        (
            Points(total=7, cap=1, minimum_projects=3, maximum_projects=None, minimum_total=1),
            [
                "Vous avez 7 points à partager entre les projets.",
                "Un projet peut recevoir un point au plus.",
                "Donnez au moins un point.",
                "Choisissez au moins 3 projets.",
            ],
        ),
        (
            Scores(minimum=-2, maximum=2, minimum_projects=1, maximum_projects=None),
            ["Notez les projets de -2 à 2. Un projet sans note reste sans avis."],
        ),
        (
            Grades(labels=(Text.of(fr="Bien", en="Good"), Text.of(fr="Mal", en="Bad")), default=1),
            [
                (
                    "Donnez une mention aux projets. "
                    "Sans mention, un projet compte comme «\u00a0Mal\u00a0»."
                )
            ],
        ),
    ],
)
def test_what_a_voter_is_asked(form: Form, sentences: list[str]) -> None:
    assert _asked(form) == sentences
    assert len(_asked(form, "en")) == len(sentences)


def test_a_contest_in_words() -> None:
    views = contest_views(
        TOWN, TOWN.style("every"), "en", VotingWords(language="en", election=TOWN).say, _money
    )
    assert [view.form.type for view in views] == [
        "approval", "knapsack", "choose-1", "points", "scores", "ranking", "grades", "question",
    ]  # fmt: skip
    trees = views[0]
    assert trees.searchable
    assert trees.districts == ("Centre", "Nord", "Sud")
    assert trees.choices[11].search.startswith("stands for bicycles residents proposed it")
    assert not views[1].searchable
    question = views[-1]
    assert [each.cost_words for each in question.choices] == ["", ""]
    assert json.loads(json.dumps([each.key for each in question.choices])) == ["c8-1", "c8-2"]
