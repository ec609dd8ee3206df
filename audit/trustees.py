"""The trustees' public keys, and opening the box from their shares: what everybody can check.

Any ``threshold`` of the shares x_1 … x_n give the election's private key x by Lagrange
interpolation at zero modulo the group order (Shamir 1979); each share is checked alone against its
verification key V_j = x_j·G, and the result against the election key Y = x·G.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ed25519 import check_public_key
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.message import Message, check_message, read_message, sign_message, verify_message
from audit.seal import (
    GROUP_ORDER,
    POINT_SIZE,
    SCALAR_SIZE,
    SealInvalid,
    encode_point,
    load_point,
    load_scalar,
)
from tally import canonical

MOST_TRUSTEES = 16

_RELEASE = "trustee-release"
_RELEASE_FIELDS = frozenset({"election", "index", "share", "checkpoint"})


class TrusteesInvalid(AuditError):
    """The trustees' public keys do not fit together."""


class ReleaseInvalid(AuditError):
    """A trustee's release that does not hold."""


class SharesMissing(AuditError):
    """Too few good shares to open the box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeKey:
    """One trustee. ``index`` counts from 1; ``signing_key`` has 32 bytes (Ed25519),
    ``verification_key`` 65 (P-256)."""

    name: str
    index: int
    signing_key: bytes
    verification_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeKeys:
    """All trustees, in index order. ``transcript_hash`` is what the ceremony ended with: every
    trustee has confirmed it. With threshold 1 every verification key is the election key."""

    threshold: int
    election_key: bytes
    trustees: tuple[TrusteeKey, ...]
    transcript_hash: bytes

    def __post_init__(self) -> None:
        count = len(self.trustees)
        if not 1 <= self.threshold <= count <= MOST_TRUSTEES:
            raise TrusteesInvalid(
                f"trustees: {count} with threshold {self.threshold}; "
                f"1 ≤ threshold ≤ trustees ≤ {MOST_TRUSTEES} must hold"
            )
        if len(self.transcript_hash) != 32:
            raise TrusteesInvalid(f"ceremony: {len(self.transcript_hash)} bytes instead of 32")
        load_point(self.election_key, "election key")
        for position, trustee in enumerate(self.trustees):
            if trustee.index != position + 1:
                raise TrusteesInvalid(f"trustees: {trustee.name!r} is not in index order")
            load_point(trustee.verification_key, f"verification key of {trustee.name!r}")
            check_public_key(trustee.signing_key)
        verification_keys = {trustee.verification_key for trustee in self.trustees}
        expected = {self.election_key} if self.threshold == 1 else None
        if expected is not None and verification_keys != expected:
            raise TrusteesInvalid("trustees: with threshold 1 each holds the election key itself")
        if expected is None and len(verification_keys) != count:
            raise TrusteesInvalid("trustees: two have the same verification key")
        for what in ("name", "signing_key"):
            if len({getattr(trustee, what) for trustee in self.trustees}) != count:
                raise TrusteesInvalid(f"trustees: two have the same {what}")

    def value(self) -> canonical.Value:
        """What stands in the manifest under ``trustees``."""
        return {
            "ceremony": b64(self.transcript_hash),
            "threshold": self.threshold,
            "election_key": b64(self.election_key),
            "keys": [
                {
                    "name": trustee.name,
                    "signing_key": b64(trustee.signing_key),
                    "verification_key": b64(trustee.verification_key),
                }
                for trustee in self.trustees
            ],
        }


def read_trustee_keys(value: canonical.Value) -> TrusteeKeys:
    """The manifest's ``trustees``. Raises AuditError naming the field."""
    match value:
        case {
            "ceremony": ceremony,
            "threshold": int(threshold),
            "election_key": election_key,
            "keys": [*keys],
            **rest,
        } if not rest and not isinstance(threshold, bool):
            pass
        case _:
            raise TrusteesInvalid("trustees: a field is missing, unknown or of the wrong kind")
    return TrusteeKeys(
        threshold=threshold,
        election_key=unb64(election_key, "trustees.election_key", size=POINT_SIZE),
        trustees=tuple(_read_key(key, position) for position, key in enumerate(keys)),
        transcript_hash=unb64(ceremony, "trustees.ceremony", size=32),
    )


