"""A resident's receipt: the box's signed promise that a ballot will stand in the log.

It shows no choice. Whoever holds one can check three things: that the box signed it; with a proof
file, that the ballot stands in a log that the box signed; and after ``due`` against the final log,
that the promise was kept. A promise that was not kept is evidence to be shown to anybody.
Source: docs/formats.md sections 4 and 11.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import SignedCheckpoint, open_checkpoint
from audit.ed25519 import SIGNATURE_SIZE, SignatureInvalid, verify
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.manifest import Manifest
from audit.merkle import HASH_SIZE, verify_inclusion
from audit.proof import ProofFile
from audit.record import Header
from audit.shape import members, words
from tally import canonical

GRACE = timedelta(hours=24)
"""How long after the close the box may take to bring the last ballot into the log."""

LARGEST_RECEIPT = 4_096


class ReceiptInvalid(AuditError):
    """A receipt that proves nothing: of another form, election or ballot, or not signed."""


class PromiseBroken(AuditError):
    """The box signed that a ballot would be in the log by now, and it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A promise whose signature verified: the entry with this hash is in the log by ``due``."""

    leaf_hash: bytes
    due: datetime


def spell_time(time: datetime) -> str:
    """``time`` (with its zone) as RFC 3339 in UTC with whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def receipt_due(manifest: Manifest) -> datetime:
    """By when every ballot of this election is in the log: 24 hours after the close."""
    return datetime.fromisoformat(manifest.election.closes) + GRACE


def _promise(election: bytes, leaf_hash: bytes, due: str) -> bytes:
    return labelled("receipt", election, leaf_hash, due.encode())


def _test_promise(election: bytes, pseudonym: bytes, sealed_hash: bytes) -> bytes:
    return labelled("test-receipt", election, pseudonym, sealed_hash)


def make_receipt(manifest: Manifest, private: Ed25519PrivateKey, leaf_hash: bytes) -> bytes:
    """The box's receipt; ``private`` is its receipt key. One ballot, one receipt."""
    due = spell_time(receipt_due(manifest))
    return canonical.encode(
        {
            "type": "receipt",
            "election": b64(manifest.hash),
            "leaf_hash": b64(leaf_hash),
            "due": due,
            "signature": b64(private.sign(_promise(manifest.hash, leaf_hash, due))),
        }
    )


def make_test_receipt(
    manifest: Manifest, private: Ed25519PrivateKey, pseudonym: bytes, sealed_hash: bytes
) -> bytes:
    """The box's promise that a ballot given up for a test will never be in the log."""
    return canonical.encode(
        {
            "type": "test-receipt",
            "election": b64(manifest.hash),
            "sealed_hash": b64(sealed_hash),
            "signature": b64(private.sign(_test_promise(manifest.hash, pseudonym, sealed_hash))),
        }
    )


def _read(data: bytes, kind: str, names: tuple[str, ...], manifest: Manifest) -> dict[str, object]:
    try:
        value = canonical.parse(data, limit=LARGEST_RECEIPT)
    except canonical.CanonicalError as error:
        raise ReceiptInvalid(f"{kind}: {error}") from None
    read = members(value, kind, ("type", "election", *names, "signature"), ReceiptInvalid)
    if read["type"] != kind:
        raise ReceiptInvalid(f"{kind}: another type")
    if unb64(read["election"], f"{kind}: election") != manifest.hash:
        raise ReceiptInvalid(f"{kind}: is for another election")
    return dict(read)


def _verify(manifest: Manifest, read: dict[str, object], kind: str, promise: bytes) -> None:
    signature = unb64(read["signature"], f"{kind}: signature", size=SIGNATURE_SIZE)
    try:
        verify(manifest.box.receipt_key, signature, promise)
    except SignatureInvalid as error:
        raise ReceiptInvalid(f"{kind}: not signed by the box of this election ({error})") from None


def read_receipt(data: bytes, manifest: Manifest, *, leaf_hash: bytes | None = None) -> Receipt:
    """The receipt in a file, verified. With ``leaf_hash`` it must be for that ballot.

    Raises ReceiptInvalid, or BinaryInvalid naming the field.
    """
    read = _read(data, "receipt", ("leaf_hash", "due"), manifest)
    found = unb64(read["leaf_hash"], "receipt: leaf_hash", size=HASH_SIZE)
    due = words(read["due"], "receipt: due", ReceiptInvalid)
    _verify(manifest, read, "receipt", _promise(manifest.hash, found, due))
    if due != spell_time(receipt_due(manifest)):
        raise ReceiptInvalid(f"receipt: due {due} is not 24 hours after the close")
    if leaf_hash is not None and found != leaf_hash:
        raise ReceiptInvalid("receipt: is for another ballot")
    return Receipt(leaf_hash=found, due=receipt_due(manifest))


def read_test_receipt(data: bytes, manifest: Manifest, header: Header) -> None:
    """Raise ReceiptInvalid unless ``data`` promises that the ballot with this header will never be
    in the log."""
    read = _read(data, "test-receipt", ("sealed_hash",), manifest)
    if unb64(read["sealed_hash"], "test-receipt: sealed_hash") != header.sealed_hash:
        raise ReceiptInvalid("test-receipt: is for another ballot")
    promise = _test_promise(manifest.hash, header.pseudonym, header.sealed_hash)
    _verify(manifest, read, "test-receipt", promise)


def verify_proof(manifest: Manifest, receipt: Receipt, proof: bytes) -> SignedCheckpoint:
    """Raise unless a proof file shows that the receipt's ballot stands in a log that the box of
    this election signed (and, where the manifest asks for witnesses, enough of them saw)."""
    read = ProofFile.parse(proof)
    origin, key, policy = manifest.box.origin, manifest.box.verifier_key, manifest.policy
    if policy is None:
        opened = open_checkpoint(read.note, origin, key)
    else:
        opened = policy.open_checkpoint(read.note, origin, key)
    checkpoint = opened.checkpoint
    verify_inclusion(read.index, checkpoint.size, receipt.leaf_hash, read.path, checkpoint.root)
    return opened


def check_promise(
    receipt: Receipt, leaves: Collection[bytes], *, final: bool, now: datetime
) -> None:
    """Raise PromiseBroken when the receipt's ballot is not among ``leaves``, the leaf hashes of the
    log, although the log is ``final`` or the receipt was due before ``now``."""
    if receipt.leaf_hash in leaves:
        return
    if final or now > receipt.due:
        raise PromiseBroken(
            f"ballot {b64(receipt.leaf_hash)}: the box promised it for {spell_time(receipt.due)}, "
            "and it is not in the log. Receipt and log together prove this to anybody: show them "
            "to the officers and to the observers"
        )
