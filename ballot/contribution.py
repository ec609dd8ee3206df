"""A trustee's own part in the key ceremony: what must stay secret.

Pure: everything follows from a 32-byte seed, so that a step done again gives the same bytes. See
``ceremony`` for the protocol and ``trustee`` for the files.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.label import b64, labelled
from audit.message import Message, sign_message
from audit.seal import GROUP_ORDER, SCALAR_SIZE, Opener, SealInvalid, seal
from audit.trustees import TrusteeKeys
from ballot.ceremony import (
    COMMIT,
    CONFIRM,
    REVEAL,
    Ceremony,
    CeremonyInvalid,
    TrusteeFault,
    commitment_hash,
    proof_challenge,
    share_info,
)
from ballot.group import GENERATOR, encode_point, evaluate, evaluate_points
from ballot.transcript import (
    Commit,
    Reveal,
    check_commits,
    check_reveals,
    commits_hash,
    conclude,
    confirmation,
    public_keys,
)
from tally import canonical

SEED_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeShare:
    """What a trustee keeps: the share x_j (32 bytes) and the Ed25519 seed that signs releases.

    ``election`` is the identifier; ``adopted`` is E of the one manifest the share will ever be
    released for, once the trustee has accepted it.
    """

    election: str
    index: int
    name: str
    share: bytes = field(repr=False)
    signing_seed: bytes = field(repr=False)
    election_key: bytes
    transcript_hash: bytes
    adopted: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeSecret:
    """One trustee's part in one ceremony: everything secret follows from ``seed`` (32 random
    bytes, never used for two ceremonies), so that a step done again gives the same bytes."""

    ceremony: Ceremony
    index: int
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.index <= len(self.ceremony.trustees):
            raise CeremonyInvalid(f"index: there is no trustee {self.index}")
        if len(self.seed) != SEED_SIZE:
            raise CeremonyInvalid(f"seed: {len(self.seed)} bytes instead of {SEED_SIZE}")

    @property
    def name(self) -> str:
        """The trustee's name."""
        return self.ceremony.trustees[self.index - 1]

    def _derive(self, use: str, *context: bytes) -> bytes:
        fields = (use.encode(), self.ceremony.id, self.index.to_bytes(2), *context)
        return hmac.digest(self.seed, labelled("trustee-derive", *fields), "sha512")

    def _scalar(self, use: str, *context: bytes) -> int:
        """1..order-1; 512 bits leave a bias of less than 2^-250."""
        return int.from_bytes(self._derive(use, *context)) % (GROUP_ORDER - 1) + 1

    @property
    def signing_seed(self) -> bytes:
        """The Ed25519 private key, 32 bytes."""
        return self._derive("signing")[:32]

    @property
    def _encryption(self) -> Opener:
        return Opener(self._scalar("encryption").to_bytes(SCALAR_SIZE))

    @property
    def _polynomial(self) -> tuple[int, ...]:
        degrees = range(self.ceremony.threshold)
        return tuple(self._scalar("coefficient", degree.to_bytes(2)) for degree in degrees)

    @property
    def _salt(self) -> bytes:
        return self._derive("salt")[:32]

    def _sign(self, kind: str, fields: Message) -> bytes:
        private = Ed25519PrivateKey.from_private_bytes(self.signing_seed)
        header: Message = {"ceremony": b64(self.ceremony.id), "index": self.index}
        return sign_message(kind, self.ceremony.id, {**header, **fields}, private)

    def commit(self) -> bytes:
        """Step 1: the message ``trustee-commit``."""
        points = [encode_point(GENERATOR * a) for a in self._polynomial]
        signing = Ed25519PrivateKey.from_private_bytes(self.signing_seed)
        return self._sign(
            COMMIT,
            {
                "name": self.name,
                "signing_key": b64(signing.public_key().public_bytes_raw()),
                "encryption_key": b64(self._encryption.public_key),
                "commitment": b64(commitment_hash(self.ceremony, self.index, points, self._salt)),
            },
        )

    def reveal(self, commits: Sequence[Commit]) -> bytes:
        """Step 2: the message ``trustee-reveal``, for exactly these commits.

        The caller must never let two different sets of commits be answered: who sees the points
        first could then still choose theirs. ``trustee.reveal`` writes down what was answered.
        """
        self._check_own("commit", self.commit(), [commit.data for commit in commits])
        seen = commits_hash(self.ceremony, commits)
        polynomial = self._polynomial
        points = [encode_point(GENERATOR * a) for a in polynomial]
        nonce = self._scalar("proof")
        nonce_point = encode_point(GENERATOR * nonce)
        challenge = proof_challenge(self.ceremony, self.index, points, nonce_point)
        response = (nonce + challenge * polynomial[0]) % GROUP_ORDER
        shares: list[canonical.Value] = []
        for commit in commits:
            if commit.index == self.index:
                continue
            sealed = seal(
                evaluate(polynomial, commit.index).to_bytes(SCALAR_SIZE),
                commit.encryption_key,
                share_info(self.ceremony, self.index, commit.index, seen),
                ephemeral=self._scalar(
                    "ephemeral", commit.index.to_bytes(2), commit.encryption_key, seen
                ).to_bytes(SCALAR_SIZE),
            )
            shares.append({"to": commit.index, "sealed": b64(sealed.blob)})
        return self._sign(
            REVEAL,
            {
                "commits": b64(seen),
                "points": [b64(point) for point in points],
                "salt": b64(self._salt),
                "proof": {
                    "point": b64(nonce_point),
                    "response": b64(response.to_bytes(SCALAR_SIZE)),
                },
                "shares": shares,
            },
        )

    def finish(self, commits: Sequence[Commit], reveals: Sequence[Reveal]) -> TrusteeShare:
        """Step 3: the own share, from shares that were each checked against their points.

        Raises TrusteeFault naming whoever sent a share that does not open or does not fit.
        """
        self._check_own("commit", self.commit(), [commit.data for commit in commits])
        self._check_own("reveal", self.reveal(commits), [reveal.data for reveal in reveals])
        seen = commits_hash(self.ceremony, commits)
        encryption = self._encryption
        total = 0
        for reveal in reveals:
            who = self.ceremony.trustees[reveal.index - 1]
            if reveal.index == self.index:
                total += evaluate(self._polynomial, self.index)
                continue
            info = share_info(self.ceremony, reveal.index, self.index, seen)
            try:
                value = int.from_bytes(encryption.open(reveal.shares[self.index], info))
            except SealInvalid:
                raise TrusteeFault(
                    who, reveal.index, f"the share for {self.name!r} does not open"
                ) from None
            expected = evaluate_points(reveal.points, self.index)
            if value >= GROUP_ORDER or GENERATOR * value != expected:
                raise TrusteeFault(
                    who, reveal.index, f"the share for {self.name!r} does not fit the points"
                )
            total += value
        total %= GROUP_ORDER
        keys = public_keys(self.ceremony, commits, reveals)
        if encode_point(GENERATOR * total) != keys.trustees[self.index - 1].verification_key:
            raise CeremonyInvalid("share: does not belong to its verification key")
        return TrusteeShare(
            election=self.ceremony.election,
            index=self.index,
            name=self.name,
            share=total.to_bytes(SCALAR_SIZE),
            signing_seed=self.signing_seed,
            election_key=keys.election_key,
            transcript_hash=keys.transcript_hash,
        )

    def _check_own(self, what: str, own: bytes, messages: Sequence[bytes]) -> None:
        if own != messages[self.index - 1]:
            raise TrusteeFault(
                self.name, self.index, f"the {what} message is not the one this trustee made"
            )


