"""`make screenshots`: the main screens of the demonstration on a phone, in French and English.

Makes a demonstration in a temporary folder, votes in it, finishes it, and writes the pictures that
docs/screens.md shows.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.booth import Booth
from tests.browser.chromium import PHONE, launch
from tests.journey.terminal import ROOT, SCRUTIN, call, plain_environment
from web.office.demo import DemoNotes, read_notes
from web.rehearsal.processes import serving

OUT = ROOT / "docs" / "images" / "screens"
COLOURS = 64
"""Of a picture: pages have few, and the file a third of the size."""
RESIDENTS = "300"
LANGUAGES = ("fr", "en")


def keep(page: Page, name: str, language: str) -> None:
    """Write what the phone shows as docs/images/screens/<name>.<language>.png."""
    page.wait_for_timeout(250)
    whole = Image.open(BytesIO(page.screenshot(animations="disabled", scale="css")))
    small = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.{language}.png"
    small.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} kB", file=sys.stderr)


def before_and_during(page: Page, address: str, notes: DemoNotes, language: str) -> None:
    """The screens of somebody who reads, votes and checks."""
    booth = Booth(page=page, address=address)
    booth.open("/")
    keep(page, "landing", language)
    booth.open("/projects?order=a")
    keep(page, "projects", language)
    page.locator("main a[href*='/projects/']").first.click()
    page.locator("h1").wait_for()
    keep(page, "project", language)
    booth.open("/vote")
    page.locator("input.code").first.wait_for()
    keep(page, "code", language)
    booth.begin(notes.codes[LANGUAGES.index(language)])
    page.locator("#h-list").wait_for()
    sections = page.locator("[data-section]")
    keys = [
        key
        for key in (each.get_attribute("data-section") for each in sections.all())
        if key is not None and key.startswith("c") and key[1:].isdecimal()
    ]
    for key in keys:
        section = booth.section(key)
        marks = section.locator("[data-mark]")
        for place in range(min(3, marks.count())):
            mark = marks.nth(place)
            if mark.get_attribute("type") in ("checkbox", "radio"):
                mark.check()
        if key == keys[0]:
            page.evaluate("scrollTo(0, 0)")
            keep(page, "ballot", language)
    booth.to_check()
    keep(page, "check", language)
    booth.cast()
    page.evaluate("scrollTo(0, 0)")
    keep(page, "receipt", language)


def afterwards(page: Page, address: str, language: str) -> None:
    """The screens of somebody who wants to know."""
    for path, name in (("/results", "results"), ("/observe", "observe")):
        page.goto(address + path)
        keep(page, name, language)
    page.goto(address + "/results")
    page.locator("main a[href^='/results/']").first.click()
    page.locator("h1").wait_for()
    keep(page, "winners", language)


@contextmanager
def pages(address: str) -> Iterator[list[tuple[str, Page]]]:
    """A phone for each language."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        opened = []
        for language in LANGUAGES:
            context = browser.new_context(locale=language, **PHONE.options())
            page = context.new_page()
            page.set_default_timeout(20_000)
            opened.append((language, page))
        yield opened
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="scrutin-screens-") as name:
        root = Path(name)
        folder = root / "demo"
        words = (SCRUTIN, "demo", folder, "--no-serve")
        made = call(*words, "--residents", RESIDENTS, env=plain_environment())
        if made.status:
            sys.exit(str(made))
        notes = read_notes(folder)
        os.environ["SCRUTIN_PASSPHRASE"] = notes.passphrase
        doors = ["registrar", "box", "public"]
        with serving(folder, doors, root / "vote.log") as address, pages(address) as phones:
            for language, page in phones:
                before_and_during(page, address, notes, language)
        finished = call(*words, "--finish", env=plain_environment())
        if finished.status:
            sys.exit(str(finished))
        with serving(folder, doors, root / "result.log") as address, pages(address) as phones:
            for language, page in phones:
                afterwards(page, address, language)


if __name__ == "__main__":
    main()
