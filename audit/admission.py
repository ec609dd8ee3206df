"""Which entries of a log count. The one rule, for the box that takes ballots in and for everybody
who verifies: the ballot box may only write what the public can check.

Pure. ``check_open``, ``check_ballot`` and ``check_close`` look at one entry and the manifest;
``admit`` looks at a whole log. Source: docs/formats.md section 6.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from audit.credential import CredentialInvalid, credential_message, verify_credential
from audit.ed25519 import SignatureInvalid, check_public_key, verify
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.parallel import IN_THIS_PROCESS, Workers
from audit.record import (
    BallotEntry,
    CloseEntry,
    Entry,
    Header,
    OpenEntry,
    issued_message,
    open_message,
    parse_entry,
)
from tally.frozen import FrozenMap


class AdmissionRefused(AuditError):
    """An entry or a log that the rule does not admit. ``code`` is stable; ``position`` is the
    entry's number in the log, if it is known."""

    def __init__(self, code: str, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"entry {position}: {message}")
        self.code = code
        self.reason = message
        self.position = position

    def at(self, position: int) -> "AdmissionRefused":
        """The same refusal, of entry ``position``."""
        return type(self)(self.code, self.reason, position)

    def __reduce__(self) -> tuple[type["AdmissionRefused"], tuple[str, str, int | None]]:
        return type(self), (self.code, self.reason, self.position)


class BallotRefused(AdmissionRefused):
    """A ballot that is not valid. Codes: malformed, wrong-election, unknown-style,
    sequence-out-of-range, weak-key, bad-credential, bad-signature."""


class LogRefused(AdmissionRefused):
    """Entries that are no valid log. Codes: malformed, wrong-election, misplaced, bad-signature,
    wrong-counts, duplicate, style-changed, too-many-ballots."""


def _parse(data: bytes, refuse: type[AdmissionRefused]) -> Entry:
    try:
        return parse_entry(data)
    except AuditError as error:
        raise refuse("malformed", str(error)) from None


def check_header(manifest: Manifest, header: Header) -> None:
    """Raise BallotRefused unless a header may stand in this election: everything about a ballot
    but its signature."""
    if header.election != manifest.hash:
        raise BallotRefused("wrong-election", "ballot: is for another election")
    if header.style not in manifest.roll.counts:
        raise BallotRefused("unknown-style", f"style: {header.style!r} is not one of the election")
    if header.sequence > manifest.maximum_sequence:
        raise BallotRefused(
            "sequence-out-of-range",
            f"sequence: {header.sequence} is above {manifest.maximum_sequence}",
        )
    try:
        check_public_key(header.pseudonym)
    except SignatureInvalid as error:
        raise BallotRefused("weak-key", f"pseudonym: {error}") from None
    named = [credential.issuer for credential in header.credentials]
    if named != [issuer.id for issuer in manifest.issuers]:
        raise BallotRefused(
            "bad-credential", "credentials: not one of each issuer, in the manifest's order"
        )
    for issuer, credential in zip(manifest.issuers, header.credentials, strict=True):
        message = credential_message(issuer.id, manifest.hash, header.style, header.pseudonym)
        try:
            verify_credential(
                issuer.styles[header.style], credential.prefix, credential.signature, message
            )
        except CredentialInvalid as error:
            raise BallotRefused(
                "bad-credential", f"credential of issuer {issuer.id!r}: {error}"
            ) from None


def check_ballot(manifest: Manifest, data: bytes) -> BallotEntry:
    """The ballot in an entry, which is valid by itself. Raises BallotRefused."""
    entry = _parse(data, BallotRefused)
    if not isinstance(entry, BallotEntry):
        raise BallotRefused("malformed", "entry: not a ballot")
    check_header(manifest, entry.header)
    try:
        signed = Header.signed_bytes_in(entry.header.election, data)
        verify(entry.header.pseudonym, entry.signature, signed)
    except SignatureInvalid as error:
        raise BallotRefused("bad-signature", f"ballot: {error}") from None
    return entry


