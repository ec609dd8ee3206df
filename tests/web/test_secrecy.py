"""Nothing that was sent is repeated: not in answers, not in logs, not on the disk where it does not
belong. Every test plants a value and looks for it everywhere."""

import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from audit.label import b64
from audit.merkle import leaf_hash
from ballot.registrar import Registrar
from ballot.store.box import BoxStore
from tests.web.desk import ISSUERS, Desk, cast_body, problem
from tests.web.test_strictness import places, put
from web.wording import LANGUAGES

PLANTED = "PLANTED4711secret"
ADDRESS = "192.0.2.77"
AGENT = "PlantedBrowser/4711"
HEADERS = {
    "User-Agent": AGENT,
    "Referer": f"https://{PLANTED}.example/",
    "Cookie": f"session={PLANTED}",
    "Authorization": f"Bearer {PLANTED}",
    "X-Forwarded-For": "192.0.2.78",
    "X-Request-Id": PLANTED,
    "Accept": f"text/{PLANTED}",
    "Origin": f"https://{PLANTED}.example",
}


def post(desk: Desk, path: str, **more: Any) -> TestResponse:
    headers = {**HEADERS, **more.pop("headers", {})}
    return desk.client.post(path, headers=headers, environ_base={"REMOTE_ADDR": ADDRESS}, **more)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def holders(folder: Path, *values: str | bytes) -> set[str]:
    """The files below ``folder`` that hold one of the values."""
    sought = [value.encode() if isinstance(value, str) else value for value in values]
    return {
        str(path.relative_to(folder))
        for path in files(folder)
        if any(value in path.read_bytes() for value in sought)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_planted_comes_back_or_is_written(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    language: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    ballot = cast_body(desk.ballot("north-0"))
    test = {"header": ballot["entry"]["header"], "signature": ballot["entry"]["signature"]}
    requests = {
        "/registrar/city/credentials": desk.request("north-1"),
        "/box/ballots": ballot,
        "/box/tests": test,
    }
    answers = []
    for path, body in requests.items():
        where = f"{path}?lang={language}&code={PLANTED}"
        for place in places(body):
            # as a value, as a key, and as a longer value of the right alphabet
            answers += [
                post(desk, where, json=put(body, place, value))
                for value in (PLANTED, {PLANTED: PLANTED}, [PLANTED], PLANTED + "A" * 26)
            ]
        answers += [
            post(desk, where, data=raw, content_type="application/json")
            for raw in (f"{{{PLANTED}", f'{{"{PLANTED}":1,"{PLANTED}":1}}', f"[{PLANTED}", PLANTED)
        ]
        answers.append(post(desk, where, data=PLANTED, content_type=f"text/{PLANTED}"))
        answers.append(post(desk, where, data=PLANTED, headers={"Accept-Language": PLANTED}))
        answers.append(post(desk, f"{path}/{PLANTED}", json=body))
    answers.append(post(desk, f"/registrar/{PLANTED}/credentials", json=desk.request("north-1")))
    answers += [
        desk.client.get(
            path,
            query_string={"lang": PLANTED, PLANTED: PLANTED},
            headers=HEADERS,
            environ_base={"REMOTE_ADDR": ADDRESS},
        )
        for path in (f"/{PLANTED}", f"/box/proofs/{PLANTED}", f"/publication/{PLANTED}", "/")
    ]
    for answer in answers:
        assert answer.status_code < 500
        seen = answer.text + str(answer.headers)
        assert PLANTED not in seen
        assert ADDRESS not in seen
    printed = capfd.readouterr()
    for text in (caplog.text, printed.out, printed.err):
        assert PLANTED not in text
        assert ADDRESS not in text
    assert holders(desk.place.root, PLANTED, ADDRESS, AGENT, "192.0.2.78") == set()


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, KeyError])
def test_an_error_of_the_service_is_logged_without_its_message(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    kind: type[Exception],
) -> None:
    """An exception may quote the values it stumbled over: only its kind and the lines are kept."""
    code = desk.code("north-0")

    def broken(*_given: object, **more: object) -> Any:
        try:
            raise kind(f"first {PLANTED}")
        except kind:
            raise kind(f"cannot read {PLANTED} {more.get('code')}")  # noqa: B904

    monkeypatch.setattr(Registrar, "issue", broken)
    answer = post(desk, "/registrar/city/credentials", json=desk.request("north-0"))
    assert problem(answer) == "internal"
    printed = capfd.readouterr()
    for text in (answer.text, caplog.text, printed.out, printed.err):
        assert PLANTED not in text
        assert code not in text
        assert ADDRESS not in text
    assert kind.__name__ in caplog.text
    assert "issue_credential" in caplog.text
    assert "in broken" in caplog.text  # where, so that it can be mended


