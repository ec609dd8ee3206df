"""A third language is one file: the pages speak it, choose it, count and reckon in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from web.wording import LANGUAGES, catalogue, other_languages, spell_money, spell_number

ROOT = Path(__file__).parents[2]
NB, NNB = "\u00a0", "\u202f"

# What a process does whose folder of languages has one file more.
ASKED = """
import json, sys
from pathlib import Path
import pytest
from tests.web.desk import Desk, found, open_log
from web.office.folder import ElectionFolder
from web.wording import LANGUAGES

folder, passphrase = Path(sys.argv[1]), sys.argv[2]
town = found(folder / "open", passphrase)
open_log(town, ElectionFolder(folder / "open"))
with pytest.MonkeyPatch.context() as patch:
    patch.setenv("SCRUTIN_REHEARSAL_CLOCK", str(folder / "desk" / "clock.txt"))
    desk = Desk.copy(town, folder / "open", folder / "desk")
    with desk.parts:
        client = desk.app().test_client()
        said = {}
        for path, language in json.loads(sys.argv[3]):
            headers = {"Accept-Language": language, "Accept": "text/html"}
            answer = client.get(path, headers=headers, follow_redirects=True)
            said[f"{language} {path}"] = [
                answer.status_code,
                answer.headers.get("Content-Language", ""),
                answer.get_data(as_text=True),
            ]
print(json.dumps([LANGUAGES, said]))
"""


def translated(value: Any, key: str = "") -> Any:
    """Every sentence with a mark before it; plurals with the forms that Polish has besides."""
    if isinstance(value, str):
        return value if key in ("id", "name") or value.startswith("/") else f"¤{value}"
    if isinstance(value, list):
        return [translated(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: translated(each, name) for name, each in value.items()}
    for name, each in list(found.items()):
        if name.endswith(".other"):
            for form in ("few", "many"):
                found[f"{name.removesuffix('other')}{form}"] = f"{form} {each}"
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, passphrase: str) -> dict[str, list[Any]]:
    """What a service with a file of Polish answers, by language and path."""
    folder = tmp_path_factory.mktemp("polish")
    shutil.copytree(ROOT / "web", folder / "web", ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("tally", "audit", "ballot"):
        (folder / room).symlink_to(ROOT / room)
    english = json.loads((ROOT / "web/locale/en.json").read_text("utf-8"))
    polish = {**translated(english), "name": "Polski"}
    (folder / "web/locale/pl.json").write_text(json.dumps(polish), "utf-8")
    asked = [
        ("/", "pl"), ("/", "fr"), ("/projects", "pl"), ("/projects?lang=pl", "fr"), ("/help", "pl"),
        ("/vote", "pl"), ("/vote/north", "pl"), ("/receipt", "pl"), ("/nowhere", "pl"),
        ("/observe", "pl"), ("/results", "pl"), ("/privacy?lang=pl", "en"), ("/", "de"),
    ]  # fmt: skip
    place = folder / "place"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASKED, str(place), passphrase, json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    languages, said = json.loads(done.stdout)
    assert languages == ["fr", "en", "pl"]
    found: dict[str, list[Any]] = said
    return found


@pytest.mark.parametrize(
    "path", ["/", "/projects", "/help", "/vote", "/vote/north", "/receipt", "/nowhere"]
)
def test_a_page_speaks_it(path: str, answers: dict[str, list[Any]]) -> None:
    status, language, text = answers[f"pl {path}"]
    assert (status, language) == (404 if path == "/nowhere" else 200, "pl")
    assert '<html lang="pl">' in text
    assert "¤" in text
    assert "KeyError" not in text


def test_it_is_chosen_beside_the_others(answers: dict[str, list[Any]]) -> None:
    french, polish = answers["fr /"][2], answers["pl /"][2]
    assert '<a href="?lang=pl" hreflang="pl" lang="pl">Polski</a>' in french
    assert '<a href="?lang=en" hreflang="en" lang="en">English</a>' in french
    assert '<a href="?lang=fr" hreflang="fr" lang="fr">Français</a>' in polish
    assert 'hreflang="pl"' not in polish
    # Whoever chose it keeps it, also where the browser prefers another.
    for asked in ("fr /projects?lang=pl", "en /privacy?lang=pl"):
        assert answers[asked][1] == "pl"
        assert 'href="/vote?lang=pl"' in answers[asked][2]
    assert answers["de /"][1] == "fr"


def test_its_own_plurals_are_told(answers: dict[str, list[Any]]) -> None:
    """Five projects are "many" in Polish; English has no such form."""
    assert "many ¤" in answers["pl /projects"][2]
    words = answers["pl /vote/north"][2]
    assert 'data-word="vote.live.count_of.few"' in words


def test_what_the_count_says_is_told_in_one_language(answers: dict[str, list[Any]]) -> None:
    """Its sentences are not in this file: such a page is English altogether."""
    for path in ("/observe", "/results"):
        assert answers[f"pl {path}"][1] == "en", path
        assert "¤" not in answers[f"pl {path}"][2]


def test_every_language_has_the_same_catalogues() -> None:
    names = {"fields", "pages", "problems", "prose", "reading", "results", "voting"}
    for language in LANGUAGES:
        for name in names:
            assert catalogue(language, name)
        assert language not in dict(other_languages(language))
        assert dict(other_languages(language)).keys() | {language} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("minor", "exponent", "language", "said"),
    [
        (150_050, 2, "fr", f"1{NNB}500,50{NB}€"),
        (150_050, 2, "en", "€1,500.50"),
        (150_050, 2, "pl", f"1{NB}500,50{NB}€"),
        (15_000_000, 2, "pl", f"150{NB}000{NB}€"),
        (15_000_000, 2, "de", f"150.000{NB}€"),
        (1_234, 0, "de", f"1.234{NB}€"),
        (5, 2, "de", f"0,05{NB}€"),
    ],
)
def test_money_in_any_language(minor: int, exponent: int, language: str, said: str) -> None:
    assert spell_money(minor, "EUR", exponent, language) == said


def test_numbers_in_any_language() -> None:
    assert [spell_number(1_234_567, code) for code in ("fr", "en", "de", "pl")] == [
        f"1{NNB}234{NNB}567", "1,234,567", "1.234.567", f"1{NB}234{NB}567",
    ]  # fmt: skip
