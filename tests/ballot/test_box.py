"""The box: durable before acknowledged, the same answer twice, one fate for each sealed ballot."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA384
from sqlalchemy import event

from audit.admission import check_ballot
from audit.credential import credential_message
from audit.proof import ProofFile
from audit.receipt import read_receipt, read_test_receipt, receipt_due, verify_proof
from audit.record import Credential, sealed_hash
from ballot.box import BallotRefused, Box, BoxStopped, Busy, Pending, Unknown
from ballot.intake import sealed_lengths
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import BoxMissing, BoxTransaction
from ballot.store.engine import StoreBusy, open_engine
from tests.ballot.precinct import (
    CLOSES,
    OPENS,
    STYLE,
    Precinct,
    ballot,
    close_entry,
    leaf,
    test_message,
    town,
)
from tests.postgres import Server
from tests.town import clerk, rsa_key

OWN = town()


@pytest.fixture
def precinct(tmp_path: Path, server: Server | None) -> Iterator[Precinct]:
    precinct = Precinct(tmp_path, OWN, server=server)
    yield precinct
    precinct.store.dispose()


def refusal(precinct: Precinct, entry: bytes, sealed: bytes) -> str:
    with precinct.box() as box, pytest.raises(BallotRefused) as refused:
        box.cast(entry, sealed)
    return f"{refused.value.code}/{refused.value.reason}"


def test_a_receipt_is_signed_and_the_same_each_time(precinct: Precinct) -> None:
    precinct.opened()
    cast = ballot(OWN, "ana")
    with precinct.box() as box:
        receipt = box.cast(cast.entry, cast.sealed)
        assert box.cast(cast.entry, cast.sealed) == receipt
    read_receipt(receipt, OWN.manifest, leaf_hash=leaf(cast))
    assert precinct.restart().cast(cast) == [receipt]


def test_the_receipt_can_be_asked_for_again_after_the_close(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    cast = ballot(OWN, "ana")
    receipts = precinct.cast(cast)
    precinct.clock.late()
    sequencer.close_log(close_entry(OWN))
    assert precinct.cast(cast) == receipts
    late = ballot(OWN, "ben")
    assert refusal(precinct, late.entry, late.sealed) == "closed/closed"


def test_what_was_acknowledged_is_on_disk(precinct: Precinct, tmp_path: Path) -> None:
    precinct.opened()
    cast = ballot(OWN, "ana")
    with precinct.box() as box:
        box.cast(cast.entry, cast.sealed)
        # Another connection, as after a crash of this process: nothing is held back in memory.
        rows = precinct.rows("SELECT leaf_hash, entry, sealed FROM box_pending")
    assert rows == [(leaf(cast), cast.entry, cast.sealed)]


def test_before_the_opening_and_after_the_close_nothing_is_accepted(precinct: Precinct) -> None:
    cast = ballot(OWN, "ana")
    sequencer = precinct.sequencer()
    assert refusal(precinct, cast.entry, cast.sealed) == "not-open/not-open"
    sequencer.open_log(OWN.open_entry())
    precinct.clock.now = OPENS - timedelta(seconds=1)
    assert refusal(precinct, cast.entry, cast.sealed) == "not-open/not-open"
    precinct.clock.now = CLOSES
    assert refusal(precinct, cast.entry, cast.sealed) == "closed/closed"
    precinct.clock.now = CLOSES - timedelta(seconds=1)
    assert precinct.cast(cast)


def test_only_valid_ballots_are_accepted(precinct: Precinct) -> None:
    precinct.opened()
    cast, other = ballot(OWN, "ana"), ballot(OWN, "ben")
    assert refusal(precinct, cast.entry, other.sealed) == "ballot-refused/sealed-hash"
    assert refusal(precinct, cast.entry, cast.sealed[:-1]) == "ballot-refused/sealed-length"
    assert refusal(precinct, cast.entry, cast.sealed + b"\0") == "ballot-refused/sealed-length"
    assert refusal(precinct, cast.entry[:-1], cast.sealed) == "ballot-refused/malformed"
    assert refusal(precinct, OWN.open_entry(), b"") == "ballot-refused/malformed"
    forged = cast.entry.replace(b'"sequence":1', b'"sequence":2')
    assert refusal(precinct, forged, cast.sealed) == "ballot-refused/bad-signature"
    foreign = ballot(clerk(seed="elsewhere"), "ana")
    assert refusal(precinct, foreign.entry, foreign.sealed) == "wrong-election/wrong-election"
    with precinct.store.reading() as transaction:
        assert transaction.pending_count() == 0
        assert transaction.pseudonyms_per_style() == {}


def test_the_sequence_rises(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.cast(ballot(OWN, "ana", 1), ballot(OWN, "ana", 4))
    for waiting in (True, False):
        low, same = ballot(OWN, "ana", 3), ballot(OWN, "ana", 4, "no")
        assert refusal(precinct, low.entry, low.sealed) == "conflict/lower-sequence"
        assert refusal(precinct, same.entry, same.sealed) == "conflict/same-sequence"
        if waiting:
            assert sequencer.sequence() == 2
    precinct.cast(ballot(OWN, "ana", 5), ballot(OWN, "ana", 1))  # the first once more


def test_a_pseudonym_keeps_its_style(precinct: Precinct) -> None:
    precinct.opened()
    precinct.cast(ballot(OWN, "ana"))
    # A device has another pseudonym for each style; a cheat with two credentials may not.
    device = OWN.device("ana", STYLE)
    message = credential_message("town-hall", OWN.manifest.hash, "centre", device.pseudonym)
    key = rsa_key(OWN.seed, "town-hall", "centre")
    pss = padding.PSS(mgf=padding.MGF1(SHA384()), salt_length=48)
    signature = key.sign(bytes(32) + message, pss, SHA384())
    sealed = bytes(sealed_lengths(OWN.manifest)["centre"])
    other = device.sign(
        replace(
            ballot(OWN, "ana").header,
            style="centre",
            sequence=2,
            sealed_hash=sealed_hash(sealed),
            credentials=(Credential(issuer="town-hall", prefix=bytes(32), signature=signature),),
        ),
        sealed,
    )
    check_ballot(OWN.manifest, other.entry)
    assert refusal(precinct, other.entry, other.sealed) == "ballot-refused/other-style"


def test_a_tested_ballot_is_never_cast(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    tested, other = ballot(OWN, "ana", 1), ballot(OWN, "ana", 1, "no")
    message = test_message(OWN, "ana", tested)
    with precinct.box() as box:
        receipt = box.test(message)
        read_test_receipt(receipt, OWN.manifest, tested.header)
        assert box.test(message) == receipt
    assert refusal(precinct, tested.entry, tested.sealed) == "tested/tested"
    precinct.cast(other)
    sequencer.sequence()
    precinct = precinct.restart()
    assert refusal(precinct, tested.entry, tested.sealed) == "tested/tested"
    with precinct.box() as box:
        assert box.test(message) == receipt
        with pytest.raises(BallotRefused) as refused:
            box.test(test_message(OWN, "ana", other))
    assert (refused.value.code, refused.value.reason) == ("conflict", "already-cast")
    assert leaf(tested) not in precinct.leaves()


def test_nobody_can_void_another_persons_ballot(precinct: Precinct) -> None:
    precinct.opened()
    ana, ben = ballot(OWN, "ana"), ballot(OWN, "ben")
    with precinct.box() as box:
        for signer, tested in (("ben", ana), ("ana", ben)):
            with pytest.raises(BallotRefused) as refused:
                box.test(test_message(OWN, signer, tested))
            assert refused.value.reason == "bad-signature"
    device = OWN.device("ben", STYLE)
    stolen = device.sign(replace(ben.header, sealed_hash=ana.header.sealed_hash), ana.sealed)
    with precinct.box() as box:
        box.test(test_message(OWN, "ben", stolen))
    assert precinct.cast(ana)


@pytest.mark.parametrize(
    "message", [b"", b"{}", b"[]", b'{"header":{},"signature":""}', b"\xff", b'{"header":1}']
)
def test_a_malformed_test_is_refused(precinct: Precinct, message: bytes) -> None:
    precinct.opened()
    with precinct.box() as box, pytest.raises(BallotRefused) as refused:
        box.test(message)
    assert refused.value.reason == "malformed"


def test_proofs(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    cast = [ballot(OWN, f"voter {i}") for i in range(20)]
    receipts = precinct.cast(*cast[:10])
    box = precinct.box()
    due = receipt_due(OWN.manifest)
    assert box.proof(leaf(cast[0])) == Pending(due=due)
    assert box.proof(leaf(cast[10])) == Unknown()
    sequencer.sequence()
    precinct.cast(*cast[10:])
    sequencer.sequence()
    for each, receipt in zip(cast[:10], receipts, strict=True):
        proof = box.proof(leaf(each))
        assert isinstance(proof, bytes)
        promise = read_receipt(receipt, OWN.manifest)
        assert verify_proof(OWN.manifest, promise, proof).checkpoint.size == 21
        ProofFile.parse(proof).verify(
            entry=each.entry,
            origin=OWN.manifest.box.origin,
            log_key=OWN.manifest.box.verifier_key,
            policy=None,
        )


def test_the_status_tells_no_more_than_the_public_log(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    box = precinct.box()
    before = box.status()
    precinct.cast(ballot(OWN, "ana"))
    assert box.status() == before
    assert (before.size, before.closed) == (1, False)
    sequencer.sequence()
    assert box.status().size == 2
    assert box.status().checkpoint == (precinct.log / "checkpoint").read_bytes()


def test_many_threads_cast_at_once(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    people = [ballot(OWN, f"voter {i}") for i in range(40)]
    twice = people * 3  # the same again, at the same time
    with precinct.box(group=16) as box, ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(lambda each: box.cast(each.entry, each.sealed), twice))
    assert receipts[:40] == receipts[40:80] == receipts[80:]
    sequencer.sequence()
    logged = precinct.leaves()
    assert logged[1:] == sorted(leaf(each) for each in people)
    for each, receipt in zip(people, receipts, strict=False):
        read_receipt(receipt, OWN.manifest, leaf_hash=leaf(each))


def test_of_two_ballots_of_one_sequence_one_wins(precinct: Precinct) -> None:
    precinct.opened()
    rivals = [ballot(OWN, "ana", 1), ballot(OWN, "ana", 1, "no")]

    def cast(number: int) -> str:
        each = rivals[number % 2]
        try:
            box.cast(each.entry, each.sealed)
        except BallotRefused as refused:
            return refused.reason
        return "accepted"

    with precinct.box(group=8) as box, ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(cast, range(24)))
    answers = ["accepted", "same-sequence"]
    assert accepted in (answers * 12, answers[::-1] * 12)


def test_a_full_queue_is_told_and_loses_nothing(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    precinct.opened()
    entered, go = Event(), Event()
    head = BoxTransaction.head

    def slow(transaction: BoxTransaction) -> Any:
        entered.set()
        assert go.wait(120)
        return head(transaction)

    monkeypatch.setattr(BoxTransaction, "head", slow)
    people = [ballot(OWN, f"voter {i}") for i in range(6)]
    with precinct.box(most_waiting=4, group=1) as box, ThreadPoolExecutor(8) as pool:
        first = pool.submit(box.cast, people[0].entry, people[0].sealed)
        assert entered.wait(120)
        waiting = [pool.submit(box.cast, each.entry, each.sealed) for each in people[1:5]]
        while len(box._gathering) < 4:
            pass
        with pytest.raises(Busy) as busy:
            box.cast(people[5].entry, people[5].sealed)
        assert busy.value.seconds > 0
        go.set()
        assert all(each.result(10) for each in [first, *waiting])
        assert box.cast(people[5].entry, people[5].sealed)


def test_a_busy_database_is_told(precinct: Precinct, monkeypatch: pytest.MonkeyPatch) -> None:
    precinct.opened()
    cast = ballot(OWN, "ana")

    def busy(*_: object) -> Any:
        raise StoreBusy("busy")

    with precinct.box() as box:
        monkeypatch.setattr(BoxStore, "writing", busy)
        with pytest.raises(Busy):
            box.cast(cast.entry, cast.sealed)
        monkeypatch.undo()
        assert box.running
        assert box.cast(cast.entry, cast.sealed)


def test_a_failed_write_stops_the_box_and_the_next_process_answers(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    precinct.opened()
    cast = ballot(OWN, "ana")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk full: secret words")

    monkeypatch.setattr(BoxTransaction, "accept", full)
    with precinct.box() as box:
        with pytest.raises(BoxStopped, match="OperationalError") as stopped:
            box.cast(cast.entry, cast.sealed)
        assert "secret" not in str(stopped.value)
        assert not box.running
        with pytest.raises(BoxStopped):
            box.cast(cast.entry, cast.sealed)
    monkeypatch.undo()
    assert precinct.restart().cast(cast)


def test_a_write_that_fails_after_it_was_done_is_answered_by_the_next_process(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is durable and its answer is lost: the box cannot know, so it promises nothing and
    stops; sent again, the ballot has its one receipt, and another of its sequence is refused."""
    precinct.opened()
    cast, other = ballot(OWN, "ana"), ballot(OWN, "ana", option="no")
    writing = BoxStore.writing

    @contextmanager
    def lost(self: BoxStore) -> Iterator[BoxTransaction]:
        with writing(self) as transaction:
            yield transaction
        raise sqlite3.OperationalError("the connection broke")

    monkeypatch.setattr(BoxStore, "writing", lost)
    with precinct.box() as box:
        with pytest.raises(BoxStopped, match="its outcome is not known"):
            box.cast(cast.entry, cast.sealed)
        assert not box.running
    monkeypatch.undo()
    precinct = precinct.restart()
    with precinct.store.reading() as transaction:
        assert transaction.pending_count() == 1
    with precinct.box() as box:
        with pytest.raises(BallotRefused) as refused:
            box.cast(other.entry, other.sealed)
        assert refused.value.code == "conflict"
        receipt = box.cast(cast.entry, cast.sealed)
        assert box.cast(cast.entry, cast.sealed) == receipt
    with precinct.store.reading() as transaction:
        assert transaction.pending_count() == 1


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_disk_that_is_full_loses_nothing_that_was_acknowledged(precinct: Precinct) -> None:
    """A real SQLITE_FULL: the database may not grow any more."""
    precinct.opened()
    before = [ballot(OWN, f"early-{number}") for number in range(3)]
    with precinct.box() as box:
        receipts = [box.cast(each.entry, each.sealed) for each in before]

    def full(connection: Any, _entry: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine = precinct.store._engine
    event.listen(engine, "connect", full)
    engine.dispose()
    acknowledged = list(zip(before, receipts, strict=True))
    tried = [ballot(OWN, f"late-{number}") for number in range(200)]

    def until_it_is_full(box: Box) -> None:
        nonlocal acknowledged
        for each in tried:
            receipt = box.cast(each.entry, each.sealed)
            acknowledged += [(each, receipt)]

    with precinct.box() as box, pytest.raises(BoxStopped, match="OperationalError"):
        until_it_is_full(box)
    precinct = precinct.restart()  # with room again
    with precinct.box() as box:
        for each, receipt in acknowledged:
            assert box.cast(each.entry, each.sealed) == receipt
        refused = tried[len(acknowledged) - len(before)]
        assert box.cast(refused.entry, refused.sealed)


def test_a_box_that_is_not_running_accepts_nothing(precinct: Precinct) -> None:
    precinct.opened()
    cast = ballot(OWN, "ana")
    box = precinct.box()
    with pytest.raises(BoxStopped):
        box.cast(cast.entry, cast.sealed)
    with box:
        assert box.cast(cast.entry, cast.sealed)
    with pytest.raises(BoxStopped):
        box.cast(cast.entry, cast.sealed)


def test_a_box_with_another_key_or_database_is_refused(precinct: Precinct, tmp_path: Path) -> None:
    with pytest.raises(BoxStopped, match="receipt key"):
        type(precinct.box())(
            manifest=OWN.manifest,
            store=precinct.store,
            receipt_key=Ed25519PrivateKey.generate(),
            clock=precinct.clock,
        )
    other = BoxStore(open_engine(precinct.address), bytes(32))
    with pytest.raises(BoxMissing, match="another election"):
        other.create()
    with pytest.raises(BoxMissing, match="no box of this election"), other.reading() as reading:
        reading.head()
    other.dispose()


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_nothing_that_stays_in_postgresql_tells_when_a_ballot_came(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    cast = [ballot(OWN, f"voter {i}") for i in range(8)]
    for each in cast:
        precinct.cast(each)
    sequencer.sequence()
    assert leaf(cast[0]) not in precinct.stored_bytes("box_pending")
    assert len(set(precinct.rows("SELECT xmin::text FROM box_pseudonym"))) == 8
    precinct.store.forget_history(closed=True)
    for table, key in (("box_pseudonym", "pseudonym"), ("box_fate", "pseudonym, sealed_hash")):
        places = precinct.rows(f"SELECT ctid FROM {table} ORDER BY {key}")  # noqa: S608
        assert places == precinct.rows(f"SELECT ctid FROM {table} ORDER BY ctid")  # noqa: S608
        assert len(set(precinct.rows(f"SELECT xmin::text FROM {table}"))) == 1  # noqa: S608
    assert precinct.cast(*cast[:3])


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_nothing_in_the_database_tells_when_a_ballot_came(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    cast = [ballot(OWN, f"voter {i}") for i in range(30)]
    precinct.cast(*cast)
    with sqlite3.connect(precinct.database) as database:
        waiting = [row[0] for row in database.execute("SELECT leaf_hash FROM box_pending")]
        assert waiting == sorted(map(leaf, cast))
        for table in ("box_pending", "box_pseudonym", "box_fate"):
            with pytest.raises(sqlite3.OperationalError, match="no such column"):
                database.execute(f"SELECT rowid FROM {table}")  # noqa: S608
        columns = {
            row[1]
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for row in database.execute(f"PRAGMA table_info({table})")
        }
    database.close()
    assert columns == {
        *("election", "size", "root", "closed", "signed_size", "checkpoint"),
        *("leaf_hash", "entry", "sealed", "position", "level", "number", "hashes"),
        *("pseudonym", "style", "sequence", "sealed_hash", "tested", "version_num"),
    }
    sequencer.sequence()
    history = precinct.database.with_name(precinct.database.name + "-wal")
    assert not history.exists() or history.stat().st_size == 0
    with sqlite3.connect(precinct.database) as database:
        assert database.execute("SELECT count(*) FROM box_pending").fetchone() == (0,)
    database.close()
