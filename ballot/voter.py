"""What a resident's device does, in Python: credential, seal, sign, test, check. Pure.

Everything secret follows from one 32-byte seed that the device draws (never from the mailed code)
and that can be printed as a recovery sheet: the same seed resumes an interrupted vote. The one
exception is the ephemeral key of a sealed ballot, which is drawn afresh each time, because sealing
two different votes under one ephemeral key would reveal both.

The browser's modules do the same; docs/formats.md section 11 says how each value is derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from audit.credential import PREFIX_SIZE, SALT_SIZE, IssuerKey, credential_message, load_issuer_key
from audit.label import labelled
from audit.manifest import Manifest
from audit.record import BallotEntry, Credential, Header, sealed_hash
from audit.seal import Sealed, open_with_ephemeral, seal, seal_info
from ballot.blind import Blinded, BlindingInvalid, blind, finalize
from ballot.errors import BallotError
from tally.vote import Choice, Spoiled, Vote, decode_vote, encode_vote

SEED_SIZE = 32
# n has 3072 bits; 128 bits more make the reduction modulo n - 1 uniform (RFC 9380 section 5).
BLINDING_SIZE = 384 + 16


class VoterError(BallotError):
    """Something a resident's device was given does not fit this election."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBallot:
    """A ballot ready to be cast or to be tested, one or the other.

    ``entry`` goes into the public log, ``sealed`` travels beside it. ``ephemeral`` opens the
    sealed bytes: shown to a second device in a test, forgotten when the ballot is cast.
    """

    entry: bytes
    sealed: bytes
    header: Header
    ephemeral: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One resident's device in one election. ``manifest`` must have been verified."""

    manifest: Manifest
    style: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_SIZE:
            raise VoterError(f"seed: {len(self.seed)} bytes instead of {SEED_SIZE}")
        if self.style not in {style.id for style in self.manifest.election.styles}:
            raise VoterError(f"style: {self.style!r} is not a style of this election")

    def _derive(self, size: int, *purpose: bytes) -> bytes:
        info = labelled("device", self.manifest.hash, self.style.encode(), *purpose)
        return HKDF(algorithm=SHA256(), length=size, salt=None, info=info).derive(self.seed)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derive(32, b"pseudonym"))

    @property
    def pseudonym(self) -> bytes:
        """The public key that the ballots of this device are signed with."""
        return self._key.public_key().public_bytes_raw()

    # -- the credential -------------------------------------------------------------------------

    def _issuer(self, issuer: str) -> IssuerKey:
        for each in self.manifest.issuers:
            if each.id == issuer:
                return load_issuer_key(each.styles[self.style])
        raise VoterError(f"issuer: {issuer!r} is not an issuer of this election")

    def _prefix(self, issuer: str) -> bytes:
        return self._derive(PREFIX_SIZE, b"prefix", issuer.encode())

    def _message(self, issuer: str) -> bytes:
        return credential_message(issuer, self.manifest.hash, self.style, self.pseudonym)

    def _blind(self, issuer: str) -> Blinded:
        key = self._issuer(issuer)
        modulus = key.rsa.public_numbers().n
        attempt = 0
        while True:
            drawn = self._derive(BLINDING_SIZE, b"blind", issuer.encode(), attempt.to_bytes(4))
            try:
                return blind(
                    key,
                    self._message(issuer),
                    prefix=self._prefix(issuer),
                    salt=self._derive(SALT_SIZE, b"salt", issuer.encode()),
                    blinding=1 + int.from_bytes(drawn) % (modulus - 1),
                )
            except BlindingInvalid:
                attempt += 1
                if attempt == 4:
                    raise

    def blinded_message(self, issuer: str) -> bytes:
        """What goes to ``issuer`` beside the voting code; always the same for one seed."""
        return self._blind(issuer).message

    def credential(self, issuer: str, blind_signature: bytes) -> Credential:
        """The credential that the issuer's answer gives, verified under the manifest's key.

        Raises BlindingInvalid when the answer is no signature.
        """
        prefix = self._prefix(issuer)
        signature = finalize(
            self._issuer(issuer),
            self._message(issuer),
            blind_signature,
            self._blind(issuer).inverse,
            prefix=prefix,
        )
        return Credential(issuer=issuer, prefix=prefix, signature=signature)

    # -- the ballot -----------------------------------------------------------------------------

    def ballot(
        self,
        choices: Mapping[str, Choice],
        credentials: tuple[Credential, ...],
        *,
        sequence: int = 1,
        ephemeral: bytes | None = None,
    ) -> SealedBallot:
        """Seal and sign ``choices`` (contest → marks; a contest left out is blank).

        ``sequence`` is one more than that of the ballot it replaces. Raises VoteInvalid naming the
        contest and the reason when the choices break a form's limits.
        """
        contests = self.manifest.election.style(self.style).contests
        blank: dict[str, Choice] = dict.fromkeys(contests, ())
        plaintext = encode_vote(self.manifest.election, self.style, {**blank, **choices})
        return self.ballot_of(plaintext, credentials, sequence=sequence, ephemeral=ephemeral)

    def ballot_of(
        self,
        plaintext: bytes,
        credentials: tuple[Credential, ...],
        *,
        sequence: int = 1,
        ephemeral: bytes | None = None,
    ) -> SealedBallot:
        """Seal and sign any plaintext; what does not decode will be a spoiled ballot."""
        if not 1 <= sequence <= self.manifest.maximum_sequence:
            raise VoterError(
                f"sequence: {sequence} is outside 1..{self.manifest.maximum_sequence}: "
                "this ballot can be replaced no more"
            )
        sealed: Sealed = seal(
            plaintext,
            self.manifest.trustees.election_key,
            seal_info(self.manifest.hash, self.style, self.pseudonym, sequence),
            ephemeral=ephemeral,
        )
        by_issuer = {credential.issuer: credential for credential in credentials}
        missing = [each.id for each in self.manifest.issuers if each.id not in by_issuer]
        if missing:
            raise VoterError(f"credentials: none of issuer {missing[0]!r}")
        header = Header(
            election=self.manifest.hash,
            style=self.style,
            pseudonym=self.pseudonym,
            sequence=sequence,
            credentials=tuple(by_issuer[each.id] for each in self.manifest.issuers),
            sealed_hash=sealed_hash(sealed.blob),
        )
        return self.sign(header, sealed.blob, ephemeral=sealed.ephemeral)

    def sign(self, header: Header, sealed: bytes, *, ephemeral: bytes = b"") -> SealedBallot:
        """The ballot with this header, signed by the pseudonym."""
        entry = BallotEntry(header=header, signature=self._key.sign(header.signed_bytes()))
        return SealedBallot(
            entry=entry.to_bytes(), sealed=sealed, header=header, ephemeral=ephemeral
        )

    def test_signature(self, ballot: SealedBallot) -> bytes:
        """The signature that gives ``ballot`` up for a test: it can never be cast afterwards."""
        return self._key.sign(ballot.header.test_bytes())


def show_test(
    manifest: Manifest, header: Header, sealed: bytes, ephemeral: bytes
) -> Vote | Spoiled:
    """What a second device shows of a test ballot: the choices that the sealed bytes hold.

    Raises SealInvalid when the ephemeral key does not open them, VoterError when the sealed bytes
    are not those of the header. Nothing of this is ever sent to the service.
    """
    if sealed_hash(sealed) != header.sealed_hash:
        raise VoterError("sealed bytes: not the ones that the header names")
    info = seal_info(manifest.hash, header.style, header.pseudonym, header.sequence)
    plaintext = open_with_ephemeral(sealed, ephemeral, manifest.trustees.election_key, info)
    return decode_vote(manifest.election, header.style, plaintext)
