"""The check of a receipt remembers what the log showed: a log that shrank or forked is told."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.label import b64
from audit.merkle import leaf_hash, node_reader, root
from audit.note import Ed25519Signer, sign_note
from audit.proof import ProofFile
from audit.receipt import receipt_due
from audit.tile import new_tiles, tile_bytes
from tests.browser.booth import Booth
from tests.browser.chromium import PHONE, serving
from tests.browser.conftest import NewContext
from tests.browser.modules import Modules, modules_page
from tests.web.desk import Desk
from web.clock import spell_time
from web.office.parts import box_keys

Log = Sequence[bytes]
"""Leaf hashes."""
SEEN = "() => localStorage.getItem(Object.keys(localStorage).find(k => k.startsWith('scrutin/')))"
KEPT = "() => localStorage.length + sessionStorage.length"


def log_of(size: int, changed: int | None = None) -> list[bytes]:
    """A log of this many leaves; entry ``changed`` is another than in every other log."""
    return [
        leaf_hash(b"entry %d%s" % (at, b" another" if at == changed else b"")) for at in range(size)
    ]


def tiles(log: Log) -> dict[str, bytes]:
    """Path -> bytes of the tiles that a log of this size is read from."""
    node = node_reader(log)
    return {tile.path: tile_bytes(tile, node) for tile in new_tiles(0, len(log)) if tile.level >= 0}


def head(log: Log) -> dict[str, Any]:
    return {"size": len(log), "root": root(log).hex()}


GROWTH = """
  const { growth, fault } = m;
  return Promise.all(argument.map(async ({ old, head, tiles }) => {
    const read = ({ size, root }) => ({ size, root: m.unhex(root) });
    const asked = [];
    const get = async (path) => {
      asked.push(path);
      const found = tiles[path.slice("/log/".length)];
      if (found === undefined) throw new fault.DoorProblem("not-found", { status: 404 });
      return m.unhex(found);
    };
    const nodes = growth.tileNodes(head.size, { get, pause: async () => {} });
    const { code } = await m.caught(() => growth.verifyGrowth(read(old), read(head), nodes));
    return [code ?? null, asked.length];
  }));"""


def test_growth_is_proved_by_the_published_tiles(browser: Browser) -> None:
    pairs = [(old, new) for new in range(1, 20) for old in range(1, new + 1)]
    pairs += [(1, 256), (255, 256), (200, 257), (256, 513), (257, 700), (511, 512), (513, 700)]
    expected: list[tuple[str | None, dict[str, Any]]] = []
    for old, new in pairs:
        log = log_of(new)
        whole = {path: data.hex() for path, data in tiles(log).items()}
        now = {"head": head(log), "tiles": whole}
        expected.append((None, {"old": head(log[:old]), **now}))
        # The first, a middle or the last entry that was there is another now.
        for changed in {0, old // 2, old - 1}:
            other = head(log_of(old, changed))
            expected.append(("log-forked", {"old": other, **now}))
        expected.append(("log-shrunk", {"old": head(log_of(new + 1)), **now}))
        if old < new:
            damaged = {path: "00" * (len(data) // 2) for path, data in whole.items()}
            expected.append(("log-malformed", {"old": head(log[:old]), **now, "tiles": damaged}))
            short = {path: data[:-2] for path, data in whole.items()}
            expected.append(("log-malformed", {"old": head(log[:old]), **now, "tiles": short}))
            expected.append(("log-unproved", {"old": head(log[:old]), **now, "tiles": {}}))
    # The partial tile is gone because the full one is there.
    long = log_of(256)
    full = {path: data.hex() for path, data in tiles(long).items()}
    assert "tile/0/000.p/200" not in full
    expected.append(
        (
            "log-malformed",
            {
                "old": head(long[:100]),
                "head": head(long),
                "tiles": {
                    "tile/0/000": full["tile/0/000"][::-1],
                    "tile/1/000.p/1": full["tile/1/000.p/1"],
                },
            },
        )
    )
    expected.append((None, {"old": head(long[:100]), "head": head(long[:200]), "tiles": full}))
    with modules_page(browser) as js:
        found = js.run("growth fault", GROWTH, [each for _, each in expected])
    assert [code for code, _ in found] == [code for code, _ in expected]
    assert max(asked for code, asked in found if code is None) <= 6


def test_the_path_of_a_tile(browser: Browser) -> None:
    with modules_page(browser) as js:
        source = "return argument.map((each) => m.growth.tilePath(...each));"
        found = js.run("growth", source, [[0, 7, 256], [1, 1234067, 256], [2, 1000, 3]])
    assert found == ["tile/0/007", "tile/1/x001/x234/067", "tile/2/x001/000.p/3"]


@dataclass(kw_only=True)
class Liar:
    """Answers for the log in the service's place, with the log's own key."""

    signer: Ed25519Signer
    log: list[bytes] = field(default_factory=list)

    def note(self) -> bytes:
        stated = Checkpoint(origin=self.signer.name, size=len(self.log), root=root(self.log))
        return sign_note(stated.text(), [self.signer])

    def answer(self, route: Route) -> None:
        path = route.request.url.partition("/log/")[2]
        if path == "checkpoint":
            route.fulfill(status=200, body=self.note())
        elif path:
            route.fulfill(status=200, body=tiles(self.log)[path])
        else:
            proof = ProofFile.build(
                index=0, size=len(self.log), node=node_reader(self.log), note=self.note()
            )
            route.fulfill(status=200, body=proof.encode())

    def take_over(self, page: Page) -> None:
        for path in ("**/box/proofs/*", "**/log/**"):
            page.route(path, self.answer)


@pytest.fixture
def liar(shared_desk: Desk) -> Liar:
    keys = box_keys(shared_desk.place, shared_desk.manifest.election.id)
    assert keys.log is not None
    return Liar(signer=Ed25519Signer(name=keys.origin, private=keys.log))


def _check(page: Page) -> str:
    """Press the button; which verdict shows."""
    page.locator("#check").click()
    page.locator("#check:enabled").wait_for()
    verdict = page.locator("[data-verdict]:visible")
    verdict.wait_for()
    assert (
        page.evaluate("document.activeElement.id") == f"v-{verdict.get_attribute('data-verdict')}"
    )
    return str(verdict.get_attribute("data-verdict"))


def test_a_log_that_shrank_or_forked_is_told(
    shared_desk: Desk, liar: Liar, new_context: NewContext
) -> None:
    with serving(shared_desk.app(requests_factor=1000)) as address:
        page = new_context(PHONE, "fr").new_page()
        page.set_default_timeout(5_000)
        liar.take_over(page)

        def visit() -> None:
            page.goto(f"{address}/receipt")
            page.locator("#receipt").fill(b64(log_of(1)[0]))

        # A device that nobody called their own keeps nothing.
        visit()
        liar.log = log_of(5)
        assert not page.locator("#remember").is_checked()
        assert _check(page) == "in"
        assert page.evaluate(KEPT) == 0

        page.locator("#remember").check()
        assert _check(page) == "in"
        first = page.evaluate(SEEN)
        assert first == liar.note().decode()
        visit()
        assert page.locator("#remember").is_checked()
        assert _check(page) == "in"  # the same
        liar.log = log_of(9)
        assert _check(page) == "in"  # grown
        grown = page.evaluate(SEEN)
        assert grown == liar.note().decode() != first

        cases = {
            "shrunk": (log_of(7), "7"),
            "forked": (log_of(12, 4), "12"),
        }
        key = liar.signer.key
        for verdict, (log, size) in cases.items():
            liar.log = log
            assert _check(page) == verdict
            told = page.locator(f"[data-verdict={verdict}]")
            assert re.search(rf"\b9\b.*\b{size}\b", told.inner_text(), re.DOTALL)
            assert told.get_by_role("link").last.is_visible()
            with page.expect_download() as download:
                told.locator("[data-evidence]").click()
            kept = json.loads(download.value.path().read_text("utf-8"))
            notes = [kept[name].encode() for name in ("seen", "now")]
            opened = [open_checkpoint(note, key.name, key).checkpoint for note in notes]
            assert [each.size for each in opened] == [9, int(size)]
            assert kept["election"] == b64(shared_desk.manifest.hash)
            Booth(page=page, address=address).axe()
            # What was seen is not given up for what contradicts it.
            assert page.evaluate(SEEN) == grown
        liar.log = log_of(9, 3)
        assert _check(page) == "forked"  # of the same size
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE.width

        # Damage on the device accuses nobody, and is mended.
        for damage in ("", "{}", grown[:-9], grown.replace("\n9\n", "\n99\n")):
            page.evaluate("text => { localStorage[Object.keys(localStorage)[0]] = text; }", damage)
            assert _check(page) == "in"
            assert page.evaluate(SEEN) == liar.note().decode()

        # A receipt that the box did not sign.
        due = spell_time(receipt_due(shared_desk.manifest))
        forged = {"type": "receipt", "leaf_hash": b64(log_of(1)[0]), "due": due}
        forged |= {"election": b64(shared_desk.manifest.hash), "signature": b64(bytes(64))}
        page.locator("#receipt").fill(json.dumps(forged))
        assert _check(page) == "forged"
        page.locator("#receipt").fill(b64(log_of(1)[0]))

        page.locator("#remember").uncheck()
        assert _check(page) == "in"
        assert page.evaluate(KEPT) == 0


def test_a_log_that_lost_the_ballot_itself(shared_desk: Desk, liar: Liar, browser: Browser) -> None:
    """No proof comes then: the newest checkpoint has to be how the one before grew."""
    source = """
      const E = await m.election.loadElection();
      const door = (log) => ({
        pause: async () => {},
        proof: async () => { throw new m.fault.DoorProblem("unknown-ballot", { status: 404 }); },
        get: async () => m.bytes.utf8(log.note),
        getOnce: async (path) => m.unhex(log.tiles[path.slice("/log/".length)]),
      });
      const out = [];
      for (const now of argument.logs) {
        const { size, root, note } = argument.seen;
        const seen = { size, root: m.bytes.b64(m.unhex(root)), note };
        const found = await m.caught(() =>
          m.receipt.findInLog(m.unhex(argument.leaf), E, { door: door(now), seen }));
        out.push(found.code ?? found.value.state);
      }
      return out;"""

    def stated(log: list[bytes]) -> dict[str, Any]:
        liar.log = log
        hexed = {path: data.hex() for path, data in tiles(log).items()}
        return {**head(log), "note": liar.note().decode(), "tiles": hexed}

    logs = [stated(each) for each in (log_of(9), log_of(11), log_of(8), log_of(11, 2))]
    app = shared_desk.app(requests_factor=1000)
    app.add_url_rule("/static/blank", "static_blank", lambda: "<!doctype html><title>Blank</title>")
    with serving(app) as address:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(f"{address}/static/blank")
        argument = {"logs": logs, "seen": logs[0], "leaf": sha256(b"lost").hexdigest()}
        found = Modules(page).run("election receipt fault bytes", source, argument)
        context.close()
    assert found == ["unknown", "unknown", "log-shrunk", "log-forked"]
