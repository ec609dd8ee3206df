"""The public door: the page in two languages, the files byte for byte, and nothing beside them."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import web
from audit.checkpoint import open_checkpoint
from audit.label import b64
from audit.manifest import Manifest
from tests.town import PICTURE, definition
from tests.web.desk import HOSTILE, Desk, problem
from web.app import SECURITY_HEADERS, create_app
from web.assets import asset
from web.audience import Cache, Door
from web.clock import clock_for
from web.observer import PublicFiles, observer_routes
from web.settings import Settings
from web.wording import LANGUAGES, catalogue

PUBLIC = frozenset({Door.PUBLIC})
WEB = Path(web.__file__).parent
VOID = {"meta", "link", "img", "br", "input"}


@pytest.fixture(scope="module")
def client(shared_desk: Desk) -> FlaskClient:
    folder = shared_desk.place.publication
    (folder / "charts").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>x</title>")
    (folder / "results.json").write_text("{}")
    (folder / "charts" / "votes.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("hidden")
    (folder / "charts" / ".hidden").write_text("hidden")
    (shared_desk.place.root / "secret.txt").write_text("secret")
    return shared_desk.app(PUBLIC).test_client()


class Page(HTMLParser):
    """A page's elements: (tag, attributes, languages around it), text, and the balance of tags."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def tags(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.elements if tag == name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_in_both_languages(client: FlaskClient, language: str) -> None:
    for answer in (
        client.get("/", headers={"Accept-Language": f"{language}-CH, de;q=0.5"}),
        client.get(f"/?lang={language}", headers={"Accept-Language": "de"}),
    ):
        assert answer.status_code == 200
        assert answer.content_type == "text/html; charset=utf-8"
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" in answer.headers["Vary"]
        page = Page(answer.text)
        assert next(page.tags("html"))["lang"] == language
        (link,) = (a for a in page.tags("a") if a.get("hreflang"))
        other = next(each for each in LANGUAGES if each != language)
        assert link == {"href": f"?lang={other}", "hreflang": other, "lang": other}
        assert "".join(page.text).count(catalogue(language, "pages")["trust_text"]) == 1


def test_french_when_nothing_is_asked_for(client: FlaskClient) -> None:
    assert client.get("/").headers["Content-Language"] == "fr"
    assert client.get("/?lang=xx").headers["Content-Language"] == "fr"
    assert client.get("/", headers={"Accept-Language": ";;q=,"}).status_code == 200


@pytest.mark.parametrize(("path", "least"), [("/", 2), ("/projects?order=a", 3)])
def test_hostile_words_stay_words(client: FlaskClient, path: str, least: int) -> None:
    answer = client.get(path)
    page = Page(answer.text)
    assert list(page.tags("script")) == []
    assert list(page.tags("style")) == []
    text = "".join(page.text)
    assert text.count(HOSTILE) >= least  # titles, headings, descriptions
    for tag, attributes in page.elements:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_everything_the_pages_ask_for_is_there(client: FlaskClient) -> None:
    everything = client.get("/").text + client.get("/projects?order=a").text
    page = Page(everything)
    found = {
        str(attributes.get("href") or attributes.get("src"))
        for _, attributes in page.elements
        if attributes.get("href") or attributes.get("src")
    }
    assert "/pictures/tree.png" in found
    ids = {attributes.get("id") for _, attributes in page.elements}
    for place in found:
        if place.startswith("#"):
            assert place[1:] in ids
        elif not place.startswith("?"):
            assert client.get(place, follow_redirects=True).status_code == 200, place


def test_headings_and_landmarks(client: FlaskClient) -> None:
    page = Page(client.get("/").text)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(list(page.tags("main"))) == 1
    for attributes in page.tags("img"):
        assert "alt" in attributes
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert attributes.get("aria-labelledby") in {None, *ids}