def _read_key(value: canonical.Value, position: int) -> TrusteeKey:
    path = f"trustees.keys[{position}]"
    match value:
        case {"name": str(name), "signing_key": signing, "verification_key": verifying, **rest} if (
            not rest
        ):
            return TrusteeKey(
                name=name,
                index=position + 1,
                signing_key=unb64(signing, f"{path}.signing_key", size=32),
                verification_key=unb64(verifying, f"{path}.verification_key", size=POINT_SIZE),
            )
    raise TrusteesInvalid(f"{path}: a field is missing, unknown or of the wrong kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A trustee's share x_j (32 bytes), given out for the checkpoint with this hash."""

    election: bytes
    index: int
    share: bytes = field(repr=False)
    checkpoint: bytes
    message: Message = field(repr=False)
    """The signed message itself, as it stands in ``opening.json``."""


def sign_release(
    *, election: bytes, index: int, share: bytes, checkpoint: bytes, private: Ed25519PrivateKey
) -> bytes:
    """The release message: ``checkpoint`` is the SHA-256 of the checkpoint's note text."""
    fields: Message = {
        "election": b64(election),
        "index": index,
        "share": b64(share),
        "checkpoint": b64(checkpoint),
    }
    return sign_message(_RELEASE, election, fields, private)


def read_release(data: bytes | Message) -> Release:
    """The release in a file, or in ``opening.json``; nothing but its form is checked yet."""
    if isinstance(data, bytes):
        message = read_message(data, _RELEASE, _RELEASE_FIELDS)
    else:
        message = check_message(data, _RELEASE, _RELEASE_FIELDS)
    index = message["index"]
    if not isinstance(index, int) or isinstance(index, bool):
        raise ReleaseInvalid(f"{_RELEASE}: index is not an integer")
    return Release(
        election=unb64(message["election"], "election", size=32),
        index=index,
        share=unb64(message["share"], "share", size=SCALAR_SIZE),
        checkpoint=unb64(message["checkpoint"], "checkpoint", size=32),
        message=message,
    )


def verify_release(
    release: Release, keys: TrusteeKeys, *, election: bytes, checkpoint: bytes
) -> None:
    """Raise ReleaseInvalid, naming the trustee, unless the release is signed by its trustee for
    this election E and this checkpoint hash, and its share belongs to the verification key."""
    if not 1 <= release.index <= len(keys.trustees):
        raise ReleaseInvalid(f"release: there is no trustee {release.index}")
    trustee = keys.trustees[release.index - 1]
    who = f"release of trustee {trustee.name!r} ({trustee.index})"
    if release.election != election:
        raise ReleaseInvalid(f"{who}: is for another election")
    try:
        verify_message(release.message, election, trustee.signing_key)
    except AuditError as error:
        raise ReleaseInvalid(f"{who}: {error}") from None
    if release.checkpoint != checkpoint:
        raise ReleaseInvalid(f"{who}: is for another checkpoint")
    try:
        public = encode_point(load_scalar(release.share, "share").public_key())
    except SealInvalid as error:
        raise ReleaseInvalid(f"{who}: {error}") from None
    if public != trustee.verification_key:
        raise ReleaseInvalid(f"{who}: the share does not belong to the verification key")


def combine(keys: TrusteeKeys, shares: Mapping[int, bytes]) -> bytes:
    """The election's private key (32 bytes) from at least ``threshold`` shares by index.

    Uses the lowest indices. The shares have been checked. Raises SharesMissing for too few,
    TrusteesInvalid when the result is not the private half of the election key.
    """
    used = sorted(shares)[: keys.threshold]
    if len(used) < keys.threshold:
        raise SharesMissing(f"shares: {len(used)} of the {keys.threshold} needed")
    total = 0
    for j in used:
        above, below = 1, 1
        for other in used:
            if other != j:
                above = above * other % GROUP_ORDER
                below = below * (other - j) % GROUP_ORDER
        total += int.from_bytes(shares[j]) * above * pow(below, -1, GROUP_ORDER)
    secret = (total % GROUP_ORDER).to_bytes(SCALAR_SIZE)
    try:
        public = encode_point(load_scalar(secret).public_key())
    except SealInvalid:
        public = b""
    if public != keys.election_key:
        raise TrusteesInvalid("shares: together they are not the private half of the election key")
    return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The election's private key (32 bytes), the good releases in index order, and what was wrong
    with the others."""

    private_key: bytes = field(repr=False)
    releases: tuple[Release, ...]
    refused: tuple[str, ...]


def recover(
    keys: TrusteeKeys,
    releases: Iterable[bytes | Message],
    *,
    election: bytes,
    checkpoint: bytes,
) -> Recovery:
    """Open: check every release alone, set the bad ones aside by name, combine the good ones.

    The same release twice counts once. Raises SharesMissing with how many more are needed, from
    whom, and what was wrong with those refused.
    """
    good: dict[int, Release] = {}
    refused: list[str] = []
    for data in releases:
        try:
            release = read_release(data)
            verify_release(release, keys, election=election, checkpoint=checkpoint)
        except AuditError as error:
            refused.append(str(error))
        else:
            good.setdefault(release.index, release)
    if (more := keys.threshold - len(good)) > 0:
        others = ", ".join(
            f"{trustee.name!r}" for trustee in keys.trustees if trustee.index not in good
        )
        faults = "".join(f"; refused: {fault}" for fault in refused)
        raise SharesMissing(f"shares: {more} more needed, from among {others}{faults}")
    chosen = tuple(good[index] for index in sorted(good))
    private_key = combine(keys, {release.index: release.share for release in chosen})
    return Recovery(private_key=private_key, releases=chosen, refused=tuple(refused))
