"""The one way to seal a ballot: HPKE (RFC 9180), base mode, aad empty, one message a context.

DHKEM(P-256, HKDF-SHA256) 0x0010, HKDF-SHA256 0x0001, AES-128-GCM 0x0001. Sealed bytes are
``enc (65) || ciphertext || tag (16)``. Opening with the private key is the library's; sealing is
spelled out here because "cast or test" must be able to show the ephemeral key.
"""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.errors import AuditError
from audit.label import labelled

POINT_SIZE = 65
SCALAR_SIZE = 32
TAG_SIZE = 16
OVERHEAD = POINT_SIZE + TAG_SIZE
"""Sealed bytes are this much longer than the plaintext."""

GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256 (SEC 2 section 2.4.2)."""

_CURVE = ec.SECP256R1()
_KEM_SUITE = b"KEM" + (0x0010).to_bytes(2)
_HPKE_SUITE = b"HPKE" + (0x0010).to_bytes(2) + (0x0001).to_bytes(2) + (0x0001).to_bytes(2)
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class SealInvalid(AuditError):
    """Sealed bytes that do not open, or a key that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """``blob``: the sealed bytes. ``ephemeral``: the 32-byte private scalar that opens them, for a
    test ballot only; a ballot that is cast must have it forgotten."""

    blob: bytes
    ephemeral: bytes = field(repr=False)


def seal_info(election: bytes, style: str, pseudonym: bytes, sequence: int) -> bytes:
    """The context a ballot is bound to: ``election`` is E (32 bytes), ``pseudonym`` 32 bytes."""
    if len(election) != 32:
        raise SealInvalid(f"election: {len(election)} bytes instead of 32")
    if len(pseudonym) != 32:
        raise SealInvalid(f"pseudonym: {len(pseudonym)} bytes instead of 32")
    if not 0 <= sequence <= 0xFFFF:
        raise SealInvalid(f"sequence: {sequence} is outside 0..65535")
    return labelled("seal", election, style.encode(), pseudonym, sequence.to_bytes(2))


@lru_cache(maxsize=64)
def load_point(encoded: bytes, name: str = "election key") -> ec.EllipticCurvePublicKey:
    """The P-256 public key that 65 bytes ``04 || x || y`` spell; any other spelling is refused.

    Raises SealInvalid naming ``name`` for compressed or hybrid points, the point at infinity and
    points off the curve.
    """
    if len(encoded) != POINT_SIZE or encoded[0] != 0x04:
        raise SealInvalid(f"{name}: not an uncompressed P-256 point of 65 bytes beginning with 04")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, encoded)
    except ValueError:
        raise SealInvalid(f"{name}: not a point of the curve P-256") from None


def load_scalar(scalar: bytes, name: str = "private key") -> ec.EllipticCurvePrivateKey:
    """The P-256 private key of a 32-byte big-endian scalar 1..order-1. Raises SealInvalid."""
    if len(scalar) != SCALAR_SIZE:
        raise SealInvalid(f"{name}: {len(scalar)} bytes instead of 32")
    value = int.from_bytes(scalar)
    if not 0 < value < GROUP_ORDER:
        raise SealInvalid(f"{name}: outside 1..order-1 of P-256")
    return ec.derive_private_key(value, _CURVE)


def encode_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """``04 || x || y``, 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    """LabeledExtract, RFC 9180 section 4."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand, RFC 9180 section 4; one block of HKDF is enough for every use here."""
    text = size.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01"
    return hmac.digest(key, text, "sha256")[:size]


_PSK_ID_HASH = _extract(_HPKE_SUITE, b"", b"psk_id_hash", b"")


def _schedule(shared: bytes, enc: bytes, recipient: bytes, info: bytes) -> tuple[AESGCM, bytes]:
    """ExtractAndExpand and KeySchedule in base mode (RFC 9180 sections 4.1 and 5.1)."""
    prk = _extract(_KEM_SUITE, b"", b"eae_prk", shared)
    secret = _expand(_KEM_SUITE, prk, b"shared_secret", enc + recipient, sha256().digest_size)
    context = b"\x00" + _PSK_ID_HASH + _extract(_HPKE_SUITE, b"", b"info_hash", info)
    secret = _extract(_HPKE_SUITE, secret, b"secret", b"")
    key = _expand(_HPKE_SUITE, secret, b"key", context, 16)
    return AESGCM(key), _expand(_HPKE_SUITE, secret, b"base_nonce", context, 12)


