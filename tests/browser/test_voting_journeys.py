"""Residents vote in a browser at the real service: every form, again, offline, by keyboard."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route

from audit.label import unb64
from audit.source import FolderSource
from audit.verify import verify
from ballot.code import new_code, read_code
from tests.browser.booth import ISSUER, Booth, found_hall, open_hall
from tests.browser.chromium import DESKTOP, PHONE, Window
from tests.browser.conftest import NewContext
from tests.web.desk import Desk
from web.clock import VARIABLE
from web.office.parts import open_box
from web.office.result import count_votes, open_ballot_box, publish_results, release_share
from web.office.town import THRESHOLD
from web.office.vote import close_vote
from web.progress import Progress

Hall = tuple[Desk, str]
KEPT = "() => [localStorage.length, sessionStorage.length]"


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, passphrase: str) -> Iterator[Hall]:
    """The town of every form, open; the tests of this file vote in it one after the other."""
    folder = tmp_path_factory.mktemp("hall")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "clock.txt"))
        town = found_hall(folder / "election", passphrase)
        with open_hall(town, folder / "clock.txt") as opened:
            yield opened


@pytest.fixture
def booth(hall: Hall, new_context: NewContext) -> Booth:
    """A resident with a phone, in French."""
    return Booth(page=_page(new_context), address=hall[1])


def _page(
    new_context: NewContext, window: Window = PHONE, language: str = "fr", colours: str = "light"
) -> Page:
    page = new_context(window, language, color_scheme=colours).new_page()
    page.set_default_timeout(5_000)
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    return page


def _begun(hall: Hall, booth: Booth, person: str, *, shared: bool = False) -> None:
    booth.open("/vote")
    booth.begin(hall[0].code(person, ISSUER), shared=shared)
    booth.page.locator("#h-list").wait_for()


# What the voters of every form mark; the last test finds it again in the opened ballots.
EXPECTED: dict[str, list[list[object]]] = {
    "trees": [["tr1", 1], ["tr14", 1]],
    "basket": [["ba1", 1], ["ba2", 1]],
    "single": [["si3", 1]],
    "points": [["po1", 3], ["po3", 2]],
    "scores": [["sc1", 0], ["sc2", 5]],
    "ranking": [["ra4", 1], ["ra2", 2]],
    "grades": [["gr1", 0], ["gr3", 2]],
    "cars": [["no", 1]],
}


@pytest.mark.parametrize(
    ("person", "window", "language", "colours"),
    [("every-0", PHONE, "fr", "light"), ("every-1", DESKTOP, "en", "dark")],
)
def test_every_form_is_voted(
    hall: Hall, new_context: NewContext, person: str, window: Window, language: str, colours: str
) -> None:
    booth = Booth(page=_page(new_context, window, language, colours), address=hall[1])
    page = booth.page
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  (it is marked)
    booth.open("/vote")
    page.locator("#begin").wait_for()
    booth.axe()
    _begun(hall, booth, person)
    booth.axe()

    booth.tick("c1", ["tr1", "tr14"])
    assert "2" in page.locator("[data-section=c1] [data-live]").inner_text()
    booth.axe()
    booth.hand_in("c1")

    page.locator("#h-c2").wait_for()
    booth.tick("c2", ["ba1", "ba2"])
    live = page.locator("[data-section=c2] [data-live]").inner_text()
    assert (
        "6\u202f000\u00a0€" if language == "fr" else "€6,000"
    ) in live  # 30,000 less 8,000 + 16,000
    booth.axe()
    booth.tick("c3", ["si3"])
    booth.axe()

    section = booth.section("c4")
    for _ in range(3):
        section.locator('[data-project="po1"] [data-step="1"]').click()
    section.locator('[data-project="po3"] [data-mark]').fill("2")
    assert "2" in section.locator("[data-live]").inner_text()
    booth.axe()

    section = booth.section("c5")
    section.locator('[data-project="sc1"] [data-step="1"]').click()
    section.locator('[data-project="sc2"] [data-mark]').fill("5")
    booth.axe()

    section = booth.section("c6")
    for project in ("ra2", "ra4"):
        section.locator(f'[data-project="{project}"] [data-add]').click()
    section.locator("[data-ranked] li").nth(1).locator("[data-move=up]").click()
    # The project that went up stays in hand.
    assert (
        page.evaluate("document.activeElement.closest('li').querySelector('.place').textContent")
        == "1"
    )
    booth.axe()

    section = booth.section("c7")
    section.locator('[data-project="gr1"] [value="0"]').check()
    section.locator('[data-project="gr3"] [value="2"]').check()
    booth.axe()
    booth.tick("c8", ["no"])
    booth.axe()

    booth.section("list")
    assert page.locator(".status.done").count() == 8
    booth.to_check()
    booth.axe()
    code = booth.cast()
    booth.axe()
    shown = page.locator("[data-section=done]").inner_text()
    assert not any(title in shown for title in ("Planter", "Plant fifty", "verger", "orchard"))

    page.locator("#receipt-check").click()
    page.locator("[data-verdict]:visible").wait_for()
    if page.locator("[data-verdict=waiting]:visible").count():
        page.wait_for_timeout(1500)
        page.locator("#check").click()
    page.locator("[data-verdict=in]").wait_for()
    assert page.locator("#receipt").input_value() == code
    booth.axe()
    _nothing_goes_to_the_wrong_door(hall, person, sent)


def _nothing_goes_to_the_wrong_door(hall: Hall, person: str, sent: list[Request]) -> None:
    """The voting code goes to the registrar's door alone, pseudonym and sealed bytes to the box's
    alone, and what was marked nowhere."""
    code = hall[0].code(person, ISSUER)
    codes = (code, code.replace("-", ""), code.lower(), code.replace("-", "").lower())
    doors = set()
    for request in sent:
        where = urlsplit(request.url)
        door = where.path.split("/")[1]
        doors.add(door)
        body = request.post_data or ""
        said = "\n".join([request.url, body, *request.headers.values()])
        assert door not in ("registrar", "box") or not where.query
        assert door == "registrar" or not any(each in said for each in codes), request.url
        assert door == "box" or not re.search("pseudonym|sealed", body), request.url
        # Which projects there are stands in the page.
        marked = re.search(r"\b(?:tr14|ba2|si3|po3|sc2|ra4|gr3)\b", said)
        assert marked is None, request.url
    assert doors >= {"registrar", "box", "vote", "assets"}
    # What is looked for is spelled as it is sent.
    assert any(each in (request.post_data or "") for request in sent for each in codes)
    assert any("pseudonym" in (request.post_data or "") for request in sent)


def test_over_the_limit_is_said_and_nothing_is_unticked(hall: Hall, booth: Booth) -> None:
    page = booth.page
    _begun(hall, booth, "short-0")
    booth.tick("c1", ["tr1", "tr2", "tr3", "tr4"])
    section = page.locator("[data-section=c1]")
    fourth = section.locator('[data-project="tr4"]')
    # At once, beside the control, before anything is handed in.
    assert "projet de trop" in fourth.locator("[data-error]").inner_text()
    assert fourth.locator("[data-mark]").get_attribute("aria-invalid") == "true"
    booth.hand_in("c1")
    summary = section.locator(".error-summary")
    assert "projet de trop" in summary.inner_text()
    assert page.evaluate("document.activeElement.id") == "c1-errors"
    booth.axe()
    summary.locator("a").click()
    assert page.evaluate("document.activeElement.value") == "tr4"
    assert section.locator("[data-mark]:checked").count() == 4

    page.evaluate("location.hash = 'check'")
    page.locator("#check-wrong a", has_text="La ville plus verte").wait_for()
    assert page.locator("#cast").is_hidden()
    booth.axe()
    # One less, and the other envelope is named as unfinished, which does not keep from casting.
    section = booth.section("c1")
    section.locator('[data-project="tr4"] [data-mark]').uncheck()
    booth.to_check()
    assert "Fermer la rue" in page.locator("#check-unfinished").inner_text()
    booth.axe()


def test_search_and_filter(hall: Hall, booth: Booth) -> None:
    _begun(hall, booth, "short-1")
    section = booth.section("c1")
    shown = section.locator("[data-list] > li:visible")
    assert shown.count() == 14
    section.locator("[data-seek]").click()
    booth.page.keyboard.type("VÉLOS")
    assert [each.get_attribute("data-project") for each in shown.all()] == ["tr12"]
    section.locator("[data-find-word]").fill("velos nord")
    assert shown.count() == 0
    section.locator("[data-find-word]").fill("")
    section.locator("[data-find-district]").select_option("Sud")
    assert shown.count() == 4
    # The order is this visitor's own, and stays.
    order = [
        each.get_attribute("data-project") for each in section.locator("[data-list] > li").all()
    ]
    booth.page.reload()
    section = booth.section("c1")
    again = [
        each.get_attribute("data-project") for each in section.locator("[data-list] > li").all()
    ]
    assert again == order


def test_a_reload_loses_nothing_and_a_vote_can_be_replaced(hall: Hall, booth: Booth) -> None:
    page = booth.page
    _begun(hall, booth, "short-2")
    booth.tick("c1", ["tr5"])
    page.reload()
    page.locator("#c1-5:checked").wait_for()
    booth.open("/vote")
    page.locator("#resume-go").click()
    page.locator("#h-list").wait_for()
    assert page.locator("#uncast").is_visible()
    booth.axe()
    first = booth.cast()
    # What was chosen is gone from the device; the receipt stays.
    page.reload()
    assert booth.receipt() == first
    page.locator("#again").click()
    page.locator("#h-list").wait_for()
    assert page.locator(".status.todo").count() == 2
    booth.tick("c1", ["tr6"])
    booth.tick("c2", ["yes"])
    booth.to_check()
    assert page.locator("#check-again").is_visible()
    assert booth.cast() != first


def test_a_lost_answer_is_said_and_the_same_ballot_sent_again(hall: Hall, booth: Booth) -> None:
    page = booth.page
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fetch()  # the box has it; its answer never arrives
        route.abort("connectionreset")

    _begun(hall, booth, "short-3")
    booth.tick("c1", ["tr7"])
    page.route("**/box/ballots", lose)
    booth.to_check()
    page.locator("#cast").click()
    page.locator("#h-unknown").wait_for()
    booth.axe()
    assert "ne savons pas encore" in page.locator("#h-unknown").inner_text()
    # The battery dies; the page is opened again on the same device.
    page.reload()
    page.locator("#h-unknown").wait_for()
    page.unroute("**/box/ballots")
    with page.expect_request("**/box/ballots") as request:
        page.locator("#send-now").click()
    booth.receipt()
    assert set(sent) == {request.value.post_data}


def _problem(code: str, status: int) -> Callable[[Route], None]:
    """A door answers with this problem."""
    body = json.dumps({"code": code, "status": status, "title": "", "detail": ""})

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type="application/problem+json", body=body)

    return answer


def test_a_door_that_says_no_is_told(hall: Hall, new_context: NewContext) -> None:
    """In English: no code on this device, rules that are not those of the vote, and
    each refusal of the box."""
    booth = Booth(page=_page(new_context, PHONE, "en"), address=hall[1])
    page = booth.page
    booth.open("/vote/short")
    page.locator("#h-locked").wait_for()
    booth.axe()
    _begun(hall, booth, "short-11")
    page.route("**/manifest/*", lambda route: route.fulfill(status=200, body="{}"))
    page.reload()
    page.locator("#h-failed").wait_for()
    booth.axe()
    assert "rules" in page.locator("[data-section=failed]").inner_text()
    page.unroute("**/manifest/*")
    page.reload()
    page.locator("#h-list").wait_for()
    booth.tick("c1", ["tr5"])
    told = set()
    for code, status in (("conflict", 409), ("closed", 403), ("ballot-refused", 422)):
        page.route("**/box/ballots", _problem(code, status))
        booth.to_check()
        page.locator("#cast").click()
        page.locator("#h-refused").wait_for()
        booth.axe()
        assert page.locator("#uncast").is_hidden()  # the heading says it
        said = page.locator("[data-section=refused]").inner_text()
        assert not re.search(r"[{}]|\bvote\.[a-z]|undefined", said)
        told.add(said)
        page.unroute("**/box/ballots")
        page.locator("[data-section=refused] a.primary").click()
    assert len(told) == 3
    # The box never had it: nothing is lost, and it is cast now.
    page.locator("#cast:enabled").click()
    booth.receipt()


def test_a_ballot_is_tested_on_a_second_device_then_one_is_cast(
    hall: Hall, booth: Booth, new_context: NewContext
) -> None:
    page = booth.page
    _begun(hall, booth, "short-4")
    booth.tick("c1", ["tr8", "tr2"])
    booth.to_check()
    noted = page.locator("#check-words").inner_text()
    page.locator("#check-send summary").click()
    page.locator("#test").click()
    page.locator("#h-tested").wait_for()
    booth.axe()
    with page.expect_download() as download:
        page.locator("#test-save").click()

    second = Booth(page=_page(new_context, DESKTOP, "en"), address=hall[1])
    asked: list[str] = []
    second.page.on("request", lambda request: asked.append(request.method))
    second.open("/test")
    second.page.locator("#test-file").set_input_files(download.value.path())
    second.page.locator("#found").wait_for()
    second.axe()
    assert second.page.locator("#found-words").inner_text() == noted
    shown = second.page.locator("#found-choices").inner_text()
    assert "Nest boxes" not in shown
    assert "Des arceaux" not in shown
    assert "A green wall" in shown
    assert "A compost" not in shown
    assert set(asked) == {"GET"}

    page.locator("[data-section=tested] a.primary").click()
    page.locator("#cast:enabled").wait_for()
    # The tested ballot is void: what is cast is another, with the same choices.
    assert page.locator("#check-words").inner_text() != noted
    page.locator("#cast").click()
    booth.receipt()


def test_modules_that_come_late(hall: Hall, booth: Booth) -> None:
    """The network goes once the field for the code is there, and comes back."""
    page, asked = booth.page, "**/js/voter.js"
    page.route(asked, lambda route: route.abort())
    booth.open("/vote")
    page.locator("#begin-errors").wait_for()
    assert "Réessayez" in page.locator("#begin-errors").inner_text()
    page.unroute(asked)
    booth.begin(hall[0].code("short-10", ISSUER))
    page.locator("#h-list").wait_for()


def test_codes_that_are_refused(hall: Hall, booth: Booth, new_context: NewContext) -> None:
    page = booth.page
    code = hall[0].code("short-5", ISSUER)
    booth.open("/vote")
    page.locator("#start").wait_for()
    page.locator("#start").click()
    assert "Écrivez votre code" in page.locator(".error-summary").inner_text()
    booth.axe()
    booth.begin(code[:-1])
    assert "manque" in page.locator("#code-1-error").inner_text()
    wrong = code[:6] + ("2" if code[6] != "2" else "3") + code[7:]
    booth.begin(wrong)
    assert "groupe 2, caractère 2" in page.locator("#code-1-error").inner_text()
    # Typed one by one in small letters, a look-alike for a zero: the field writes the groups.
    page.locator("#code-1").fill("")
    page.locator("#code-1").press_sequentially(code.replace("-", "").replace("0", "o").lower())
    assert page.locator("#code-1").input_value() == code
    page.locator("#start").click()
    page.locator("#h-list").wait_for()

    # The same code on another device, and one that never was: the same answer.
    told = []
    for tried in (code, _unknown(code)):
        other = Booth(page=_page(new_context), address=hall[1])
        other.open("/vote")
        other.begin(tried)
        other.page.locator("#code-1-error:visible").wait_for()
        told.append(other.page.locator("#code-1-error").inner_text())
    assert told[0] == told[1]
    assert "fiche de secours" in told[0]


def _unknown(code: str) -> str:
    """A code that adds up and stands in no roll."""
    return new_code(read_code(code).style_index, bytes(10)).grouped


def test_another_device_goes_on_with_the_recovery_sheet(
    hall: Hall, booth: Booth, new_context: NewContext
) -> None:
    page = booth.page
    _begun(hall, booth, "short-6")
    booth.tick("c1", ["tr9"])
    booth.cast()
    page.locator("[data-section=done] a[href='#sheet']").click()
    page.locator("#h-sheet").wait_for()
    booth.axe()
    sheet = page.locator("#sheet-key").inner_text()

    other = Booth(page=_page(new_context, DESKTOP), address=hall[1])
    other.open("/vote")
    other.page.locator("#sheet-part summary").click()
    other.page.locator("#sheet").fill(sheet.lower())
    other.begin(hall[0].code("short-6", ISSUER))
    other.page.locator("#h-list").wait_for()
    other.tick("c1", ["tr10"])
    other.cast()


def test_a_shared_device_keeps_nothing(hall: Hall, booth: Booth) -> None:
    page = booth.page
    _begun(hall, booth, "short-7", shared=True)
    booth.tick("c1", ["tr11"])
    receipt = booth.cast()
    booth.axe()
    assert page.locator("#again").is_hidden()
    page.locator("#erase").click()
    page.locator("#h-erased").wait_for()
    booth.axe()
    assert page.evaluate("document.body.textContent").find(hall[0].code("short-7", ISSUER)) < 0
    assert page.evaluate(KEPT) == [0, 0]
    # Nor does the check of the receipt leave anything.
    booth.open(f"/receipt#{receipt}")
    page.locator("[data-verdict]:visible").wait_for()
    assert not page.locator("#remember").is_checked()
    assert page.evaluate(KEPT) == [0, 0]
    booth.open("/vote")
    page.locator("#begin").wait_for()


MARKED_BY_KEYS: Sequence[tuple[str, tuple[tuple[str, str], ...]]] = (
    ("c1", (('[data-project="tr3"] [data-mark]', "Space"),)),
    ("c2", (('[data-project="ba1"] [data-mark]', "Space"),)),
    ("c3", (("[data-section=c3] [type=radio]", "ArrowDown"),)),
    ("c4", (('[data-project="po1"] [data-mark]', "3"), ('[data-project="po2"] [data-mark]', "1"))),
    ("c5", (('[data-project="sc2"] [data-mark]', "5"),)),
    (
        "c6",
        (
            ('[data-project="ra2"] [data-add]', "Enter"),
            ('[data-project="ra4"] [data-add]', "Enter"),
        ),
    ),
    ("c7", (('[data-project="gr1"] [type=radio]', "ArrowUp"),)),
    ("c8", (("[data-section=c8] [type=radio]", "ArrowDown"),)),
)
"""In each contest what the keyboard goes to, and what is pressed there."""

EXPECTED_BY_KEYS: dict[str, list[list[object]]] = {
    "trees": [["tr3", 1]],
    "basket": [["ba1", 1]],
    "points": [["po1", 3], ["po2", 1]],
    "scores": [["sc2", 5]],
    "ranking": [["ra4", 1], ["ra2", 2]],
    "grades": [["gr1", 3]],
    "cars": [["no", 1]],
}
"""What they mark, but for the contest where the place in the shuffled list decides."""


def test_the_keyboard_is_enough_for_every_form(hall: Hall, new_context: NewContext) -> None:
    booth = Booth(page=_page(new_context, DESKTOP, "en"), address=hall[1])
    page, keys = booth.page, booth.page.keyboard
    booth.open("/vote")
    page.locator("#begin").wait_for()
    _tab_to(page, "code-1")
    keys.type(hall[0].code("every-3", ISSUER))
    _tab_to(page, "device-own")
    keys.press("Space")
    keys.press("Enter")
    page.locator("#h-list").wait_for()
    assert page.evaluate("document.activeElement.id") == "h-list"
    _tab_until(page, "el => el.getAttribute('href') === '#c1'")
    keys.press("Enter")
    for name, marks in MARKED_BY_KEYS:
        page.locator(f"#h-{name}").wait_for()
        assert page.evaluate("document.activeElement.id") == f"h-{name}"
        for wanted, pressed in marks:
            _tab_until(page, f"el => el.matches({wanted!r})")
            keys.press(pressed)
        if name == "c6":
            _tab_until(page, "el => el.matches('[data-ranked] li:nth-child(2) [data-move=up]')")
            keys.press("Enter")
            place = "document.activeElement.closest('li').querySelector('.place').textContent"
            assert page.evaluate(place) == "1"
        page.locator("#ballot[data-saved=yes]").wait_for()
        _tab_until(page, f"el => el.matches('[data-section={name}] button.primary')")
        keys.press("Enter")
    page.locator("#cast:enabled").wait_for()
    _tab_to(page, "cast")
    keys.press("Enter")
    booth.receipt()
    assert page.evaluate("document.activeElement.id") == "h-done"


def test_the_keyboard_is_enough_for_all_that_may_come(hall: Hall, new_context: NewContext) -> None:
    """A choice too many, a test of the device, a lost answer, the receipt, and a second ballot."""
    booth = Booth(page=_page(new_context, DESKTOP, "en"), address=hall[1])
    page, keys = booth.page, booth.page.keyboard
    booth.open("/vote")
    page.locator("#begin").wait_for()
    _tab_to(page, "code-1")
    keys.type(hall[0].code("short-8", ISSUER))
    _tab_to(page, "device-own")
    keys.press("Space")
    keys.press("Enter")
    page.locator("#h-list").wait_for()
    _tab_until(page, "el => el.getAttribute('href') === '#c1'")
    keys.press("Enter")
    page.locator("#h-c1").wait_for()
    for project in ("tr1", "tr2", "tr3", "tr4"):
        _tab_until(page, f"el => el.value === '{project}'")
        keys.press("Space")
    _tab_until(page, "el => el.matches('[data-section=c1] button.primary')")
    keys.press("Enter")
    # The focus is on the summary, whose link leads to the one too many.
    page.wait_for_function("() => document.activeElement.id === 'c1-errors'")
    _tab_until(page, "el => el.matches('#c1-errors a')")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.value") == "tr4"
    keys.press("Space")
    _tab_until(page, "el => el.matches('[data-section=c1] button.primary')")
    keys.press("Enter")
    page.locator("#h-c2").wait_for()
    _tab_until(page, "el => el.getAttribute('href') === '#list'")
    keys.press("Enter")
    page.locator("#h-list").wait_for()
    _tab_until(page, "el => el.getAttribute('href') === '#check'")
    keys.press("Enter")
    page.locator("#cast:enabled").wait_for()

    # Does the device do as it is told? What was sealed is opened on another.
    _tab_until(page, "el => el.matches('#check-send summary')")
    keys.press("Enter")
    _tab_to(page, "test")
    keys.press("Enter")
    page.locator("#h-tested").wait_for()
    _tab_to(page, "test-save")
    with page.expect_download() as download:
        keys.press("Enter")
    _reads_the_test(Booth(page=_page(new_context, DESKTOP, "en"), address=hall[1]), download)
    _tab_until(page, "el => el.matches('[data-section=tested] a.primary')")
    keys.press("Enter")
    page.locator("#cast:enabled").wait_for()

    page.route("**/box/ballots", lambda route: route.abort())
    _tab_to(page, "cast")
    keys.press("Enter")
    page.locator("#h-unknown").wait_for(timeout=20_000)
    page.unroute("**/box/ballots")
    _tab_to(page, "send-now")
    keys.press("Enter")
    first = booth.receipt()
    _tab_to(page, "receipt-check")
    keys.press("Enter")
    page.locator("[data-verdict]:visible").wait_for()
    while page.locator("[data-verdict=waiting]:visible").count():
        _tab_to(page, "check")
        keys.press("Enter")
        page.locator("#check:enabled").wait_for()
        page.locator("[data-verdict]:visible").wait_for()
    assert page.locator("[data-verdict=in]").is_visible()

    page.go_back()
    page.locator("#h-done").wait_for()
    _tab_to(page, "again")
    keys.press("Enter")
    page.locator("#h-list").wait_for()
    _tab_until(page, "el => el.getAttribute('href') === '#c1'")
    keys.press("Enter")
    page.locator("#h-c1").wait_for()
    _tab_until(page, "el => el.value === 'tr9'")
    keys.press("Space")
    page.locator("#ballot[data-saved=yes]").wait_for()
    _tab_until(page, "el => el.matches('#uncast a')")
    keys.press("Enter")
    page.locator("#cast:enabled").wait_for()
    _tab_to(page, "cast")
    keys.press("Enter")
    assert booth.receipt() != first


def _reads_the_test(second: Booth, download: Any) -> None:
    """On the other device, by keyboard: its text is put in, and what it holds is read."""
    second.open("/test")
    second.page.locator("#test-text").wait_for()
    _tab_to(second.page, "test-text")
    second.page.keyboard.insert_text(download.value.path().read_text("utf-8"))
    _tab_until(second.page, "el => el.matches('form button')")
    second.page.keyboard.press("Enter")
    second.page.locator("#found").wait_for()
    assert second.page.evaluate("document.activeElement.id") == "h-found"
    assert second.page.locator("#found-choices li").count() >= 3


OUTLINED = """() => {
  const held = document.activeElement;
  return [held, held.closest(".stepper"), held.closest(".card")]
    .some(each => each && getComputedStyle(each).outlineStyle !== "none");
}"""


def _tab_to(page: Page, name: str) -> None:
    _tab_until(page, f"el => el.id === '{name}'")


def _tab_until(page: Page, test: str) -> None:
    """Press Tab until it is reached, around the page if it lies before."""
    for _ in range(160):
        page.keyboard.press("Tab")
        if page.evaluate(f"() => ({test})(document.activeElement)"):
            # A focus that nobody sees is none; a stepper shows that of its parts around itself.
            assert page.evaluate(OUTLINED), test
            return
    raise AssertionError(f"the keyboard never reaches {test}")


def test_each_door_is_told_its_own_part_only(hall: Hall, booth: Booth) -> None:
    page = booth.page
    code = hall[0].code("short-9", ISSUER)
    sent: list[tuple[str, str, str]] = []
    page.on("request", lambda asked: sent.append((asked.method, asked.url, asked.post_data or "")))
    _begun(hall, booth, "short-9")
    booth.tick("c1", ["tr12"])
    page.evaluate("location.hash = 'sheet'")
    page.locator("#h-sheet").wait_for()
    key = page.locator("#sheet-key").inner_text()
    receipt = booth.cast()
    page.locator("#receipt-check").click()
    page.locator("[data-verdict]:visible").wait_for()

    bare = code.replace("-", "")
    written = [(method, url.removeprefix(hall[1]), body) for method, url, body in sent]
    posted = [(path, body) for method, path, body in written if method != "GET"]
    assert {path for path, _ in posted} == {f"/registrar/{ISSUER}/credentials", "/box/ballots"}
    for path, body in posted:
        assert (bare in body) == path.startswith("/registrar/"), path
        assert set(json.loads(body)) == (
            {"election", "style", "code", "blinded_message"}
            if path.startswith("/registrar/")
            else {"entry", "sealed"}
        )
    for _, path, body in written:
        assert code not in path + body
        assert bare not in path
        assert not any(group in path + body for group in key.split("-"))
        assert "tr12" not in path + body
        # A receipt's code goes to the box that gave it, and to no page's address.
        assert receipt not in path.partition("#")[0] or path.startswith("/box/proofs/")


def test_without_script_nothing_is_a_dead_form(hall: Hall, new_context: NewContext) -> None:
    page = new_context(PHONE, "fr", java_script_enabled=False).new_page()
    for path in ("/vote", "/vote/short", "/receipt", "/test"):
        page.goto(hall[1] + path)
        page.locator("#not-ready").wait_for()
        assert page.locator("#not-ready").get_by_role("link").is_visible()
        assert page.locator("form:visible, button:visible").count() == 0


def test_a_wide_page_fits_a_narrow_screen(hall: Hall, new_context: NewContext) -> None:
    """320 CSS pixels are a 1280 pixel screen at 400 %."""
    booth = Booth(
        page=_page(new_context, Window(width=320, height=512, touch=False)), address=hall[1]
    )
    _begun(hall, booth, "every-2")
    for key in ["list", *(f"c{n}" for n in range(1, 9)), "sheet"]:
        booth.section(key)
        assert booth.page.evaluate("document.documentElement.scrollWidth") <= 320, key
    booth.to_check()
    assert booth.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_receipts_that_are_none(hall: Hall, booth: Booth) -> None:
    page = booth.page
    booth.open("/receipt")
    page.locator("#check").click()
    assert "choisissez le fichier" in page.locator("#receipt-error").inner_text()
    page.locator("#receipt").fill("bonjour")
    page.locator("#check").click()
    page.locator("#receipt-error", has_text="pas un reçu").wait_for()
    booth.axe()
    page.locator("#receipt").fill("A" * 43)
    page.locator("#check").click()
    page.locator("[data-verdict=missing]").wait_for()
    booth.axe()
    booth.open("/test")
    page.locator("#test-text").fill("{}")
    page.locator("form button").click()
    page.locator("#test-text-error:visible").wait_for()
    booth.axe()


def test_the_election_voted_here_is_counted_and_verified(hall: Hall) -> None:
    """Last: closes the vote of the tests above."""
    desk, _ = hall
    place, manifest, town = desk.place, desk.manifest, desk.town
    desk.late()
    desk.parts.close()
    with open_box(place, manifest, lambda: desk.closes) as parts:
        close_vote(place, manifest, parts["sequencer"], list(town.officers), lambda: desk.closes)
    for path in town.shares[:THRESHOLD]:
        release_share(place, manifest, path)
    open_ballot_box(place, manifest, lambda: desk.closes)
    quiet = Progress(quiet=True)
    count_votes(place, manifest, jobs=1, progress=quiet)
    publish_results(place, manifest, place.publication, list(town.officers), jobs=1, progress=quiet)
    verify(FolderSource(place.publication))
    ballots: list[dict[str, Any]] = json.loads(
        (place.publication / "ballots/every.json").read_text("utf-8")
    )["ballots"]
    assert all(unb64(each["leaf_hash"], "leaf_hash", size=32) for each in ballots)
    found = [each["contests"] for each in ballots]
    assert len(found) == 3
    assert found.count(EXPECTED) == 2
    [by_keys] = (each for each in found if each != EXPECTED)
    # The arrow went to the second project of a list shuffled for this visitor.
    [[_, mark]] = by_keys.pop("single")
    assert mark == 1
    assert by_keys == EXPECTED_BY_KEYS
