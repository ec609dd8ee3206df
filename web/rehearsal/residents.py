"""Simulated residents: each asks for a credential and votes over HTTP, as a device would.

Most vote once. Some vote again, lose a reply, test a ballot first or spoil theirs; some cheat. What
each does follows from their number, so that a rehearsal of the same file plays the same again.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from audit.label import b64
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.receipt import read_receipt, read_test_receipt
from audit.record import Credential, Header
from ballot.voter import Device, SealedBallot, show_test
from tally import canonical
from tally.vote import Choice, Vote, encode_vote_unchecked
from web.client import Client, DoorRefused
from web.errors import WebError


class Behaviour(StrEnum):
    """What a resident does."""

    PLAIN = "votes once"
    REVOTE = "votes blank first, then for real"
    LOST_REPLY = "loses each reply and asks again"
    TEST = "tests a sealed ballot, then votes"
    SPOIL = "casts a ballot beyond the limits"
    COPY = "casts a copy of another's sealed ballot"
    STEAL = "uses a code that was used before"
    FORGE = "makes up a credential"
    GUESS = "guesses a voting code"
    REPLAY = "casts an old sequence again, with other content"
    SWAP = "takes a credential for another pseudonym"


CHEATS = (
    Behaviour.STEAL,
    Behaviour.FORGE,
    Behaviour.GUESS,
    Behaviour.REPLAY,
    Behaviour.SWAP,
)


class RehearsalFailed(WebError):
    """Something did not come out as it must; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One resident: their codes by issuer, and the choices that shall count."""

    number: int
    behaviour: Behaviour
    style: str
    codes: Mapping[str, str] = field(repr=False)
    choices: Mapping[str, Choice]
    seed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What became of a resident's visit.

    ``receipts`` are those of ballots that stand in the box, the last one counting; ``refused``
    are (what was tried, problem code); ``requests`` counts the answered requests.
    """

    number: int
    behaviour: Behaviour
    leaf_hash: bytes | None
    receipts: tuple[bytes, ...]
    refused: tuple[tuple[str, str], ...]
    requests: int


def behaviour_of(number: int) -> Behaviour:
    """What the resident with this number, from the file, does; about one in eight is not plain."""
    pattern = {
        3: Behaviour.REVOTE,
        7: Behaviour.LOST_REPLY,
        11: Behaviour.TEST,
        19: Behaviour.REPLAY,
        23: Behaviour.STEAL,
    }
    return pattern.get(number % 32, Behaviour.PLAIN)


def seed_of(rehearsal: bytes, number: int) -> bytes:
    """A resident's seed: from the rehearsal's own, so that an interrupted one can resume."""
    return sha256(rehearsal + b"resident" + number.to_bytes(4)).digest()