def seal(
    plaintext: bytes, election_key: bytes, info: bytes, *, ephemeral: bytes | None = None
) -> Sealed:
    """Seal ``plaintext`` to ``election_key`` (65-byte point), bound to ``info``.

    ``ephemeral`` is a 32-byte scalar for a result that can be reproduced; the same one must never
    seal two plaintexts. Without it a fresh one is drawn. Raises SealInvalid for a bad key.
    """
    recipient = load_point(election_key)
    if ephemeral is None:
        private = ec.generate_private_key(_CURVE)
        ephemeral = private.private_numbers().private_value.to_bytes(SCALAR_SIZE)
    else:
        private = load_scalar(ephemeral, "ephemeral key")
    enc = encode_point(private.public_key())
    shared = private.exchange(ec.ECDH(), recipient)
    cipher, nonce = _schedule(shared, enc, election_key, info)
    return Sealed(blob=enc + cipher.encrypt(nonce, plaintext, None), ephemeral=ephemeral)


def _check_shape(blob: bytes) -> None:
    if len(blob) < OVERHEAD:
        raise SealInvalid(f"sealed bytes: {len(blob)}, fewer than the {OVERHEAD} of an empty text")
    if blob[0] != 0x04:
        raise SealInvalid("sealed bytes: do not begin with an uncompressed point")


class Opener:
    """Opens what was sealed to one private key; the key is prepared once. Safe to share between
    threads."""

    def __init__(self, private_key: bytes | ec.EllipticCurvePrivateKey) -> None:
        """``private_key``: 32-byte scalar, or a loaded key. Raises SealInvalid."""
        if isinstance(private_key, bytes):
            private_key = load_scalar(private_key)
        if not isinstance(private_key.curve, ec.SECP256R1):
            raise SealInvalid("private key: not of the curve P-256")
        self._private = private_key
        self.public_key = encode_point(private_key.public_key())
        """The election key, 65 bytes."""

    def open(self, blob: bytes, info: bytes) -> bytes:
        """The plaintext. Raises SealInvalid when ``blob`` was changed, was sealed to another key
        or in another context."""
        _check_shape(blob)
        try:
            return _SUITE.decrypt(blob, self._private, info)
        except (InvalidTag, ValueError):
            raise SealInvalid(
                "sealed bytes: do not open (changed, or sealed to another key or context)"
            ) from None


def open_sealed(
    blob: bytes, private_key: bytes | ec.EllipticCurvePrivateKey | Opener, info: bytes
) -> bytes:
    """``Opener(private_key).open(blob, info)``; for many ballots, make the Opener once."""
    opener = private_key if isinstance(private_key, Opener) else Opener(private_key)
    return opener.open(blob, info)


def open_with_ephemeral(blob: bytes, ephemeral: bytes, election_key: bytes, info: bytes) -> bytes:
    """The plaintext of a test ballot, from the ephemeral key (32-byte scalar) its device showed.

    Raises SealInvalid when the ephemeral key is not the one of ``blob``, or ``blob`` was changed or
    sealed to another key or in another context.
    """
    _check_shape(blob)
    private = load_scalar(ephemeral, "ephemeral key")
    enc = blob[:POINT_SIZE]
    if not hmac.compare_digest(encode_point(private.public_key()), enc):
        raise SealInvalid("ephemeral key: not the one these sealed bytes were made with")
    shared = private.exchange(ec.ECDH(), load_point(election_key))
    cipher, nonce = _schedule(shared, enc, election_key, info)
    try:
        return cipher.decrypt(nonce, blob[POINT_SIZE:], None)
    except InvalidTag:
        raise SealInvalid(
            "sealed bytes: do not open (changed, or sealed to another key or context)"
        ) from None