def check_open(manifest: Manifest, data: bytes) -> OpenEntry:
    """The open entry, signed by enough officers. Raises LogRefused."""
    entry = _parse(data, LogRefused)
    if not isinstance(entry, OpenEntry):
        raise LogRefused("misplaced", "the first entry is not the open entry")
    if entry.election != manifest.hash:
        raise LogRefused("wrong-election", "open: is for another election")
    try:
        message = open_message(manifest.hash, entry.succeeds)
        manifest.officers.check(entry.officers, message, "open")
    except AuditError as error:
        raise LogRefused("bad-signature", str(error)) from None
    if entry.succeeds is not None and (
        entry.succeeds.key.public == manifest.box.verifier_key.public
        or entry.succeeds.checkpoint.origin == manifest.box.origin
    ):
        raise LogRefused("own-successor", "open: succeeds a log of its own name or key")
    return entry


def check_close(manifest: Manifest, data: bytes) -> CloseEntry:
    """The close entry, with every issuer's signed counts and enough officers' signatures.

    Raises LogRefused; an issuer cannot have given out more than the roll has persons.
    """
    entry = _parse(data, LogRefused)
    if not isinstance(entry, CloseEntry):
        raise LogRefused("misplaced", "the last entry is not the close entry")
    if entry.election != manifest.hash:
        raise LogRefused("wrong-election", "close: is for another election")
    if [each.issuer for each in entry.issued] != [issuer.id for issuer in manifest.issuers]:
        raise LogRefused("wrong-counts", "close: not the counts of each issuer, in order")
    for issuer, issued in zip(manifest.issuers, entry.issued, strict=True):
        if issued.counts.keys() != manifest.roll.counts.keys():
            raise LogRefused("wrong-counts", f"close: issuer {issuer.id!r}: not one count a style")
        for style, count in issued.counts.items():
            if count > manifest.roll.counts[style]:
                raise LogRefused(
                    "wrong-counts",
                    f"close: issuer {issuer.id!r} gave out {count} credentials for style "
                    f"{style!r}, more than the {manifest.roll.counts[style]} on the roll",
                )
        try:
            verify(
                issuer.key,
                issued.signature,
                issued_message(manifest.hash, issuer.id, issued.counts),
            )
        except SignatureInvalid as error:
            raise LogRefused("bad-signature", f"close: issuer {issuer.id!r}: {error}") from None
    try:
        manifest.officers.check(entry.officers, entry.signed_bytes(), "close")
    except AuditError as error:
        raise LogRefused("bad-signature", str(error)) from None
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBallot:
    """A ballot that counts: where it stands in the log, and what its header says."""

    position: int
    leaf_hash: bytes
    style: str
    pseudonym: bytes
    sequence: int
    sealed_hash: bytes

    # Between processes, in a third of the time that a dataclass takes field by field.
    def __reduce__(self) -> tuple[Callable[..., "CountedBallot"], tuple[object, ...]]:
        return _counted, (
            self.position,
            self.leaf_hash,
            self.style,
            self.pseudonym,
            self.sequence,
            self.sealed_hash,
        )


