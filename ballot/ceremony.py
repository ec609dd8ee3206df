"""The trustees' key ceremony: n trustees, threshold k, no dealer, nothing but messages.

Pedersen's distributed key generation with Feldman's verifiable shares over P-256, with commitments
first, so that the last to speak cannot choose the key (Gennaro, Jarecki, Krawczyk, Rabin 2007), and
a proof that each knows what they contribute. Each trustee i has a polynomial f_i of degree k-1,
publishes the hash of its commitments C_i,m = a_i,m·G, then, having everybody's hash, the points and
f_i(j) sealed to each trustee j; checks what was received; and confirms the result:
x_j = Σ_i f_i(j), Y = Σ_i C_i,0, V_j = x_j·G. Any k of the x_j give x with Y = x·G.

This module is what all agree on; ``transcript`` what everybody can check of the messages;
``contribution`` a trustee's own part; ``trustee`` the same with files. One fault ends a ceremony,
by name; the others begin a new one. What remains to people: that the keys in the commits are the
trustees' own. They compare the transcript hash aloud. Source: docs/key-ceremony.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.seal import GROUP_ORDER
from audit.trustees import MOST_TRUSTEES
from ballot.errors import BallotError
from tally import canonical

COMMIT, REVEAL, CONFIRM = "trustee-commit", "trustee-reveal", "trustee-confirm"

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class CeremonyInvalid(BallotError):
    """The ceremony itself makes no sense, or a message belongs to another one."""


class CeremonyIncomplete(BallotError):
    """Messages are still missing; the error says whose."""


class TrusteeFault(BallotError):
    """A trustee's message does not hold: ``trustee`` is the name. The ceremony ends here; begin a
    new one, without that trustee or after the cause is understood."""

    def __init__(self, trustee: str, index: int, reason: str) -> None:
        super().__init__(f"trustee {trustee!r} ({index}): {reason}")
        self.trustee = trustee


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What all agree on beforehand: the file ``ceremony.json``. ``nonce``: 32 random bytes."""

    election: str
    nonce: bytes
    threshold: int
    trustees: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.election):
            raise CeremonyInvalid(f"election: {self.election!r} is not an election identifier")
        if len(self.nonce) != 32:
            raise CeremonyInvalid(f"nonce: {len(self.nonce)} bytes instead of 32")
        count = len(self.trustees)
        if not 1 <= count <= MOST_TRUSTEES:
            raise CeremonyInvalid(f"trustees: {count}, and 1 to {MOST_TRUSTEES} are possible")
        if not 1 <= self.threshold <= count:
            raise CeremonyInvalid(f"threshold: {self.threshold} is outside 1..{count}")
        for name in self.trustees:
            if not 1 <= len(name) <= 200 or not name.isprintable() or name != name.strip():
                raise CeremonyInvalid(
                    f"trustees: {name[:60]!r} is not a name of 1 to 200 printable characters"
                )
        if len(set(self.trustees)) != count:
            raise CeremonyInvalid("trustees: one name stands twice")

    @classmethod
    def parse(cls, data: bytes) -> "Ceremony":
        """The ceremony in a file ``ceremony.json``. Raises CeremonyInvalid."""
        try:
            value = canonical.parse(data, limit=65_535)
            match value:
                case {
                    "type": "ceremony",
                    "version": 1,
                    "election": str(election),
                    "nonce": nonce,
                    "threshold": int(threshold),
                    "trustees": [*trustees],
                    **rest,
                } if not rest:
                    names = tuple(name for name in trustees if isinstance(name, str))
                    ceremony = cls(
                        election=election,
                        nonce=unb64(nonce, "nonce", size=32),
                        threshold=int(threshold),
                        trustees=names,
                    )
                    # Also refuses names that are no texts, and true for 1.
                    if ceremony.encode() == data:
                        return ceremony
        except (canonical.CanonicalError, AuditError) as error:
            raise CeremonyInvalid(f"ceremony: {error}") from None
        raise CeremonyInvalid("ceremony: a field is missing, unknown or of the wrong kind")

    def encode(self) -> bytes:
        """The bytes of ``ceremony.json``."""
        return canonical.encode(
            {
                "type": "ceremony",
                "version": 1,
                "election": self.election,
                "nonce": b64(self.nonce),
                "threshold": self.threshold,
                "trustees": list(self.trustees),
            }
        )

    @property
    def id(self) -> bytes:
        """What every message of the ceremony is bound to, 32 bytes."""
        return sha256(labelled("ceremony", self.encode())).digest()

    def index_of(self, name: str) -> int:
        """The index, from 1, of a trustee. Raises CeremonyInvalid."""
        if name not in self.trustees:
            raise CeremonyInvalid(
                f"trustee: {name!r} is not one of {', '.join(map(repr, self.trustees))}"
            )
        return self.trustees.index(name) + 1


def commitment_hash(ceremony: Ceremony, index: int, points: Sequence[bytes], salt: bytes) -> bytes:
    """What a commit carries in place of the points. It holds the index: a copy is no use."""
    fields = (ceremony.id, index.to_bytes(2), *points, salt)
    return sha256(labelled("trustee-commitment", *fields)).digest()


def proof_challenge(
    ceremony: Ceremony, index: int, points: Sequence[bytes], nonce_point: bytes
) -> int:
    """The challenge of the proof of knowledge (Schnorr 1991, made non-interactive by hashing)."""
    fields = (ceremony.id, index.to_bytes(2), *points, nonce_point)
    return int.from_bytes(sha256(labelled("trustee-proof", *fields)).digest()) % GROUP_ORDER


def share_info(ceremony: Ceremony, sender: int, receiver: int, commits: bytes) -> bytes:
    """The HPKE info of a share; ``commits`` is the hash of all commits."""
    fields = (ceremony.id, sender.to_bytes(2), receiver.to_bytes(2), commits)
    return labelled("trustee-share", *fields)
