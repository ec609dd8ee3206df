"""The manifest: an election's rules and every public key of it, signed by its officers.

``E``, the SHA-256 of the canonical manifest, stands in everything that is signed afterwards, so
nothing of one election can be used in another. Source: docs/formats.md section 3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from audit.credential import load_issuer_key
from audit.ed25519 import PUBLIC_KEY_SIZE, SignatureInvalid, check_public_key
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.merkle import HASH_SIZE
from audit.note import ED25519, VerifierKey
from audit.officers import (
    Officers,
    OfficerSignature,
    SignaturesMissing,
    read_officers,
    read_signatures,
)
from audit.policy import Policy
from audit.record import LARGEST_SEQUENCE, MOST_ISSUERS
from audit.shape import integer, items, mapping, members, words
from audit.trustees import TrusteeKeys, read_trustee_keys
from tally import canonical
from tally.canonical import CanonicalError
from tally.count import check
from tally.election import Election
from tally.errors import TallyError
from tally.frozen import FrozenMap
from tally.text import IDENTIFIER

LARGEST_MANIFEST = 16_000_000
LARGEST_SIGNATURES = 1_000_000

_FIELDS = (
    "type", "version", "definition", "officers", "issuers", "box", "witness_policy", "trustees",
    "roll", "maximum_sequence", "client",
)  # fmt: skip
_SIGNATURES = "manifest-signatures"


class ManifestInvalid(AuditError):
    """A manifest that contradicts itself or the format; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A registrar: ``key`` (Ed25519, 32 bytes) signs its counts, ``styles`` maps each style to the
    DER of the RSA key that its credentials are verified with."""

    id: str
    key: bytes
    styles: FrozenMap[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxKeys:
    """The ballot box: ``origin`` names its log, ``log_key`` is a verifier key text of kind 0x01,
    ``receipt_key`` Ed25519. Batches: every ``batch_seconds``, of ``batch_minimum`` at least."""

    origin: str
    log_key: str
    receipt_key: bytes
    batch_seconds: int
    batch_minimum: int

    @property
    def verifier_key(self) -> VerifierKey:
        """The log's public key."""
        return VerifierKey.parse(self.log_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCommitment:
    """What is fixed of the roll: the root of its tree (32 bytes) and persons per style."""

    root: bytes
    counts: FrozenMap[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest without contradictions. ``hash`` is E, ``encoded`` the canonical bytes.

    The constructor checks everything but the officers' signatures: ``verify_manifest``.
    """

    election: Election
    officers: Officers
    issuers: tuple[Issuer, ...]
    box: BoxKeys
    witness_policy: str
    trustees: TrusteeKeys
    roll: RollCommitment
    maximum_sequence: int
    client: bytes | None
    encoded: bytes = field(init=False, repr=False)
    hash: bytes = field(init=False)

    def __post_init__(self) -> None:
        _check(self)
        try:
            encoded = canonical.encode(self.to_value())
        except CanonicalError as error:
            raise ManifestInvalid(f"manifest: {error}") from None
        object.__setattr__(self, "encoded", encoded)
        object.__setattr__(self, "hash", sha256(encoded).digest())

    @property
    def policy(self) -> Policy | None:
        """Which witnesses must have cosigned a checkpoint; None when none are asked for."""
        return Policy.parse(self.witness_policy) if self.witness_policy else None

    def issuer(self, issuer_id: str) -> Issuer:
        """The issuer with this id. Raises ManifestInvalid when there is none."""
        for issuer in self.issuers:
            if issuer.id == issuer_id:
                return issuer
        raise ManifestInvalid(f"issuers: there is no {issuer_id!r}")

    def to_value(self) -> dict[str, canonical.Value]:
        """The object of docs/formats.md section 3."""
        return {
            "type": "manifest",
            "version": 1,
            "definition": self.election.to_value(),
            "officers": {
                "threshold": self.officers.threshold,
                "keys": [{"name": each.name, "key": b64(each.key)} for each in self.officers.keys],
            },
            "issuers": [
                {
                    "id": each.id,
                    "key": b64(each.key),
                    "styles": {style: b64(der) for style, der in each.styles.items()},
                }
                for each in self.issuers
            ],
            "box": {
                "origin": self.box.origin,
                "log_key": self.box.log_key,
                "receipt_key": b64(self.box.receipt_key),
                "batch_seconds": self.box.batch_seconds,
                "batch_minimum": self.box.batch_minimum,
            },
            "witness_policy": self.witness_policy,
            "trustees": self.trustees.value(),
            "roll": {"root": b64(self.roll.root), "counts": dict(self.roll.counts)},
            "maximum_sequence": self.maximum_sequence,
            "client": {"sha256": None if self.client is None else b64(self.client)},
        }

    @classmethod
    def from_value(cls, value: object) -> "Manifest":
        """The manifest in an object. Raises AuditError naming the field."""
        read = members(value, "manifest", _FIELDS, ManifestInvalid)
        if read["type"] != "manifest" or read["version"] != 1 or read["version"] is True:
            raise ManifestInvalid("manifest: not a manifest of version 1")
        try:
            election = Election.from_value(read["definition"])
        except TallyError as error:
            raise ManifestInvalid(f"definition: {error}") from None
        policy = read["witness_policy"]
        if not isinstance(policy, str):
            raise ManifestInvalid("witness_policy: not a text")
        client = members(read["client"], "client", ("sha256",), ManifestInvalid)["sha256"]
        roll = members(read["roll"], "roll", ("root", "counts"), ManifestInvalid)
        counts = mapping(roll["counts"], "roll.counts", ManifestInvalid)
        return cls(
            election=election,
            officers=read_officers(read["officers"], ManifestInvalid),
            issuers=tuple(
                _read_issuer(each, f"issuers[{position}]")
                for position, each in enumerate(
                    items(read["issuers"], "issuers", ManifestInvalid, most=MOST_ISSUERS)
                )
            ),
            box=_read_box(read["box"]),
            witness_policy=policy,
            trustees=read_trustee_keys(read["trustees"]),  # type: ignore[arg-type]
            roll=RollCommitment(
                root=unb64(roll["root"], "roll.root", size=HASH_SIZE),
                counts=FrozenMap(
                    (style, integer(count, f"roll.counts.{style}", ManifestInvalid))
                    for style, count in sorted(counts.items())
                ),
            ),
            maximum_sequence=integer(
                read["maximum_sequence"],
                "maximum_sequence",
                ManifestInvalid,
                least=1,
                most=LARGEST_SEQUENCE,
            ),
            client=None if client is None else unb64(client, "client.sha256", size=HASH_SIZE),
        )

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """The manifest in the bytes of ``manifest.json``. Raises AuditError.

        Canonical, and with nothing left out that has a default: E must be the hash of the only
        spelling of these rules.
        """
        try:
            value = canonical.parse(data, limit=LARGEST_MANIFEST)
        except CanonicalError as error:
            raise ManifestInvalid(f"manifest: {error}") from None
        manifest = cls.from_value(value)
        if manifest.encoded != data:
            raise ManifestInvalid("manifest: leaves something out that must be written in full")
        return manifest


def _read_issuer(value: object, where: str) -> Issuer:
    read = members(value, where, ("id", "key", "styles"), ManifestInvalid)
    styles = mapping(read["styles"], f"{where}.styles", ManifestInvalid)
    return Issuer(
        id=words(read["id"], f"{where}.id", ManifestInvalid),
        key=unb64(read["key"], f"{where}.key", size=PUBLIC_KEY_SIZE),
        styles=FrozenMap(
            (style, unb64(der, f"{where}.styles.{style}")) for style, der in sorted(styles.items())
        ),
    )


def _read_box(value: object) -> BoxKeys:
    names = ("origin", "log_key", "receipt_key", "batch_seconds", "batch_minimum")
    read = members(value, "box", names, ManifestInvalid)
    return BoxKeys(
        origin=words(read["origin"], "box.origin", ManifestInvalid),
        log_key=words(read["log_key"], "box.log_key", ManifestInvalid),
        receipt_key=unb64(read["receipt_key"], "box.receipt_key", size=PUBLIC_KEY_SIZE),
        batch_seconds=integer(
            read["batch_seconds"], "box.batch_seconds", ManifestInvalid, least=1, most=86_400
        ),
        batch_minimum=integer(
            read["batch_minimum"], "box.batch_minimum", ManifestInvalid, least=1, most=1_000_000
        ),
    )


def _check(manifest: Manifest) -> None:
    """Raise unless the parts fit together; the trustees' part checks itself."""
    if faults := check(manifest.election):
        raise ManifestInvalid("definition: " + "; ".join(str(fault) for fault in faults))
    officers = manifest.officers
    if not 1 <= officers.threshold <= len(officers.keys):
        raise ManifestInvalid(
            f"officers: threshold {officers.threshold} of {len(officers.keys)} officers"
        )
    _check_different("officers", [officer.name for officer in officers.keys])
    if not manifest.issuers:
        raise ManifestInvalid("issuers: none; at least one must give out credentials")
    _check_different("issuers", [issuer.id for issuer in manifest.issuers])
    styles = {style.id for style in manifest.election.styles}
    _check_styles("roll.counts", manifest.roll.counts, styles)
    for issuer in manifest.issuers:
        where = f"issuers: {issuer.id!r}"
        if not IDENTIFIER.fullmatch(issuer.id):
            raise ManifestInvalid(f"{where} is not an identifier")
        _check_styles(f"{where}: styles", issuer.styles, styles)
        for style, der in issuer.styles.items():
            try:
                load_issuer_key(der)
            except AuditError as error:
                raise ManifestInvalid(f"{where}: style {style!r}: {error}") from None
    _check_keys(manifest)


def _check_different(what: str, names: Sequence[str]) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise ManifestInvalid(f"{what}: two are named {name!r}")


def _check_styles(where: str, given: Mapping[str, object], styles: set[str]) -> None:
    if missing := sorted(styles - given.keys()):
        raise ManifestInvalid(f"{where}: nothing for style {missing[0]!r}")
    if unknown := sorted(given.keys() - styles):
        raise ManifestInvalid(f"{where}: {unknown[0]!r} is not a style of the definition")


def _check_keys(manifest: Manifest) -> None:
    """Raise unless every key may be one, and no two are the same."""
    box = manifest.box
    try:
        log_key = box.verifier_key
        policy = manifest.policy
    except AuditError as error:
        raise ManifestInvalid(f"box.log_key or witness_policy: {error}") from None
    if log_key.kind != ED25519 or log_key.name != box.origin:
        raise ManifestInvalid("box.log_key: not an Ed25519 key (0x01) named after the origin")
    owners: dict[bytes, str] = {}
    named = [(f"officer {each.name!r}", each.key) for each in manifest.officers.keys]
    named += [(f"issuer {each.id!r}", each.key) for each in manifest.issuers]
    named += [("the log", log_key.public), ("the box's receipts", box.receipt_key)]
    named += [(f"trustee {each.name!r}", each.signing_key) for each in manifest.trustees.trustees]
    if policy is not None:
        if policy.logs and all(log.key != log_key for log in policy.logs):
            raise ManifestInvalid("witness_policy: lists logs, but not the box's")
        named += [(f"witness {name!r}", peer.key.public) for name, peer in policy.witnesses.items()]
    for owner, key in named:
        try:
            check_public_key(key)
        except SignatureInvalid as error:
            raise ManifestInvalid(f"key of {owner}: {error}") from None
    named += [
        (f"issuer {issuer.id!r} for style {style!r}", der)
        for issuer in manifest.issuers
        for style, der in issuer.styles.items()
    ]
    for owner, key in named:
        if other := owners.get(key):
            raise ManifestInvalid(f"keys: {other} and {owner} have the same key")
        owners[key] = owner


def manifest_message(election: bytes) -> bytes:
    """What the officers sign to freeze the rules."""
    return labelled("manifest", election)


def manifest_signatures(manifest: Manifest, signatures: Iterable[OfficerSignature]) -> bytes:
    """The bytes of ``manifest.signatures.json``; the signatures are verified first."""
    arranged = manifest.officers.arrange(signatures)
    manifest.officers.check(arranged, manifest_message(manifest.hash), "manifest signatures")
    return canonical.encode(
        {
            "type": _SIGNATURES,
            "election": b64(manifest.hash),
            "signatures": [each.to_value() for each in arranged],
        }
    )


def verify_manifest(manifest: Manifest, signatures: bytes) -> tuple[OfficerSignature, ...]:
    """The officers' signatures in ``manifest.signatures.json``, verified.

    Raises SignaturesMissing unless enough officers of this very manifest signed it.
    """
    try:
        value = canonical.parse(signatures, limit=LARGEST_SIGNATURES)
    except CanonicalError as error:
        raise SignaturesMissing(f"manifest signatures: {error}") from None
    names = ("type", "election", "signatures")
    read = members(value, "manifest signatures", names, SignaturesMissing)
    if read["type"] != _SIGNATURES:
        raise SignaturesMissing("manifest signatures: another type")
    if unb64(read["election"], "manifest signatures: election") != manifest.hash:
        raise SignaturesMissing("manifest signatures: are for another manifest")
    found = read_signatures(read["signatures"], "manifest signatures", SignaturesMissing)
    manifest.officers.check(found, manifest_message(manifest.hash), "manifest signatures")
    return found
