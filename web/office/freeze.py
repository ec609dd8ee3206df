"""Freezing: the definition and every public key become the manifest, and the officers sign it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.manifest import (
    BoxKeys,
    Issuer,
    Manifest,
    RollCommitment,
    manifest_message,
    manifest_signatures,
    verify_manifest,
)
from audit.officers import Officers, OfficerSignature
from ballot.durable import keep_file
from ballot.issuer import read_issuer
from ballot.lifecycle import Event, Facts, require
from ballot.roll import RollTree, freeze_roll
from ballot.store.registrar import RegistrarStore
from ballot.trustee import conclude_ceremony
from tally.election import Election
from tally.frozen import FrozenMap
from web.client_modules import client_hash
from web.clock import read_time
from web.errors import Refused, UsageError
from web.office.boxkeys import read_box
from web.office.folder import ElectionFolder
from web.office.officers import Signer, approve, read_officers
from web.office.parts import issuer_keys, registrar_store
from web.office.policy import check_policy

OFFICERS_NEEDED = 2
MAXIMUM_SEQUENCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeOptions:
    """What the officers decide beside the definition."""

    batch_seconds: int = 60
    batch_minimum: int = 20
    maximum_sequence: int = MAXIMUM_SEQUENCE
    witness_policy: str = ""
    officers_needed: int = OFFICERS_NEEDED


def load_manifest(folder: ElectionFolder) -> Manifest:
    """The frozen manifest, its officers' signatures verified. Raises Refused when not frozen,
    AuditError when it does not hold."""
    remedy = "freeze the election first: scrutin freeze"
    manifest = Manifest.parse(folder.require(folder.manifest, remedy))
    verify_manifest(manifest, folder.require(folder.manifest_signatures, remedy))
    return manifest


def assemble(
    folder: ElectionFolder, election: Election, options: FreezeOptions, roll: RollCommitment
) -> Manifest:
    """The manifest of what lies in the folder. The same folder gives the same bytes, so that each
    officer's machine can make it anew. Raises Refused, UsageError, AuditError, BallotError."""
    issuers = []
    for path in sorted(folder.issuers.glob("*/issuer.json")):
        public = read_issuer(path.read_bytes(), election=election.id)
        if set(public.styles) != {style.id for style in election.styles}:
            raise UsageError(f"{path}: has keys for other styles than election.toml; make it anew")
        issuers.append(
            Issuer(
                id=public.issuer,
                key=public.key,
                styles=FrozenMap(sorted(public.styles.items())),
            )
        )
    if not issuers:
        raise Refused(f"{folder.issuers}: no issuer; run scrutin registrar new")
    officers = read_officers(folder.officers, election.id)
    if len(officers) < options.officers_needed:
        raise Refused(
            f"{folder.officers}: {len(officers)} officers, {options.officers_needed} must sign; "
            "run scrutin officer new for each"
        )
    box = read_box(folder.box / "box.json", election.id)
    check_policy(options.witness_policy, box.log_key)
    return Manifest(
        election=election,
        officers=Officers(threshold=options.officers_needed, keys=tuple(officers)),
        issuers=tuple(issuers),
        box=BoxKeys(
            origin=box.origin,
            log_key=box.log_key,
            receipt_key=box.receipt_key,
            batch_seconds=options.batch_seconds,
            batch_minimum=options.batch_minimum,
        ),
        witness_policy=options.witness_policy,
        trustees=conclude_ceremony(folder.ceremony),
        roll=roll,
        maximum_sequence=options.maximum_sequence,
        client=client_hash(),
    )


def roll_commitment(store: RegistrarStore, roll_key: bytes) -> RollCommitment:
    """What the manifest says of the roll in an issuer's database."""
    tree = RollTree(store.styles_by_person(), roll_key)
    return RollCommitment(root=tree.root, counts=FrozenMap(sorted(store.roll_counts().items())))


def freeze(
    folder: ElectionFolder, manifest: Manifest, signers: Sequence[Signer], now: datetime
) -> tuple[OfficerSignature, ...]:
    """Sign the manifest; with enough signatures write it for good.

    Gives the signatures when frozen, nothing while more are needed. Done already for the same
    manifest: gives what is there. Raises Refused when another manifest was frozen here, OutOfOrder
    when the vote should have opened already.
    """
    if folder.manifest.exists():
        if folder.manifest.read_bytes() != manifest.encoded:
            raise Refused(
                f"{folder.manifest}: was frozen with other rules or keys. Put the definition back "
                "(scrutin check names what differs), or make a new election in a new folder"
            )
        if folder.manifest_signatures.exists():
            return verify_manifest(manifest, folder.manifest_signatures.read_bytes())
    election = manifest.election
    require(
        Event.FREEZE,
        Facts(now=now, opens=read_time(election.opens), closes=read_time(election.closes)),
    )
    message = manifest_message(manifest.hash)
    signatures = approve(folder.approvals, "freeze", message, manifest.officers, signers)
    if signatures:
        keep_file(folder.manifest, manifest.encoded)
        keep_file(folder.manifest_signatures, manifest_signatures(manifest, signatures))
    return signatures


def freeze_rolls(folder: ElectionFolder, manifest: Manifest, issuers: Sequence[str]) -> None:
    """Make the rolls of these issuers final for this manifest. Raises RollDiffers when one is not
    the roll that the manifest commits to."""
    election = manifest.election
    for issuer in issuers:
        freeze_roll(
            registrar_store(folder, issuer, election),
            election=manifest.hash,
            styles=[style.id for style in election.styles],
            counts=manifest.roll.counts,
            root=manifest.roll.root,
            key=issuer_keys(folder, issuer, election).roll_key,
        )
