"""A vote by the modules alone, without a page's words, at the doors of a running service."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route

from audit.command import main
from audit.label import unb64
from audit.receipt import read_receipt, verify_proof
from ballot.reveal import open_reveal
from ballot.sheet import read_sheet
from tally.vote import Spoiled
from tests.browser.chromium import serving
from tests.browser.modules import Modules
from tests.web.desk import ISSUERS, Desk
from web.client_modules import client_hash
from web.office.parts import open_box
from web.office.result import count_votes, open_ballot_box, publish_results, release_share
from web.office.town import THRESHOLD
from web.office.vote import close_vote
from web.progress import Progress

NAMES = "voter door election receipt bytes vault ballot"
_BEGIN = """
  const E = await m.election.loadElection();
  const door = new m.door.Door({ language: "en", attempts: argument.attempts ?? 4,
    pause: () => Promise.resolve() });
"""
_OBTAIN = (
    _BEGIN
    + """
  const seed = argument.sheet && (await (await import("/static/js/seed.js")).readSheet(
    argument.sheet, E.hash)).seed;
  const voter = await m.voter.startVoter(
    { election: E, door, styleId: "centre", shared: argument.shared, seed });
  for (const issuer of voter.missingIssuers) await voter.obtain(issuer, argument.codes[issuer]);
  const out = { stage: voter.stage, sheet: voter.sheet() };
  voter.close();
  return out;"""
)
_RESUME = _BEGIN + "const voter = await m.voter.openVoter({ election: E, door });\n"
CHOICES = {"city": [["trees", 1], ["bench", 1]], "centre": [["A/1", 4]]}
_CAST = (
    _RESUME
    + """
  for (const [contest, marks] of Object.entries(argument.choices ?? {})) {
    await voter.keep(contest, marks);
  }
  if (voter.stage !== "sending") await voter.seal();
  const { value, code } = await m.caught(() => voter.cast());
  return { code, stage: voter.stage, sequence: voter.sequence,
    receipt: value && m.bytes.text(value.bytes) };"""
)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """Where the town's service, with a page of nothing beside it, is served."""
    with serving(_with_blank_page(desk.app(requests_factor=1000))) as found:
        yield found


def _with_blank_page(app: Flask) -> Flask:
    app.add_url_rule("/static/blank", "static_blank", lambda: "<!doctype html><title>Blank</title>")
    return app


class Resident:
    """A browser of somebody's own, and their codes."""

    def __init__(self, browser: Browser, address: str, desk: Desk, person: str) -> None:
        self.context = browser.new_context(bypass_csp=True)
        self.address = address
        self.codes = {issuer: desk.code(person, issuer) for issuer in ISSUERS}
        self.sent: list[tuple[str, str]] = []
        self.context.on("request", lambda r: self.sent.append((r.url, r.post_data or "")))
        self.page: Page
        self.reload()

    def reload(self) -> None:
        """As if the device had been switched off and on: another page, the same storage."""
        for page in self.context.pages:
            page.close()
        self.page = self.context.new_page()
        self.page.goto(self.address + "/static/blank")

    def run(self, source: str, **argument: Any) -> Any:
        return Modules(self.page).run(NAMES, source, {"codes": self.codes, **argument})

    def lose(self, path: str, *, answered: bool) -> None:
        """Lose every answer of ``path``, after the service had the request or before."""

        def act(route: Route) -> None:
            if answered:
                route.fetch()
            route.abort()

        self.page.route(f"**{path}", act)


@pytest.fixture
def resident(browser: Browser, address: str, desk: Desk) -> Iterator[Resident]:
    found = Resident(browser, address, desk, "centre-5")
    yield found
    found.context.close()


