"""The messages of a key ceremony, and everything that can be checked of them without a secret.

Commits, then reveals, then confirms; each function takes the messages of one step in any order and
gives them checked, in index order, or names whose message does not hold and why.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from audit.ed25519 import check_public_key
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.message import Message, read_message, verify_message
from audit.seal import GROUP_ORDER, OVERHEAD, POINT_SIZE, SCALAR_SIZE, load_point
from audit.trustees import TrusteeKey, TrusteeKeys
from ballot.ceremony import (
    COMMIT,
    CONFIRM,
    REVEAL,
    Ceremony,
    CeremonyIncomplete,
    CeremonyInvalid,
    TrusteeFault,
    commitment_hash,
    proof_challenge,
)
from ballot.errors import BallotError
from ballot.group import (
    GENERATOR,
    Point,
    PointInvalid,
    add,
    encode_point,
    evaluate_points,
    read_point,
)
from tally import canonical

_SALT_SIZE = 32

_COMMIT_FIELDS = frozenset(
    {"ceremony", "index", "name", "signing_key", "encryption_key", "commitment"}
)
_REVEAL_FIELDS = frozenset({"ceremony", "index", "commits", "points", "salt", "proof", "shares"})
_CONFIRM_FIELDS = frozenset(
    {"ceremony", "index", "transcript", "election_key", "verification_keys"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Step 1: a trustee's keys and the hash of what will be revealed. ``data``: the message."""

    index: int
    signing_key: bytes
    encryption_key: bytes
    commitment: bytes
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """Step 2: the points, and a sealed share for every other trustee by index."""

    index: int
    points: tuple[Point, ...]
    shares: Mapping[int, bytes]
    data: bytes


def commits_hash(ceremony: Ceremony, commits: Sequence[Commit]) -> bytes:
    """The hash of all commits, in index order: what a reveal answers."""
    return sha256(labelled("trustee-commits", ceremony.id, *(c.data for c in commits))).digest()


def transcript_hash(
    ceremony: Ceremony, commits: Sequence[Commit], reveals: Sequence[Reveal]
) -> bytes:
    """The hash of all that was said: what trustees compare aloud, and the manifest carries."""
    messages = (*(c.data for c in commits), *(r.data for r in reveals))
    return sha256(labelled("trustee-transcript", ceremony.encode(), *messages)).digest()


def _open(ceremony: Ceremony, data: bytes, kind: str, fields: frozenset[str]) -> Message:
    try:
        message = read_message(data, kind, fields)
    except AuditError as error:
        raise CeremonyInvalid(str(error)) from None
    if message["ceremony"] != b64(ceremony.id):
        raise CeremonyInvalid(f"{kind}: belongs to another ceremony")
    index = message["index"]
    if type(index) is not int or not 1 <= index <= len(ceremony.trustees):
        raise CeremonyInvalid(f"{kind}: index is not a trustee's number")
    return message


def _in_order(
    ceremony: Ceremony, messages: Iterable[bytes], kind: str, fields: frozenset[str]
) -> list[tuple[Message, bytes]]:
    """One message of each trustee, in index order. The same bytes twice count once."""
    found: dict[int, tuple[Message, bytes]] = {}
    for data in messages:
        message = _open(ceremony, data, kind, fields)
        index = message["index"]
        assert isinstance(index, int)  # noqa: S101  (checked by _open)
        if found.setdefault(index, (message, data))[1] != data:
            name = ceremony.trustees[index - 1]
            raise TrusteeFault(name, index, f"two different messages {kind} carry this number")
    missing = [name for i, name in enumerate(ceremony.trustees, 1) if i not in found]
    if missing:
        raise CeremonyIncomplete(f"{kind}: still missing from {', '.join(map(repr, missing))}")
    return [found[index] for index in sorted(found)]


