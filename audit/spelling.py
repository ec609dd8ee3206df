"""One spelling per value in the log's text formats: decimals and base64.

``int()`` takes signs, blanks, underscores and other scripts' digits; base64 decoders ignore
non-zero trailing bits. Either would let two different files mean the same checkpoint.
"""

import re
from base64 import b64decode, b64encode

from audit.errors import AuditError

LARGEST = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def shown(text: str) -> str:
    """At most 60 characters of ``text``, escaped: what an error message may quote."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def read_decimal(text: str, field: str, refuse: type[AuditError], *, largest: int = LARGEST) -> int:
    """The integer 0..``largest`` that ``text`` spells in ASCII digits without leading zeros."""
    if not _DECIMAL.fullmatch(text):
        raise refuse(f"{field}: {shown(text)} is not a decimal number without leading zeros")
    value = int(text)
    if value > largest:
        raise refuse(f"{field}: {value} is more than {largest}")
    return value


def base64_text(data: bytes) -> str:
    """``data`` in base64, RFC 4648 section 4: standard alphabet, padded."""
    return b64encode(data).decode("ascii")


def read_base64(text: str, field: str, refuse: type[AuditError]) -> bytes:
    """The bytes that ``text`` spells in base64."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise refuse(f"{field}: {shown(text)} is not base64") from None
    if base64_text(data) != text:
        raise refuse(f"{field}: {shown(text)} is not the canonical base64 of its bytes")
    return data
