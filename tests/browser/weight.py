"""`make weight`: what the pages weigh on which a resident votes, and when they can be used.

A Chromium with a phone's window, its processor slowed down four times and its network to slow 3G
as browsers' own tools slow it: the first byte of an answer 400 ms after the request, 400 kbit/s
each way. It meets the service behind TLS and HTTP/2, as with a server in front. Not in the figures:
finding the name, and the handshakes of TCP and TLS before the first answer of a host.
"""

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from tests.browser.booth import Booth
from tests.browser.chromium import PHONE, launch
from tests.browser.many_projects import write_definition
from tests.browser.secured import secured
from web.office.demo import DemoNotes, make_demo, read_notes
from web.progress import Progress

ROUND_TRIP = 400
"""Milliseconds."""
BYTES_A_SECOND = 400_000 // 8
SLOWER = 4
BAR_BYTES, BAR_SECONDS = 150_000, 2.0
PATIENCE = 60
"""Seconds that a control is waited for."""
RESIDENTS = 20

# When the control is there, shown, and in a frame that was painted.
WATCH = """selector => {
  const found = () => [...document.querySelectorAll(selector)];
  const shown = () => found().some((each) => each.checkVisibility());
  const look = () => {
    if (shown()) requestAnimationFrame(() => { window.usableAfter = performance.now(); });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page, and the control on it that a resident came for."""

    name: str
    path: str
    control: str


STOPS = (
    Stop(name="landing", path="/", control="main .actions a.primary"),
    Stop(name="catalogue", path="/projects?order=a", control="main .card a"),
    Stop(name="code", path="/vote", control="input.code"),
    Stop(name="ballot", path="/vote/{style}#c1", control="[data-section=c1] [data-mark]"),
    Stop(name="receipt", path="/receipt", control="#receipt"),
)