def _counted(
    position: int, leaf: bytes, style: str, pseudonym: bytes, sequence: int, sealed: bytes
) -> CountedBallot:
    return CountedBallot(
        position=position,
        leaf_hash=leaf,
        style=style,
        pseudonym=pseudonym,
        sequence=sequence,
        sealed_hash=sealed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A valid log. ``counted`` has the ballots that count by style, in log order; ``superseded``
    and ``equivocations`` (pseudonyms whose highest sequence stands on several ballots) are numbers
    by style. Styles in the definition's order."""

    opened: OpenEntry
    closed: CloseEntry
    counted: FrozenMap[str, tuple[CountedBallot, ...]]
    superseded: FrozenMap[str, int]
    equivocations: FrozenMap[str, int]


@dataclass(frozen=True, slots=True)
class _Check:
    """Checks ballots in another process."""

    manifest: Manifest

    def __call__(self, portion: Sequence[tuple[int, bytes]], /) -> list[CountedBallot]:
        ballots = []
        for position, data in portion:
            try:
                header = check_ballot(self.manifest, data).header
            except BallotRefused as refused:
                raise refused.at(position) from None
            ballots.append(
                CountedBallot(
                    position=position,
                    leaf_hash=leaf_hash(data),
                    style=header.style,
                    pseudonym=header.pseudonym,
                    sequence=header.sequence,
                    sealed_hash=header.sealed_hash,
                )
            )
        return ballots


class _Gathered:
    """What the ballots so far come to. Stateful."""

    def __init__(self) -> None:
        self.seen = 0
        self._leaves: dict[bytes, int] = {}
        self._best: dict[bytes, CountedBallot] = {}
        self._superseded: Counter[str] = Counter()
        self._equal: set[bytes] = set()

    def add(self, ballot: CountedBallot) -> None:
        self.seen += 1
        first = self._leaves.setdefault(ballot.leaf_hash, ballot.position)
        if first != ballot.position:
            raise LogRefused("duplicate", f"the same as entry {first}", ballot.position)
        best = self._best.get(ballot.pseudonym)
        if best is None:
            self._best[ballot.pseudonym] = ballot
            return
        if best.style != ballot.style:
            raise LogRefused(
                "style-changed",
                f"its pseudonym cast a ballot of style {best.style!r} in entry {best.position}, "
                f"and now one of style {ballot.style!r}",
                ballot.position,
            )
        self._superseded[ballot.style] += 1
        if ballot.sequence == best.sequence:
            self._equal.add(ballot.pseudonym)
        elif ballot.sequence > best.sequence:
            self._equal.discard(ballot.pseudonym)
        if (ballot.sequence, best.leaf_hash) > (best.sequence, ballot.leaf_hash):
            self._best[ballot.pseudonym] = ballot

    def admitted(self, manifest: Manifest, opened: OpenEntry, closed: CloseEntry) -> Admitted:
        styles = [style.id for style in manifest.election.styles]
        counted: dict[str, list[CountedBallot]] = {style: [] for style in styles}
        equivocations: Counter[str] = Counter()
        for ballot in sorted(self._best.values(), key=lambda ballot: ballot.position):
            counted[ballot.style].append(ballot)
            equivocations[ballot.style] += ballot.pseudonym in self._equal
        for style, ballots in counted.items():
            for issued in closed.issued:
                if len(ballots) > issued.counts[style]:
                    raise LogRefused(
                        "too-many-ballots",
                        f"style {style!r}: {len(ballots)} pseudonyms voted, but issuer "
                        f"{issued.issuer!r} gave out {issued.counts[style]} credentials",
                    )
        return Admitted(
            opened=opened,
            closed=closed,
            counted=FrozenMap((style, tuple(counted[style])) for style in styles),
            superseded=FrozenMap((style, self._superseded[style]) for style in styles),
            equivocations=FrozenMap((style, equivocations[style]) for style in styles),
        )


def _nothing(_done: int) -> None:
    pass


def admit(
    manifest: Manifest,
    entries: Sequence[bytes],
    *,
    workers: Workers = IN_THIS_PROCESS,
    progress: Callable[[int], None] = _nothing,
) -> Admitted:
    """Apply the whole rule to a whole log. Raises AdmissionRefused naming the entry.

    ``workers`` verify; ``progress`` is told how many ballots are done.
    """
    if len(entries) < 2:
        raise LogRefused("misplaced", "the log has no open entry and close entry")
    last = len(entries) - 1
    try:
        opened = check_open(manifest, entries[0])
    except LogRefused as refused:
        raise refused.at(0) from None
    try:
        closed = check_close(manifest, entries[last])
    except LogRefused as refused:
        raise refused.at(last) from None
    ballots = islice(enumerate(entries), 1, last)
    gathered = _Gathered()
    for portion in workers.in_portions(_Check(manifest), ballots, number=last - 1):
        for ballot in portion:
            gathered.add(ballot)
        progress(gathered.seen)
    return gathered.admitted(manifest, opened, closed)