class Visit:
    """One resident at the two doors."""

    def __init__(
        self, manifest: Manifest, registrar: Client, box: Client, resident: Resident
    ) -> None:
        self._manifest = manifest
        self._registrar = registrar
        self._box = box
        self._resident = resident
        self._device = Device(manifest=manifest, style=resident.style, seed=resident.seed)
        self._refused: list[tuple[str, str]] = []
        self._receipts: list[bytes] = []
        self._requests = 0

    # -- requests -------------------------------------------------------------------------------

    def _ask_credential(self, device: Device, issuer: str, code: str) -> bytes:
        self._requests += 1
        return self._registrar.credential(
            issuer,
            election=self._manifest.hash,
            style=device.style,
            code=code,
            blinded_message=device.blinded_message(issuer),
        )

    def _credentials(self, *, twice: bool = False) -> tuple[Credential, ...]:
        found = []
        for issuer in self._manifest.issuers:
            code = self._resident.codes[issuer.id]
            answer = self._ask_credential(self._device, issuer.id, code)
            if twice and self._ask_credential(self._device, issuer.id, code) != answer:
                raise RehearsalFailed("the same request for a credential got another answer")
            found.append(self._device.credential(issuer.id, answer))
        return tuple(found)

    def _cast(self, ballot: SealedBallot, *, twice: bool = False) -> bytes:
        self._requests += 1
        receipt = self._box.cast(ballot.entry, ballot.sealed)
        if twice:
            self._requests += 1
            if self._box.cast(ballot.entry, ballot.sealed) != receipt:
                raise RehearsalFailed("the same ballot got another receipt")
        leaf = leaf_hash(ballot.entry)
        read_receipt(receipt, self._manifest, leaf_hash=leaf)
        self._receipts.append(receipt)
        return leaf

    def _must_refuse(self, what: str, code: str, attempt: SealedBallot) -> None:
        self._requests += 1
        try:
            self._box.cast(attempt.entry, attempt.sealed)
        except DoorRefused as error:
            if error.code != code:
                raise RehearsalFailed(f"{what}: refused as {error.code}, not {code}") from None
            self._refused.append((what, error.code))
        else:
            raise RehearsalFailed(f"{what}: was accepted")

    def _must_refuse_code(self, what: str, code: str) -> None:
        other = replace(self._device, seed=sha256(b"another device" + self._device.seed).digest())
        issuer = self._manifest.issuers[0].id
        try:
            self._ask_credential(other, issuer, code)
        except DoorRefused as error:
            if error.code != "credential-refused":
                raise RehearsalFailed(f"{what}: refused as {error.code}") from None
            self._refused.append((what, error.code))
        else:
            raise RehearsalFailed(f"{what}: a credential was issued")

    # -- behaviours -----------------------------------------------------------------------------

    def play(self) -> Deed:
        """Do what this resident does. Raises RehearsalFailed when the service errs."""
        resident, device = self._resident, self._device
        behaviour = resident.behaviour
        twice = behaviour is Behaviour.LOST_REPLY
        credentials = self._credentials(twice=twice)
        sequence = 1
        if behaviour in (Behaviour.REVOTE, Behaviour.REPLAY):
            blank = device.ballot_of(self._blank(), credentials, sequence=1)
            self._cast(blank)
            sequence = 2
        if behaviour is Behaviour.TEST:
            self._test(device.ballot(resident.choices, credentials, sequence=sequence))
        # Unchecked: a real voter of the file may have gone beyond the limits, and spoils so.
        plaintext = encode_vote_unchecked(self._manifest.election, resident.style, resident.choices)
        ballot = device.ballot_of(plaintext, credentials, sequence=sequence)
        leaf = self._cast(ballot, twice=twice)
        if behaviour is Behaviour.REPLAY:
            again = device.ballot_of(self._blank(), credentials, sequence=1)
            self._must_refuse("old sequence, new content", "conflict", again)
        if behaviour is Behaviour.STEAL:
            code = resident.codes[self._manifest.issuers[0].id]
            self._must_refuse_code("code that was used before", code)
        return self._deed(leaf)

    def spoil(self, plaintext: bytes) -> Deed:
        """Cast a ballot whose plaintext breaks the limits; the box cannot see that."""
        ballot = self._device.ballot_of(plaintext, self._credentials())
        return self._deed(self._cast(ballot))

    def copy(self, sealed: bytes) -> Deed:
        """Cast another's sealed bytes under the own pseudonym: they will not open."""
        device = self._device
        own = device.ballot(self._resident.choices, self._credentials())
        header = replace(own.header, sealed_hash=sha256(sealed).digest())
        return self._deed(self._cast(device.sign(header, sealed)))

    def forge(self) -> Deed:
        """Cast with a credential that no issuer signed, then with another's."""
        device = self._device
        fake = tuple(
            Credential(issuer=issuer.id, prefix=os.urandom(32), signature=os.urandom(384))
            for issuer in self._manifest.issuers
        )
        attempt = device.ballot(self._resident.choices, fake)
        self._must_refuse("forged credential", "ballot-refused", attempt)
        return self._deed(None)

    def swap(self) -> Deed:
        """Cast under another pseudonym with a true credential that was issued for this one."""
        other = replace(self._device, seed=sha256(b"another device" + self._device.seed).digest())
        attempt = other.ballot(self._resident.choices, self._credentials())
        self._must_refuse("credential of another pseudonym", "ballot-refused", attempt)
        return self._deed(None)

    def guess(self, code: str) -> Deed:
        """Ask with a well-formed code that was never made."""
        self._must_refuse_code("guessed code", code)
        return self._deed(None)

    def late(self, credentials_before_close: tuple[Credential, ...]) -> Deed:
        """Cast after the close."""
        attempt = self._device.ballot(self._resident.choices, credentials_before_close)
        self._must_refuse("late ballot", "closed", attempt)
        return self._deed(None)

    def credentials(self) -> tuple[Credential, ...]:
        """Only ask for the credentials, to vote later."""
        return self._credentials()

    def _blank(self) -> bytes:
        election, style = self._manifest.election, self._resident.style
        return encode_vote_unchecked(
            election, style, dict.fromkeys(election.style(style).contests, ())
        )

    def _test(self, ballot: SealedBallot) -> None:
        """Give a ballot up, show it on a second device, and see that it cannot be cast."""
        header = canonical.parse(ballot.header.to_bytes())
        self._requests += 1
        receipt = self._box.test(header, self._device.test_signature(ballot))
        read_test_receipt(receipt, self._manifest, ballot.header)
        shown = show_test(
            self._manifest, Header.from_value(header), ballot.sealed, ballot.ephemeral
        )
        expected = {
            contest: self._resident.choices.get(contest, ())
            for contest in self._manifest.election.style(self._resident.style).contests
        }
        if not isinstance(shown, Vote) or dict(shown.choices) != expected:
            raise RehearsalFailed("a test ballot showed other choices than were made")
        self._must_refuse("tested ballot", "tested", ballot)

    def _deed(self, leaf: bytes | None) -> Deed:
        return Deed(
            number=self._resident.number,
            behaviour=self._resident.behaviour,
            leaf_hash=leaf,
            receipts=tuple(self._receipts),
            refused=tuple(self._refused),
            requests=self._requests,
        )


def play_all(
    manifest_bytes: bytes, registrar: str, box: str, residents: Sequence[Resident]
) -> list[Deed]:
    """Let ``residents`` visit one after the other. Runs in a process of its own."""
    manifest = Manifest.parse(manifest_bytes)
    doors = Client(registrar), Client(box)
    deeds = []
    for resident in residents:
        try:
            deeds.append(Visit(manifest, *doors, resident).play())
        except DoorRefused as error:
            raise RehearsalFailed(
                f"resident {resident.number} ({resident.behaviour}): {error}"
            ) from None
    return deeds


def shown_receipt(deed: Deed) -> str:
    """The receipt code a resident would keep: the leaf hash, base64url."""
    return "" if deed.leaf_hash is None else b64(deed.leaf_hash)