def test_words_in_another_language_than_the_page_say_so(tmp_path: Path, desk: Desk) -> None:
    value: Any = json.loads(desk.manifest.encoded)
    value["definition"] = json.loads(json.dumps(definition()))
    value["definition"]["languages"] = ["fr"]
    manifest = Manifest.parse(
        json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )
    files = PublicFiles(
        manifest=tmp_path / "m",
        manifest_signatures=tmp_path / "s",
        log=tmp_path / "log",
        publication=tmp_path / "p",
        pictures=tmp_path / "pictures",
    )
    app = create_app(
        Settings(folder=tmp_path, doors=PUBLIC),
        observer_routes(manifest, files, clock_for("demo-x")),
    )
    english, french = (
        Page(app.test_client().get(f"/?lang={language}").text) for language in ("en", "fr")
    )
    assert next(english.tags("h1"))["lang"] == "fr"
    assert next(english.tags("html"))["lang"] == "en"
    assert "lang" not in next(french.tags("h1"))


def test_the_state_follows_the_clock_and_the_log(desk: Desk) -> None:
    client = desk.app(PUBLIC).test_client()

    def seen() -> tuple[str, str]:
        status = client.get("/status").get_json()
        (words_shown,) = re.findall(r'class="state state-(\w+)"', client.get("/").text)
        return status["state"], words_shown

    assert seen() == ("open", "open")
    desk.early()
    assert seen() == ("frozen", "frozen")
    desk.late()
    assert seen() == ("closed", "closed")
    desk.place.publication.mkdir()
    (desk.place.publication / "publication.json").write_text("{}")
    assert seen() == ("closed", "closed")
    (desk.place.publication / "publication.signatures.json").write_text("{}")
    assert seen() == ("published", "published")
    page = Page(client.get("/").text)
    assert "/results" in {a.get("href") for a in page.tags("a")}


def test_a_vote_that_nobody_opened_is_not_open(frozen_desk: Desk) -> None:
    client = frozen_desk.app(PUBLIC).test_client()
    status = client.get("/status").get_json()
    assert (status["state"], status["log_size"]) == ("frozen", 0)
    assert problem(client.get("/log/checkpoint")) == "not-found"
    assert client.get("/").status_code == 200


def test_an_address_that_names_its_content(client: FlaskClient, shared_desk: Desk) -> None:
    for name in ("scrutin.css", "js/voter.js", "mark.svg"):
        assert client.get(asset(name)).data == client.get(f"/static/{name}").data
    assert asset("mark.svg") in client.get("/").text
    other = client.get("/assets/0123456789abcdef/js/voter.js")
    assert (other.status_code, other.headers["Location"]) == (302, "/static/js/voter.js")
    assert other.headers["Cache-Control"] == Cache.NEVER.value
    assert problem(client.get(asset("../app.py"))) == "not-found"
    manifest = shared_desk.manifest
    answer = client.get(f"/manifest/{manifest.hash.hex()}")
    assert answer.data == manifest.encoded
    assert answer.headers["Cache-Control"] == Cache.FOR_EVER.value
    assert f'data-manifest="{answer.request.path}"' in client.get("/vote").text
    assert problem(client.get(f"/manifest/{'0' * 64}")) == "not-found"


def test_the_rules_and_the_log_byte_for_byte(client: FlaskClient, shared_desk: Desk) -> None:
    place = shared_desk.place
    assert client.get("/manifest.json").data == place.manifest.read_bytes()
    assert client.get("/manifest.json").data == shared_desk.manifest.encoded
    answer = client.get("/manifest.signatures.json")
    assert answer.data == place.manifest_signatures.read_bytes()
    key = shared_desk.manifest.box.verifier_key
    note = client.get("/log/checkpoint")
    assert note.content_type == "text/plain; charset=utf-8"
    assert open_checkpoint(note.data, key.name, key).checkpoint.size == 1
    files = [path for path in (place.box / "log" / "tile").rglob("*") if path.is_file()]
    assert files
    for path in files:
        answer = client.get(f"/log/{path.relative_to(place.box / 'log')}")
        assert answer.data == path.read_bytes()
        assert answer.content_type == "application/octet-stream"
    answer = client.get("/pictures/tree.png")
    assert (answer.data, answer.content_type) == (PICTURE, "image/png")
    status = client.get("/status").get_json()
    assert status["election"] == b64(shared_desk.manifest.hash)
    assert status["log_size"] == 1


