"""Attacks on the doors that no other test tries; docs/threat-model.md lists them all."""

import csv
import gzip
import io
import json
import re
import zlib
from itertools import chain

import pytest
from flask.testing import FlaskClient

from tests.web.desk import ALL, ISSUERS, Desk, cast_body, problem
from web.results_table import safe

EVIL = "evil.example.net"
POSTS = (f"/registrar/{ISSUERS[0]}/credentials", "/box/ballots", "/box/tests")
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
PAGES = (
    "/", "/projects?order=a", "/projects/city/1", "/help", "/privacy", "/integrity", "/vote",
    "/vote/north", "/receipt", "/test", "/status", "/health", "/observe", "/observe/feed.atom",
    "/results", "/results/city", "/openapi.json", "/api/v1/election", "/api/v1/log",
    "/manifest.json", "/nothing",
)  # fmt: skip


BOMB = b"[" + b" " * 20_000_000 + b"]"


@pytest.fixture(scope="module")
def client(published_desk: Desk) -> FlaskClient:
    return published_desk.app(ALL, requests_factor=100).test_client()


# -- another site in the same browser -----------------------------------------------------------


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("path", POSTS)
def test_a_form_of_another_site_is_refused(shared_desk: Desk, path: str, kind: str) -> None:
    """A page elsewhere can make a browser send a form, and nothing but the three kinds of a form;
    anything else it must ask leave for, which no answer gives."""
    body = json.dumps(cast_body(shared_desk.ballot("north-0"))).encode()
    answer = shared_desk.client.post(path, data=body, content_type=kind, headers={"Origin": EVIL})
    assert answer.status_code == 415
    assert problem(answer) == "unsupported-media-type"


@pytest.mark.parametrize("path", [*POSTS, *PAGES])
def test_no_other_site_is_given_leave(client: FlaskClient, path: str) -> None:
    asked = {"Origin": f"https://{EVIL}", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        answer = client.open(path, method=method, headers=asked)
        leave = {key: value for key, value in answer.headers if key.lower().startswith("access-")}
        # What everybody may read, any page may read; no page may read it as somebody.
        public = path.startswith("/api/v1/") and method == "GET"
        assert leave == ({"Access-Control-Allow-Origin": "*"} if public else {})
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*POSTS, *PAGES])
def test_there_is_no_session_to_fix_or_to_steal(client: FlaskClient, path: str) -> None:
    """No answer sets a cookie, and one that is sent changes nothing."""
    plain = client.get(path)
    sent = client.get(path, headers={"Cookie": "session=chosen-by-somebody-else; id=1"})
    for answer in (plain, sent):
        assert "Set-Cookie" not in answer.headers
        assert "Clear-Site-Data" not in answer.headers
    assert sent.status_code == plain.status_code
    if path != "/projects":
        assert sent.data == plain.data


# -- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_the_host_that_is_claimed_is_never_repeated(client: FlaskClient, path: str) -> None:
    """Nothing is built from Host or its forwarded forms: no link can be turned to another site."""
    hostile = {
        "Host": EVIL,
        "X-Forwarded-Host": EVIL,
        "X-Forwarded-Proto": "javascript",
        "X-Original-URL": f"https://{EVIL}/",
        "Forwarded": f"host={EVIL}",
        "Referer": f"https://{EVIL}/",
    }
    answer = client.get(path, headers=hostile)
    plain = client.get(path)
    assert EVIL.encode() not in answer.data
    assert not any(EVIL in value for value in answer.headers.values())
    assert (answer.status_code, answer.data) == (plain.status_code, plain.data)


LEADING = ("/", "/projects", "/vote", "/vote/north", "/receipt", "/results", "/nothing")
ELSEWHERE = (f"//{EVIL}", f"/\\{EVIL}", f"https://{EVIL}/", f"/{EVIL}/..", "%0d%0aLocation:x", "\t")


@pytest.mark.parametrize("where", ELSEWHERE)
def test_nobody_is_led_elsewhere(client: FlaskClient, where: str) -> None:
    for path in (where, *(f"{page}?next={where}&return={where}&lang={where}" for page in LEADING)):
        asked, _, query = path.partition("?")
        answer = client.get("/", query_string=query, environ_overrides={"PATH_INFO": asked})
        location = answer.headers.get("Location", "/")
        # The one redirection there is, from the catalogue to an order of it, stays where it is.
        assert re.match(r"/(?![/\\])", location), (path, location)
        assert EVIL not in location.partition("?")[0]


# -- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_body_is_not_unpacked(shared_desk: Desk, encoding: str) -> None:
    packed = gzip.compress(BOMB, 6) if encoding == "gzip" else zlib.compress(BOMB, 6)
    assert len(packed) < 30_000
    for path in POSTS:
        answer = shared_desk.client.post(
            path,
            data=packed,
            content_type="application/json",
            headers={"Content-Encoding": encoding},
        )
        assert problem(answer) in ("malformed", "too-large")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_the_results_is_a_formula(start: str) -> None:
    told = safe(f'{start}HYPERLINK("https://{EVIL}")')
    assert not told.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert "HYPERLINK" in told


def test_the_table_of_the_results_uses_it(client: FlaskClient) -> None:
    answer = client.get("/results/city/results.csv")
    assert answer.status_code == 200
    cells = chain.from_iterable(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    for cell in cells:
        assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
        assert not cell.startswith("-") or re.fullmatch(r"-[0-9]+", cell), cell
