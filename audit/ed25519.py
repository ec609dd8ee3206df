"""The one Ed25519 validity rule of this product.

A signature counts when the public key A and the point R are canonical encodings (y < p) and not
of small order, s < L, and the cofactorless equation of RFC 8032 section 5.1.7 holds by comparing
the bytes of R. Libraries differ exactly where A or R is of small order, non-canonical, or carries
a small-order part; with these refusals every signature accepted here also passes a cofactored
(ZIP-215) verifier, and a small-order A cannot make one signature fit many messages.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.errors import AuditError

PUBLIC_KEY_SIZE = 32
SIGNATURE_SIZE = 64

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

_Y_BITS = (1 << 255) - 1

# The eight points of small order have five y: 1 (the identity), p-1 (order 2), 0 (order 4) and two
# for order 8. Either sign bit, and for y = 0 and y = 1 also the spelling y + p, gives the 14
# encodings that libraries list. The two of order 8 are the roots of d*y^4 + 2*y^2 - 1 (those with
# y(2P) = 0).
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER_Y = frozenset({0, 1, P - 1, _ORDER_8, P - _ORDER_8})


class SignatureInvalid(AuditError):
    """An Ed25519 key or signature that breaks the rule."""


def _check_point(encoded: bytes, field: str) -> None:
    y = int.from_bytes(encoded, "little") & _Y_BITS
    if y >= P:
        raise SignatureInvalid(f"{field}: not a canonical point (y is not below p)")
    if y in SMALL_ORDER_Y:
        raise SignatureInvalid(f"{field}: a point of small order")


def check_public_key(raw: bytes) -> None:
    """Raise SignatureInvalid unless ``raw`` may be a public key: 32 bytes, canonical, not of small
    order. A key that is no point of the curve passes here, and no signature verifies under it."""
    if len(raw) != PUBLIC_KEY_SIZE:
        raise SignatureInvalid(f"public key: {len(raw)} bytes instead of 32")
    _check_point(raw, "public key")


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise SignatureInvalid unless ``signature`` (64 bytes, R || s) is one of ``public`` over
    ``message`` under the rule of this module."""
    check_public_key(public)
    if len(signature) != SIGNATURE_SIZE:
        raise SignatureInvalid(f"signature: {len(signature)} bytes instead of 64")
    _check_point(signature[:32], "signature: R")
    if int.from_bytes(signature[32:], "little") >= L:
        raise SignatureInvalid("signature: s is not below the group order")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise SignatureInvalid("signature: not by this key over this message") from None
