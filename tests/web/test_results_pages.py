"""The pages of results, their table and their JSON, from a real publication with hostile texts."""

import csv
import html
import io
import json
import re
from dataclasses import replace
from fractions import Fraction
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

import web.comparison_chart
import web.comparisons
import web.results
from audit.chart_table import OF_RULES
from audit.result_hash import in_groups, in_words
from audit.words import Words
from tally.election import Envelope
from tests.web.desk import HOSTILE, Desk, problem
from tests.web.test_public import WEB, Page
from web.app import SECURITY_HEADERS
from web.audience import Cache, Door
from web.comparison_chart import ComparisonCharts
from web.comparisons import Comparisons, count_comparison, published_profile
from web.published import PublicationDamaged, Published, PublishedFolder
from web.results_table import FORMULA, safe, table
from web.telling import WHOLE, Telling, thousandths
from web.wording import LANGUAGES, catalogue

PUBLIC = frozenset({Door.PUBLIC})
ENVELOPES = ("city", "centre")
PAGES = (
    "/results",
    "/results/city",
    "/results/centre",
    "/results/cars",
    "/results/city/steps",
    "/results/city/compare",
    *(f"/results/city/{number}" for number in range(1, 6)),
    "/observe",
)


@pytest.fixture(scope="module")
def client(published_desk: Desk) -> FlaskClient:
    return published_desk.app(PUBLIC).test_client()


@pytest.fixture(scope="module")
def published(published_desk: Desk) -> Published:
    found = PublishedFolder(published_desk.manifest, published_desk.place.publication).get()
    assert found is not None
    return found


def envelope_of(published: Published, name: str = "city") -> Envelope:
    contest = published.manifest.election.contest(name)
    assert isinstance(contest, Envelope)
    return contest


def text_of(page: str) -> str:
    return " ".join("".join(Page(page).text).split())


