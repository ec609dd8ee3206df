"""Receipts: signed promises that can be checked, and shown when they were broken."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.capture import read_capture
from audit.errors import AuditError
from audit.label import b64
from audit.merkle import leaf_hash, node_reader
from audit.proof import ProofFile
from audit.receipt import (
    PromiseBroken,
    ReceiptInvalid,
    check_promise,
    make_receipt,
    make_test_receipt,
    read_receipt,
    read_test_receipt,
    receipt_due,
    spell_time,
    verify_proof,
)
from tally import canonical
from tests.audit.forger import Memory, published, relog
from tests.town import clerk, town

TOWN = town()
CLERK = TOWN.clerk
MANIFEST = TOWN.manifest
BALLOT = TOWN.ballots["gil"][0]
LEAF = leaf_hash(BALLOT.entry)
RECEIPT = make_receipt(MANIFEST, CLERK.receipt_key, LEAF)


def test_the_same_ballot_gets_the_same_receipt_for_one_date() -> None:
    assert make_receipt(MANIFEST, CLERK.receipt_key, LEAF) == RECEIPT
    receipt = read_receipt(RECEIPT, MANIFEST, leaf_hash=LEAF)
    assert receipt.leaf_hash == LEAF
    assert receipt.due == receipt_due(MANIFEST) == datetime(2026, 10, 20, 18, tzinfo=UTC)
    assert spell_time(receipt.due) == "2026-10-20T18:00:00Z"
    with pytest.raises(ReceiptInvalid, match="for another ballot"):
        read_receipt(RECEIPT, MANIFEST, leaf_hash=bytes(32))


def changed(data: bytes, **fields: canonical.Value) -> bytes:
    value: dict[str, canonical.Value] = dict(canonical.parse(data))  # type: ignore[arg-type]
    value.update(fields)
    return canonical.encode({key: each for key, each in value.items() if each is not None})


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "not JSON"),
        (RECEIPT + b"\n", "not the canonical spelling"),
        (changed(RECEIPT, type="test-receipt"), "another type"),
        (changed(RECEIPT, more=1), "unknown field 'more'"),
        (changed(RECEIPT, due=None), "'due' is missing"),
        (changed(RECEIPT, due=5), "due: not a text"),
        (changed(RECEIPT, election=b64(bytes(32))), "another election"),
        (changed(RECEIPT, leaf_hash=b64(bytes(32))), "not signed by the box"),
        (changed(RECEIPT, leaf_hash="AAAA"), "leaf_hash: 3 bytes"),
        (changed(RECEIPT, due="2026-10-21T18:00:00Z"), "not signed by the box"),
        (changed(RECEIPT, signature=b64(bytes(64))), "not signed by the box"),
        (make_receipt(MANIFEST, CLERK.officer("Aïcha Officer"), LEAF), "not signed by the box"),
        (make_receipt(clerk(roll=41).manifest, CLERK.receipt_key, LEAF), "another election"),
    ],
)
def test_what_is_no_receipt_of_this_box_is_refused(data: bytes, named: str) -> None:
    with pytest.raises(AuditError) as caught:
        read_receipt(data, MANIFEST)
    assert named in str(caught.value)


def test_a_receipt_with_another_date_is_refused_even_when_signed() -> None:
    from audit.label import labelled

    due = "2027-10-20T18:00:00Z"
    message = labelled("receipt", MANIFEST.hash, LEAF, due.encode())
    data = changed(RECEIPT, due=due, signature=b64(CLERK.receipt_key.sign(message)))
    with pytest.raises(ReceiptInvalid, match="not 24 hours after the close"):
        read_receipt(data, MANIFEST)


def test_a_test_receipt_is_for_one_sealed_ballot_of_one_pseudonym() -> None:
    header = BALLOT.header
    data = make_test_receipt(MANIFEST, CLERK.receipt_key, header.pseudonym, header.sealed_hash)
    read_test_receipt(data, MANIFEST, header)
    other = TOWN.ballots["fay"][0].header
    with pytest.raises(ReceiptInvalid, match="another ballot"):
        read_test_receipt(data, MANIFEST, other)
    stolen = make_test_receipt(MANIFEST, CLERK.receipt_key, other.pseudonym, header.sealed_hash)
    with pytest.raises(ReceiptInvalid, match="not signed by the box"):
        read_test_receipt(stolen, MANIFEST, header)
    with pytest.raises(ReceiptInvalid):
        read_test_receipt(RECEIPT, MANIFEST, header)


def proof_of(entry: bytes, entries: tuple[bytes, ...] = TOWN.entries) -> bytes:
    return ProofFile.build(
        index=entries.index(entry),
        size=len(entries),
        node=node_reader([leaf_hash(each) for each in entries]),
        note=CLERK.checkpoint(entries),
    ).encode()


def test_a_proof_file_shows_the_receipts_ballot() -> None:
    receipt = read_receipt(RECEIPT, MANIFEST)
    opened = verify_proof(MANIFEST, receipt, proof_of(BALLOT.entry))
    assert opened.checkpoint.size == 13
    with pytest.raises(AuditError, match="does not lead from entry"):
        verify_proof(MANIFEST, receipt, proof_of(TOWN.ballots["fay"][0].entry))
    other = town("another")
    with pytest.raises(AuditError, match="not signed by any known key"):
        verify_proof(other.manifest, receipt, proof_of(BALLOT.entry))
    with pytest.raises(AuditError, match="proof"):
        verify_proof(MANIFEST, receipt, b"")


def test_a_proof_needs_the_witnesses_that_the_manifest_asks_for() -> None:
    from dataclasses import replace

    from audit.note import COSIGNATURE, VerifierKey

    public = clerk("other").receipt_key.public_key().public_bytes_raw()
    witness = VerifierKey(name="w.example", kind=COSIGNATURE, public=public)
    strict = replace(MANIFEST, witness_policy=f"witness w {witness}\nquorum w\n")
    receipt = read_receipt(RECEIPT, MANIFEST)
    with pytest.raises(AuditError, match="quorum"):
        verify_proof(strict, receipt, proof_of(BALLOT.entry))


def test_a_broken_promise_is_evidence() -> None:
    receipt = read_receipt(RECEIPT, MANIFEST)
    before, after = receipt.due, receipt.due + timedelta(seconds=1)
    kept = read_capture(Memory(published()))
    check_promise(receipt, kept.leaves, final=kept.final, now=after)
    without = [each for each in TOWN.entries if each != BALLOT.entry]
    running = {leaf_hash(each) for each in without[:-1]}
    check_promise(receipt, running, final=False, now=before)
    with pytest.raises(PromiseBroken, match=f"ballot {b64(LEAF)}: the box promised"):
        check_promise(receipt, running, final=False, now=after)
    # a closed log can never take it in any more, whatever the time
    broken = read_capture(Memory(relog(TOWN, without)))
    with pytest.raises(PromiseBroken, match="not in the log"):
        check_promise(receipt, broken.leaves, final=broken.final, now=before)