def check_commits(ceremony: Ceremony, messages: Iterable[bytes]) -> tuple[Commit, ...]:
    """All commits, in index order, from their messages in any order.

    Raises CeremonyInvalid, CeremonyIncomplete, TrusteeFault.
    """
    commits: list[Commit] = []
    for message, data in _in_order(ceremony, messages, COMMIT, _COMMIT_FIELDS):
        index = len(commits) + 1
        name = ceremony.trustees[index - 1]
        try:
            if message["name"] != name:
                raise TrusteeFault(name, index, "the commit carries another name")
            commit = Commit(
                index=index,
                signing_key=unb64(message["signing_key"], "signing_key", size=32),
                encryption_key=unb64(message["encryption_key"], "encryption_key", size=POINT_SIZE),
                commitment=unb64(message["commitment"], "commitment", size=32),
                data=data,
            )
            check_public_key(commit.signing_key)
            load_point(commit.encryption_key, "encryption_key")
            verify_message(message, ceremony.id, commit.signing_key)
        except AuditError as error:
            raise TrusteeFault(name, index, f"commit: {error}") from None
        for earlier in commits:
            for what in ("signing_key", "encryption_key", "commitment"):
                if getattr(earlier, what) == getattr(commit, what):
                    other = ceremony.trustees[earlier.index - 1]
                    raise TrusteeFault(name, index, f"commit: the same {what} as {other!r}")
        commits.append(commit)
    return tuple(commits)


def check_reveals(
    ceremony: Ceremony, commits: Sequence[Commit], messages: Iterable[bytes]
) -> tuple[Reveal, ...]:
    """All reveals, in index order: signed, answering these commits, opening the commitments, with
    proofs of knowledge and a sealed share for everybody else.

    Raises CeremonyInvalid, CeremonyIncomplete, TrusteeFault.
    """
    found = _in_order(ceremony, messages, REVEAL, _REVEAL_FIELDS)
    reveals: list[Reveal] = []
    for commit, (message, data) in zip(commits, found, strict=True):
        name = ceremony.trustees[commit.index - 1]
        try:
            verify_message(message, ceremony.id, commit.signing_key)
            reveals.append(_reveal(ceremony, commits, commit, message, data))
        except (AuditError, PointInvalid, _Refused) as error:
            raise TrusteeFault(name, commit.index, f"reveal: {error}") from None
    return tuple(reveals)


class _Refused(BallotError):
    """A reason, before it is known under whose name."""


def _reveal(
    ceremony: Ceremony, commits: Sequence[Commit], commit: Commit, message: Message, data: bytes
) -> Reveal:
    if unb64(message["commits"], "commits", size=32) != commits_hash(ceremony, commits):
        raise _Refused(
            "answers other commits than these; somebody showed different commits to different "
            "trustees: compare the files"
        )
    match message["points"], message["proof"]:
        case [*texts], {"point": proof_point, "response": response, **rest} if not rest:
            pass
        case _:
            raise _Refused("points or proof: a field is missing, unknown or of the wrong kind")
    if len(texts) != ceremony.threshold:
        raise _Refused(f"points: {len(texts)} instead of {ceremony.threshold}")
    encoded = [unb64(text, f"points[{i}]", size=POINT_SIZE) for i, text in enumerate(texts)]
    salt = unb64(message["salt"], "salt", size=_SALT_SIZE)
    if commitment_hash(ceremony, commit.index, encoded, salt) != commit.commitment:
        raise _Refused("points: are not those committed to")
    points = tuple(read_point(point, f"points[{i}]") for i, point in enumerate(encoded))
    nonce_point = unb64(proof_point, "proof.point", size=POINT_SIZE)
    z = int.from_bytes(unb64(response, "proof.response", size=SCALAR_SIZE))
    challenge = proof_challenge(ceremony, commit.index, encoded, nonce_point)
    expected = read_point(nonce_point, "proof.point") + points[0] * challenge
    if z >= GROUP_ORDER or GENERATOR * z != expected:
        raise _Refused("proof: does not show knowledge of the contribution")
    return Reveal(
        index=commit.index,
        points=points,
        shares=_sealed_shares(ceremony, commit.index, message["shares"]),
        data=data,
    )


