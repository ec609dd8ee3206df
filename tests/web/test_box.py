"""The box's door: receipts, revotes, conflicts, tests, proofs, and refusals that say why."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from audit.label import b64, unb64
from audit.merkle import leaf_hash
from audit.receipt import read_receipt, read_test_receipt, verify_proof
from ballot.box import Box
from ballot.store.box import BoxStore
from ballot.store.engine import StoreBusy
from tests.web.desk import ISSUERS, Desk, cast_body, problem
from web.app import create_app
from web.audience import Door
from web.box import box_routes
from web.clock import clock_for
from web.office.parts import open_box
from web.settings import Settings

YES = {"cars": (("yes", 1),)}
NO = {"cars": (("no", 1),)}


def test_a_receipt_that_verifies_and_is_the_same_again(desk: Desk) -> None:
    ballot = desk.ballot("north-0", choices=YES)
    answer = desk.cast(ballot)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    receipt = read_receipt(answer.data, desk.manifest, leaf_hash=leaf_hash(ballot.entry))
    assert receipt.leaf_hash == leaf_hash(ballot.entry)
    assert desk.cast(ballot).data == answer.data
    desk.late()
    assert desk.cast(ballot).data == answer.data


def test_revote_and_conflicts(desk: Desk) -> None:
    credentials = desk.credentials("north-0")
    first = desk.ballot("north-0", 1, credentials, YES)
    second = desk.ballot("north-0", 2, credentials, NO)
    assert desk.cast(first).status_code == 200
    assert desk.cast(second).status_code == 200
    for sequence, reason in ((1, "lower-sequence"), (2, "same-sequence")):
        answer = desk.cast(desk.ballot("north-0", sequence, credentials, NO))
        assert problem(answer) == "conflict"
        assert answer.status_code == 409
        assert answer.get_json()["reason"] == reason
    # A reply that was lost can still be asked for.
    assert desk.cast(first).status_code == 200


def test_a_tested_ballot_can_never_be_cast_nor_a_cast_one_tested(desk: Desk) -> None:
    credentials = desk.credentials("north-0")
    tested = desk.ballot("north-0", 1, credentials, YES)
    answer = desk.test("north-0", tested)
    assert answer.status_code == 200, answer.text
    read_test_receipt(answer.data, desk.manifest, tested.header)
    assert desk.test("north-0", tested).data == answer.data
    assert problem(desk.cast(tested)) == "tested"
    cast = desk.ballot("north-0", 1, credentials, YES)
    assert desk.cast(cast).status_code == 200
    assert problem(desk.test("north-0", cast)) == "conflict"


def test_a_test_needs_the_pseudonyms_own_signature(desk: Desk) -> None:
    ballot = desk.ballot("north-0", 1)
    body = {"header": cast_body(ballot)["entry"]["header"], "signature": b64(bytes(64))}
    answer = desk.client.post("/box/tests", json=body)
    assert problem(answer) == "ballot-refused"
    assert answer.get_json()["reason"] == "bad-signature"
    assert desk.cast(ballot).status_code == 200


def changed(body: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    *path, last = place.split(".")
    inner: Any = body
    for part in path:
        inner = inner[int(part) if part.isdecimal() else part]
    inner[last] = value
    return body


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("entry.header.election", b64(bytes(32)), "wrong-election"),
        ("entry.header.style", "centre", "ballot-refused"),
        ("entry.header.style", "south", "ballot-refused"),
        ("entry.header.pseudonym", b64(bytes(32)), "ballot-refused"),
        ("entry.header.sequence", 2, "ballot-refused"),
        ("entry.header.sequence", 60_000, "ballot-refused"),
        ("entry.header.credentials.0.signature", b64(b"\x01" * 384), "ballot-refused"),
        ("entry.header.credentials.0.prefix", b64(b"\x01" * 32), "ballot-refused"),
        ("entry.header.credentials.0.issuer", ISSUERS[1], "ballot-refused"),
        ("entry.header.credentials", [], "malformed"),
        ("entry.header.sealed_hash", b64(bytes(32)), "ballot-refused"),
        ("entry.signature", b64(bytes(64)), "ballot-refused"),
        ("entry.type", "open", "malformed"),
        ("sealed", b64(bytes(10)), "ballot-refused"),
        ("sealed", b64(bytes(20_000)), "ballot-refused"),
        ("sealed", "A", "malformed"),
    ],
)
def test_what_is_not_a_valid_ballot(desk: Desk, place: str, value: object, code: str) -> None:
    ballot = desk.ballot("north-0", choices=YES)
    answer = desk.client.post("/box/ballots", json=changed(cast_body(ballot), place, value))
    assert problem(answer) == code
    if code == "ballot-refused":
        assert answer.status_code == 422
        assert answer.get_json()["reason"] in answer.get_json()["detail"]
    assert desk.cast(ballot).status_code == 200


def test_a_forged_and_a_swapped_credential(desk: Desk) -> None:
    own = desk.credentials("north-0")
    forged = tuple(replace(each, signature=bytes(383) + b"\x02") for each in own)
    answer = desk.cast(desk.ballot("north-0", credentials=forged))
    assert answer.get_json()["reason"] == "bad-credential"
    answer = desk.cast(desk.ballot("north-1", credentials=own))
    assert answer.get_json()["reason"] == "bad-credential"


def test_before_opening_and_after_the_close(desk: Desk) -> None:
    ballots = [desk.ballot(f"north-{number}") for number in range(2)]
    desk.early()
    answer = desk.client.post(
        "/box/ballots?lang=en", json=cast_body(ballots[0]), headers={"Accept-Language": "fr"}
    )
    assert problem(answer) == "not-open"
    assert "October 5, 2026, 10:00 (Paris Time)" in answer.get_json()["detail"]
    desk.late()
    assert problem(desk.cast(ballots[1])) == "closed"


def test_a_box_that_the_officers_did_not_open(frozen_desk: Desk) -> None:
    ballot = frozen_desk.ballot("north-0")
    assert problem(frozen_desk.cast(ballot)) == "not-open"


def test_a_proof_is_pending_until_the_batch_is_whole(desk: Desk) -> None:
    ballots = [desk.ballot(f"north-{number}") for number in range(2)]
    first, second = (f"/box/proofs/{b64(leaf_hash(ballot.entry))}" for ballot in ballots)
    receipt = read_receipt(desk.cast(ballots[0]).data, desk.manifest)
    time.sleep(1.2)  # longer than a batch lasts: one ballot is no batch
    assert problem(desk.client.get(first)) == "pending"
    assert problem(desk.client.get(second)) == "unknown-ballot"
    assert desk.cast(ballots[1]).status_code == 200
    until = time.monotonic() + 180
    while (answer := desk.client.get(first)).status_code != 200:
        assert problem(answer) == "pending"
        assert time.monotonic() < until
        time.sleep(0.05)
    assert answer.content_type == "text/plain; charset=utf-8"
    assert verify_proof(desk.manifest, receipt, answer.data).checkpoint.size == 3
    assert desk.client.get(second).status_code == 200
    assert desk.client.head(second).data == b""


@pytest.mark.parametrize("code", ["A", "A" * 42, "A" * 42 + "B", "é", "%00", "A" * 5000, "."])
def test_a_proof_of_nothing(shared_desk: Desk, code: str) -> None:
    assert problem(shared_desk.client.get(f"/box/proofs/{code}")) == "unknown-ballot"


def test_a_full_queue_says_when_to_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is held at the database while the queue of two fills."""
    ballots = [desk.ballot(f"north-{number}") for number in range(6)]
    hold, reached = Event(), Event()
    writing = BoxStore.writing

    def slow(self: BoxStore) -> Any:
        reached.set()
        assert hold.wait(120)
        return writing(self)

    desk.parts.close()  # the desk's own box, which asked for credentials
    with ExitStack() as stack:
        parts = stack.enter_context(open_box(desk.place, desk.manifest, clock_for("demo-")))
        with Box(
            manifest=desk.manifest,
            store=parts["store"],
            receipt_key=parts["box"]._receipt_key,
            clock=clock_for("demo-"),
            most_waiting=2,
            group=1,
        ) as box:
            settings = Settings(folder=desk.place.root, doors=frozenset({Door.BOX}))
            app = create_app(settings, box_routes(box, desk.opens))
            monkeypatch.setattr(BoxStore, "writing", slow)
            with ThreadPoolExecutor(6) as pool:
                waiting = [pool.submit(desk.cast, ballots[0], app.test_client())]
                assert reached.wait(120)
                waiting += [
                    pool.submit(desk.cast, each, app.test_client()) for each in ballots[1:3]
                ]
                until = time.monotonic() + 180
                while len(box._gathering) < 2:
                    assert time.monotonic() < until
                    time.sleep(0.01)
                answer = desk.cast(ballots[3], app.test_client())
                assert problem(answer) == "busy"
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) >= 1
                hold.set()
                assert {each.result().status_code for each in waiting} == {200}
            assert desk.cast(ballots[3], app.test_client()).status_code == 200


