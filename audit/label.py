"""Domain labels, and binary values in JSON.

Every hash and signature of the protocol covers a labelled message, so that nothing made for one
purpose can be passed off for another. Source: docs/formats.md, "Bytes".
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from audit.errors import AuditError

_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class BinaryInvalid(AuditError):
    """A text that should spell bytes in base64url without padding, and does not."""


def labelled(purpose: str, *fields: bytes) -> bytes:
    """``"scrutin/1/" || purpose || 0x00 || u32(len f1) || f1 || …``, integers big-endian.

    Injective: a purpose holds no zero byte, and each field carries its length.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(f"purpose {purpose!r}: only lower-case letters, digits and hyphens")
    parts = [b"scrutin/1/", purpose.encode("ascii"), b"\x00"]
    for field in fields:
        parts += (len(field).to_bytes(4), field)
    return b"".join(parts)


def b64(data: bytes) -> str:
    """``data`` in base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: object, field: str, *, size: int | None = None) -> bytes:
    """The bytes that ``text`` spells in base64url without padding; ``size`` is how many there
    must be.

    Raises BinaryInvalid, naming ``field`` and never quoting the value, which may be secret.
    """
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise BinaryInvalid(f"{field}: not a text in base64url without padding")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64(data) != text:
        raise BinaryInvalid(f"{field}: not the only base64url spelling of its bytes")
    if size is not None and len(data) != size:
        raise BinaryInvalid(f"{field}: {len(data)} bytes instead of {size}")
    return data