# -- every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_hostile_words_stay_words(
    client: FlaskClient, path: str, language: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == Cache.BRIEF.value
    policy = answer.headers["Content-Security-Policy"]
    assert policy == SECURITY_HEADERS["Content-Security-Policy"]
    page = Page(answer.text)
    assert next(page.tags("html"))["lang"] == language
    assert len(list(page.tags("h1"))) == 1
    assert not [tag for tag in page.tags("script") if not tag.get("src")]
    assert not list(page.tags("style"))
    for _, attributes in page.elements:
        assert not {name for name in attributes if name == "style" or name.startswith("on")}
        assert attributes.get("aria-labelledby") in {
            None,
            *(each.get("id") for _, each in page.elements),
        }
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "<script>alert" not in answer.text
    assert "49" not in re.findall(r"\{\{.*?\}\}|\b49\b", answer.text)
    for picture in page.tags("img"):
        assert picture.get("alt") is not None
    again = client.get(
        path, headers={"Accept-Language": language, "If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_hostile_words_are_shown_as_they_are(client: FlaskClient) -> None:
    for path in ("/results", "/results/city", "/results/city/1", "/results/city/steps"):
        assert HOSTILE in "".join(Page(client.get(path).text).text)
        assert html.escape("<script>", quote=False) in client.get(path).text


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(client: FlaskClient, path: str) -> None:
    page = Page(client.get(f"{path}?lang=en").text)
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {a.get("id") for a in page.tags("main")} == {"main"}
    for link in page.tags("a"):
        address = link["href"]
        assert address is not None
        if address.startswith("#"):
            assert address[1:] in ids, address
        elif address.startswith("/results") and "#" not in address:
            assert client.get(address).status_code == 200, address
            assert address.endswith(("lang=en", ".csv")), "the reader's language would be lost"
    for picture in page.tags("img"):
        source = picture["src"]
        assert source is not None
        assert client.get(source).status_code == 200, source


@pytest.mark.parametrize(
    "path",
    [
        "/results/nothing",
        "/results/city/0",
        "/results/city/6",
        "/results/city/trees",
        "/results/cars/1",
        "/results/cars/steps",
        "/results/cars/compare",
        "/results/nothing/steps",
        "/results/nothing/results.csv",
        "/results/<script>",
        "/api/v1/results/nothing",
        "/api/v1/results/cars/comparison",
        "/api/v1/contests/cars/projects",
    ],
)
def test_what_there_is_not(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert problem(answer) == "not-found"
    assert "script" not in answer.text


# -- before the publication ---------------------------------------------------------------------


def test_before_the_publication_it_says_when(desk: Desk) -> None:
    client = desk.app(PUBLIC).test_client()
    paths = ("/results", "/results/city", "/results/city/1", "/results/city/steps")

    def told(path: str) -> str:
        answer = client.get(f"{path}?lang=en")
        assert answer.status_code == 200
        return text_of(answer.text)

    for path in (*paths, "/results/city/compare", "/results/cars"):
        assert "Voting is open until October 19, 2026" in told(path)
    desk.early()
    assert "Voting opens on October 5, 2026" in told("/results")
    desk.late()
    assert "Voting closed on October 19, 2026" in told("/results")
    for path in ("results/city/results.csv", "api/v1/results", "api/v1/results/city"):
        assert problem(client.get(f"/{path}")) == "not-published"
    assert problem(client.get("/api/v1/results/city/comparison")) == "not-published"


def test_lists_without_signatures_are_no_publication(desk: Desk, published_desk: Desk) -> None:
    desk.late()
    desk.place.publication.mkdir()
    for path in ("publication.json", "results.json", "renderings.json", "explanations.json"):
        data = (published_desk.place.publication / path).read_bytes()
        (desk.place.publication / path).write_bytes(data)
    client = desk.app(PUBLIC).test_client()
    assert "The count is under way" in text_of(client.get("/results?lang=en").text)


def test_a_publication_that_does_not_hold_is_not_shown(desk: Desk) -> None:
    desk.late()
    desk.place.publication.mkdir()
    for path in ("publication.json", "renderings.json", "publication.signatures.json"):
        (desk.place.publication / path).write_text("{}")
    client = desk.app(PUBLIC).test_client()
    for path in ("/results", "/results/city", "/observe", "/api/v1/results"):
        assert problem(client.get(path)) == "internal"


# -- what they say ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_are_those_of_the_results(
    client: FlaskClient, published: Published, language: str
) -> None:
    tell = Telling(published, language)
    shown = text_of(client.get(f"/results?lang={language}").text)
    assert in_groups(published.result_hash) in shown
    assert in_words(published.result_hash) in shown
    assert f"python -m audit verify {published.manifest.election.id}" in shown
    total = published.figures["figures/turnout.json"]["total"]
    assert " ".join(tell.percent(total["turnout"]).split()) in shown
    for name in ENVELOPES:
        result = published.result(name)
        assert " ".join(tell.money(result["spent"]).split()) in shown
        page = text_of(client.get(f"/results/{name}?lang={language}").text)
        places = []
        for row in tell.rows(envelope_of(published, name)):
            title = " ".join(row.project.title.in_language(language).split())
            places.append(page.index(f"{row.position} {title}"))
            assert " ".join(row.measured.split()) in page
        assert places == sorted(places), "not in the order of the rule"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_project_is_told_why(
    client: FlaskClient, published: Published, language: str
) -> None:
    for name in ENVELOPES:
        envelope = envelope_of(published, name)
        words = catalogue(language, "results")
        for number, project in enumerate(envelope.projects, start=1):
            shown = text_of(client.get(f"/results/{name}/{number}?lang={language}").text)
            explained = published.explained[name]["projects"][project.id][language]
            assert " ".join(explained.split()) in shown
            row = published.result(name)["projects"][number - 1]
            assert words["results.why_won" if row["won"] else "results.why_lost"] in shown
            if row["margin"] and not row["won"]:
                tell = Telling(published, language)
                cheaper = " ".join(tell.money(row["margin"]["cheaper"]).split())
                assert f"{cheaper} {words['results.margin.cheaper']}" in shown
                missing = f"{row['margin']['votes']} "
                assert re.search(
                    f"{missing}(bulletins?|ballots?) {words['results.margin.missing']}", shown
                )


def test_the_steps_replay(client: FlaskClient, published: Published) -> None:
    for name in ENVELOPES:
        envelope = envelope_of(published, name)
        tell = Telling(published, "en")
        page = Page(client.get(f"/results/{name}/steps?lang=en").text)
        ids = [each["id"] for _, each in page.elements if (each.get("id") or "").startswith("step")]
        result = published.result(name)
        assert ids == [f"step-{step['step']}" for step in result["steps"]]
        used = 0
        for step, row in zip(tell.steps(envelope), result["steps"], strict=True):
            assert step.used == used
            used += step.taken
            assert 0 <= step.used + step.taken <= WHOLE
            assert step.paying == (row["left_after"] < row["left_before"])
            assert step.left == tell.money(row["left_after"])
        assert used == thousandths(result["spent"], envelope.budget)
        shown = " ".join("".join(page.text).split())
        assert f"At the end {tell.money(result['left'])} is left." in shown


def test_a_step_of_a_rule_to_come_is_told_by_its_code(published: Published) -> None:
    figure = json.loads(json.dumps(published.figures["figures/filling-city.json"]))
    figure["steps"][0]["reason"] = "reason-to-come"
    figure["steps"][1] |= {"project": None, "title": None, "cost": None, "action": "short"}
    figures = {**published.figures, "figures/filling-city.json": figure}
    tell = Telling(replace(published, figures=figures), "fr")
    steps = tell.steps(envelope_of(published))
    assert steps[0].told == "reason-to-come"
    assert (steps[1].project, steps[1].fate, steps[1].wanted) == (None, None, 0)
    assert (steps[0].fate, steps[-1].fate) == ("financé", "non financé")


def test_texts_in_another_language_than_the_page_say_so(published: Published) -> None:
    tell = Telling(published, "fr")
    assert tell.own({"fr": "Ville"}) == "<bdi>Ville</bdi>"
    assert tell.own({"en": "City <b>"}) == '<bdi lang="en">City &lt;b&gt;</bdi>'


# -- other rules --------------------------------------------------------------------------------


def test_other_rules_are_marked_not_the_result(client: FlaskClient, published: Published) -> None:
    for language in LANGUAGES:
        words = catalogue(language, "results")
        answer = client.get(f"/results/city/compare?lang={language}")
        shown = text_of(answer.text)
        compared = count_comparison(published, envelope_of(published)).compared
        assert len(compared) > 1
        title = re.search(r"<title>(.*?)</title>", answer.text)
        assert title is not None
        assert words["results.compare.not"] in title[1]
        assert shown.index(words["results.compare.not"]) < shown.index(
            compared[0].variant.title.in_language(language)
        )
        kickers = re.findall(r'class="kicker">(.*?)<', answer.text)
        assert kickers.count(words["results.compare.real"]) == 1
        assert kickers.count(words["results.compare.other"]) == len(compared) - 1


def test_the_comparison_counts_the_published_ballots(
    client: FlaskClient, published: Published
) -> None:
    for name in ENVELOPES:
        profile = published_profile(published, envelope_of(published, name))
        result = published.result(name)
        assert profile.expressed == result["expressed"]
        assert profile.blank == result["blank"]
        told = client.get(f"/api/v1/results/{name}/comparison").get_json()
        assert (told["notice"], told["state"]) == ("not-the-result", "ready")
        (own,) = (each for each in told["variants"] if each["is_result"])
        assert own["winners"] == result["winners"]
        assert own["spent"] == result["spent"]
        assert (own["added"], own["missing"]) == ([], [])
        for each in told["variants"]:
            there = set(result["winners"]) - set(each["missing"]) | set(each["added"])
            assert set(each["winners"]) == there


def test_other_rules_have_a_chart_and_shares_of_categories(
    client: FlaskClient, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = envelope_of(published)
    compared = count_comparison(published, envelope)
    for language in LANGUAGES:
        said = catalogue(language, "results")["results.compare.not"]
        address = f"/results/city/compare.svg?lang={language}"
        chart = client.get(address)
        page = client.get(f"/results/city/compare?lang={language}")
        assert f'<img src="{address}" alt="{said}.' in page.text
        first = compared.compared[0]
        assert first.by_category
        for caption, shares in (("category", first.by_category), ("district", first.by_district)):
            told = catalogue(language, "results")[f"results.compare.{caption}"] in text_of(
                page.text
            )
            assert told == bool(shares)
        words = Words.of(published.manifest.election, language)
        for each in compared.compared:
            for share in (*each.by_category.values(), *each.by_district.values()):
                assert f"<td>{words.percent(share)}</td>" in page.text
        assert (chart.status_code, chart.content_type) == (200, "image/svg+xml")
        assert "script-src" not in chart.headers["Content-Security-Policy"]
        assert chart.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert chart.data.count(f"{said}</text>".encode()) == 2
        again = client.get(address, headers={"If-None-Match": chart.headers["ETag"]})
        assert again.status_code == 304
    for where in ("/results/cars/compare.svg", "/results/nowhere/compare.svg"):
        assert client.get(where).status_code == 404
    monkeypatch.setattr(web.results, "charts_installed", lambda: False)
    assert client.get("/results/city/compare.svg").status_code == 404
    assert "compare.svg" not in client.get("/results/city/compare").text


def test_a_chart_is_drawn_once_and_beside(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, drawn = Event(), []

    def slow(*given: Any) -> bytes:
        drawn.append(given[-1])
        assert go.wait(120)
        return b"<svg/>"

    monkeypatch.setattr(web.comparison_chart, "drawn_comparison", slow)
    charts, envelope = ComparisonCharts(), envelope_of(published)
    compared = count_comparison(published, envelope)
    assert charts.get(published, envelope, compared, "en", seconds=0) is None
    go.set()
    assert charts.get(published, envelope, compared, "en", seconds=10) == b"<svg/>"
    assert charts.get(published, envelope, compared, "en", seconds=0) == b"<svg/>"
    assert drawn == ["en"]
    monkeypatch.setattr(web.comparison_chart, "drawn_comparison", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        charts.get(published, envelope, compared, "fr", seconds=10)


def test_it_is_counted_once_and_beside(
    client: FlaskClient, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, counted = Event(), []

    def slow(own: Published, envelope: Envelope) -> Any:
        counted.append(envelope.id)
        assert go.wait(120)
        return count_comparison(own, envelope)

    monkeypatch.setattr(web.comparisons, "count_comparison", slow)
    comparisons, envelope = Comparisons(), envelope_of(published)
    assert comparisons.get(published, envelope, seconds=0) is None
    assert comparisons.get(published, envelope, seconds=0) is None
    go.set()
    first = comparisons.get(published, envelope, seconds=10)
    assert first is not None
    assert comparisons.get(published, envelope, seconds=0) is first
    assert counted == ["city"]


def test_while_it_is_counted_the_page_says_so(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Comparisons, "get", lambda *_given, **_more: None)
    answer = client.get("/results/city/compare?lang=en")
    assert catalogue("en", "results")["results.compare.counting"] in text_of(answer.text)
    assert catalogue("en", "results")["results.compare.not"] in text_of(answer.text)
    told = client.get("/api/v1/results/city/comparison").get_json()
    assert (told["state"], told["variants"]) == ("counting", [])
    chart = client.get("/results/city/compare.svg")
    assert (chart.status_code, chart.headers["Retry-After"]) == (503, "10")
    assert chart.headers["Cache-Control"] == "no-store"


def test_while_it_is_drawn_the_page_shows_no_picture(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ComparisonCharts, "get", lambda *_given, **_more: None)
    answer = client.get("/results/city/compare?lang=en")
    assert catalogue("en", "results")["results.compare.drawing"] in text_of(answer.text)
    assert "compare.svg" not in answer.text
    assert client.get("/results/city/compare.svg").status_code == 503


def test_ballots_that_give_another_result_are_not_compared(published: Published) -> None:
    results = json.loads(json.dumps(published.results))
    results["contests"][0]["winners"].reverse()
    with pytest.raises(PublicationDamaged, match="city"):
        count_comparison(replace(published, results=results), envelope_of(published))


def test_only_the_interface_is_for_pages_of_any_origin(client: FlaskClient) -> None:
    for path in ("/api/v1/results", "/api/v1/results/city/comparison", "/api/v1/election"):
        assert client.get(path).headers["Access-Control-Allow-Origin"] == "*"
    for path in (*PAGES, "/results/city/results.csv", "/api/v1/results/nothing"):
        assert "Access-Control-Allow-Origin" not in client.get(path).headers


def test_the_interface_repeats_the_results(client: FlaskClient, published: Published) -> None:
    told = client.get("/api/v1/results").get_json()
    assert told["result_hash"] == published.result_hash.hex()
    assert told["result_words"] == in_words(published.result_hash)
    assert [row["style"] for row in told["turnout"]] == ["centre", "north", None]
    for row in published.results["contests"]:
        name = row["contest"]
        one = client.get(f"/api/v1/results/{name}").get_json()
        assert one["outcome"] in told["contests"]
        assert one["steps"] == list(row.get("steps", []))
        assert one["ties"] == row["ties"]
        explained = published.explained[name]["projects"]
        for project, real in zip(one["projects"], row.get("projects", []), strict=True):
            assert {name: project[name] for name in real} == real
            assert project["explained"] == explained[real["id"]]
        assert one["options"] == list(row.get("options", []))
    election = client.get("/api/v1/election").get_json()
    assert election["hash"] == published.manifest.hash.hex()
    assert client.get("/api/v1/status").get_json() == client.get("/status").get_json()
    contests = client.get("/api/v1/contests").get_json()["contests"]
    definition: Any = published.manifest.election.to_value()["contests"]
    for shown, real in zip(contests, definition, strict=True):
        assert (shown["form"], shown["rule"]) == (real["form"], real["rule"])
        assert shown["explained"].keys() == set(LANGUAGES)
    projects = client.get("/api/v1/contests/city/projects").get_json()["projects"]
    assert [each["id"] for each in projects] == [each["id"] for each in definition[0]["projects"]]


# -- the table ----------------------------------------------------------------------------------


def test_the_table(client: FlaskClient, published: Published) -> None:
    answer = client.get("/results/city/results.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'filename="demo-town-city.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    result = published.result("city")
    assert [row["id"] for row in rows] == [row["id"] for row in result["projects"]]
    for row, real in zip(rows, result["projects"], strict=True):
        for name in ("votes", "position", "funded"):
            assert int(row[name]) == real[name]
        assert row["won"] == ("yes" if real["won"] else "no")
    assert rows[0]["title.fr"] == HOSTILE
    again = client.get(
        "/results/city/results.csv", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    (yes, no) = csv.DictReader(io.StringIO(table(published, "cars").removeprefix("\ufeff")))
    assert (yes["won"], no["won"]) == ("yes", "no")
    assert Fraction(yes["share"]) + Fraction(no["share"]) == 1


@given(st.text())
def test_no_cell_runs(words: str) -> None:
    cell = safe(words)
    assert cell in (words, f"'{words}")
    assert not cell.startswith(FORMULA)
    assert not cell.lstrip().startswith(FORMULA)


def test_formulas_in_titles(published: Published) -> None:
    manifest = published.manifest
    election = manifest.election
    attacks = ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1", " =cmd|' /C calc'!A0"]
    envelope = envelope_of(published)
    projects = tuple(
        replace(project, district=attack, category=(attack,))
        for project, attack in zip(envelope.projects, attacks, strict=False)
    )
    contests = (replace(envelope, projects=projects), *election.contests[1:])
    changed = replace(manifest, election=replace(election, contests=contests))
    text = table(replace(published, manifest=changed), "city").removeprefix("\ufeff")
    for row, attack in zip(csv.DictReader(io.StringIO(text)), attacks, strict=False):
        assert row["district"] == row["category"] == f"'{attack}"


# -- the words ----------------------------------------------------------------------------------


def test_every_word_is_in_both_languages_and_used() -> None:
    french, english = catalogue("fr", "results"), catalogue("en", "results")
    assert french.keys() == english.keys()
    sources = [
        path.read_text("utf-8") for path in (*(WEB / "templates").glob("*.html"), *WEB.glob("*.py"))
    ]
    used = {key for source in sources for key in re.findall(r"""["']([a-z_.0-9]+)["']""", source)}
    families = {
        "results.not_yet.": ("frozen", "open", "closed"),
        "results.chart.": OF_RULES,
        "results.counted.": ("one", "other"),
        "results.turnout.": (
            *("style", "roll", "counted", "share", "blank", "spoiled", "superseded"),
        ),
        "observe.event.": ("rules", "opened", "milestone", "closed", "root", "opening", "result"),
        "observe.what.": ("rules", "opened", "milestone", "closed", "root", "opening", "result"),
    }
    used |= {f"{prefix}{name}" for prefix, names in families.items() for name in names}
    assert set(french) - used == set()
    for name, text in french.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[name]))
        assert not re.search(r" [:;?!»]|« ", text), f"{name}: a line may break before the mark"
