"""Public texts are compressed where a browser asks; nothing of the other doors ever is."""

import gzip

import pytest

from tests.web.desk import ISSUERS, Desk
from web.client_modules import page_modules
from web.compression import LARGEST, SMALLEST

ASKING = {"Accept-Encoding": "gzip, br"}
PAGES = (
    "/",
    "/vote",
    "/vote/centre",
    "/static/scrutin.css",
    "/static/js/voter.js",
    "/manifest.json",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_same_bytes_in_fewer(shared_desk: Desk, path: str) -> None:
    plain = shared_desk.client.get(path)
    packed = shared_desk.client.get(path, headers=ASKING)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) == packed.content_length < len(plain.data) * 0.75
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/vote/centre", "/static/js/voter.js"])
def test_what_a_browser_has_is_not_sent_again(shared_desk: Desk, path: str) -> None:
    tag = shared_desk.client.get(path, headers=ASKING).headers["ETag"]
    assert tag.startswith("W/")
    again = shared_desk.client.get(path, headers={**ASKING, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_what_is_left_as_it_is(shared_desk: Desk) -> None:
    client = shared_desk.client
    for path in ("/pictures/tree.png", "/status"):
        answer = client.get(path, headers=ASKING)
        assert answer.status_code == 200, path
        assert "Content-Encoding" not in answer.headers, path
    refusing = client.get("/vote", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refusing.headers
    secret = client.post(f"/registrar/{ISSUERS[0]}/credentials", json={}, headers=ASKING)
    assert "Content-Encoding" not in secret.headers
    assert SMALLEST < LARGEST


def test_a_page_to_vote_is_small(shared_desk: Desk) -> None:
    """Issue: under 150 kB in all before pictures, as it is sent."""
    paths = [module.path for module in page_modules("ui-ballot.js")]
    whole = sum(
        len(shared_desk.client.get(path, headers=ASKING).data)
        for path in [
            *paths,
            "/vote/centre",
            "/static/scrutin.css",
            "/static/vote.css",
            "/manifest.json",
        ]
    )
    assert whole < 100_000
