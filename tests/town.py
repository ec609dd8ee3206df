"""A whole small election in memory, made with the real cryptography, for tests of every room.

Everything follows from a seed, also the RSA keys (found once a session): the same seed gives the
same town, byte for byte. ``town()`` is cached; what it holds is immutable, so that tests can share
it and build their own, wrong, variants with ``Clerk``, who holds every private key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

import gmpy2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.admission import admit
from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.derive import Inputs
from audit.manifest import (
    BoxKeys,
    Issuer,
    Manifest,
    RollCommitment,
    manifest_message,
    manifest_signatures,
)
from audit.merkle import leaf_hash, root
from audit.note import Ed25519Signer
from audit.officers import Officer, Officers, OfficerSignature
from audit.opening import checkpoint_hash, opening_file, recover_opening
from audit.record import (
    CloseEntry,
    Credential,
    Issued,
    OpenEntry,
    close_message,
    issued_message,
    open_message,
)
from audit.seal import GROUP_ORDER, encode_point, load_scalar
from audit.trustees import TrusteeKey, TrusteeKeys, sign_release
from ballot.blind import BlindSigner
from ballot.voter import Device, SealedBallot
from tally.election import Election
from tally.frozen import FrozenMap
from tally.mark import Choice
from tally.vote import encode_vote_unchecked

PICTURE = b"\x89PNG\r\n\x1a\n a picture of a tree"
OFFICERS = ("Aïcha Officer", "Bruno Officer")
TRUSTEES = ("Chloé Trustee", "Dov Trustee", "Élise Trustee")
THRESHOLD = 2


def drawn(*words: object, size: int = 32) -> bytes:
    """``size`` bytes that follow from ``words``."""
    text = "/".join(str(word) for word in words).encode()
    return b"".join(sha256(text + bytes([i])).digest() for i in range(-(-size // 32)))[:size]


def scalar(*words: object) -> int:
    """A P-256 scalar 1..order-1 that follows from ``words``."""
    return 1 + int.from_bytes(drawn(*words, size=64)) % (GROUP_ORDER - 1)


@lru_cache(maxsize=64)
def rsa_key(*words: object) -> rsa.RSAPrivateKey:
    """An RSA key of 3072 bits that follows from ``words``."""
    primes = []
    for name in ("p", "q"):
        begin = int.from_bytes(drawn(*words, name, size=192)) | 3 << 1534 | 1
        prime = gmpy2.next_prime(begin)
        while prime % 65537 == 1:
            prime = gmpy2.next_prime(prime)
        primes.append(int(prime))
    p, q = primes
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(65537, p * q),
    ).private_key()


def _text(words: str) -> dict[str, str]:
    return {"fr": words, "en": words}


def _project(name: str, cost: int, *, picture: bool = False) -> dict[str, object]:
    path = {"path": "pictures/tree.png", "sha256": _b64(sha256(PICTURE).digest())}
    return {
        "id": name,
        "title": _text(f"Projet {name}"),
        "description": _text(""),
        "cost": cost,
        "category": ["green"],
        "district": "",
        "picture": path if picture else None,
        "invented": True,
    }


def _b64(data: bytes) -> str:
    from audit.label import b64

    return b64(data)


def definition() -> dict[str, object]:
    """Two styles; an approval envelope for all, a points envelope and a question."""
    return {
        "id": "demo-town",
        "title": _text("Budget de la ville"),
        "organiser": _text("Ville"),
        "eligibility": _text("Everybody."),
        "languages": ["fr", "en"],
        "currency": "EUR",
        "exponent": 2,
        "time_zone": "Europe/Paris",
        "opens": "2026-10-05T08:00:00Z",
        "closes": "2026-10-19T18:00:00Z",
        "contests": [
            {
                "kind": "envelope",
                "id": "city",
                "title": _text("Ville"),
                "description": _text(""),
                "budget": 100_000,
                "form": {"type": "approval", "minimum": 1, "maximum": 3, "blank": True},
                "rule": {"name": "greedy", "parameters": {"on_misfit": "skip"}},
                "tie_break": ["cost", "lot"],
                "projects": [
                    _project("trees", 60_000, picture=True),
                    _project("bench", 20_000),
                    _project("fountain", 50_000),
                    _project("fridge", 20_000),
                    _project("mural", 90_000),
                ],
            },
            {
                "kind": "envelope",
                "id": "centre",
                "title": _text("Centre"),
                "description": _text(""),
                "budget": 50_000,
                "form": {
                    "type": "points",
                    "total": 10,
                    "cap": 5,
                    "minimum_projects": 1,
                    "maximum_projects": None,
                    "minimum_total": 0,
                    "blank": True,
                },
                "rule": {"name": "greedy", "parameters": {"on_misfit": "stop"}},
                "tie_break": ["order"],
                "projects": [_project("A/1", 30_000), _project("B/2", 30_000)],
            },
            {
                "kind": "question",
                "id": "cars",
                "title": _text("Sans voitures ?"),
                "description": _text(""),
                "form": {"type": "question", "blank": True},
                "rule": {
                    "name": "question",
                    "parameters": {"threshold": "1/2", "strict": True, "of": "expressed"},
                },
                "options": [
                    {"id": "yes", "title": _text("Oui")},
                    {"id": "no", "title": _text("Non")},
                ],
            },
        ],
        "styles": [
            {"id": "centre", "title": _text("Centre"), "contests": ["city", "centre"], "forms": {}},
            {"id": "north", "title": _text("Nord"), "contests": ["city", "cars"], "forms": {}},
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Whoever holds every private key of a town: makes its documents, honest ones and others."""

    seed: str
    issuer_ids: tuple[str, ...]
    manifest: Manifest

    def officer(self, name: str) -> Ed25519PrivateKey:
        """An officer's key."""
        return _ed25519(self.seed, "officer", name)

    def sign(
        self, message: bytes, officers: Sequence[str] = OFFICERS
    ) -> tuple[OfficerSignature, ...]:
        """Officers' signatures."""
        return tuple(
            OfficerSignature(officer=name, signature=self.officer(name).sign(message))
            for name in officers
        )

    @property
    def log(self) -> Ed25519Signer:
        """The log's signer."""
        return Ed25519Signer(name=self.manifest.box.origin, private=_ed25519(self.seed, "log"))

    @property
    def receipt_key(self) -> Ed25519PrivateKey:
        """The box's receipt key."""
        return _ed25519(self.seed, "receipt")

    def open_entry(self) -> bytes:
        """The log's first entry."""
        election = self.manifest.hash
        return OpenEntry(election=election, officers=self.sign(open_message(election))).to_bytes()

    def close_entry(self, counts: Mapping[str, int]) -> bytes:
        """The log's last entry; every issuer gave out ``counts``."""
        election = self.manifest.hash
        issued = tuple(
            Issued(
                issuer=each,
                counts=FrozenMap(sorted(counts.items())),
                signature=_ed25519(self.seed, "issuer", each).sign(
                    issued_message(election, each, counts)
                ),
            )
            for each in self.issuer_ids
        )
        officers = self.sign(close_message(election, issued))
        return CloseEntry(election=election, issued=issued, officers=officers).to_bytes()

    def device(self, person: str, style: str) -> Device:
        """A person's device."""
        return Device(manifest=self.manifest, style=style, seed=drawn(self.seed, "person", person))

    def credentials(self, device: Device) -> tuple[Credential, ...]:
        """What the registrars give a device, blindly."""
        return tuple(
            device.credential(
                each,
                BlindSigner(rsa_key(self.seed, each, device.style)).sign(
                    device.blinded_message(each)
                ),
            )
            for each in self.issuer_ids
        )

    def ballot(
        self, device: Device, plaintext: bytes, credentials: tuple[Credential, ...], sequence: int
    ) -> SealedBallot:
        """A sealed and signed ballot that is the same each time."""
        ephemeral = scalar(self.seed, "ephemeral", device.pseudonym.hex(), sequence, plaintext)
        return device.ballot_of(
            plaintext, credentials, sequence=sequence, ephemeral=ephemeral.to_bytes(32)
        )

    def checkpoint(self, entries: Sequence[bytes]) -> bytes:
        """The signed checkpoint of a log with these entries."""
        return sign_checkpoint(self.head(entries), self.log)

    def head(self, entries: Sequence[bytes]) -> Checkpoint:
        """The same, not signed."""
        return Checkpoint(
            origin=self.manifest.box.origin,
            size=len(entries),
            root=root(leaf_hash(entry) for entry in entries),
        )

    def releases(self, head: Checkpoint, indices: Sequence[int] = (1, 3)) -> list[bytes]:
        """Trustees' releases for a final checkpoint."""
        return [
            sign_release(
                election=self.manifest.hash,
                index=index,
                share=_share(self.seed, index).to_bytes(32),
                checkpoint=checkpoint_hash(head),
                private=_ed25519(self.seed, "trustee", index),
            )
            for index in indices
        ]

    def opening(self, head: Checkpoint, indices: Sequence[int] = (1, 3)) -> bytes:
        """The content of opening.json."""
        recovery = recover_opening(self.manifest, self.releases(head, indices), head)
        return opening_file(self.manifest, recovery)

    def inputs(
        self, entries: Sequence[bytes], sealed: Mapping[bytes, bytes], *, head: bytes | None = None
    ) -> Inputs:
        """Everything needed to publish a log with these entries; ``sealed`` by leaf hash."""
        counted = admit(self.manifest, entries).counted
        return Inputs(
            manifest=self.manifest.encoded,
            manifest_signatures=manifest_signatures(
                self.manifest, self.sign(manifest_message(self.manifest.hash))
            ),
            entries=tuple(entries),
            checkpoint=head or self.checkpoint(entries),
            sealed=FrozenMap(
                (style, b"".join(sealed[ballot.leaf_hash] for ballot in ballots))
                for style, ballots in counted.items()
            ),
            opening=self.opening(self.head(entries)),
            pictures=FrozenMap({"pictures/tree.png": PICTURE}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A closed and opened election. ``entries`` is the log, ``sealed`` maps leaf hashes to sealed
    bytes, ``ballots`` are those cast, by person, in the order of their sequence."""

    clerk: Clerk
    entries: tuple[bytes, ...]
    sealed: FrozenMap[bytes, bytes] = field(repr=False)
    ballots: FrozenMap[str, tuple[SealedBallot, ...]] = field(repr=False)
    inputs: Inputs = field(repr=False)

    @property
    def manifest(self) -> Manifest:
        """The town's manifest."""
        return self.clerk.manifest


def _ed25519(*words: object) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(drawn("ed25519", *words))


def _public(*words: object) -> bytes:
    return _ed25519(*words).public_key().public_bytes_raw()


def _share(seed: str, index: int) -> int:
    """Shamir's polynomial at ``index``; index 0 is the election's private key."""
    coefficients = [scalar(seed, "polynomial", power) for power in range(THRESHOLD)]
    total: int = sum(c * index**power for power, c in enumerate(coefficients))
    return total % GROUP_ORDER


def _point(secret: int) -> bytes:
    return encode_point(load_scalar(secret.to_bytes(32)).public_key())


@lru_cache(maxsize=16)
def clerk(
    seed: str = "town",
    issuers: int = 1,
    roll: int = 40,
    batch_minimum: int = 2,
    witness_policy: str = "",
) -> Clerk:
    """A town's keys and manifest, before anybody votes; ``roll`` persons a style."""
    election = Election.from_value(definition())
    styles = [style.id for style in election.styles]
    ids = ("town-hall", "prefecture")[:issuers]
    log = _public(seed, "log")
    origin = f"scrutin/{election.id}/{sha256(log).hexdigest()[:8]}"
    log_key = Ed25519Signer(name=origin, private=_ed25519(seed, "log")).key
    manifest = Manifest(
        election=election,
        officers=Officers(
            threshold=2,
            keys=tuple(Officer(name=each, key=_public(seed, "officer", each)) for each in OFFICERS),
        ),
        issuers=tuple(
            Issuer(
                id=each,
                key=_public(seed, "issuer", each),
                styles=FrozenMap(
                    (style, BlindSigner(rsa_key(seed, each, style)).public_key.der)
                    for style in styles
                ),
            )
            for each in ids
        ),
        box=BoxKeys(
            origin=origin,
            log_key=str(log_key),
            receipt_key=_public(seed, "receipt"),
            batch_seconds=60,
            batch_minimum=batch_minimum,
        ),
        witness_policy=witness_policy,
        trustees=TrusteeKeys(
            threshold=THRESHOLD,
            election_key=_point(_share(seed, 0)),
            trustees=tuple(
                TrusteeKey(
                    name=name,
                    index=index,
                    signing_key=_public(seed, "trustee", index),
                    verification_key=_point(_share(seed, index)),
                )
                for index, name in enumerate(TRUSTEES, start=1)
            ),
            transcript_hash=drawn(seed, "ceremony"),
        ),
        roll=RollCommitment(
            root=drawn(seed, "roll"), counts=FrozenMap((style, roll) for style in styles)
        ),
        maximum_sequence=9,
        client=None,
    )
    return Clerk(seed=seed, issuer_ids=ids, manifest=manifest)


Choices = Mapping[str, Choice]

# Who votes what, in the order of casting: person, style, choices (or a raw plaintext).
VOTES: Sequence[tuple[str, str, Choices | bytes]] = (
    ("ana", "centre", {"city": (("trees", 1), ("bench", 1)), "centre": (("A/1", 5), ("B/2", 3))}),
    ("ben", "centre", {"city": (("trees", 1),), "centre": (("B/2", 5),)}),
    ("cem", "centre", {"city": (("fountain", 1), ("fridge", 1)), "centre": ()}),
    ("dia", "centre", {"city": (), "centre": ()}),
    ("ana", "centre", {"city": (("mural", 1),), "centre": (("A/1", 4),)}),
    ("eli", "north", {"city": (("bench", 1), ("fridge", 1)), "cars": (("yes", 1),)}),
    ("fay", "north", {"city": (("trees", 1), ("fridge", 1)), "cars": (("yes", 1),)}),
    ("gil", "north", {"city": (("trees", 1),), "cars": (("no", 1),)}),
    # four projects where three are allowed: this part is spoiled, the question counts
    (
        "hoa",
        "north",
        {
            "city": (("trees", 1), ("bench", 1), ("fountain", 1), ("fridge", 1)),
            "cars": (("no", 1),),
        },
    ),
    ("ivo", "north", b"\x07\x00\x00"),  # another version: the whole ballot is spoiled
    ("ana", "centre", {"city": (("trees", 1), ("fridge", 1)), "centre": (("A/1", 5),)}),
)


@lru_cache(maxsize=16)
def town(seed: str = "town", issuers: int = 1, voters: int = 0) -> Town:
    """A town that voted, closed and opened. ``voters`` more than the nine of VOTES vote alike."""
    own = clerk(seed, issuers, roll=40 + voters)
    election = own.manifest.election
    votes = [*VOTES]
    for number in range(voters):
        _, style, choices = VOTES[number % 8]
        votes.append((f"voter-{number}", style, choices))
    devices: dict[str, tuple[Device, tuple[Credential, ...]]] = {}
    ballots: dict[str, list[SealedBallot]] = {}
    for person, style, choices in votes:
        if person not in devices:
            device = own.device(person, style)
            devices[person] = device, own.credentials(device)
        device, credentials = devices[person]
        plaintext = (
            choices
            if isinstance(choices, bytes)
            else encode_vote_unchecked(election, style, choices)
        )
        before = ballots.setdefault(person, [])
        before.append(own.ballot(device, plaintext, credentials, len(before) + 1))
    cast = [ballot for person in ballots.values() for ballot in person]
    # The box orders each batch by leaf hash; here all is one batch.
    logged = sorted((ballot.entry for ballot in cast), key=leaf_hash)
    counts = {style.id: 20 + voters for style in election.styles}
    entries = (own.open_entry(), *logged, own.close_entry(counts))
    sealed = FrozenMap((leaf_hash(ballot.entry), ballot.sealed) for ballot in cast)
    return Town(
        clerk=own,
        entries=entries,
        sealed=sealed,
        ballots=FrozenMap((person, tuple(each)) for person, each in ballots.items()),
        inputs=own.inputs(entries, sealed),
    )