def confirm(ceremony: Ceremony, keys: TrusteeKeys, share: TrusteeShare) -> bytes:
    """Step 3: the message ``trustee-confirm``: I hold a share of exactly these keys.

    Raises CeremonyInvalid when ``share`` is of another ceremony.
    """
    if share.transcript_hash != keys.transcript_hash:
        raise CeremonyInvalid(
            f"share of {share.name!r}: was made from other messages than these; a message was "
            "exchanged after this trustee finished"
        )
    private = Ed25519PrivateKey.from_private_bytes(share.signing_seed)
    return sign_message(CONFIRM, ceremony.id, confirmation(ceremony, keys, share.index), private)


def local_ceremony(
    election: str,
    names: Sequence[str],
    threshold: int,
    *,
    nonce: bytes | None = None,
    seeds: Sequence[bytes] | None = None,
) -> tuple[TrusteeKeys, tuple[TrusteeShare, ...]]:
    """All parts played in memory, for demos and tests: the keys, and each trustee's share.

    ``nonce`` and ``seeds`` (32 bytes each) make it reproducible; without them they are drawn.
    """
    ceremony = Ceremony(
        election=election,
        nonce=nonce or token_bytes(32),
        threshold=threshold,
        trustees=tuple(names),
    )
    chosen = seeds or [token_bytes(SEED_SIZE) for _ in names]
    parts = [
        TrusteeSecret(ceremony=ceremony, index=index, seed=seed)
        for index, seed in enumerate(chosen, 1)
    ]
    commits = check_commits(ceremony, [part.commit() for part in parts])
    reveals = check_reveals(ceremony, commits, [part.reveal(commits) for part in parts])
    shares = tuple(part.finish(commits, reveals) for part in parts)
    keys = public_keys(ceremony, commits, reveals)
    return conclude(
        ceremony,
        [commit.data for commit in commits],
        [reveal.data for reveal in reveals],
        [confirm(ceremony, keys, share) for share in shares],
    ), shares