@dataclass(kw_only=True)
class Load:
    """One load of a page: bytes over the wire with headers, and seconds to use."""

    size: int = 0
    pictures: int = 0
    requests: int = 0
    usable: float = 0.0
    told: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)

    def listen(self, wire: CDPSession) -> None:
        """Weigh what ``wire`` tells from now on."""
        wire.on("Network.requestWillBeSent", self._sent)
        wire.on("Network.requestServedFromCache", self._kept)
        wire.on("Network.responseReceived", self._answered)
        wire.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        self.urls[event["requestId"]] = event["request"]["url"]

    def _kept(self, event: dict[str, Any]) -> None:
        self.urls.pop(event["requestId"], None)

    def _answered(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            self._kept(event)

    def _finished(self, event: dict[str, Any]) -> None:
        url = self.urls.pop(event["requestId"], "")
        if not url.startswith("http"):
            return
        size = int(event["encodedDataLength"])
        self.told.append(f"{size:7,} {url}")
        if "/pictures/" in url:
            self.pictures += size
        else:
            self.size += size
            self.requests += 1


def slow(context: BrowserContext, page: Page) -> CDPSession:
    """Make ``page`` a slow phone's."""
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    return wire


def load(context: BrowserContext, address: str, stop: Stop, *, fresh: bool) -> Load:
    """Load a page once, with nothing kept of the service's if ``fresh``."""
    page = context.new_page()
    wire = slow(context, page)
    if fresh:
        wire.send("Network.clearBrowserCache")
    seen = Load()
    seen.listen(wire)
    page.add_init_script(f"({WATCH})({stop.control!r})")
    page.goto(address + stop.path, wait_until="commit")
    seen.usable = _usable(page)
    page.wait_for_load_state("networkidle")
    page.close()
    return seen


def _usable(page: Page) -> float:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        after = page.evaluate("window.usableAfter")
        if after:
            return float(after) / 1000
        page.wait_for_timeout(100)
    raise TimeoutError(f"{page.url}: cannot be used after {PATIENCE} s")


def begun(context: BrowserContext, address: str, code: str) -> str:
    """Begin a vote with ``code``; gives its style."""
    page = context.new_page()
    booth = Booth(page=page, address=address)
    booth.open("/vote")
    booth.begin(code)
    page.locator("#h-list").wait_for()
    style = page.locator("#ballot").get_attribute("data-style")
    assert style is not None
    page.close()
    return style


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How a page is come to: with an empty memory, from the page before it, or once more."""

    name: str
    before: str | None = None
    fresh: bool = False
    bar: bool = True


FIRST = Visit(name="first visit", fresh=True)
NEXT = Visit(name="after the page of the code", before="/vote", fresh=True)
AGAIN = Visit(name="again")
EMPTIED = Visit(name="after the browser forgot everything", fresh=True, bar=False)
"""Nobody comes to a ballot but by the page of the code, which fetches all that it needs."""
TYPING_SECONDS = 12
"""So long a resident needs at least for a code of twenty characters."""
STALE_SECONDS = 6
"""After so long a page must be asked for again."""


def visits(stop: Stop) -> tuple[Visit, ...]:
    """The visits of a page that are measured."""
    return (NEXT, AGAIN, EMPTIED) if stop.name == "ballot" else (FIRST, AGAIN)


def measure(context: BrowserContext, address: str, stop: Stop, visit: Visit) -> Load:
    """One visit."""
    if visit.before is not None:
        page = context.new_page()
        wire = slow(context, page)
        wire.send("Network.clearBrowserCache")
        page.goto(address + visit.before, wait_until="networkidle")
        page.wait_for_timeout(TYPING_SECONDS * 1000)
        page.close()
    elif not visit.fresh:
        time.sleep(STALE_SECONDS)
    return load(context, address, stop, fresh=visit.fresh and visit.before is None)


@contextmanager
def demonstration(root: Path, *, large: bool) -> Iterator[tuple[str, str, DemoNotes]]:
    """The demonstration, or the election of 199 projects, at an address, with the argument that a
    browser needs for it."""
    source = None
    if large:
        source = root / "definition"
        write_definition(source)
    folder = root / "election"
    make_demo(
        folder,
        secrets.token_urlsafe(9),
        residents=RESIDENTS,
        progress=Progress(quiet=True),
        source=source,
    )
    notes = read_notes(folder)
    os.environ["SCRUTIN_PASSPHRASE"] = notes.passphrase
    with secured(folder, root) as (address, trust):
        yield address, trust, notes


def main() -> None:
    """Print the table of docs/performance.md."""
    wanted = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    wanted.add_argument("--large", action="store_true", help="199 projects")
    wanted.add_argument("--times", type=int, default=3, help="loads of each; the median is told")
    wanted.add_argument("--told", action="store_true", help="also what was sent")
    wanted.add_argument("--only", choices=[stop.name for stop in STOPS])
    chosen = wanted.parse_args()
    print("| page | visit | requests | before pictures | pictures | usable after |")
    print("|---|---|---|---|---|---|")
    failed = False
    with (
        tempfile.TemporaryDirectory(prefix="scrutin-weight-") as name,
        demonstration(Path(name), large=chosen.large) as (address, trust, notes),
        sync_playwright() as playwright,
    ):
        browser = launch(playwright, trust)
        reading, voting = (browser.new_context(locale="fr", **PHONE.options()) for _ in range(2))
        style = begun(voting, address, notes.codes[0])
        for stop in STOPS:
            if chosen.only not in (None, stop.name):
                continue
            # Where a vote was begun the page of the code offers that instead.
            context = voting if stop.name == "ballot" else reading
            here = replace(stop, path=stop.path.format(style=style))
            for visit in visits(stop):
                loads = [measure(context, address, here, visit) for _ in range(chosen.times)]
                first = loads[0]
                usable = statistics.median(each.usable for each in loads)
                print(
                    f"| {stop.name} | {visit.name} | {first.requests} | {first.size / 1000:.1f} kB "
                    f"| {first.pictures / 1000:.0f} kB | {usable:.2f} s |",
                    flush=True,
                )
                if chosen.told:
                    print("\n".join(first.told), file=sys.stderr)
                failed |= first.size > BAR_BYTES or (visit.bar and usable > BAR_SECONDS)
        browser.close()
    if failed:
        sys.exit(f"over {BAR_BYTES // 1000} kB, or later than {BAR_SECONDS:g} s")


if __name__ == "__main__":
    main()