def _sealed_shares(ceremony: Ceremony, sender: int, value: canonical.Value) -> dict[int, bytes]:
    receivers = [i for i in range(1, len(ceremony.trustees) + 1) if i != sender]
    shares: dict[int, bytes] = {}
    for item in value if isinstance(value, list) else []:
        match item:
            case {"to": int(to), "sealed": sealed, **rest} if not rest and type(to) is int:
                if to in shares:
                    raise _Refused(f"shares: two for trustee {to}")
                shares[to] = unb64(sealed, f"share for {to}", size=SCALAR_SIZE + OVERHEAD)
            case _:
                raise _Refused("shares: a field is missing, unknown or of the wrong kind")
    for receiver in receivers:
        if receiver not in shares:
            name = ceremony.trustees[receiver - 1]
            raise _Refused(f"shares: the one for {name!r} ({receiver}) is missing")
    if list(shares) != receivers:
        raise _Refused("shares: not one for each other trustee, in order")
    return shares


def public_keys(
    ceremony: Ceremony, commits: Sequence[Commit], reveals: Sequence[Reveal]
) -> TrusteeKeys:
    """The election key and all verification keys, which follow from the revealed points.

    Raises CeremonyInvalid when a sum is the point at infinity: begin again.
    """
    degrees = range(ceremony.threshold)
    sums = [add([reveal.points[degree] for reveal in reveals]) for degree in degrees]
    try:
        return TrusteeKeys(
            threshold=ceremony.threshold,
            election_key=encode_point(sums[0], "election key"),
            trustees=tuple(
                TrusteeKey(
                    name=ceremony.trustees[commit.index - 1],
                    index=commit.index,
                    signing_key=commit.signing_key,
                    verification_key=encode_point(
                        evaluate_points(sums, commit.index), "verification key"
                    ),
                )
                for commit in commits
            ),
            transcript_hash=transcript_hash(ceremony, commits, reveals),
        )
    except (PointInvalid, AuditError) as error:
        raise CeremonyInvalid(f"ceremony: {error}; begin a new one") from None


def confirmation(ceremony: Ceremony, keys: TrusteeKeys, index: int) -> Message:
    """The fields of trustee ``index``'s message ``trustee-confirm``."""
    return {
        "ceremony": b64(ceremony.id),
        "index": index,
        "transcript": b64(keys.transcript_hash),
        "election_key": b64(keys.election_key),
        "verification_keys": [b64(trustee.verification_key) for trustee in keys.trustees],
    }


def conclude(
    ceremony: Ceremony,
    commits: Iterable[bytes],
    reveals: Iterable[bytes],
    confirms: Iterable[bytes],
) -> TrusteeKeys:
    """The trustees' keys for the manifest, from all messages: everything public is checked, and
    every trustee confirmed the same keys over the same transcript.

    Raises CeremonyInvalid, CeremonyIncomplete, TrusteeFault.
    """
    checked = check_commits(ceremony, commits)
    keys = public_keys(ceremony, checked, check_reveals(ceremony, checked, reveals))
    found = _in_order(ceremony, confirms, CONFIRM, _CONFIRM_FIELDS)
    for trustee, (message, _) in zip(keys.trustees, found, strict=True):
        try:
            verify_message(message, ceremony.id, trustee.signing_key)
        except AuditError as error:
            raise TrusteeFault(trustee.name, trustee.index, f"confirm: {error}") from None
        for field, value in confirmation(ceremony, keys, trustee.index).items():
            if message[field] != value:
                raise TrusteeFault(
                    trustee.name,
                    trustee.index,
                    f"confirm: another {field} than the messages give; this trustee saw others",
                )
    return keys
