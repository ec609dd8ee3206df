"""The pages of results and observers as browsers show them: accessible, without script, small."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.chromium import DESKTOP, PHONE, Window, serving
from tests.browser.conftest import NewContext
from tests.web.desk import Desk
from web.audience import Door

PUBLIC = frozenset({Door.PUBLIC})
PUBLISHED = (
    "/results",
    "/results/city",
    "/results/cars",
    "/results/city/1",
    "/results/city/steps",
    "/results/city/compare",
    "/observe",
)
PENDING = ("/results", "/observe")
SMALL = 44
"""The least height of what a finger aims at, in CSS pixels; links inside a sentence are exempt."""

TARGETS = """least => [...document.querySelectorAll("main a, main summary, main button")]
  .filter(each => getComputedStyle(each).display !== "inline")
  .map(each => [each.textContent.trim(), each.getBoundingClientRect().height])
  .filter(([_, height]) => height > 0 && height < least - 0.5)"""


def check(page: Page, address: str) -> None:
    """No violation of WCAG that axe finds, no sideways scrolling, no target too small."""
    page.goto(address)
    found = Axe().run(page).response
    told = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert told == [], address
    unsure = [(each["id"], each["nodes"][0]["html"]) for each in found["incomplete"]]
    assert unsure == [], address
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, f"{address}: scrolls sideways"
    assert page.evaluate(TARGETS, SMALL) == [], address


# axe brings its own script: only here may one run that the policy does not know.
@pytest.mark.parametrize(
    ("window", "language", "scheme"), [(PHONE, "fr", "light"), (DESKTOP, "en", "dark")]
)
def test_nothing_stands_in_anybodys_way(
    new_context: NewContext,
    published_desk: Desk,
    desk: Desk,
    window: Window,
    language: str,
    scheme: str,
) -> None:
    page = new_context(window, language, color_scheme=scheme, bypass_csp=True).new_page()
    with serving(published_desk.app(PUBLIC)) as address:
        for path in PUBLISHED:
            check(page, address + path)
        page.goto(address + "/results")
        winner = page.locator(".winners a").first.bounding_box()
        assert winner is not None
        assert winner["y"] + winner["height"] < window.height, "the first winner is below the fold"
    desk.set_clock(desk.opens)
    with serving(desk.app(PUBLIC)) as address:
        for path in PENDING:
            check(page, address + path)


def test_at_four_times_the_size_nothing_scrolls_sideways(
    new_context: NewContext, published_desk: Desk
) -> None:
    narrow = Window(width=320, height=640, touch=False)
    page = new_context(narrow, "fr", bypass_csp=True).new_page()
    with serving(published_desk.app(PUBLIC)) as address:
        for path in PUBLISHED:
            check(page, address + path)


SCROLLED = """() => [...document.querySelectorAll(".scroll, .wide")].map(each => {
  for (const detail of document.querySelectorAll("details")) detail.open = true;
  each.scrollLeft = each.scrollWidth;
  const frame = each.getBoundingClientRect();
  const inside = part => {
    const box = part.getBoundingClientRect();
    return box.left >= frame.left - 1 && box.right <= frame.right + 1;
  };
  const words = each.querySelector("caption div"), head = each.querySelector("thead .name");
  const names = [...each.querySelectorAll("tbody th[scope=row]")];
  return [each.scrollLeft, names.length, [words, head, ...names].every(inside)];
})"""


def test_of_a_table_moved_sideways_the_names_and_the_caption_stay(
    new_context: NewContext, published_desk: Desk
) -> None:
    page, moved = new_context(PHONE, "fr").new_page(), 0
    with serving(published_desk.app(PUBLIC)) as address:
        for path in ("/results", "/results/city/compare", "/publication/index.html"):
            page.goto(address + path)
            for left, names, inside in page.evaluate(SCROLLED):
                assert names
                assert inside, path
                moved += left > 0
    assert moved >= 3


def test_without_script_and_by_keyboard(new_context: NewContext, published_desk: Desk) -> None:
    context = new_context(DESKTOP, "en", java_script_enabled=False)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    with serving(published_desk.app(PUBLIC)) as address:
        page.goto(f"{address}/results?lang=en")
        page.get_by_role("link", name="Every project, and why").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/results/city?lang=en")
        page.get_by_role("link", name="The count, step by step").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/results/city/steps?lang=en")
        page.get_by_role("link", name="↓ 2").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**#step-2")
        page.get_by_role("link", name="Projet bench").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/results/city/2?lang=en")
        assert page.get_by_role("heading", level=1).inner_text() == "Projet bench"
        assert "Why it is funded" in page.inner_text("main")
        for path in PUBLISHED:
            page.goto(address + path)
    assert said == [], "the policy refused something of the pages themselves"