def test_codes_stand_nowhere_in_clear(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for person in ("north-0", "north-1", "centre-0"):
        desk.cast(desk.ballot(person))
    desk.parts.close()
    for person, by_issuer in desk.town.codes.items():
        for issuer, code in by_issuer.items():
            plain = code.replace("-", "")
            spellings = (code, plain, code.lower(), plain.lower())
            found = holders(desk.place.root, *spellings)
            # The letters are the one place: docs/operations.md says to destroy them.
            assert {name.split("/")[0] for name in found} == {f"letters-{issuer}"}, person
            assert code not in caplog.text


def columns(database: Path) -> dict[str, dict[str, str]]:
    """Tables and the types of their columns."""
    with sqlite3.connect(database) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = {
            table: {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in tables
        }
    connection.close()
    return found


def test_the_box_learns_no_person_no_address_and_no_time(desk: Desk) -> None:
    people = ("north-0", "north-1", "centre-0")
    for number, person in enumerate(people):
        answer = post(desk, "/box/ballots", json=cast_body(desk.ballot(person)))
        assert answer.status_code == 200, number
    desk.parts.close()
    box = desk.place.box
    spoken = [desk.code(person, issuer) for person in people for issuer in ISSUERS]
    assert holders(box, *people, *spoken, ADDRESS, AGENT, PLANTED) == set()
    blinded = [
        desk.device(person).blinded_message(issuer) for person in people for issuer in ISSUERS
    ]
    assert holders(box, *blinded, *(b64(each) for each in blinded)) == set()
    names = {name for table in columns(box / "box.db").values() for name in table}
    for word in (
        "time",
        "date",
        "created",
        "moment",
        "arrived",
        "address",
        "ip",
        "agent",
        "person",
    ):
        assert not [name for name in names if word in name.lower().split("_")], word
    kinds = {kind.upper() for table in columns(box / "box.db").values() for kind in table.values()}
    assert not {kind for kind in kinds if "DATE" in kind or "TIME" in kind}


def test_the_registrar_learns_nothing_of_the_vote(desk: Desk) -> None:
    person = "north-0"
    first = desk.ballot(person, choices={"cars": (("yes", 1),)})
    assert desk.cast(first).status_code == 200
    desk.parts.close()
    device = desk.device(person)
    header = first.header
    unlinkable = [
        device.pseudonym,
        first.sealed,
        leaf_hash(first.entry),
        header.sealed_hash,
        *(each.signature for each in header.credentials),
        *(each.prefix for each in header.credentials),
    ]
    texts = [b64(each) for each in unlinkable]
    assert holders(desk.place.issuers, *unlinkable, *texts, ADDRESS, AGENT) == set()
    for issuer in ISSUERS:
        tables = columns(desk.place.issuers / issuer / "registrar.db")
        names = {name for table in tables.values() for name in table}
        # The person's postal address is on the roll; where a request came from is not.
        for word in ("time", "created", "ip", "agent", "date", "remote"):
            assert not [name for name in names if word in name.lower().split("_")], word


def test_what_is_secret_is_the_owners_alone(desk: Desk) -> None:
    desk.cast(desk.ballot("north-0"))
    root = desk.place.root
    secret = [path for path in files(root) if path.suffix == ".secret" or ".db" in path.name]
    secret += [path for path in files(root) if path.name == "secret.json"]
    secret += [path for path in files(root) if path.parts[-2].startswith("letters-")]
    assert len(secret) > 10
    for path in secret:
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_private_key_and_no_passphrase_is_kept_in_clear(desk: Desk, passphrase: str) -> None:
    for officer in desk.town.officers:
        raw = officer.private.private_bytes_raw()
        assert holders(desk.place.root, raw, b64(raw), raw.hex()) == set()
    assert holders(desk.place.root, passphrase) == set()


def test_a_proof_or_receipt_shows_no_choice(desk: Desk) -> None:
    """The same answer, whatever was chosen, but for hashes and signatures of fixed lengths."""
    shapes = set()
    for person, option in (("north-0", "yes"), ("north-1", "no")):
        ballot = desk.ballot(person, choices={"cars": ((option, 1),)})
        receipt = json.loads(desk.cast(ballot).data)
        shapes.add(tuple(sorted((name, len(value)) for name, value in receipt.items())))
        assert set(receipt) == {"type", "election", "leaf_hash", "due", "signature"}
        assert len(ballot.sealed) == len(desk.ballot(person, 2, choices={}).sealed)
    assert len(shapes) == 1


def test_a_failing_database_quotes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ballot = desk.ballot("north-0")

    def broken(*_given: object) -> Any:
        raise sqlite3.DatabaseError(f"near {ballot.entry!r}")

    monkeypatch.setattr(BoxStore, "writing", broken)
    ended: list[int] = []
    monkeypatch.setattr("web.service.os.kill", lambda _pid, number: ended.append(number))
    answer = desk.cast(ballot)
    assert problem(answer) == "busy"
    assert answer.headers["Retry-After"] == "5"
    assert b64(leaf_hash(ballot.entry)) not in caplog.text
    assert ballot.entry.decode() not in caplog.text
    assert b64(ballot.header.pseudonym) not in caplog.text
