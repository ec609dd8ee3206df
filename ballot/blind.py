"""Blind RSA signatures, RFC 9474: the resident's steps and the registrar's one operation.

The product uses RSABSSA-SHA384-PSS-Randomized alone. Salt and prefix are parameters, so that the
published vectors of the other variants, which differ in nothing else, can be run through the same
code. Random values come in as arguments on the resident's side: everything there follows from the
resident's seed. ``cryptography`` has no raw RSA, hence GMP, whose ``powmod_sec`` runs in a time
that depends on the lengths alone.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha384

import gmpy2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.credential import MODULUS_BITS, SALT_SIZE, IssuerKey, load_issuer_key
from ballot.errors import BallotError

_HASH_SIZE = 48


class BlindingInvalid(BallotError):
    """A value that cannot be blinded, or an answer of the registrar that is no signature."""


class BlindRequestInvalid(BallotError):
    """A blinded message that the registrar does not sign."""


class SigningFault(BallotError):
    """The private operation came out wrong and nothing was released: the key or the machine is
    damaged. Stop issuing and check both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blinded:
    """``message`` goes to the registrar; ``inverse`` stays with the resident until ``finalize``."""

    message: bytes
    inverse: int = field(repr=False)


def prepare(message: bytes, prefix: bytes) -> bytes:
    """RFC 9474 section 4.1: what is signed. ``prefix``: 32 random bytes (empty: Deterministic)."""
    return prefix + message


