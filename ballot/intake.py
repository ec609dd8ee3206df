"""The decision about one ballot, or one test: accepted, or refused with a code. Pure.

What makes a ballot valid is the public's rule, ``audit.admission``, and nothing is added to it but
what only a box can know: whether the vote is open, what this pseudonym cast and tested before, and
whether the sealed bytes that travel along are the ones the header names.

Two steps: ``examine_ballot`` and ``examine_test`` need the manifest alone and cost all the
cryptography; ``decide`` needs what the box holds and costs nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from audit import admission
from audit.ed25519 import SIGNATURE_SIZE, SignatureInvalid, verify
from audit.errors import AuditError
from audit.label import unb64
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.record import LARGEST_ENTRY, Header, sealed_hash
from audit.seal import OVERHEAD
from audit.shape import members
from ballot.lifecycle import Facts, Stage, accepts_ballots, stage
from tally import canonical
from tally.vote import plaintext_length

MOST_TESTS = 50
"""Tested ballots a pseudonym may leave behind: flow control, so that nobody fills the disk."""

_MESSAGES: Mapping[str, str] = {
    "not-open": "the vote has not opened yet: send the ballot when it has",
    "closed": "the vote is closed: no ballot is accepted any more",
    "other-style": "this pseudonym cast a ballot of another style before: vote with that style",
    "same-sequence": "another ballot of this sequence is held already: raise the sequence",
    "lower-sequence": "a ballot of a higher sequence is held already: raise the sequence",
    "tested": "this sealed ballot was tested and can never be cast: prepare a new one",
    "already-cast": "this sealed ballot was cast and can no longer be tested",
    "too-many-tests": f"this pseudonym tested {MOST_TESTS} ballots already: cast one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the box holds of a pseudonym: style and highest sequence of what it cast (None and 0
    when it cast nothing), and for each sealed hash it named whether it tested that (or cast it)."""

    style: str | None = None
    sequence: int = 0
    fates: Mapping[bytes, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A valid ballot, or with ``test`` a valid request to mark one as tested, before anything the
    box holds is looked at. A test is no entry of the log: its leaf hash is None, ``entry`` the
    request, ``sealed`` empty."""

    pseudonym: bytes
    style: str
    sequence: int
    sealed_hash: bytes
    test: bool
    leaf_hash: bytes | None
    entry: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Accepted; ``again`` when the box had it already. ``holding`` is the pseudonym's from now."""

    again: bool
    holding: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not accepted. ``code``: wrong-election, ballot-refused, not-open, closed, conflict or tested;
    ``reason``: which rule, as a code; ``message``: in words, with what to do."""

    code: str
    reason: str
    message: str


Decision = Accepted | Refused


def sealed_lengths(manifest: Manifest) -> dict[str, int]:
    """How many sealed bytes a ballot of each style has."""
    return {
        style: OVERHEAD + plaintext_length(manifest.election, style)
        for style in manifest.roll.counts
    }


def examine_ballot(
    manifest: Manifest, lengths: Mapping[str, int], entry: bytes, sealed: bytes
) -> Candidate | Refused:
    """Check all of a ballot that the manifest alone can tell: the public's rule for the entry,
    and that ``sealed`` are the bytes it names, of the one length its style has.

    ``lengths`` are the manifest's ``sealed_lengths``.
    """
    try:
        header = admission.check_ballot(manifest, entry).header
    except admission.BallotRefused as refused:
        return _by_rule(refused)
    if len(sealed) != lengths[header.style]:
        message = (
            f"sealed bytes: {len(sealed)} instead of the {lengths[header.style]} that every ballot "
            f"of style {header.style!r} has"
        )
        return Refused(code="ballot-refused", reason="sealed-length", message=message)
    if sealed_hash(sealed) != header.sealed_hash:
        message = "sealed bytes: not those whose hash the header names; send the two together"
        return Refused(code="ballot-refused", reason="sealed-hash", message=message)
    return Candidate(
        pseudonym=header.pseudonym,
        style=header.style,
        sequence=header.sequence,
        sealed_hash=header.sealed_hash,
        test=False,
        leaf_hash=leaf_hash(entry),
        entry=entry,
        sealed=sealed,
    )


def examine_test(manifest: Manifest, message: bytes) -> Candidate | Refused:
    """Check all of a request to mark a sealed ballot as tested that the manifest alone can tell:
    ``{"header","signature"}``, the header as in a ballot, signed for this purpose."""
    try:
        header = _check_test(manifest, message)
    except admission.BallotRefused as refused:
        return _by_rule(refused)
    return Candidate(
        pseudonym=header.pseudonym,
        style=header.style,
        sequence=header.sequence,
        sealed_hash=header.sealed_hash,
        test=True,
        leaf_hash=None,
        entry=message,
        sealed=b"",
    )


def read_test(message: bytes) -> tuple[Header, bytes]:
    """Header and signature of a request to mark a sealed ballot as tested; nothing is checked but
    the form. Raises BallotRefused (``audit.admission``)."""
    try:
        value = canonical.parse(message, limit=LARGEST_ENTRY)
        read = members(value, "test", ("header", "signature"), AuditError)
        header = Header.from_value(read["header"])
        return header, unb64(read["signature"], "test: signature", size=SIGNATURE_SIZE)
    except (canonical.CanonicalError, AuditError) as error:
        raise admission.BallotRefused("malformed", str(error)) from None


def _check_test(manifest: Manifest, message: bytes) -> Header:
    header, signature = read_test(message)
    admission.check_header(manifest, header)
    try:
        verify(header.pseudonym, signature, header.test_bytes())
    except SignatureInvalid as error:
        raise admission.BallotRefused("bad-signature", f"test: {error}") from None
    return header


def _by_rule(refused: admission.BallotRefused) -> Refused:
    code = "wrong-election" if refused.code == "wrong-election" else "ballot-refused"
    return Refused(code=code, reason=refused.code, message=str(refused))


def _refused(code: str, reason: str) -> Refused:
    return Refused(code=code, reason=reason, message=_MESSAGES[reason])


def decide(
    candidate: Candidate, vote: Facts, holding: Holding, held: Collection[bytes]
) -> Decision:
    """Decide about a candidate that arrived at ``vote.now``.

    ``holding`` is its pseudonym's; ``held`` are the leaf hashes the box has, at least those that
    are asked about. What the box has already is accepted again at any time, so that a lost reply
    can be asked for after the close.
    """
    again = (
        holding.fates.get(candidate.sealed_hash, False)
        if candidate.leaf_hash is None
        else candidate.leaf_hash in held
    )
    if again:
        return Accepted(again=True, holding=holding)
    if not accepts_ballots(vote):
        # The close entry outlasts the clock: one that was set back does not make the vote early.
        present = stage(vote)
        early = present in (Stage.DRAFT, Stage.FROZEN) or (
            present is Stage.OPEN and vote.now < vote.opens
        )
        reason = "not-open" if early else "closed"
        return _refused(reason, reason)
    if holding.style not in (None, candidate.style):
        return _refused("ballot-refused", "other-style")
    fate = holding.fates.get(candidate.sealed_hash)
    if candidate.test:
        return _decide_test(candidate, holding, fate)
    if fate:
        return _refused("tested", "tested")
    if candidate.sequence <= holding.sequence:
        lower = candidate.sequence < holding.sequence
        return _refused("conflict", "lower-sequence" if lower else "same-sequence")
    return Accepted(
        again=False,
        holding=Holding(
            style=candidate.style,
            sequence=candidate.sequence,
            fates={**holding.fates, candidate.sealed_hash: False},
        ),
    )


def _decide_test(candidate: Candidate, holding: Holding, fate: bool | None) -> Decision:
    if fate is not None:
        return _refused("conflict", "already-cast")
    if sum(holding.fates.values()) >= MOST_TESTS:
        return _refused("ballot-refused", "too-many-tests")
    fates = {**holding.fates, candidate.sealed_hash: True}
    return Accepted(again=False, holding=replace(holding, fates=fates))
