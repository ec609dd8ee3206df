"""After the close: open the box with the trustees' shares, and collect the sealed bytes.

Each step can be repeated: what it left before is compared and kept, never made anew.
``opening.json`` is the event: from then on everybody can open every counted ballot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from audit.admission import Admitted, CountedBallot
from audit.checkpoint import Checkpoint, open_checkpoint
from audit.derive import open_final_checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.message import Message
from audit.opening import check_opening, opening_file, recover_opening
from audit.policy import QuorumMissing
from audit.record import sealed_hash
from ballot.durable import keep_file, make_folder
from ballot.errors import BallotError
from ballot.intake import sealed_lengths
from ballot.lifecycle import Event, Facts, moment, require
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import Head


class OpeningInvalid(BallotError):
    """An ``opening.json`` is there that does not open this election's box."""


class SealedMissing(BallotError):
    """The database lacks the sealed bytes of a ballot that counts."""


class NotSigned(BallotError):
    """The log is closed, but its last checkpoint is not signed yet."""


class NotWitnessed(BallotError):
    """The log is closed, but too few of the witnesses that the rules ask for have seen its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The box is open: ``document`` are the bytes of ``opening.json``, ``private_key`` (32 bytes)
    opens the ballots, ``refused`` says which releases were set aside now, and why."""

    document: bytes
    private_key: bytes = field(repr=False)
    refused: tuple[str, ...] = ()


def closing_checkpoint(manifest: Manifest, store: BoxStore, *, now: datetime) -> bytes:
    """The signed checkpoint that covers the close entry: what trustees release their shares for.

    Raises OutOfOrder while the vote is not closed, NotSigned when the sequencer has to be started
    once more to sign it, NotWitnessed while too few of the policy's witnesses have cosigned it.
    """
    with store.reading() as transaction:
        head = transaction.head()
    facts = Facts(
        now=now,
        opens=moment(manifest.election.opens),
        closes=moment(manifest.election.closes),
        frozen=True,
        open_entry=head.size > 0,
        close_entry=head.closed,
    )
    require(Event.OPEN_BOX, facts)
    note = _signed(head).checkpoint
    try:
        open_final_checkpoint(manifest, note)
    except QuorumMissing as error:
        raise NotWitnessed(f"the log's end: {error}. Ask them: scrutin cosign") from None
    return note


def _signed(head: Head) -> Head:
    if not head.closed or head.signed_size < head.size:
        raise NotSigned(
            "log: not closed, or its last checkpoint is not signed yet; start the sequencer again"
        )
    return head


def open_box(
    manifest: Manifest,
    store: BoxStore,
    path: Path,
    releases: Iterable[bytes | Message],
    *,
    now: datetime,
) -> Opened:
    """Combine the trustees' releases and keep ``opening.json`` at ``path``.

    When it is there already, it is verified and stands, whatever releases are given now. Raises
    OutOfOrder before the close, SharesMissing for too few good releases, naming whose are missing.
    """
    note = closing_checkpoint(manifest, store, now=now)
    key = manifest.box.verifier_key
    checkpoint = open_checkpoint(note, key.name, key).checkpoint
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        pass
    else:
        return _opened(manifest, present, checkpoint, path)
    recovery = recover_opening(manifest, releases, checkpoint)
    document = opening_file(manifest, recovery)
    opened = _opened(manifest, document, checkpoint, path)
    make_folder(path.parent)
    keep_file(path, document)
    return Opened(
        document=opened.document, private_key=opened.private_key, refused=recovery.refused
    )


def _opened(manifest: Manifest, document: bytes, checkpoint: Checkpoint, path: Path) -> Opened:
    try:
        opening = check_opening(manifest, document, checkpoint)
    except AuditError as error:
        raise OpeningInvalid(
            f"{path}: {error}. Move the file away and open the box again"
        ) from None
    return Opened(document=document, private_key=opening.private_key)


def collect_sealed(
    manifest: Manifest, store: BoxStore, counted: Mapping[str, Iterable[CountedBallot]]
) -> dict[str, bytes]:
    """The files ``sealed/<style>.bin`` by style: the sealed bytes of the ballots that count, in log
    order. ``counted`` is what ``audit.admission.admit`` says of the closed log.

    Raises NotSigned before the log is complete, SealedMissing when a ballot's bytes are not the
    ones its header names.
    """
    lengths = sealed_lengths(manifest)
    files: dict[str, bytes] = {}
    with store.reading() as transaction:
        _signed(transaction.head())
        for style, ballots in counted.items():
            ordered = sorted(ballots, key=lambda ballot: ballot.position)
            found = transaction.sealed(ballot.leaf_hash for ballot in ordered)
            for ballot in ordered:
                sealed = found.get(ballot.leaf_hash, b"")
                if len(sealed) != lengths[style] or sealed_hash(sealed) != ballot.sealed_hash:
                    raise SealedMissing(
                        f"entry {ballot.position}: the database lacks its sealed bytes or holds "
                        "others; bring back its newest copy"
                    )
            files[style] = b"".join(found[ballot.leaf_hash] for ballot in ordered)
    return files


def log_entries(store: BoxStore) -> list[bytes]:
    """All entries of the closed log in order. Raises NotSigned before it is complete."""
    with store.reading() as transaction:
        head = _signed(transaction.head())
        return [entry for _, entry in transaction.entries(0, head.size)]


def forget_superseded(store: BoxStore, admitted: Admitted) -> None:
    """Erase the sealed bytes of ballots that a later one replaced.

    They stay hashes for good: when the election key is public, nobody shall see how somebody
    changed their mind. Can be repeated.
    """
    counted = {ballot.leaf_hash for ballots in admitted.counted.values() for ballot in ballots}
    with store.writing() as transaction:
        _signed(transaction.head())
        transaction.keep_sealed(counted)
    store.forget_history(closed=True)