def _mask(seed: bytes, size: int) -> bytes:
    """MGF1 with SHA-384 (RFC 8017 appendix B.2.1)."""
    blocks = -(-size // _HASH_SIZE)
    return b"".join(sha384(seed + i.to_bytes(4)).digest() for i in range(blocks))[:size]


def encode_pss(message: bytes, salt: bytes, bits: int) -> bytes:
    """EMSA-PSS-ENCODE with SHA-384 and MGF1-SHA-384 (RFC 8017 section 9.1.1) in ``bits`` bits."""
    size = -(-bits // 8)
    if size < _HASH_SIZE + len(salt) + 2:
        raise BlindingInvalid(f"issuer key: {bits + 1} bits are too few for this salt")
    digest = sha384(bytes(8) + sha384(message).digest() + salt).digest()
    block = bytes(size - len(salt) - _HASH_SIZE - 2) + b"\x01" + salt
    mask = _mask(digest, len(block))
    masked = bytearray(a ^ b for a, b in zip(block, mask, strict=True))
    masked[0] &= 0xFF >> (8 * size - bits)
    return bytes(masked) + digest + b"\xbc"


def blind(key: IssuerKey, message: bytes, *, prefix: bytes, salt: bytes, blinding: int) -> Blinded:
    """RFC 9474 section 4.2. ``blinding`` is r: uniform in 1..n-1, secret, used once.

    Raises BlindingInvalid when r is out of range or has no inverse; take another one then.
    """
    numbers = key.rsa.public_numbers()
    n = gmpy2.mpz(numbers.n)
    encoded = encode_pss(prepare(message, prefix), salt, key.rsa.key_size - 1)
    m = gmpy2.mpz(int.from_bytes(encoded))
    if gmpy2.gcd(m, n) != 1:
        raise BlindingInvalid("message: shares a factor with the modulus; the issuer's key is bad")
    if not 0 < blinding < n:
        raise BlindingInvalid("blinding value: outside 1..n-1")
    try:
        inverse = gmpy2.invert(blinding, n)
    except ZeroDivisionError:
        raise BlindingInvalid("blinding value: has no inverse modulo n") from None
    blinded = m * gmpy2.powmod(blinding, numbers.e, n) % n
    return Blinded(message=int(blinded).to_bytes(key.size), inverse=int(inverse))


def finalize(
    key: IssuerKey,
    message: bytes,
    blind_signature: bytes,
    inverse: int,
    *,
    prefix: bytes,
    salt_size: int = SALT_SIZE,
) -> bytes:
    """RFC 9474 section 4.4: the signature over ``prefix || message``, verified under ``key``.

    ``key`` is the manifest's, never one sent along. Raises BlindingInvalid when the registrar's
    answer is not a signature.
    """
    if len(blind_signature) != key.size:
        raise BlindingInvalid(
            f"blind signature: {len(blind_signature)} bytes instead of {key.size}"
        )
    n = key.rsa.public_numbers().n
    value = gmpy2.mpz(int.from_bytes(blind_signature))
    if value >= n:
        raise BlindingInvalid("blind signature: not below the modulus")
    signature = int(value * inverse % n).to_bytes(key.size)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=salt_size)
    try:
        key.rsa.verify(signature, prepare(message, prefix), pss, hashes.SHA384())
    except InvalidSignature:
        raise BlindingInvalid(
            "blind signature: the registrar's answer is no signature under the manifest's key"
        ) from None
    return signature


class BlindSigner:
    """The registrar's private key for one style. Safe to use from several threads at once; they
    run in parallel, because the interpreter lock is released during the exponentiations."""

    def __init__(self, private_key: rsa.RSAPrivateKey, *, bits: int = MODULUS_BITS) -> None:
        """Raises CredentialInvalid when the public half would be refused by a verifier."""
        self.public_key = load_issuer_key(
            private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            bits=bits,
        )
        """What the manifest publishes (``.der``)."""
        numbers = private_key.private_numbers()
        self._n = gmpy2.mpz(numbers.public_numbers.n)
        self._e = gmpy2.mpz(numbers.public_numbers.e)
        self._p = gmpy2.mpz(numbers.p)
        self._q = gmpy2.mpz(numbers.q)
        self._dp = gmpy2.mpz(numbers.dmp1)
        self._dq = gmpy2.mpz(numbers.dmq1)
        self._q_inverse = gmpy2.invert(self._q, self._p)

    def sign(self, blinded_message: bytes) -> bytes:
        """RFC 9474 section 4.3. The same message always gives the same signature.

        Raises BlindRequestInvalid for a wrong length or a number outside 1..n-1, SigningFault when
        ``s^e = m`` does not hold (a fault would give the key away, RFC 9474 section 4.3).
        """
        size = self.public_key.size
        if len(blinded_message) != size:
            raise BlindRequestInvalid(
                f"blinded message: {len(blinded_message)} bytes instead of {size}"
            )
        m = gmpy2.mpz(int.from_bytes(blinded_message))
        if not 0 < m < self._n:
            raise BlindRequestInvalid("blinded message: outside 1..n-1")
        # The setting belongs to the thread, so each call makes sure of it.
        gmpy2.get_context().allow_release_gil = True
        # Base blinding: the private operation never runs on a number that the sender chose.
        mask = gmpy2.mpz(secrets.randbelow(int(self._n) - 1) + 1)
        try:
            unmask = gmpy2.invert(mask, self._n)
        except ZeroDivisionError:
            raise SigningFault("signature: the random mask has no inverse; try again") from None
        masked = m * gmpy2.powmod(mask, self._e, self._n) % self._n
        s_p = gmpy2.powmod_sec(masked % self._p, self._dp, self._p)
        s_q = gmpy2.powmod_sec(masked % self._q, self._dq, self._q)
        s = s_q + self._q * ((s_p - s_q) * self._q_inverse % self._p)
        s = s * unmask % self._n
        again = int(gmpy2.powmod(s, self._e, self._n)).to_bytes(size)
        if not hmac.compare_digest(again, blinded_message):
            raise SigningFault(
                "signature: does not verify, so it was not released; the key or the machine is "
                "damaged: stop issuing and check both"
            )
        return int(s).to_bytes(size)


def new_issuer_key(*, bits: int = MODULUS_BITS) -> rsa.RSAPrivateKey:
    """A fresh private key for one style."""
    return rsa.generate_private_key(65537, bits)
