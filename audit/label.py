"""Domain labels, and binary values in JSON.

Every hash and signature of the protocol covers a labelled message, so that nothing made for one
purpose can be passed off for another. Source: docs/formats.md, "Bytes".
"""

import re
from binascii import a2b_base64, b2a_base64
from functools import lru_cache

from audit.errors import AuditError

_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


class BinaryInvalid(AuditError):
    """A text that should spell bytes in base64url without padding, and does not."""


def labelled(purpose: str, *fields: bytes) -> bytes:
    """``"scrutin/1/" || purpose || 0x00 || u32(len f1) || f1 || …``, integers big-endian.

    Injective: a purpose holds no zero byte, and each field carries its length.
    """
    parts = [_prefix(purpose)]
    for field in fields:
        parts += (len(field).to_bytes(4), field)
    return b"".join(parts)


@lru_cache(maxsize=256)
def _prefix(purpose: str) -> bytes:
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(f"purpose {purpose!r}: only lower-case letters, digits and hyphens")
    return b"scrutin/1/" + purpose.encode("ascii") + b"\x00"


def b64(data: bytes) -> str:
    """``data`` in base64url without padding (RFC 4648 section 5)."""
    spelled = b2a_base64(data, newline=False).rstrip(b"=")
    return spelled.translate(_TO_URL).decode("ascii")


def unb64(text: object, field: str, *, size: int | None = None) -> bytes:
    """The bytes that ``text`` spells in base64url without padding; ``size`` is how many there
    must be.

    Raises BinaryInvalid, naming ``field`` and never quoting the value, which may be secret.
    """
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise BinaryInvalid(f"{field}: not a text in base64url without padding")
    over = len(text) % 4
    # Two symbols beyond the fours spell a byte and four bits that must be zero, three two and two.
    if over and _SYMBOLS.index(text[-1]) & (0b1111 if over == 2 else 0b11):
        raise BinaryInvalid(f"{field}: not the only base64url spelling of its bytes")
    # As bytes: a text is translated symbol by symbol, twenty times more slowly.
    data = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-over % 4))
    if size is not None and len(data) != size:
        raise BinaryInvalid(f"{field}: {len(data)} bytes instead of {size}")
    return data
