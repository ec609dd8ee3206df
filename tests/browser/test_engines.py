"""Votes in Firefox and in WebKit in every form, from the letter's code to "is my vote in the box?".

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
TYPE = """
const field = document.querySelector(arguments[0]);
field.value = arguments[1];
for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
"""
MARKS = """
return [...document.querySelectorAll(`[data-section=${arguments[0]}] [data-mark]`)]
  .filter((each) => each.type === "text" ? each.value : each.checked)
  .map((each) => `${each.closest("[data-project]").dataset.project} ${each.value}`).sort()"""
RANKED = """
return [...document.querySelectorAll("[data-section=c6] [data-ranked] li .name")].length"""
# What is pressed in each section of the ballot of every form, and what is marked then.
PRESSED = {
    "c1": (
        ['[data-project="tr1"] [data-mark]', '[data-project="tr14"] [data-mark]'],
        ["tr1 tr1", "tr14 tr14"],
    ),
    "c2": (
        ['[data-project="ba1"] [data-mark]', '[data-project="ba2"] [data-mark]'],
        ["ba1 ba1", "ba2 ba2"],
    ),
    "c3": (['[data-project="si3"] [data-mark]'], ["si3 si3"]),
    "c4": (['[data-project="po1"] [data-step="1"]'] * 3, ["po1 3", "po3 2"]),
    "c5": (['[data-project="sc1"] [data-step="1"]'], ["sc1 0", "sc2 5"]),
    "c6": (
        [
            '[data-project="ra2"] [data-add]',
            '[data-project="ra4"] [data-add]',
            "[data-ranked] li:nth-child(2) [data-move=up]",
        ],
        [],
    ),
    "c7": (
        ['[data-project="gr1"] [value="0"]', '[data-project="gr3"] [value="2"]'],
        ["gr1 0", "gr3 2"],
    ),
    "c8": (['[data-project="no"] [data-mark]'], ["no no"]),
}
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

    def press(self, key: str, *places: str) -> None:
        """Press what stands at these places of a contest's section, and wait until it is saved."""
        self.browser.run("location.hash = arguments[0]", key)
        for place in places:
            self.click(f"[data-section={key}] {place}")
        self.shown("#ballot[data-saved=yes]")

    def type(self, key: str, project: str, number: str) -> None:
        """Write a number of points."""
        field = f'[data-section={key}] [data-project="{project}"] [data-mark]'
        self.browser.run(TYPE, field, number)

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


def check_marks(resident: Resident) -> None:
    """Everything is marked as it was."""
    for key, (_, expected) in PRESSED.items():
        found = resident.browser.run(MARKS, key)
        ungraded = [each for each in found if not each.endswith(" ")]  # grades have "none" besides
        assert ungraded == expected, key
    assert resident.browser.run(RANKED) == 2


@pytest.mark.parametrize("name", NAMES)
def test_every_form_is_voted(name: str, hall: Hall, tmp_path: Path) -> None:
    lack = missing(name)
    if lack:
        if os.environ.get(REQUIRED):
            pytest.fail(lack)
        pytest.skip(lack)
    desk, address = hall
    with engine(name, tmp_path / "profile") as browser:
        resident = Resident(browser, address)
        resident.begin(desk.code(f"every-{NAMES.index(name)}", ISSUER))
        for key, (pressed, _) in PRESSED.items():
            resident.press(key, *pressed)
        resident.type("c4", "po3", "2")
        resident.type("c5", "sc2", "5")
        check_marks(resident)
        # The page is opened again: everything is still there, and it is the same vote.
        resident.shown("#ballot[data-saved=yes]")
        resident.open("/vote/every?lang=en#list")
        resident.shown("#h-list")
        resident.until("return document.querySelectorAll('.status.done').length === 8")
        check_marks(resident)
        first = resident.cast()
        assert resident.check() == "in"
        # A second ballot replaces the first.
        resident.open("/vote/every?lang=en#done")
        resident.click("#again")
        resident.shown("#h-list")  # once what was cast is put away, the list is shown
        resident.press("c3", '[data-project="si1"] [data-mark]')
        assert resident.cast() != first
        assert resident.check() == "in"