def test_a_busy_database_is_not_an_error_of_the_service(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballot = desk.ballot("north-0")
    path = f"/box/proofs/{b64(leaf_hash(ballot.entry))}"

    def busy(_self: object, *_given: object) -> Any:
        raise StoreBusy("the database is busy")

    with monkeypatch.context() as patch:
        patch.setattr(BoxStore, "reading", busy)
        patch.setattr(BoxStore, "writing", busy)
        for answer in (desk.client.get(path), desk.cast(ballot)):
            assert problem(answer) == "busy"
            assert answer.headers["Retry-After"]
    assert desk.cast(ballot).status_code == 200


def test_two_ballots_of_one_rank_at_the_same_moment(desk: Desk) -> None:
    credentials = desk.credentials("north-0")
    ballots = [desk.ballot("north-0", 1, credentials, choice) for choice in (YES, NO)]
    client = desk.client
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda each: desk.cast(each, client.application.test_client()), ballots)
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_sealed_bytes_beside_another_entry(desk: Desk) -> None:
    credentials = desk.credentials("north-0")
    one, two = (desk.ballot("north-0", 1, credentials, choice) for choice in (YES, NO))
    answer = desk.client.post("/box/ballots", json={**cast_body(one), "sealed": b64(two.sealed)})
    assert problem(answer) == "ballot-refused"
    assert answer.get_json()["reason"] == "sealed-hash"
    assert len(unb64(b64(one.sealed), "sealed")) == len(two.sealed)