def test_a_vote_from_the_code_to_a_verified_result(
    desk: Desk, resident: Resident, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = resident.run(_OBTAIN)
    assert begun["stage"] == "choosing"
    sheet = read_sheet(begun["sheet"], desk.manifest.hash)
    assert sheet.style_index == 0
    # Tested first: the second device shows what was chosen, in Python too.
    resident.reload()
    tested = resident.run(
        _RESUME
        + """
      for (const [contest, marks] of Object.entries(argument.choices)) {
        await voter.keep(contest, marks);
      }
      await voter.seal();
      const { material } = await voter.test();
      const { choices } = await m.ballot.openTest(E, material);
      return { stage: voter.stage, choices, material: m.bytes.text(material) };""",
        choices=CHOICES,
    )
    assert tested["choices"] == CHOICES
    assert tested["stage"] == "choosing"
    shown = open_reveal(desk.manifest, tested["material"].encode())
    assert not isinstance(shown, Spoiled)
    assert shown.choices["city"] == (("trees", 1), ("bench", 1))

    resident.reload()
    cast = resident.run(_CAST)
    assert (cast["code"], cast["stage"], cast["sequence"]) == (None, "cast", 1)
    receipt = read_receipt(cast["receipt"].encode(), desk.manifest)

    # Once more, with another choice: the last counts.
    resident.reload()
    again = resident.run(_RESUME + "await voter.again(); return voter.choice('city');")
    assert again == {"marks": [], "blank": False}
    resident.reload()
    cast = resident.run(_CAST, choices={"city": [["mural", 1]]})
    assert (cast["stage"], cast["sequence"]) == ("cast", 2)
    last = read_receipt(cast["receipt"].encode(), desk.manifest)
    assert last.leaf_hash != receipt.leaf_hash

    resident.reload()
    found = resident.run(
        _RESUME
        + """
      for (let tries = 0; tries < 60; tries += 1) {
        const found = await m.receipt.findInLog(voter.receipt, E, { door });
        if (found.state !== "waiting") {
          const seen = { ...found.head, size: found.head.size + 1 };
          const shrunk = await m.caught(() =>
            m.receipt.findInLog(voter.receipt, E, { door, seen }));
          return { ...found, shrunk: shrunk.code };
        }
        await new Promise((resolve) => { setTimeout(resolve, 200); });
      }"""
    )
    assert found["state"] == "in-log"
    assert found["shrunk"] == "log-shrunk"
    proof = desk.client.get(f"/box/proofs/{json.loads(cast['receipt'])['leaf_hash']}").data
    assert verify_proof(desk.manifest, last, proof).checkpoint.size == found["size"]

    _bring_to_its_end(desk)
    assert main(["verify", str(desk.place.publication), "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert f"modules that the officers signed: {client_hash().hex()}\n" in told
    results = json.loads((desk.place.publication / "results.json").read_bytes())
    (style,) = (each for each in results["styles"] if each["style"] == "centre")
    assert (style["counted"], style["superseded"]) == (1, 1)
    ballots = json.loads((desk.place.publication / "ballots" / "centre.json").read_bytes())
    (ballot,) = ballots["ballots"]
    assert unb64(ballot["leaf_hash"], "leaf_hash") == last.leaf_hash
    assert ballot["contests"] == {"city": [["mural", 1]], "centre": []}
    _nothing_at_the_wrong_door(resident, begun["sheet"])


def _nothing_at_the_wrong_door(resident: Resident, sheet: str) -> None:
    codes = {code.replace("-", "") for code in resident.codes.values()} | set(
        resident.codes.values()
    )
    assert len(resident.sent) > 10
    for url, body in resident.sent:
        assert not any(secret in url for secret in (*codes, sheet, "mural", "trees"))
        assert not any(secret in body for secret in (sheet, "mural", "trees", "A/1"))
        if "/registrar/" not in url:
            assert not any(code in body for code in codes)
    issuers = [url.split("/")[-2] for url, _ in resident.sent if "/registrar/" in url]
    for url, body in resident.sent:
        if "/registrar/" in url:
            (named,) = [i for i in issuers if f"/{i}/" in url][:1]
            others = [code for issuer, code in resident.codes.items() if issuer != named]
            assert not any(code.replace("-", "") in body for code in others)
            assert set(json.loads(body)) == {"election", "style", "code", "blinded_message"}


def _bring_to_its_end(desk: Desk) -> None:
    desk.parts.close()
    desk.late()
    quiet = Progress(quiet=True)
    with open_box(desk.place, desk.manifest, lambda: desk.closes) as parts:
        parts["sequencer"].sequence()
        close_vote(
            desk.place, desk.manifest, parts["sequencer"], desk.town.officers, lambda: desk.closes
        )
    for share in desk.town.shares[:THRESHOLD]:
        release_share(desk.place, desk.manifest, share)
    open_ballot_box(desk.place, desk.manifest, lambda: desk.closes)
    count_votes(desk.place, desk.manifest, jobs=1, progress=quiet)
    publish_results(
        desk.place,
        desk.manifest,
        desk.place.publication,
        desk.town.officers,
        jobs=1,
        progress=quiet,
    )


@pytest.mark.parametrize("answered", [True, False])
def test_a_lost_answer_of_the_box_makes_no_second_ballot(
    resident: Resident, answered: bool
) -> None:
    resident.run(_OBTAIN)
    resident.lose("/box/ballots", answered=answered)
    lost = resident.run(_CAST, choices=CHOICES, attempts=2)
    assert (lost["code"], lost["stage"]) == ("silent", "sending")
    resident.reload()
    cast = resident.run(_CAST)
    assert (cast["code"], cast["stage"], cast["sequence"]) == (None, "cast", 1)
    ballots = {body for url, body in resident.sent if url.endswith("/box/ballots")}
    assert len(ballots) == 1
    assert sum(url.endswith("/box/ballots") for url, _ in resident.sent) == 3


def test_a_lost_answer_of_the_registrar_is_asked_for_again(resident: Resident) -> None:
    resident.lose(f"/registrar/{ISSUERS[0]}/credentials", answered=True)
    lost = resident.run(f"return m.caught(async () => {{ {_OBTAIN} }});", attempts=1)
    assert lost["code"] == "silent"
    resident.reload()
    finished = resident.run(
        _RESUME
        + """
      const before = voter.missingIssuers;
      for (const issuer of before) await voter.obtain(issuer, argument.codes[issuer]);
      return { before, stage: voter.stage };"""
    )
    assert finished == {"before": list(ISSUERS), "stage": "choosing"}


def test_a_sheet_and_the_codes_go_on_on_another_device(
    browser: Browser, address: str, desk: Desk, resident: Resident
) -> None:
    sheet = resident.run(_OBTAIN)["sheet"]
    assert resident.run(_CAST, choices=CHOICES)["sequence"] == 1
    other = Resident(browser, address, desk, "centre-5")
    other.run(_OBTAIN, sheet=sheet)
    # The box holds number 1 already; the resident wanted to replace it.
    cast = other.run(_CAST, choices={"city": [["fridge", 1]]})
    assert (cast["code"], cast["stage"], cast["sequence"]) == (None, "cast", 2)
    other.context.close()
    # The first device does not know, and is refused once; then it takes a higher number.
    resident.reload()
    resident.run(_RESUME + "await voter.again();")
    resident.reload()
    refused = resident.run(_CAST, choices=CHOICES)
    assert (refused["code"], refused["stage"]) == ("conflict", "sending")
    resident.reload()
    resident.run(_RESUME + "await voter.giveUp();")
    resident.reload()
    assert resident.run(_CAST)["sequence"] == 3


def test_another_style_s_code_and_a_wrong_one_are_refused(desk: Desk, resident: Resident) -> None:
    codes = [desk.code("north-0"), resident.codes[ISSUERS[1]], "2222"]
    found = resident.run(
        _BEGIN
        + """
      const voter = await m.voter.startVoter({ election: E, door, styleId: "centre" });
      const out = [];
      for (const typed of argument.typed) {
        const { code, reason, status } = await m.caught(() =>
          voter.obtain(voter.missingIssuers[0], typed));
        out.push([code, reason, status ?? null]);
      }
      return out;""",
        typed=codes,
    )
    assert found == [
        ["code", "other-style", None],
        ["credential-refused", None, 403],
        ["code", "too-short", None],
    ]


def test_two_tabs_do_not_hold_one_vote(resident: Resident) -> None:
    resident.run(_OBTAIN)
    resident.run(_RESUME)
    second = resident.context.new_page()
    second.goto(resident.address + "/static/blank")
    source = _BEGIN + "return m.caught(() => m.voter.openVoter({ election: E, door }));"
    assert Modules(second).run(NAMES, source, {})["code"] == "open-elsewhere"


_STORED = """return JSON.stringify([{ ...localStorage }, { ...sessionStorage },
  await indexedDB.databases()]);"""
_KEYS = """
  const opening = indexedDB.open("scrutin", 1);
  const database = await new Promise((resolve) => {
    opening.addEventListener("success", () => resolve(opening.result)); });
  const all = database.transaction("keys").objectStore("keys").getAll();
  const keys = await new Promise((resolve) => {
    all.addEventListener("success", () => resolve(all.result)); });
  return keys.map((key) => key.extractable);"""


def test_what_a_device_keeps_is_sealed_and_goes_when_told(resident: Resident) -> None:
    sheet = resident.run(_OBTAIN)["sheet"]
    resident.run(
        _RESUME + "await voter.keep('city', [['trees', 1]]); await voter.note('order', 7);"
    )
    stored = resident.run(_STORED)
    assert "scrutin/1/" in stored
    for secret in ("trees", "city", "order", "centre", sheet, *resident.codes.values()):
        assert secret not in stored
    assert resident.run(_KEYS) == [False]
    resident.reload()
    kept = resident.run(
        _RESUME
        + """
      const kept = [voter.choice("city").marks, voter.notes.order];
      await voter.erase();
      voter.close();
      const rest = await m.voter.openVoter({ election: E, door });
      return [...kept, rest];"""
    )
    assert kept == [[["trees", 1]], 7, None]
    assert resident.run("return [localStorage.length, sessionStorage.length];") == [0, 0]
    assert resident.run(_KEYS) == []


def test_a_store_that_cannot_be_read_is_not_taken_for_an_empty_one(resident: Resident) -> None:
    resident.run(_OBTAIN)
    resident.reload()
    source = """
      const get = IDBObjectStore.prototype.get;
      IDBObjectStore.prototype.get = () => { throw new Error("a passing fault"); };
      const { code } = await m.caught(() => m.voter.openVoter({ election: E, door }));
      IDBObjectStore.prototype.get = get;
      const voter = await m.voter.openVoter({ election: E, door });
      return [code, voter.stage];"""
    assert resident.run(_BEGIN + source) == ["storage", "choosing"]


def test_a_shared_device_keeps_nothing_after_casting(resident: Resident) -> None:
    resident.run(_OBTAIN, shared=True)
    assert resident.run("return localStorage.length;") == 0
    cast = resident.run(
        _RESUME
        + """
      await voter.keep("city", [["trees", 1]]);
      await voter.seal();
      await voter.cast();
      return [voter.stage, voter.receipt.leafHash.length, voter.canVoteAgain,
        localStorage.length, sessionStorage.length];"""
    )
    assert cast == ["cast", 32, False, 0, 0]
    assert resident.run(_KEYS) == []


def test_a_service_with_other_modules_does_not_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from web import client_modules
    from web.errors import UsageError

    monkeypatch.setattr(client_modules, "client_hash", lambda: bytes(32))
    with pytest.raises(UsageError, match="the version of Scrutin that it was frozen with"):
        desk.app()
