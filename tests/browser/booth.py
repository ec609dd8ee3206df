"""The town of every form, open and served to a browser, and a resident's hand in it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Locator, Page

from ballot.roll import Person
from tests.browser.chromium import serving
from tests.browser.every_form import election
from tests.web.desk import Desk, open_log
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.town import Town, found_town
from web.progress import Progress

ISSUER = "city"
STYLES = ("every", "short")
PEOPLE = 12
OPENS, CLOSES = "2026-10-05T08:00:00Z", "2026-12-19T18:00:00Z"


def found_hall(folder: Path, drawn: str) -> Town:
    """Freeze the town; codes for ``every-0`` … and ``short-0`` …"""
    people = [
        Person(id=f"{style}-{number}", style=style) for style in STYLES for number in range(PEOPLE)
    ]
    place = ElectionFolder(folder)
    town = found_town(
        place,
        election(OPENS, CLOSES),
        people,
        drawn=drawn,
        issuers=(ISSUER,),
        options=FreezeOptions(batch_seconds=1, batch_minimum=1, maximum_sequence=9),
        progress=Progress(quiet=True),
    )
    open_log(town, place)
    return town


@contextmanager
def open_hall(town: Town, clock: Path) -> Iterator[tuple[Desk, str]]:
    """The town's desk and the address it is served at."""
    desk = Desk(town=town, place=town.place, clock=clock)
    desk.set_clock(desk.opens)
    with ExitStack() as stack:
        stack.enter_context(desk.parts)
        address = stack.enter_context(serving(desk.app(requests_factor=1000)))
        yield desk, address


STILL = """async () => {
  const bars = [...document.querySelectorAll(".tally, .uncast")];
  for (const bar of bars) bar.style.position = "static";
  const found = await axe.run();
  for (const bar of bars) bar.style.position = "";
  return found;
}"""


@cache
def _axe() -> str:
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@dataclass(kw_only=True)
class Booth:
    """One resident in front of one page."""

    page: Page
    address: str

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def heading(self, text: str) -> Locator:
        """Wait until the heading of the section that shows says ``text``."""
        found = self.page.locator("h1:visible", has_text=text)
        found.wait_for()
        return found

    def begin(self, code: str, *, shared: bool = False) -> None:
        """Enter a code at ``/vote``."""
        page = self.page
        page.locator("input.code").fill(code)
        page.locator("#device-shared" if shared else "#device-own").check()
        page.locator("#start").click()

    def section(self, key: str) -> Locator:
        """The section of a contest, shown."""
        self.page.evaluate("key => { location.hash = key; }", key)
        found = self.page.locator(f"[data-section={key}]")
        found.wait_for()
        return found

    def tick(self, key: str, projects: Sequence[str]) -> None:
        """Tick projects or an option in a contest."""
        section = self.section(key)
        for project in projects:
            section.locator(f'[data-project="{project}"] [data-mark]').check()
        self.page.locator("#ballot[data-saved=yes]").wait_for()

    def hand_in(self, key: str) -> None:
        """Press "Continue"."""
        self.page.locator(f"[data-section={key}] form button.primary").click()

    def to_check(self) -> None:
        """The check page with its ballot sealed."""
        self.page.evaluate("location.hash = 'check'")
        self.page.locator("#cast:enabled").wait_for()

    def cast(self) -> str:
        """Check, cast, and read the receipt's code."""
        self.to_check()
        self.page.locator("#cast").click()
        return self.receipt()

    def receipt(self) -> str:
        """The receipt's code, once the confirmation shows."""
        self.page.locator("#h-done").wait_for()
        return re.sub(r"\s", "", self.page.locator("#receipt-code").inner_text())

    def axe(self) -> None:
        """No violation, and nothing that axe could not decide.

        Bars that stay in sight while the page scrolls lie over text that axe then cannot see:
        they stand still meanwhile.
        """
        self.page.evaluate(_axe())
        found = cast("dict[str, Any]", self.page.evaluate(STILL))
        told = [_told(each) for kind in ("violations", "incomplete") for each in found[kind]]
        if told:
            raise AssertionError("\n".join([self.page.url, *told]))


def _told(finding: dict[str, Any]) -> str:
    nodes = [f"{each['html'][:160]} {each.get('failureSummary', '')}" for each in finding["nodes"]]
    return f"{finding['id']}: {finding['help']}: " + "; ".join(nodes[:4])
