"""Recovery sheets: a device's seed on paper, to go on with the same vote on another device.

70 of Crockford's symbols in 14 groups of five: four that carry and one that checks its group and
the group's place, so that a wrong symbol, or two swapped, are noticed and the group is named. They
carry the style's index (10 bits), the seed (256 bits) and 14 bits of a hash that binds both to the
election. Source: docs/formats.md section 11. Whoever holds a sheet and its voting code holds the
vote.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from audit.label import labelled
from ballot.base32 import ALPHABET, POWER, SEPARATORS, VALUES, times
from ballot.code import STYLES
from ballot.errors import BallotError

SEED_SIZE = 32
GROUPS = 14
LONGEST_INPUT = 500

_DATA = 4
_GROUP = _DATA + 1
_CHECK_BITS = 14


class SheetInvalid(BallotError):
    """What was typed is no sheet of this election. The message never repeats it.

    ``reason`` is ``too-short``, ``too-long``, ``unknown-character``, ``does-not-add-up`` or
    ``other-election``; ``groups``, from 1, are those to look at again.
    """

    def __init__(self, message: str, reason: str, groups: tuple[int, ...] = ()) -> None:
        super().__init__(f"recovery sheet: {message}")
        self.reason = reason
        self.groups = groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet says: the style's position in the definition, and the secret seed."""

    style_index: int
    seed: bytes = field(repr=False)


def _check(seed: bytes, style_index: int, election: bytes) -> int:
    digest = sha256(labelled("sheet", election, style_index.to_bytes(2), seed)).digest()
    return int.from_bytes(digest[:2]) >> 2


def _check_symbol(group: int, data: list[int]) -> int:
    """x·d1 + x²·d2 + x³·d3 + x⁴·d4 + the group's place, from 0: no coefficient is zero or equal to
    another or to 1, that of the check symbol."""
    total = group
    for power, value in zip(POWER[1:], data, strict=False):
        total ^= times(value, power)
    return total


def write_sheet(seed: bytes, style_index: int, election: bytes) -> str:
    """The sheet of a 32-byte seed in the election E, in groups with hyphens between them."""
    if len(seed) != SEED_SIZE or not 0 <= style_index < STYLES:
        raise ValueError("a sheet holds 32 bytes and a style index within 0..1023")
    number = style_index << 256 | int.from_bytes(seed)
    number = number << _CHECK_BITS | _check(seed, style_index, election)
    words = []
    for group in range(GROUPS):
        part = number >> 20 * (GROUPS - 1 - group)
        data = [part >> 5 * place & 31 for place in (3, 2, 1, 0)]
        words.append("".join(ALPHABET[value] for value in (*data, _check_symbol(group, data))))
    return "-".join(words)


def read_sheet(text: str, election: bytes) -> Sheet:
    """The sheet that somebody typed, as forgivingly as a code. Raises SheetInvalid."""
    if len(text) > LONGEST_INPUT:
        raise SheetInvalid("too long", "too-long")
    word: list[int] = []
    for character in text:
        if character.isspace() or character in SEPARATORS:
            continue
        if character not in VALUES:
            group = len(word) // _GROUP + 1
            raise SheetInvalid(f"unknown character in group {group}", "unknown-character", (group,))
        word.append(VALUES[character])
    missing = GROUPS * _GROUP - len(word)
    if missing:
        long = missing < 0
        raise SheetInvalid(
            f"{abs(missing)} symbols too {'many' if long else 'few'}; it has {GROUPS} groups of "
            f"{_GROUP}",
            "too-long" if long else "too-short",
        )
    return _decode([word[at : at + _GROUP] for at in range(0, len(word), _GROUP)], election)


def _decode(groups: list[list[int]], election: bytes) -> Sheet:
    wrong = tuple(
        number + 1
        for number, group in enumerate(groups)
        if _check_symbol(number, group[:_DATA]) != group[_DATA]
    )
    if wrong:
        named = ", ".join(map(str, wrong))
        raise SheetInvalid(f"look again at group {named}", "does-not-add-up", wrong)
    number = 0
    for group in groups:
        for value in group[:_DATA]:
            number = number << 5 | value
    seed = (number >> _CHECK_BITS & (1 << 256) - 1).to_bytes(SEED_SIZE)
    style_index = number >> 256 + _CHECK_BITS
    if _check(seed, style_index, election) != number & (1 << _CHECK_BITS) - 1:
        raise SheetInvalid("of another election", "other-election")
    return Sheet(style_index=style_index, seed=seed)
