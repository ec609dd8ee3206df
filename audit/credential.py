"""The one kind of credential: RFC 9474, RSABSSA-SHA384-PSS-Randomized, verification side.

A credential is an RSA-PSS signature (SHA-384, MGF1 with SHA-384, 48-byte salt) of the issuer's key
for one style, over ``prefix (32) || message``. The signature was made blindly: it says that the
roll allowed one voter of this style, and not which.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from audit.errors import AuditError
from audit.label import labelled

MODULUS_BITS = 3072
PUBLIC_EXPONENT = 65537
PREFIX_SIZE = 32
SALT_SIZE = 48

_PADDING = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_SIZE)


class CredentialInvalid(AuditError):
    """A credential, or an issuer's key, that does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """An issuer's public key for one style, checked; made by ``load_issuer_key``."""

    der: bytes
    rsa: rsa.RSAPublicKey

    @property
    def size(self) -> int:
        """The length of a signature in bytes."""
        return (self.rsa.key_size + 7) // 8


@lru_cache(maxsize=1024)
def load_issuer_key(der: bytes, *, bits: int = MODULUS_BITS) -> IssuerKey:
    """The RSA key of a DER SubjectPublicKeyInfo (algorithm rsaEncryption).

    Raises CredentialInvalid unless the modulus has exactly ``bits`` bits and is odd, the exponent
    is 65537, and ``der`` is the only DER spelling of this key.
    """
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialInvalid("issuer key: not a DER SubjectPublicKeyInfo") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise CredentialInvalid("issuer key: not an RSA key")
    if key.key_size != bits:
        raise CredentialInvalid(f"issuer key: a modulus of {key.key_size} bits instead of {bits}")
    numbers = key.public_numbers()
    if numbers.e != PUBLIC_EXPONENT:
        raise CredentialInvalid(f"issuer key: the exponent is not {PUBLIC_EXPONENT}")
    if numbers.n % 2 == 0:
        raise CredentialInvalid("issuer key: the modulus is even")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise CredentialInvalid("issuer key: not the canonical DER of an rsaEncryption key")
    return IssuerKey(der=der, rsa=key)


def credential_message(issuer: str, election: bytes, style: str, pseudonym: bytes) -> bytes:
    """What a credential says: this pseudonym (32 bytes) may cast a ballot of ``style`` in the
    election E (32 bytes), says ``issuer``."""
    if len(election) != 32:
        raise CredentialInvalid(f"election: {len(election)} bytes instead of 32")
    if len(pseudonym) != 32:
        raise CredentialInvalid(f"pseudonym: {len(pseudonym)} bytes instead of 32")
    return labelled("credential", issuer.encode(), election, style.encode(), pseudonym)


def verify_credential(
    key: bytes | IssuerKey, prefix: bytes, signature: bytes, message: bytes
) -> None:
    """Raise CredentialInvalid unless ``signature`` is the issuer's over ``prefix || message``.

    ``key``: a DER SubjectPublicKeyInfo with 3072 bits, or a key loaded before (of any size it was
    loaded with). ``message`` comes from ``credential_message``.
    """
    if isinstance(key, bytes):
        key = load_issuer_key(key)
    if len(prefix) != PREFIX_SIZE:
        raise CredentialInvalid(f"prefix: {len(prefix)} bytes instead of {PREFIX_SIZE}")
    if len(signature) != key.size:
        raise CredentialInvalid(f"signature: {len(signature)} bytes instead of {key.size}")
    try:
        key.rsa.verify(signature, prefix + message, _PADDING, hashes.SHA384())
    except InvalidSignature:
        raise CredentialInvalid(
            "signature: not by this issuer for this election, style and pseudonym"
        ) from None
