"""Every verdict on a receipt as it is told, in both languages, on a phone and on a wide screen."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from audit.label import b64
from audit.merkle import node_reader
from audit.note import Ed25519Signer
from audit.proof import ProofFile
from audit.receipt import receipt_due
from ballot.witness import create_witness, read_witness
from tests.ballot.observatory import CHEAP
from tests.browser.booth import Booth
from tests.browser.chromium import DESKTOP, PHONE, Window, serving
from tests.browser.conftest import NewContext
from tests.browser.test_receipt_memory import Liar, log_of
from tests.web.desk import Desk, found, open_log
from web.clock import VARIABLE, spell_time
from web.office.folder import ElectionFolder
from web.office.parts import box_keys

VERDICTS = (
    "in", "waiting", "missing", "shrunk", "forked", "unproved", "changed", "forged", "offline",
)  # fmt: skip
PARTS = {"in", "missing", "shrunk", "unproved", "witnesses"}
"""Between them every colour, link and button that a verdict can have: axe takes a second."""
PROOFS = "**/box/proofs/*"


def liar_of(desk: Desk) -> Liar:
    keys = box_keys(desk.place, desk.manifest.election.id)
    assert keys.log is not None
    return Liar(signer=Ed25519Signer(name=keys.origin, private=keys.log))


def problem(code: str) -> Callable[[Route], None]:
    """The box answers with this problem."""

    def answer(route: Route) -> None:
        body = json.dumps({"code": code, "status": 404, "title": "", "detail": ""})
        route.fulfill(status=404, content_type="application/problem+json", body=body)

    return answer


def bring_about(verdict: str, page: Page, desk: Desk, liar: Liar) -> None:
    """Let the service do what the verdict tells; a log of nine entries was seen before."""
    code = b64(log_of(1)[0])
    page.locator("#receipt").fill(code)
    liar.log = log_of(9)
    match verdict:
        case "waiting":
            page.route(PROOFS, problem("pending"))
        case "missing":
            page.route(PROOFS, problem("unknown-ballot"))
        case "shrunk":
            liar.log = log_of(7)
        case "forked":
            liar.log = log_of(12, 4)
        case "unproved":
            liar.log = log_of(12)
            page.route("**/log/tile/**", problem("not-found"))
        case "changed":

            def another_place(route: Route) -> None:
                proof = ProofFile.build(
                    index=1, size=9, node=node_reader(liar.log), note=liar.note()
                )
                route.fulfill(status=200, body=proof.encode())

            page.route(PROOFS, another_place)
        case "forged":
            due = spell_time(receipt_due(desk.manifest))
            forged = {"type": "receipt", "leaf_hash": code, "due": due}
            forged |= {"election": b64(desk.manifest.hash), "signature": b64(bytes(64))}
            page.locator("#receipt").fill(json.dumps(forged))
        case "offline":
            page.route(PROOFS, lambda route: route.abort())
        case _:
            assert verdict == "in"


def told(page: Page, address: str, verdict: str, window: Window) -> str:
    """Press the button: the verdict shows, well, and is in focus; gives its words."""
    page.locator("#check").click()
    while not page.locator("#check:enabled").count():
        # Where nobody answers, the page asks again after pauses that the test does not wait for.
        page.clock.fast_forward(5_000)
        page.wait_for_timeout(20)
    section = page.locator("[data-verdict]:visible")
    section.wait_for()
    assert section.get_attribute("data-verdict") == verdict
    assert page.evaluate("document.activeElement.id") == f"v-{verdict}"
    assert section.locator("h2").inner_text().strip()
    assert page.evaluate("document.documentElement.scrollWidth") <= window.width
    if verdict in PARTS:
        Booth(page=page, address=address).axe()
    words = section.inner_text()
    # No name of a place for words is left, and nothing of JavaScript.
    assert not re.search(r"[{}]|\breceipt\.[a-z]|\b(undefined|NaN|null)\b", words)
    return words


@pytest.mark.parametrize(
    ("window", "language", "colours", "verdicts"),
    [(PHONE, "en", "light", VERDICTS), (DESKTOP, "fr", "dark", ("in", "missing", "unproved"))],
)
def test_every_verdict_is_told(
    window: Window,
    language: str,
    colours: str,
    verdicts: Sequence[str],
    shared_desk: Desk,
    new_context: NewContext,
) -> None:
    liar = liar_of(shared_desk)
    words: dict[str, str] = {}
    with serving(shared_desk.app(requests_factor=1000)) as address:
        page = new_context(window, language, color_scheme=colours).new_page()
        page.set_default_timeout(10_000)
        page.clock.install()
        liar.take_over(page)
        page.goto(f"{address}/receipt")
        page.locator("#remember").check()
        for verdict in verdicts:
            bring_about(verdict, page, shared_desk, liar)
            words[verdict] = told(page, address, verdict, window)
            page.unroute_all()
            liar.take_over(page)
    assert len(set(words.values())) == len(verdicts)
    help_of = {"en": "Help", "fr": "Aide"}[language]
    offered = {verdict for verdict, said in words.items() if help_of in said.splitlines()}
    assert offered == {"missing", "shrunk", "forked", "changed", "forged"} & set(verdicts)


@pytest.fixture
def watched(tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An open election whose checkpoints a witness has to see, which is not there."""
    create_witness(tmp_path / "w", name="paper.example/w", passphrase=passphrase, cost=CHEAP)
    line = f"witness paper {read_witness(tmp_path / 'w')} http://127.0.0.1:1\n"
    town = found(tmp_path / "open", passphrase, f"{line}quorum paper\n")
    open_log(town, ElectionFolder(tmp_path / "open"))
    desk = Desk.copy(town, tmp_path / "open", tmp_path / "desk")
    monkeypatch.setenv(VARIABLE, str(desk.clock))
    with desk.parts:
        yield desk


def test_a_log_that_too_few_witnesses_saw(watched: Desk, new_context: NewContext) -> None:
    liar = liar_of(watched)
    liar.log = log_of(5)
    with serving(watched.app(requests_factor=1000)) as address:
        page = new_context(PHONE, "fr").new_page()
        page.clock.install()
        liar.take_over(page)
        page.goto(f"{address}/receipt")
        page.locator("#receipt").fill(b64(log_of(1)[0]))
        assert told(page, address, "witnesses", PHONE)
