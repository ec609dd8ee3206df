"""What the server sends for the voting pages: states, languages, escaping, the modules' digests."""

import re

import pytest

from tests.web.desk import HOSTILE, Desk, problem
from web.assets import asset
from web.client_modules import modules

PATHS = ("/vote", "/vote/centre", "/vote/north", "/receipt", "/test")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_in_both_languages(shared_desk: Desk, path: str, language: str) -> None:
    answer = shared_desk.client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in answer.text
    # Nothing that a policy without "unsafe-inline" would refuse, and no text of a city as markup.
    assert HOSTILE not in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style", answer.text)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_every_module_has_its_digest(shared_desk: Desk, path: str) -> None:
    text = shared_desk.client.get(path).text
    loaded = re.findall(rf'(?:href|src)="{asset("js/")}([a-z0-9-]+\.js)" integrity="([^"]+)"', text)
    assert len(loaded) == len(dict(loaded)) == text.count("/js/") > 5
    for name, integrity in loaded:
        assert integrity == modules()[name].integrity
        # What a module imports is listed too, or its digest would not be looked at.
        needed = {*modules()[name].imports, *modules()[name].later}
        assert needed <= {each for each, _ in loaded}


def test_a_ballot_needs_no_module_that_the_page_of_the_code_has_not_fetched(
    shared_desk: Desk,
) -> None:
    """So that a resident who got that far can lose the network."""
    code, ballot = (
        set(re.findall(r"/js/([a-z0-9-]+\.js)", shared_desk.client.get(path).text))
        for path in ("/vote", "/vote/centre")
    )
    assert ballot <= code
    assert "ui-qr.js" in ballot


def test_a_page_can_be_used_before_the_work_begins(shared_desk: Desk) -> None:
    for path in ("/vote", "/receipt", "/test"):
        head, later = shared_desk.client.get(path).text.split('<template id="later">')
        assert "voter.js" not in head
        assert "voter.js" in later.partition("</template>")[0]


def test_before_and_after_the_vote_there_is_no_form(desk: Desk) -> None:
    desk.early()
    early = desk.client.get("/vote?lang=en").text
    assert "It opens on" in early
    assert "<form" not in early
    desk.late()
    late = desk.client.get("/vote?lang=en").text
    assert "Ballots can no longer be cast" in late
    assert "<form" not in late
    assert '<a href="/receipt?lang=en"' in late


def test_two_issuers_ask_for_two_codes(shared_desk: Desk) -> None:
    text = shared_desk.client.get("/vote?lang=en").text
    assert re.findall(r'data-issuer="([a-z]+)"', text) == ["city", "prefecture"]


def test_a_style_that_is_none(shared_desk: Desk) -> None:
    answer = shared_desk.client.get("/vote/nobody", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert problem(answer) == "not-found"
