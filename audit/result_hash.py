"""The result hash as people compare it: in groups of four digits, short, or in words.

In words every 16 bits are one word of five letters that can be said aloud in most languages:
consonant, vowel, consonant, vowel, consonant, with ``bdfghjklmnprstvz`` for four bits and ``aiou``
for two, as Wilkerson proposed ("Proquints", arXiv:0901.4016).
"""

import re

from audit.errors import AuditError

SIZE = 32

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class ResultHashInvalid(AuditError):
    """A text that spells no result hash."""


def in_groups(digest: bytes) -> str:
    """64 hex digits in groups of four."""
    text = digest.hex()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def short(digest: bytes) -> str:
    """The first 16 hex digits in groups of four: what a chart carries."""
    return in_groups(digest[:8])


def in_words(digest: bytes) -> str:
    """One word for each two bytes."""
    return " ".join(_word(int.from_bytes(digest[at : at + 2])) for at in range(0, len(digest), 2))


def _word(bits: int) -> str:
    return (
        _CONSONANTS[bits >> 12]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[bits >> 6 & 15]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[bits & 15]
    )


def _bits(word: str) -> int:
    value = 0
    for place, letter in enumerate(word):
        alphabet, width = (_VOWELS, 2) if place % 2 else (_CONSONANTS, 4)
        value = value << width | alphabet.index(letter)
    return value


def read_hash(text: str) -> bytes:
    """The 32 bytes that a text spells: hex digits or words, in whatever groups.

    Raises ResultHashInvalid.
    """
    digits = re.sub(r"[\s:-]", "", text)
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits)
    words = text.lower().replace("-", " ").split()
    try:
        if len(words) != SIZE // 2 or any(len(word) != 5 for word in words):
            raise ValueError
        return b"".join(_bits(word).to_bytes(2) for word in words)
    except ValueError:
        raise ResultHashInvalid(
            "result hash: give its 64 hex digits, or its 16 words of five letters"
        ) from None
