"""Opening and closing the vote: acts that need the officers and, at the close, the issuers."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.ed25519 import verify
from audit.errors import AuditError
from audit.label import unb64
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.officers import OfficerSignature
from audit.record import (
    CloseEntry,
    EntryInvalid,
    Issued,
    OpenEntry,
    close_message,
    issued_message,
    open_message,
)
from audit.shape import integer, mapping, members
from audit.succession import Succession
from ballot.durable import keep_file, make_folder
from ballot.lifecycle import Event, require
from ballot.sequencer import Sequencer
from tally import canonical
from tally.frozen import FrozenMap
from web.clock import Clock
from web.errors import UsageError
from web.office.folder import ElectionFolder
from web.office.officers import Signer, approve
from web.office.parts import local_issuers, open_registrar


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What became of an act: the log entry it left, or nothing yet, and who has signed."""

    entry: bytes | None
    signed: tuple[OfficerSignature, ...]


def open_vote(
    folder: ElectionFolder,
    manifest: Manifest,
    sequencer: Sequencer,
    signers: Sequence[Signer],
    succeeds: Succession | None = None,
) -> Act:
    """Sign the opening; with enough signatures begin the log, in the place of one that was lost
    where it ``succeeds`` one. Again gives the same entry.

    Raises OutOfOrder outside the dates, before anybody has signed.
    """
    facts = sequencer.facts()
    if not facts.open_entry:
        require(Event.OPEN, facts)
    message = open_message(manifest.hash, succeeds)
    signatures = approve(folder.approvals, "open", message, manifest.officers, signers)
    if not signatures:
        return Act(entry=None, signed=())
    entry = OpenEntry(election=manifest.hash, officers=signatures, succeeds=succeeds)
    return Act(entry=sequencer.open_log(entry.to_bytes()), signed=signatures)


def stop_issuing(folder: ElectionFolder, issuer: str, manifest: Manifest, clock: Clock) -> Issued:
    """Stop an issuer for good and write its signed counts into ``issued/``, for the close."""
    statement = open_registrar(folder, issuer, manifest).stop(now=clock())
    issued = Issued(
        issuer=statement.issuer,
        counts=FrozenMap(sorted(statement.counts.items())),
        signature=statement.signature,
    )
    make_folder(folder.issued)
    keep_file(folder.issued / f"{issuer}.json", canonical.encode(issued.to_value()))
    return issued


def read_issued(folder: ElectionFolder, manifest: Manifest) -> tuple[Issued, ...]:
    """The issuers' signed counts in ``issued/``, verified, in the manifest's order.

    Raises, naming the issuer, Refused when its file is missing, UsageError when it does not hold.
    """
    found = []
    for issuer in manifest.issuers:
        path = folder.issued / f"{issuer.id}.json"
        data = folder.require(path, f"stop the issuer: scrutin registrar stop --issuer {issuer.id}")
        try:
            value = canonical.parse(data, limit=1_000_000)
            read = members(value, "issued", ("issuer", "counts", "signature"), EntryInvalid)
            counts = {
                style: integer(count, f"counts.{style}", EntryInvalid)
                for style, count in mapping(read["counts"], "counts", EntryInvalid).items()
            }
            if read["issuer"] != issuer.id:
                raise EntryInvalid(f"issuer: not {issuer.id!r}")
            signature = unb64(read["signature"], "signature", size=64)
            verify(issuer.key, signature, issued_message(manifest.hash, issuer.id, counts))
        except (canonical.CanonicalError, AuditError) as error:
            raise UsageError(f"{path}: {error}") from None
        found.append(
            Issued(issuer=issuer.id, counts=FrozenMap(sorted(counts.items())), signature=signature)
        )
    return tuple(found)


def close_vote(
    folder: ElectionFolder,
    manifest: Manifest,
    sequencer: Sequencer,
    signers: Sequence[Signer],
    clock: Clock,
) -> Act:
    """Stop the issuers whose keys lie here, sign the close, and with enough signatures end the log.

    Again gives the entry that closed. Raises OutOfOrder before the close, Refused when an
    issuer's counts are missing.
    """
    facts = sequencer.facts()
    if not facts.close_entry:
        require(Event.CLOSE, facts)
    for issuer in local_issuers(folder):
        if not (folder.issued / f"{issuer}.json").exists():
            stop_issuing(folder, issuer, manifest, clock)
    issued = read_issued(folder, manifest)
    message = close_message(manifest.hash, issued)
    signatures = approve(folder.approvals, "close", message, manifest.officers, signers)
    if not signatures:
        return Act(entry=None, signed=())
    entry = CloseEntry(election=manifest.hash, issued=issued, officers=signatures)
    return Act(entry=sequencer.close_log(entry.to_bytes()), signed=signatures)


def entry_fingerprint(entry: bytes) -> str:
    """The leaf hash of a log entry, hexadecimal."""
    return leaf_hash(entry).hex()
