"""A resident votes in a browser with values that are unmistakable. Afterwards they are looked for
in every request, in what the service printed and answered, and in the raw files of its stores."""

import json
import os
import re
from base64 import b32encode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request

from audit.label import b64, unb64
from ballot.code import code_digest, new_code, read_code
from ballot.roll import Person
from ballot.sheet import read_sheet
from tally.election import Election
from tests.browser.booth import CLOSES, ISSUER, OPENS, Booth
from tests.browser.chromium import PHONE
from tests.browser.conftest import NewContext
from tests.browser.every_form import election
from tests.postgres import Server
from tests.web.desk import open_log
from web.clock import VARIABLE, read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.parts import issuer_keys
from web.office.town import Town, found_town
from web.progress import Progress
from web.rehearsal.processes import serving

PERSON = "person-4711-planted"
NAME = "Zébulon Plantedname"
STREET = "17 rue Plantedstreet"
PROJECT = "planted-project-4711"
"""The id of the project that is chosen."""
OPTION = "planted-option-4711"
STORES = {"box", "issuers"}
JSON = {"Content-Type": "application/json"}


def planted_election() -> Election:
    """The town's election with a project and an answer that are unmistakable."""
    value = json.dumps(election(OPENS, CLOSES).to_value())
    for plain, planted in (("tr8", PROJECT), ("no", OPTION)):
        assert f'"id": "{plain}"' in value
        value = value.replace(f'"id": "{plain}"', f'"id": "{planted}"')
    return Election.from_value(json.loads(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The service of the planted town, and every place where it leaves something."""

    town: Town
    address: str
    log: Path
    database: Path | None
    """The folder of PostgreSQL, its own log in it."""
    before: dict[str, int] = field(repr=False)
    """Files that held the choice before anybody voted, and how often."""

    @property
    def root(self) -> Path:
        return self.town.place.root

    def left(self) -> dict[str, bytes]:
        """Everything that lies on a disk: name -> bytes."""
        folders = {"folder": self.root, "postgresql": self.database}
        found = {"log": self.log.read_bytes()}
        for name, folder in folders.items():
            if folder is None:
                continue
            for path in folder.rglob("*"):
                with suppress(FileNotFoundError):  # PostgreSQL renames files as it goes
                    if path.is_file():
                        found[f"{name}/{path.relative_to(folder)}"] = path.read_bytes()
        return found


def holders(left: dict[str, bytes], *values: str | bytes) -> dict[str, int]:
    """Where one of the values is, and how often."""
    sought = [value.encode() if isinstance(value, str) else value for value in values]
    counts = {name: sum(data.count(value) for value in sought) for name, data in left.items()}
    return {name: count for name, count in counts.items() if count}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server | None:
    """The database server to use: None stands for SQLite, which has none."""
    if request.param == "sqlite":
        return None
    if os.environ.get("SCRUTIN_SLOW") != "1":
        pytest.skip("the same on PostgreSQL takes 15 s more: set SCRUTIN_SLOW=1")
    found: Server = request.getfixturevalue("postgresql")
    return found


@pytest.fixture
def running(
    tmp_path: Path, passphrase: str, server: Server | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """One process with all doors, as ``scrutin serve`` starts it."""
    clock = tmp_path / "clock.txt"
    clock.write_text(spell_time(read_time(OPENS)))
    monkeypatch.setenv(VARIABLE, str(clock))
    if server is not None:
        monkeypatch.setenv("DATABASE_URL", server.fresh())
    place = ElectionFolder(tmp_path / "election")
    planted = Person(id=PERSON, style="short", name=NAME, address=(STREET,), language="fr")
    town = found_town(
        place,
        planted_election(),
        [planted],
        drawn=passphrase,
        issuers=(ISSUER,),
        options=FreezeOptions(batch_seconds=1, batch_minimum=1, maximum_sequence=9),
        progress=Progress(quiet=True),
    )
    open_log(town, place)
    log = tmp_path / "service.log"
    own = {"town": town, "log": log, "database": server.folder if server else None}
    with serving(place.root, ["registrar", "box", "public"], log) as address:
        made = Running(address=address, before={}, **own)  # type: ignore[arg-type]
        made.before.update(holders(made.left(), PROJECT, OPTION))
        yield made


def spellings(code: str) -> tuple[str, ...]:
    """A code as it may be typed, sent or kept."""
    bare = code.replace("-", "")
    return code, bare, code.lower(), bare.lower()


def written(secret: bytes) -> tuple[str | bytes, ...]:
    """Bytes as they are, and in the alphabets that programs write them in."""
    base32 = b32encode(secret).decode().rstrip("=")
    texts = (secret.hex(), b64(secret), b64encode(secret).decode().rstrip("="), base32)
    return secret, *texts, secret.hex().upper(), base32.lower()


def mistyped(code: str) -> str:
    """A code that does not add up."""
    return code[:6] + ("2" if code[6] != "2" else "3") + code[7:]


def test_what_is_secret_stays_where_it_belongs(running: Running, new_context: NewContext) -> None:
    code = running.town.codes[PERSON][ISSUER]
    unknown = new_code(read_code(code).style_index, bytes(range(10))).grouped
    wrong = mistyped(code)
    page = new_context(PHONE, "fr").new_page()
    page.set_default_timeout(10_000)
    sent: list[Request] = []
    page.on("request", lambda asked: sent.append(asked))  # noqa: PLW0108  (it is marked)
    booth = Booth(page=page, address=running.address)

    booth.open("/vote")
    for refused in (wrong, unknown):
        booth.begin(refused)
        page.locator("#code-1-error:visible").wait_for()
    booth.begin(code)
    page.locator("#h-list").wait_for()
    booth.tick("c1", [PROJECT])
    booth.tick("c2", [OPTION])
    page.evaluate("location.hash = 'sheet'")
    page.locator("#h-sheet").wait_for()
    sheet = page.locator("#sheet-key").inner_text()
    receipt = booth.cast()
    booth.open(f"/receipt#{receipt}")
    page.locator("[data-verdict]:visible").wait_for()
    if page.locator("[data-verdict=waiting]:visible").count():
        page.wait_for_timeout(1500)
        page.locator("#check").click()
    page.locator("[data-verdict=in]").wait_for()
    told = _errors_and_pages(page, running.address, code, sheet)
    running_now = running.left()

    seed = read_sheet(sheet, running.town.manifest.hash).seed
    groups = sheet.replace("\n", "").split("-")
    seeds = (*written(seed), sheet, "".join(groups), "-".join(groups[:3]), "".join(groups[:3]))
    codes = {each: spellings(each) for each in (code, unknown, wrong)}

    # Requests: each value at its own door, and in no address.
    assert {urlsplit(each.url).path.split("/")[1] for each in sent} >= {"registrar", "box", "vote"}
    reached = set()
    for request in sent:
        said = _said(request)
        door = urlsplit(request.url).path.split("/")[1]
        for each, spelled in codes.items():
            if any(one in said for one in spelled):
                reached.add((each, door))
                assert not any(one in request.url for one in spelled)
        for value in (PROJECT, OPTION, NAME, STREET, PERSON, *(v for v in seeds if type(v) is str)):
            assert value not in said, request.url
    # What does not add up never leaves the device.
    assert reached == {(code, "registrar"), (unknown, "registrar")}

    # Answers: pages and errors.
    for text in told:
        for value in (*codes[code], *groups, NAME, STREET, PERSON):
            assert value not in text

    # On the disks, while the service runs.
    assert holders(running_now, *seeds) == {}
    assert holders(running_now, *codes[unknown], *codes[wrong]) == {}
    assert _folders(holders(running_now, *codes[code])) == {f"letters-{ISSUER}"}
    digest = code_digest(
        issuer_keys(running.town.place, ISSUER, running.town.manifest.election).pepper,
        ISSUER,
        read_code(code),
    )
    kept = _folders(holders(running_now, digest))
    names = _folders(holders(running_now, NAME, STREET))
    if running.database is None:
        assert kept == {"issuers"}
        assert names <= {"issuers", f"letters-{ISSUER}"}
        assert any(name.endswith("-wal") for name in running_now)
    else:
        assert kept == {"postgresql"}
        assert names <= {"postgresql", f"letters-{ISSUER}"}
    assert names
    # The choice is where it was before anybody voted (the rules), and not once more.
    assert running.before
    assert holders(running_now, PROJECT, OPTION) == running.before
    assert not _folders(running.before) & STORES
    # What the ballot is found by is there: the search does search.
    assert holders(running_now, receipt, _bytes_of(receipt))
    printed = running_now["log"].decode("utf-8", "replace")
    assert not re.search(r"GET /|POST /|" + re.escape(receipt), printed)


def _said(request: Request) -> str:
    body = (request.post_data_buffer or b"").decode("latin-1")
    return "\n".join([request.url, body, *request.headers.values()])


def _bytes_of(receipt: str) -> bytes:
    return unb64(receipt, "receipt", size=32)


def _folders(found: dict[str, int]) -> set[str]:
    """The parts of the election's folder, or what else, that hold something."""
    parts = (name.split("/") for name in found)
    return {each[1] if each[0] == "folder" else each[0] for each in parts}


def _errors_and_pages(page: Page, address: str, code: str, sheet: str) -> list[str]:
    """What the service answers to somebody who puts secrets where they do not belong, and the
    pages that anybody can read. These requests are the test's own."""
    asked = page.request
    answers = [
        asked.get(f"{address}/vote/{code}", params={"code": code, "sheet": sheet}),
        asked.get(f"{address}/projects/{sheet}"),
        asked.get(f"{address}/box/proofs/{code}"),
        asked.get(f"{address}/vote", params={"code": code}, headers={"Referer": sheet}),
    ]
    for path in (f"/registrar/{ISSUER}/credentials", "/box/ballots", "/box/tests"):
        wrongly = ({"code": code, "seed": sheet}, {sheet: code}, [code])
        bodies = [json.dumps(each) for each in wrongly]
        answers += [
            asked.post(f"{address}{path}", data=body, headers=JSON)
            for body in (*bodies, f"{{{code} {sheet}")
        ]
    assert {each.status for each in answers} >= {200, 400, 404}
    assert all(each.status < 500 for each in answers)
    pages = [asked.get(address + path) for path in ("/", "/projects", "/vote/short", "/status")]
    assert {each.status for each in pages} == {200}
    return [each.text() + str(each.headers) for each in [*answers, *pages]]
