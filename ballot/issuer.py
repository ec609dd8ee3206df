"""An issuer's keys: one RSA key a style, one Ed25519 key for the counts, two symmetric keys.

They are made once for one election and lie in one folder: ``secret.json``, encrypted, and
``issuer.json``, the public half that goes into the manifest::

    {"type":"issuer","version":1,"election": id,"id","key": b64,"styles": {style id: b64 SPKI DER}}

The secret is canonical JSON ``{"id","counts": b64 32,"pepper": b64 32,"roll": b64 32,
"styles": {style id: b64 (p || q)}}``, p and q of 192 bytes each: all else follows from them.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.credential import MODULUS_BITS, PUBLIC_EXPONENT, load_issuer_key
from audit.errors import AuditError
from audit.label import b64, unb64
from ballot.blind import BlindSigner, new_issuer_key
from ballot.code import STYLES
from ballot.durable import keep_file
from ballot.errors import BallotError
from ballot.keyfile import DEFAULT_COST, Cost, read_secret, write_secret
from tally import canonical

PURPOSE = "issuer"
SECRET = "secret.json"  # noqa: S105  (a file's name)
PUBLIC = "issuer.json"

_PRIME_SIZE = MODULUS_BITS // 16
_LIMIT = 2_000_000


class IssuerInvalid(BallotError):
    """An issuer's file that does not hold what it should; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPublic:
    """What everybody may know: ``key`` (32 bytes) signs the counts, ``styles`` maps each style to
    the DER of its key."""

    issuer: str
    key: bytes
    styles: Mapping[str, bytes]

    def to_value(self) -> dict[str, canonical.Value]:
        """As an element of the manifest's ``issuers``, docs/formats.md section 3."""
        return {
            "id": self.issuer,
            "key": b64(self.key),
            "styles": {style: b64(der) for style, der in self.styles.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKeys:
    """An issuer's private keys, out of their file. ``pepper`` keys the stored codes, ``roll_key``
    the roll's salts."""

    issuer: str
    styles: Mapping[str, rsa.RSAPrivateKey] = field(repr=False)
    counts: Ed25519PrivateKey = field(repr=False)
    pepper: bytes = field(repr=False)
    roll_key: bytes = field(repr=False)

    def public(self) -> IssuerPublic:
        """The public half."""
        return IssuerPublic(
            issuer=self.issuer,
            key=self.counts.public_key().public_bytes_raw(),
            styles={style: BlindSigner(key).public_key.der for style, key in self.styles.items()},
        )


def create_issuer(
    folder: Path,
    *,
    issuer: str,
    election: str,
    styles: Sequence[str],
    passphrase: str,
    roll_key: bytes | None = None,
    cost: Cost = DEFAULT_COST,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> IssuerPublic:
    """Make the keys of ``issuer`` for the election with the id ``election``.

    ``folder`` exists. ``roll_key`` (32 bytes) is given when another issuer's roll is to have the
    same root. ``progress`` gets keys made and keys in all. Raises SecretFileExists.
    """
    if not styles or len(set(styles)) != len(styles) or len(styles) > STYLES:
        raise IssuerInvalid(f"styles: give 1 to {STYLES} different ones")
    if roll_key is not None and len(roll_key) != 32:
        raise IssuerInvalid(f"roll key: {len(roll_key)} bytes instead of 32")
    made: dict[str, rsa.RSAPrivateKey] = {}
    for style in styles:
        progress(len(made), len(styles))
        made[style] = new_issuer_key()
    progress(len(made), len(styles))
    keys = IssuerKeys(
        issuer=issuer,
        styles=made,
        counts=Ed25519PrivateKey.generate(),
        pepper=secrets.token_bytes(32),
        roll_key=roll_key if roll_key is not None else secrets.token_bytes(32),
    )
    write_secret(
        folder / SECRET,
        _packed(keys),
        passphrase,
        purpose=PURPOSE,
        election=election,
        public={"id": issuer},
        cost=cost,
    )
    public = keys.public()
    keep_file(folder / PUBLIC, _public_file(public, election))
    return public


def open_issuer(folder: Path, *, issuer: str, election: str, passphrase: str) -> IssuerKeys:
    """The keys in ``folder``; also puts ``issuer.json`` back if it is missing.

    Raises SecretFileError, IssuerInvalid for keys of another issuer, FileDiffers when
    ``issuer.json`` does not belong to the secret.
    """
    path = folder / SECRET
    try:
        keys = _unpacked(read_secret(path, passphrase, purpose=PURPOSE, election=election), issuer)
    except (AuditError, canonical.CanonicalError, ValueError):
        # The cause would quote the secret.
        raise IssuerInvalid(f"{path}: opens, but does not hold an issuer's keys") from None
    keep_file(folder / PUBLIC, _public_file(keys.public(), election))
    return keys


def read_issuer(data: bytes, *, election: str) -> IssuerPublic:
    """The public half in the bytes of an ``issuer.json``. Raises IssuerInvalid."""
    try:
        match canonical.parse(data, limit=_LIMIT):
            case {
                "type": "issuer",
                "version": 1,
                "election": str(found),
                "id": str(issuer),
                "key": key,
                "styles": Mapping() as styles,
                **rest,
            } if not rest:
                pass
            case _:
                raise IssuerInvalid("issuer file: fields missing or more")
        if found != election:
            raise IssuerInvalid(f"issuer file: election is {found!r}, not {election!r}")
        return IssuerPublic(
            issuer=issuer,
            key=unb64(key, "issuer file: key", size=32),
            styles={
                style: load_issuer_key(unb64(der, f"issuer file: styles.{style}")).der
                for style, der in styles.items()
            },
        )
    except (AuditError, canonical.CanonicalError) as error:
        raise IssuerInvalid(f"issuer file: {error}") from None


def _public_file(public: IssuerPublic, election: str) -> bytes:
    return canonical.encode(
        {"type": "issuer", "version": 1, "election": election, **public.to_value()}
    )


def _packed(keys: IssuerKeys) -> bytes:
    styles: dict[str, canonical.Value] = {}
    for style, key in keys.styles.items():
        numbers = key.private_numbers()
        styles[style] = b64(numbers.p.to_bytes(_PRIME_SIZE) + numbers.q.to_bytes(_PRIME_SIZE))
    return canonical.encode(
        {
            "id": keys.issuer,
            "counts": b64(keys.counts.private_bytes_raw()),
            "pepper": b64(keys.pepper),
            "roll": b64(keys.roll_key),
            "styles": styles,
        }
    )


def _unpacked(secret: bytes, issuer: str) -> IssuerKeys:
    match canonical.parse(secret):
        case {
            "id": str(found),
            "counts": counts,
            "pepper": pepper,
            "roll": roll,
            "styles": Mapping() as styles,
        }:
            pass
        case _:
            raise ValueError
    if found != issuer:
        raise IssuerInvalid(f"the keys belong to issuer {found!r}, not to {issuer!r}")
    return IssuerKeys(
        issuer=issuer,
        styles={
            style: _rsa_key(unb64(primes, "styles", size=2 * _PRIME_SIZE))
            for style, primes in styles.items()
        },
        counts=Ed25519PrivateKey.from_private_bytes(unb64(counts, "counts", size=32)),
        pepper=unb64(pepper, "pepper", size=32),
        roll_key=unb64(roll, "roll", size=32),
    )


def _rsa_key(primes: bytes) -> rsa.RSAPrivateKey:
    """The key with the primes p and q (RFC 8017 section 3.2); checked by the library."""
    p = int.from_bytes(primes[:_PRIME_SIZE])
    q = int.from_bytes(primes[_PRIME_SIZE:])
    d = rsa.rsa_recover_private_exponent(PUBLIC_EXPONENT, p, q)
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    ).private_key()
