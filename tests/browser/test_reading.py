"""The reading pages as browsers show them: accessible, without script, at four times the size."""

from datetime import timedelta

import pytest

from tests.browser.chromium import DESKTOP, PHONE, Window, serving
from tests.browser.conftest import NewContext
from tests.browser.test_results import check
from tests.web.desk import Desk
from web.audience import Door

PUBLIC = frozenset({Door.PUBLIC})
PATHS = (
    "/",
    "/projects?order=abc",
    "/projects?order=abc&page=2",
    "/projects?order=abc&cost=many",
    "/projects?order=abc&q=nowhere-at-all",
    "/projects/city/1?order=abc",
    "/help",
    "/privacy",
    "/accessibility",
    "/integrity",
)
ASIDE = ("/nowhere", "/projects/nothing/1", "/results/nothing", "/vote/nobody?lang=en")
"""Pages that say that there is no such page."""


@pytest.mark.parametrize(
    ("window", "language", "scheme"), [(PHONE, "fr", "light"), (DESKTOP, "en", "dark")]
)
def test_nothing_stands_in_anybodys_way(
    new_context: NewContext,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    window: Window,
    language: str,
    scheme: str,
) -> None:
    monkeypatch.setattr("web.catalogue.PAGE", 3)
    page = new_context(window, language, color_scheme=scheme, bypass_csp=True).new_page()
    with serving(desk.app(PUBLIC)) as address:
        for path in PATHS:
            check(page, address + path)


def test_at_four_times_the_size_nothing_scrolls_sideways(
    new_context: NewContext, desk: Desk
) -> None:
    narrow = Window(width=320, height=640, touch=False)
    page = new_context(narrow, "fr", bypass_csp=True).new_page()
    with serving(desk.app(PUBLIC)) as address:
        for path in PATHS:
            check(page, address + path)


def test_a_project_is_found_without_script_by_keyboard(new_context: NewContext, desk: Desk) -> None:
    context = new_context(DESKTOP, "en", java_script_enabled=False)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    with serving(desk.app(PUBLIC)) as address:
        page.goto(address + "/projects")
        assert "order=" in page.url
        title = page.locator(".card h2", has_text="bench").inner_text()
        page.focus("#q")
        page.keyboard.type(title.upper())
        page.keyboard.press("Enter")
        page.wait_for_url("**q=*")
        page.locator(".card h2 a").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/projects/*/*")
        assert page.locator("h1").inner_text() == title
        assert all(url.startswith(address) for url in asked)
        assert context.cookies() == []


def test_pages_that_say_no_and_votes_that_are_not_open_stand_in_nobodys_way(
    new_context: NewContext, desk: Desk
) -> None:
    page = new_context(PHONE, "fr", color_scheme="dark", bypass_csp=True).new_page()
    with serving(desk.app(PUBLIC)) as address:
        for path in ASIDE:
            check(page, address + path)
            assert page.locator("header a").first.is_visible(), path
        for moment in (desk.opens - timedelta(days=1), desk.closes + timedelta(days=1)):
            desk.set_clock(moment)
            for path in ("/", "/vote"):
                check(page, address + path)


def test_all_is_read_without_script(new_context: NewContext, desk: Desk) -> None:
    page = new_context(PHONE, "fr", java_script_enabled=False).new_page()
    said: list[str] = []
    targets: set[str] = set()
    page.on("console", lambda message: said.append(message.text))
    with serving(desk.app(PUBLIC)) as address:
        for path in (*PATHS, "/observe"):
            answer = page.goto(address + path)
            assert answer is not None
            assert answer.status == 200, path
            assert len(page.inner_text("main").split()) > 20, path
            for form in page.locator("form:visible").all():
                assert form.get_attribute("method") in (None, "get"), path
            links = page.locator("main a[href^='/']")
            targets |= set(links.evaluate_all("all => all.map(each => each.pathname)"))
        for target in sorted(targets):
            assert page.request.get(address + target).status == 200, target
    assert said == []
