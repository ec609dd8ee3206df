"""Crockford's symbols, as people type them, and the field GF(32) that check symbols live in.

The field is GF(2)[x] modulo x^5 + x^2 + 1, its generator x.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
VALUES |= {symbol.lower(): value for symbol, value in VALUES.items()}
# The symbols left out of the alphabet are the ones mistaken for these.
VALUES |= {typed: VALUES[meant] for typed, meant in zip("ILOUilou", "110V110V", strict=True)}
# Blanks apart: hyphen, the Unicode dashes U+2010 to U+2015, minus, full stop, underscore.
SEPARATORS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212._")


def _powers() -> tuple[int, ...]:
    """The powers of the generator x of GF(32)*, a group of order 31."""
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    return tuple(powers)


POWER = _powers()
LOG = {value: exponent for exponent, value in enumerate(POWER)}


def times(a: int, b: int) -> int:
    """The product of two elements of the field."""
    return POWER[(LOG[a] + LOG[b]) % 31] if a and b else 0
