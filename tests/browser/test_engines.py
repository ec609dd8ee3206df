"""A vote in Firefox and in WebKit, from the code of the letter to "is my vote in the box?".

Where a browser is not on the machine the test says so; ``make browsers`` installs both, or fails.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.booth import ISSUER, found_hall, open_hall
from tests.browser.engines import PATIENCE, REQUIRED, Engine, engine, missing
from tests.web.desk import Desk
from web.clock import VARIABLE

NAMES = ("firefox", "webkit")
Hall = tuple[Desk, str]

SHOWN = (
    "const e = document.querySelector(arguments[0]); return Boolean(e && e.getClientRects().length)"
)
CLICK = "document.querySelector(arguments[0]).click()"
TEXT = "return document.querySelector(arguments[0]).textContent"
VERDICT = 'return document.querySelector("[data-verdict]:not([hidden])")?.dataset.verdict ?? null'


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, passphrase: str) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "clock.txt"))
        town = found_hall(folder / "election", passphrase)
        with open_hall(town, folder / "clock.txt") as opened:
            yield opened


class Resident:
    """Somebody at a page, by scripts alone."""

    def __init__(self, browser: Engine, address: str) -> None:
        self.browser = browser
        self.address = address

    def open(self, path: str) -> None:
        self.browser.open(self.address + path)

    def until(self, script: str, *arguments: Any) -> Any:
        """Wait until a script gives something."""
        until = time.monotonic() + PATIENCE
        while not (found := self.browser.run(script, *arguments)):
            if time.monotonic() > until:
                said = self.browser.run("return document.body?.innerText")
                raise AssertionError(f"{self.browser.version}: {arguments}: {said}")
            time.sleep(0.1)
        return found

    def shown(self, selector: str) -> None:
        self.until(SHOWN, selector)

    def click(self, selector: str) -> None:
        self.shown(selector)
        self.browser.run(CLICK, selector)

    def begin(self, code: str) -> None:
        self.open("/vote?lang=en")
        self.shown("input.code")
        self.browser.run("document.querySelector('input.code').value = arguments[0]", code)
        self.click("#device-own")
        self.click("#start")
        self.shown("#h-list")

    def tick(self, *projects: str) -> None:
        self.browser.run("location.hash = 'c1'")
        for project in projects:
            self.click(f'[data-section=c1] [data-project="{project}"] [data-mark]')
        self.shown("#ballot[data-saved=yes]")

    def cast(self) -> str:
        self.browser.run("location.hash = 'check'")
        self.click("#cast:enabled")
        self.shown("#h-done")
        return str(self.browser.run(TEXT, "#receipt-code"))

    def check(self) -> str:
        """The verdict on the receipt, once the ballot's batch is in the log."""
        self.click("#receipt-check")
        until = time.monotonic() + PATIENCE
        while True:
            verdict = str(self.until(VERDICT))
            if verdict != "waiting" or time.monotonic() > until:
                return verdict
            time.sleep(0.5)
            self.click("#check:enabled")


@pytest.mark.parametrize("name", NAMES)
def test_a_vote_is_cast_and_found(name: str, hall: Hall, tmp_path: Path) -> None:
    lack = missing(name)
    if lack:
        if os.environ.get(REQUIRED):
            pytest.fail(lack)
        pytest.skip(lack)
    desk, address = hall
    with engine(name, tmp_path / "profile") as browser:
        resident = Resident(browser, address)
        resident.begin(desk.code(f"short-{NAMES.index(name)}", ISSUER))
        resident.tick("tr1", "tr8")
        # The page is opened again: what was ticked is still there, and it is the same vote.
        resident.open("/vote/short?lang=en#list")
        resident.shown("#h-list")
        marked = "return document.querySelectorAll('[data-section=c1] [data-mark]:checked').length"
        assert resident.until(marked) == 2
        first = resident.cast()
        assert resident.check() == "in"
        # A second ballot replaces the first.
        resident.open("/vote/short?lang=en#done")
        resident.click("#again")
        resident.tick("tr2")
        assert resident.cast() != first
        assert resident.check() == "in"
