"""Voting codes: what stands on the letter that a person on the roll gets by post.

A code has 20 symbols of Crockford's base 32 (digits and capitals without I, L, O, U), printed in
five groups of four: 2 symbols for the voter's style (its index in the definition, docs/decisions,
"A voting code says its style"), 16 random symbols (80 bits), 2 check symbols.

The check symbols make the code a shortened Reed-Solomon code [20, 18, 3] over GF(32) (Reed and
Solomon 1960; the field is GF(2)[x] modulo x^5 + x^2 + 1): any two words differ in three places or
more, so that every one or two wrong symbols, and hence every swap of two, are noticed before the
registrar is asked. Nothing in here tells whether a well-formed code exists.
"""

import hmac
from dataclasses import dataclass, field

from audit.label import labelled
from ballot.base32 import ALPHABET, LOG, POWER, SEPARATORS, VALUES, times
from ballot.errors import BallotError

LENGTH = 20
GROUP = 4
STYLES = 1024
RANDOM_BYTES = 10
LONGEST_INPUT = 200
"""Characters of typed text that are looked at; a code with blanks and dashes has far fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A well-formed code. ``text`` is a secret of the voter and stays out of ``repr``."""

    style_index: int
    text: str = field(repr=False)

    @property
    def grouped(self) -> str:
        """The code as printed, ``XXXX-XXXX-XXXX-XXXX-XXXX``."""
        return "-".join(self.text[i : i + GROUP] for i in range(0, LENGTH, GROUP))


class CodeInvalid(BallotError):
    """What was typed is no code. The message never repeats it.

    ``reason`` is ``too-short``, ``too-long``, ``unknown-character`` or ``does-not-add-up``;
    ``places`` the (group, position) pairs, from 1, to look at again, empty when unknown; ``count``
    how many symbols are missing or too many, 0 when they were not counted.
    """

    def __init__(
        self,
        message: str,
        reason: str,
        *,
        places: tuple[tuple[int, int], ...] = (),
        count: int = 0,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.places = places
        self.count = count


def new_code(style_index: int, random: bytes) -> Code:
    """The code of a style with 10 bytes from a cryptographic random source.

    ``style_index`` is the style's position in the definition, from 0 to 1023. Raises ValueError
    for anything else: both are the program's own.
    """
    if not 0 <= style_index < STYLES:
        raise ValueError(f"style index {style_index}: not within 0..{STYLES - 1}")
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"random: {len(random)} bytes instead of {RANDOM_BYTES}")
    number = style_index << 80 | int.from_bytes(random)
    data = [number >> 5 * place & 31 for place in reversed(range(LENGTH - 2))]
    # c18 + c19 = s0 and c18·x^18 + c19·x^19 = s1 (addition is XOR), solved for c19.
    s0, s1 = _syndromes(data)
    inverse = POWER[-LOG[POWER[18] ^ POWER[19]] % 31]
    last = times(s1 ^ times(s0, POWER[18]), inverse)
    word = (*data, s0 ^ last, last)
    return Code(style_index=style_index, text="".join(ALPHABET[value] for value in word))


def read_code(text: str) -> Code:
    """The code that somebody typed, forgivingly: capitals or not, with or without blanks and
    dashes, I and L for 1, O for 0, U for V. Raises CodeInvalid."""
    if len(text) > LONGEST_INPUT:
        raise CodeInvalid(f"code: too long; a code has {LENGTH} symbols", "too-long")
    word: list[int] = []
    for character in text:
        if character.isspace() or character in SEPARATORS:
            continue
        value = VALUES.get(character)
        if value is None:
            place = _place(len(word))
            raise CodeInvalid(
                f"code: unknown character at {_named(place)}; a code has only digits and the "
                "letters of the English alphabet",
                "unknown-character",
                places=(place,),
            )
        word.append(value)
    _check_length(len(word))
    s0, s1 = _syndromes(word)
    if s0 or s1:
        places = _suspects(word, s0, s1)
        where = " and ".join(_named(place) for place in places) or "every group"
        raise CodeInvalid(
            f"code: does not add up; look again at {where}", "does-not-add-up", places=places
        )
    return Code(style_index=word[0] << 5 | word[1], text="".join(ALPHABET[value] for value in word))


def code_digest(pepper: bytes, issuer: str, code: Code) -> bytes:
    """HMAC-SHA256 under the registrar's pepper: the only form in which a code is stored.

    A fast function suffices: with 80 random bits nobody can try all codes, with or without the
    pepper, which lies encrypted in the registrar's key file and not in the database
    (docs/decisions, "Codes are stored under a fast keyed hash").
    """
    message = labelled("code", issuer.encode(), code.text.encode())
    return hmac.digest(pepper, message, "sha256")


def _syndromes(word: list[int]) -> tuple[int, int]:
    """The sums of c_i and of c_i·x^i; both are zero in a code."""
    s0 = s1 = 0
    for power, value in zip(POWER, word, strict=False):
        s0 ^= value
        s1 ^= times(value, power)
    return s0, s1


def _suspects(word: list[int], s0: int, s1: int) -> tuple[tuple[int, int], ...]:
    """Where a single wrong symbol, or one swap of neighbours, would explain the syndromes."""
    if s0 and s1:
        wrong = (LOG[s1] - LOG[s0]) % 31
        return (_place(wrong),) if wrong < LENGTH else ()
    if s1:  # the right symbols, in the wrong order
        swaps = [
            i
            for i in range(LENGTH - 1)
            if times(word[i] ^ word[i + 1], POWER[i] ^ POWER[i + 1]) == s1
        ]
        if len(swaps) == 1:
            return _place(swaps[0]), _place(swaps[0] + 1)
    return ()


def _check_length(symbols: int) -> None:
    if symbols < LENGTH:
        missing = LENGTH - symbols
        raise CodeInvalid(
            f"code: too short by {missing}; a code has {LENGTH} symbols in groups of {GROUP}",
            "too-short",
            count=missing,
        )
    if symbols > LENGTH:
        extra = symbols - LENGTH
        raise CodeInvalid(
            f"code: too long by {extra}; a code has {LENGTH} symbols in groups of {GROUP}",
            "too-long",
            count=extra,
        )


def _place(index: int) -> tuple[int, int]:
    return index // GROUP + 1, index % GROUP + 1


def _named(place: tuple[int, int]) -> str:
    return f"group {place[0]}, position {place[1]}"