CACHES = {
    "/": Cache.BRIEF,
    "/status": Cache.BRIEF,
    "/health": Cache.NEVER,
    "/manifest.json": Cache.BRIEF,
    "/manifest.signatures.json": Cache.BRIEF,
    "/log/checkpoint": Cache.BRIEF,
    "/log/tile/0/000.p/1": Cache.FOR_EVER,
    "/log/tile/entries/000.p/1": Cache.FOR_EVER,
    "/publication/index.html": Cache.HOUR,
    "/publication/charts/votes.svg": Cache.HOUR,
    "/pictures/tree.png": Cache.HOUR,
    "/static/scrutin.css": Cache.HOUR,
    asset("scrutin.css"): Cache.FOR_EVER,
    asset("js/voter.js"): Cache.FOR_EVER,
    "/openapi.json": Cache.HOUR,
}


@pytest.mark.parametrize("path", CACHES)
def test_caching_head_and_options(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == CACHES[path].value
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    kept = ("Content-Type", "Content-Length", "Cache-Control", "ETag")
    assert {n: head.headers.get(n) for n in kept} == {n: answer.headers.get(n) for n in kept}
    options = client.options(path)
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert options.headers["Cache-Control"] == "no-store"
    refused = client.post(path, json={})
    assert problem(refused) == "method-not-allowed"
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "path", ["/manifest.json", "/log/checkpoint", "/log/tile/0/000.p/1", "/publication/index.html"]
)
def test_what_has_not_changed_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    # A part of a file would be an answer that nobody described.
    part = client.get(path, headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.data) == (200, first.data)
    assert client.get(path, headers={"Range": "bytes=9999999-"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/publication/../secret.txt",
        "/publication/..%2fsecret.txt",
        "/publication/%2e%2e/secret.txt",
        "/publication/charts/../../secret.txt",
        "/publication//etc/passwd",
        "/publication/%2Fetc/passwd",
        "/publication/.hidden",
        "/publication/charts/%2ehidden",
        "/publication/charts/.hidden",
        "/publication/charts",
        "/publication/charts/",
        "/publication/",
        "/publication/%00",
        "/publication/" + "a" * 5000,
        "/publication/..\\secret.txt",
        "/log/tile/../../box.db",
        "/log/tile/../checkpoint",
        "/log/signer.json",
        "/box/secret.json",
        "/box.db",
        "/pictures/../manifest.json",
        "/static/../web/app.py",
        "/static/../../pyproject.toml",
        "/status/",
        "/nothing",
        "/nothing<script>alert(1)</script>",
        "/issuers/city/secret.json",
    ],
)
def test_nothing_beside_the_public_files(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert problem(answer) == "not-found"
    assert "script" not in answer.text
    assert "Location" not in answer.headers
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["//example.org", "//example.org/..", "/log//checkpoint"])
def test_double_slashes_lead_nowhere(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path})
    assert problem(answer) == "not-found"
    assert "Location" not in answer.headers


POLICY = "Content-Security-Policy"


def test_security_headers_on_every_answer(client: FlaskClient) -> None:
    answers = [client.get(path) for path in CACHES]
    answers += [client.get("/nothing"), client.post("/status"), client.options("/")]
    answers += [client.get("/manifest.json", headers={"If-None-Match": "*"})]
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            if name != POLICY:
                assert answer.headers[name] == value
        policy = answer.headers[POLICY]
        assert "default-src 'none'" in policy
        assert "script-src 'unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        for name in ("Server", "X-Powered-By", "Set-Cookie", "Access-Control-Allow-Origin"):
            assert name not in answer.headers
    page = client.get("/").headers[POLICY]
    assert "unsafe-inline" not in page
    publication = client.get("/publication/index.html").headers[POLICY]
    # Its page and charts carry their own styles; no script may run and nothing may be fetched.
    assert "script-src" not in publication
    assert "connect-src" not in publication


def test_every_word_of_the_pages_is_in_both_languages_and_used() -> None:
    french, english = catalogue("fr", "pages"), catalogue("en", "pages")
    assert french.keys() == english.keys()
    used = set()
    for template in (WEB / "templates").glob("*.html"):
        used |= set(re.findall(r"""\bt\(["'](\w+)["']\)""", template.read_text("utf-8")))
    states = {f"state_{name}" for name in ("frozen", "open", "closed", "published")}
    assert used | states == set(french)
    for name, text in french.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english[name])
        assert not re.search(r" [:;?!»]|« ", text), f"{name}: a line may break before the mark"
