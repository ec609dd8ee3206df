"""The reading pages: catalogue, projects, help; their words, order and filters; places; errors."""

import re
import shutil
from itertools import chain
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import web
from ballot.definition import load
from tests.web.console import Console
from tests.web.desk import HOSTILE, Desk, problem
from tests.web.test_public import Page
from web.audience import Door
from web.catalogue import Wish, draw_order, entries, find, folded, is_order, next_order, read_cost
from web.cli import cli
from web.errors import UsageError
from web.places import examine_places, read_places
from web.wording import LANGUAGES, catalogue

WEB = Path(web.__file__).parent
PUBLIC = frozenset({Door.PUBLIC})
ELECTION = load(WEB / "demo").election
PAGES = ("/", "/projects?order=a", "/projects/city/1", "/help", "/privacy", "/accessibility")
FIRST = ["O-02", "N-05", "O-07"]
HEAD = "name;address;hours;accessible\n"


@pytest.fixture(scope="module")
def client(shared_desk: Desk) -> FlaskClient:
    return shared_desk.app(PUBLIC).test_client()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*PAGES, "/integrity"])
def test_a_page_is_whole_in_both_languages(client: FlaskClient, path: str, language: str) -> None:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers
    page = Page(answer.text)
    assert next(page.tags("html"))["lang"] == language
    assert list(page.tags("script")) == []
    assert len(list(page.tags("h1"))) == 1
    for tag, attributes in page.elements:
        assert "style" not in attributes, tag
        for name in ("href", "src", "action"):
            assert not re.match(r"[a-z]+:|//", attributes.get(name) or ""), attributes
    again = client.get(
        path, headers={"Accept-Language": language, "If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_visit_gets_an_order_of_its_own(client: FlaskClient) -> None:
    first, second = (client.get("/projects?q=x&lang=en&bad=1") for _ in range(2))
    assert first.status_code == 302
    assert first.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"/projects\?q=x&order=[a-z0-9]{8}&lang=en", first.headers["Location"])
    assert first.headers["Location"] != second.headers["Location"]
    assert client.get("/projects?order=%3Cscript%3E").status_code == 302


def test_an_order_is_a_permutation_and_stays() -> None:
    ballot = list(entries(ELECTION))
    lists = [find(ELECTION, Wish(order=f"seed{at}"), "fr") for at in range(20)]
    for found in lists:
        assert sorted(found, key=ballot.index) == ballot
    assert find(ELECTION, Wish(order="seed0"), "en") == lists[0]
    assert len({tuple(each.path for each in found) for found in lists}) == 20
    assert len({found[0].path for found in lists}) > 8
    # Written down, so that an address that somebody kept shows the same list in a later version.
    assert [each.project.id for each in lists[0]][:3] == FIRST


def test_seeds() -> None:
    assert is_order(draw_order())
    assert is_order(next_order("a"))
    assert next_order("a") == next_order("a") != next_order("b")
    assert not is_order("")
    assert not is_order("a\n")
    assert not is_order("A")
    assert not is_order("a" * 17)


@pytest.mark.parametrize("words", ["vegetalisation HALLE", "VÉGÉTALISATION", "greening", "c-02"])
def test_search_forgives_case_and_accents(words: str) -> None:
    assert "C-02" in {e.project.id for e in find(ELECTION, Wish(order="a", words=words), "fr")}


def test_filters_and_sorts() -> None:
    every = list(entries(ELECTION))
    centre = find(ELECTION, Wish(order="a", district="Centre"), "fr")
    assert {each.project.id for each in centre} == {
        each.project.id for each in every if each.project.district == "Centre"
    }
    assert 0 < len(centre) < len(every)
    cheap = find(ELECTION, Wish(order="a", cost=1_000_000, sort="cheapest"), "fr")
    costs = [each.project.cost for each in cheap]
    assert costs == sorted(costs)
    assert len(costs) == sum(each.project.cost <= 1_000_000 for each in every) > 0
    dear = find(ELECTION, Wish(order="a", sort="dearest", category="nature"), "fr")
    assert all("nature" in each.project.category for each in dear)
    assert [each.project.cost for each in dear] == sorted(
        (each.project.cost for each in dear), reverse=True
    )
    titles = [
        folded(each.project.title.in_language("en"))
        for each in find(ELECTION, Wish(order="a", sort="title"), "en")
    ]
    assert titles == sorted(titles)
    assert find(ELECTION, Wish(order="a", contest="no-such"), "fr") == []


def test_costs_are_read_or_refused(client: FlaskClient) -> None:
    assert read_cost("", 2) is None
    assert read_cost(" 12 000 ", 2) == 1_200_000
    assert read_cost("7", 0) == 7
    for text in ("-1", "1e3", "1,5", "٣", "9" * 13):
        with pytest.raises(UsageError, match="cost"):
            read_cost(text, 2)
    page = Page(client.get("/projects?order=a&cost=many&lang=en").text)
    assert "There is a problem" in "".join(page.text)
    (field,) = (each for each in page.tags("input") if each.get("name") == "cost")
    assert field["aria-invalid"] == "true"
    assert field["value"] == "many"


def test_a_long_list_is_cut_into_pages(
    client: FlaskClient, shared_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.catalogue.PAGE", 2)
    every = [each.path for each in find(shared_desk.manifest.election, Wish(order="a"), "fr")]
    assert len(every) > 4
    seen: list[str] = []
    address: str | None = "/projects?order=a&lang=fr"
    while address is not None:
        answer = client.get(address)
        page = Page(answer.text)
        here = re.findall(r'href="(/projects/[a-z]+/[0-9]+)\?order=a&amp;lang=fr"', answer.text)
        assert 0 < len(here) <= 2
        seen += here
        turns = {a["rel"]: a["href"] for a in page.tags("a") if a.get("rel")}
        assert ("prev" in turns) == (len(seen) > 2)
        assert f"{len(every)} projets" in " ".join(page.text)
        address = turns.get("next")
    assert seen == every
    last = client.get(f"/projects?order=a&page={-(-len(every) // 2)}").text
    assert client.get("/projects?order=a&page=999").text == last
    first = client.get("/projects?order=a").text
    for odd in ("0", "-1", "x", "٣", "1" * 9):
        assert client.get(f"/projects?order=a&page={odd}").text == first


def test_what_was_typed_stays_words(client: FlaskClient) -> None:
    answer = client.get("/projects", query_string={"order": "a", "q": HOSTILE, "lang": "en"})
    page = Page(answer.text)
    assert list(page.tags("script")) == []
    (field,) = (each for each in page.tags("input") if each.get("name") == "q")
    assert field["value"] == HOSTILE


def test_pages_of_projects_follow_the_order(client: FlaskClient, shared_desk: Desk) -> None:
    election = shared_desk.manifest.election
    row = [e for e in find(election, Wish(order="abc"), "fr") if e.envelope.id == "city"]
    for at, entry in enumerate(row):
        page = Page(client.get(f"{entry.path}?order=abc").text)
        turns = {a["rel"]: a["href"] for a in page.tags("a") if a.get("rel")}
        assert turns.get("prev") == (f"{row[at - 1].path}?order=abc" if at else None)
        after = row[at + 1].path if at + 1 < len(row) else None
        assert turns.get("next") == (f"{after}?order=abc" if after else None)
    assert problem(client.get("/projects/city/0")) == "not-found"
    assert problem(client.get(f"/projects/city/{len(row) + 1}")) == "not-found"
    assert problem(client.get("/projects/nowhere/1")) == "not-found"


def test_browsers_get_a_page_for_an_error_and_programs_a_problem(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en"}
    answer = client.get("/no-such-place", headers=browser)
    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "no-such-place" not in answer.text
    assert next(Page(answer.text).tags("html"))["lang"] == "en"
    for accept in ("*/*", "application/json", "application/json, text/html"):
        assert problem(client.get("/no-such-place", headers={"Accept": accept})) == "not-found"


def test_the_page_of_an_error_is_a_page_like_the_others(desk: Desk) -> None:
    client = desk.app(PUBLIC).test_client()
    browser = {"Accept": "text/html", "Accept-Language": "fr"}
    for chosen, language, kept in (("?lang=en", "en", "?lang=en"), ("?lang=xx", "fr", "")):
        answer = client.get(f"/projects/nowhere/1{chosen}", headers=browser)
        landing = client.get(f"/{chosen}", headers=browser)
        assert (answer.status_code, answer.headers["Content-Language"]) == (404, language)
        page = Page(answer.text)
        assert next(page.tags("html"))["lang"] == language
        for part in ("header", "footer"):
            whole = re.compile(f"<{part} .*?</{part}>", re.DOTALL)
            assert whole.findall(answer.text) == whole.findall(landing.text) != []
        led = [a["href"] for a in page.tags("a")]
        assert {f"/{kept}", f"/help{kept}", f"/privacy{kept}"} <= set(led)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert list(page.tags("script")) == []
        assert "Set-Cookie" not in answer.headers
        assert "nowhere" not in answer.text
    elsewhere = desk.app(frozenset({Door.BOX})).test_client().get("/nowhere", headers=browser)
    assert problem(elsewhere) == "not-found"


def test_places(tmp_path: Path, desk: Desk) -> None:
    file = tmp_path / "places.csv"
    assert read_places(file) == ()
    file.write_text(
        HEAD + f'"{HOSTILE.replace(chr(34), chr(34) * 2)}";1 rue X;10–12;Oui\n', "utf-8"
    )
    (place,) = read_places(file)
    assert (place.name, place.accessible) == (HOSTILE, True)
    desk.place.root.joinpath("places.csv").write_bytes(file.read_bytes())
    shown = Page(desk.app(PUBLIC).test_client().get("/?lang=en").text)
    assert "1 rue X" in "".join(shown.text)
    assert list(shown.tags("script")) == []
    assert len(read_places(WEB / "demo" / "places.csv")) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1\n"),
        ("name;address\n", "line 1, column 3\n"),
        ("name;adress;hours;accessible\n", "line 1, column 2\n"),
        (HEAD + "A;B;C;maybe\n", "line 2, column 4, accessible\n    “maybe” is neither"),
        (HEAD + "\nA;;C;yes\n", "line 3, column 2, address\n    the cell is empty"),
        (HEAD + "A;B;C\n", "line 2, column 4\n    the line has 3 cells"),
        (HEAD + "A;B;C;yes;more\n", "line 2, column 5\n    the line has 5 cells"),
        (HEAD + 'A;"B\nB";C;yes\n;B;C;yes\n', "line 4, column 1, name\n    the cell is empty"),
        (HEAD + 'A;"B;C;yes\n', "line 2\n    the quotation marks"),
    ],
)
def test_places_are_refused_with_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "places.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=re.escape(f"places.csv, {told}")):
        read_places(file)


def test_every_fault_of_the_places_is_said_at_once_by_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(capture=capsys)
    folder = tmp_path / "vote"
    shutil.copytree(WEB / "demo", folder)
    console.done("check", folder)
    (folder / "places.csv").write_bytes((HEAD + "A;B;C;yes\n;B;C;oui\nA;B;C;?\n").encode())
    places, findings = examine_places((folder / "places.csv").read_bytes())
    assert [place.name for place in places] == ["A"]
    assert [(each.place.line, each.place.column) for each in findings] == [(3, 1), (4, 4)]
    run = console("check", folder, "--language", "fr")
    assert run.status == 1
    assert "FAUTE  places.csv, ligne 3, colonne 1, name" in run.out
    assert "FAUTE  places.csv, ligne 4, colonne 4, accessible" in run.out
    latin = (HEAD + "Médiathèque;B;C;oui\n").encode("cp1252")
    (finding,) = examine_places(latin)[1]
    assert (finding.place.line, finding.place.column) == (2, 2)
    assert "UTF-8" in finding.remedy[1]


def test_the_guide_shows_a_list_of_places_that_can_be_read() -> None:
    guide = (WEB.parent / "docs" / "election-folder.md").read_text("utf-8")
    _, _, block = guide.partition("```csv\nname;address;hours;accessible\n")
    places, findings = examine_places((HEAD + block.partition("```")[0]).encode())
    assert ([place.accessible for place in places], findings) == ([True, False], ())


def test_every_word_is_in_both_languages_and_used() -> None:
    french, english = (catalogue(language, "reading") for language in ("fr", "en"))
    assert french.keys() == english.keys()
    files = chain((WEB / "templates").glob("*.html"), (WEB / "problem.py",))
    text = "\n".join(file.read_text("utf-8") for file in files)
    for name in french:
        stem = re.sub(r"\.(one|other)$", "", name)
        stem = "projects.sort." if stem.startswith("projects.sort.") else stem
        assert f'"{stem}"' in text or f"'{stem}'" in text, name
        assert re.findall(r"{\w+}", french[name]) == re.findall(r"{\w+}", english[name])
        assert not re.search(r" [:;?!»]|« ", french[name]), name


def test_whole_texts_have_the_same_parts_in_both_languages() -> None:
    french, english = (catalogue(language, "prose") for language in ("fr", "en"))
    assert french.keys() == english.keys()
    for name, told in french.items():
        parts = [
            [
                (
                    each["id"],
                    len(each["text"]),
                    len(each.get("list", ())),
                    [a for a, _ in each["links"]],
                )
                for each in side["sections"]
            ]
            for side in (told, english[name])
        ]
        assert parts[0] == parts[1]


def told_in(name: str, section: str) -> str:
    """The words of a section of a whole text, in English."""
    sections = catalogue("en", "prose")[name]["sections"]
    (found,) = (each for each in sections if each["id"] == section)
    return " ".join([*found["text"], *found.get("list", ())])


def test_what_the_page_of_privacy_says_is_so(client: FlaskClient) -> None:
    assert "no cookie and no tracker" in catalogue("en", "prose")["privacy"]["lead"]
    for path in [*PAGES, "/vote", "/receipt", "/integrity", "/observe", "/results"]:
        answer = client.get(path)
        assert "Set-Cookie" not in answer.headers, path
        for tag, attributes in Page(answer.text).elements:
            # Nothing is fetched from elsewhere; the policy would refuse it too.
            if tag in ("img", "script", "link", "iframe", "source", "object"):
                fetched = attributes.get("src") or attributes.get("href") or ""
                assert re.match(r"/(?!/)", fetched), (path, tag, attributes)
    scripts = "\n".join(file.read_text("utf-8") for file in (WEB / "static" / "js").glob("*.js"))
    assert "document.cookie" not in scripts
    assert "browser’s own storage" in told_in("privacy", "device")
    assert re.findall(r"shared \? (\w+) : (\w+)", scripts) == [("sessionStorage", "localStorage")]
    assert "in memory for a minute" in told_in("privacy", "registrar")
    limited = (WEB / "limits.py").read_text("utf-8")
    assert re.findall(r"^MINUTE = (\S+)$", limited, re.MULTILINE) == ["60.0"]
    assert not re.search(r"\bopen\(|write", limited)
    assert "one command" in told_in("privacy", "registrar")
    assert "erase" in cli.commands["registrar"].commands  # type: ignore[attr-defined]


def test_what_the_statement_of_accessibility_says_is_so() -> None:
    assert "no alternative text" in told_in("accessibility", "limits")
    pictures = [
        words
        for file in (WEB / "templates").glob("*.html")
        for words in re.findall(r"<img [^>]*>", file.read_text("utf-8"))
    ]
    decoration = [each for each in pictures if 'alt=""' in each]
    assert len([each for each in decoration if "picture" in each]) == 3
    assert [each for each in decoration if "picture" not in each and "mark.svg" not in each] == []
    # Charts are the others: their alternative text is made from the figures.
    assert "alternative text" in told_in("accessibility", "done")
    assert all("alt={{" in each.replace('"', "") for each in pictures if each not in decoration)
