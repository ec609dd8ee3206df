"""One byte spelling per value: canonical JSON with integers only.

UTF-8, object keys sorted by code point, no blanks, the shortest escapes, no duplicate keys, no
fractions or exponents, integers within ±(2^53 - 1) so that every JavaScript engine reads the same
number. Close to RFC 8785 (JCS) for the values it admits; unlike JCS, keys sort by code point
rather than by UTF-16 unit.

Source: docs/formats.md, "Canonical JSON".
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from tally.errors import TallyError

Value = None | bool | int | str | Sequence["Value"] | Mapping[str, "Value"]

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 32


class CanonicalError(TallyError):
    """Bytes or a value outside canonical JSON; ``offset`` is the byte where it shows, if known."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} (at byte {offset})")
        self.offset = offset


def _check(value: object, path: str, depth: int) -> None:
    if depth > DEEPEST:
        raise CanonicalError(f"{path or 'value'}: nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise CanonicalError(f"{path or 'value'}: integer beyond ±(2^53 - 1)")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CanonicalError(f"{path or 'value'}: text holds a lone surrogate") from None
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise CanonicalError(f"{path or 'value'}: key {key!r} is not a text")
            _check(key, f"key of {path}", depth)
            _check(inner, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _check(inner, f"{path}[{position}]", depth + 1)
    else:
        raise CanonicalError(f"{path or 'value'}: {type(value).__name__} has no canonical spelling")


# ``json`` prints dicts, lists and tuples by itself; any other mapping that ``_check`` lets through
# is handed to ``default``. What ``encode`` prints was walked by ``_check``, so it is not circular.
_PRINTER: Final = json.JSONEncoder(
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    allow_nan=False,
    check_circular=False,
    default=dict,
)


def encode(value: Value) -> bytes:
    """The only spelling of ``value``.

    Raises CanonicalError for floats, other types, integers beyond ±(2^53 - 1), lone surrogates
    and nesting deeper than 32.
    """
    _check(value, "", 0)
    return _PRINTER.encode(value).encode()


def encode_read(value: Value) -> bytes:
    """The same for a value, or a part of one, that ``read`` or ``parse`` gave: which raised already
    what there was to raise."""
    return _PRINTER.encode(value).encode()


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for key, inner in pairs:
        if key in seen:
            raise CanonicalError(f"key {key!r} stands twice in one object")
        seen[key] = inner
    return seen


def _no_fraction(text: str) -> NoReturn:
    raise CanonicalError(f"{text[:40]} is not an integer: only integers are allowed")


def _integer(text: str) -> int:
    # Bounded before int(): a number of a million digits costs time and may be refused by Python.
    if len(text) > 17:
        raise CanonicalError("integer beyond ±(2^53 - 1)")
    return int(text)


def read(data: bytes, *, limit: int | None = None) -> Value:
    """The value that ``data`` spells in JSON, in any spelling, with integers only.

    For input that people type or other programs send. ``limit`` is the most bytes accepted.
    Raises CanonicalError for anything that ``encode`` would not print back as the same value.
    """
    if limit is not None and len(data) > limit:
        raise CanonicalError(f"{len(data)} bytes: more than the {limit} allowed")
    with suppress(_Unsure):
        return _quick(data)  # what programs send mostly is spelled so
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CanonicalError("not UTF-8", error.start) from None
    try:
        value: Value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_float=_no_fraction,
            parse_int=_integer,
            parse_constant=_no_fraction,
        )
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode(errors="surrogatepass"))
        raise CanonicalError(f"not JSON: {error.msg}", offset) from None
    except RecursionError:
        raise CanonicalError(f"nested deeper than {DEEPEST} levels") from None
    _check(value, "", 0)
    return value


def parse(data: bytes, *, limit: int | None = None) -> Value:
    """The value that ``data`` spells canonically; any other spelling of it is refused.

    Reads, prints again and compares, so that one value has exactly one byte string.
    """
    if limit is None or len(data) <= limit:
        try:
            return _quick(data)
        except _Unsure:
            pass
    value = read(data, limit=limit)
    again = encode(value)
    if again != data:
        differing = (i for i, (a, b) in enumerate(zip(again, data, strict=False)) if a != b)
        offset = next(differing, min(len(again), len(data)))
        raise CanonicalError("not the canonical spelling of this value", offset)
    return value


class _Unsure(Exception):
    """The quick way does not tell whether the data is canonical."""


def _unsure(_: str) -> NoReturn:
    raise _Unsure


_READER: Final = json.JSONDecoder(parse_float=_unsure, parse_constant=_unsure)
_DIGITS: Final = bytes(ord("0") if chr(byte) in "0123456789" else ord(" ") for byte in range(256))
_MANY: Final = b"0" * len(str(LARGEST_INTEGER))


def _quick(data: bytes) -> Value:
    """What ``read`` would give, if that is quickly seen to be spelled canonically.

    Everything is left to Python's own C code but what it would let through both ways: floats and
    constants, which call ``_unsure``; integers out of range, which have as many digits in a row as
    the largest; depth. The rest changes when it is printed again: blanks, order, a key standing
    twice, other escapes, ``-0``, lone surrogates.
    """
    if _MANY in data.translate(_DIGITS):
        raise _Unsure
    try:
        text = data.decode()
        value: Value = _READER.decode(text)
        if _PRINTER.encode(value) != text:
            raise _Unsure
    except (ValueError, RecursionError):
        raise _Unsure from None
    if data.count(b"[") + data.count(b"{") > DEEPEST and not _shallow(value):
        raise _Unsure
    return value


def _shallow(value: Value) -> bool:
    """Whether no dict or list stands as deep as values may: then nothing stands deeper."""
    level = [value]
    for _ in range(DEEPEST):
        # ``type`` and not ``isinstance``: a reader makes no subclasses, and this is three times as
        # fast on the many small values of a large file.
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)  # type: ignore[union-attr]
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return True
    return False
