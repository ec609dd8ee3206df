"""Amounts in plain language, the same on every machine.

Without the C library's locales and without tables of others: French writes ``1 500,50 €`` with
narrow no-break spaces (U+202F) between groups of three and a no-break space (U+00A0) before the
currency, English ``€1,500.50``. Whole amounts carry no decimals.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

NARROW: Final = "\u202f"
NO_BREAK: Final = "\u00a0"

SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "PLN": "zł", "HUF": "Ft", "CZK": "Kč"}
BEFORE: Final = frozenset({"EUR", "USD", "GBP"})
"""Currencies whose symbol English puts in front; all others are written as a code."""


def format_number(number: int, language: str) -> str:
    """A whole number with groups of three digits."""
    grouped = f"{number:,}"
    return grouped.replace(",", NARROW) if language == "fr" else grouped


def format_money(minor: int, currency: str, exponent: int, language: str) -> str:
    """``minor`` units of 10^-``exponent`` of ``currency`` (ISO 4217) in French or English.

    Any other language is written as English.
    """
    sign = "−" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**exponent)
    number = format_number(whole, language)
    if rest:
        number += ("," if language == "fr" else ".") + str(rest).zfill(exponent)
    if language == "fr":
        return f"{sign}{number}{NO_BREAK}{SYMBOLS.get(currency, currency)}"
    if currency in BEFORE:
        return f"{sign}{SYMBOLS[currency]}{number}"
    return f"{sign}{currency}{NO_BREAK}{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How amounts, numbers and shares are written in one language of one election."""

    language: str
    currency: str
    exponent: int

    def money(self, minor: int) -> str:
        """An amount in minor units."""
        return format_money(minor, self.currency, self.exponent, self.language)

    def number(self, number: int) -> str:
        """A whole number."""
        return format_number(number, self.language)

    def about(self, number: Fraction, one: str, many: str) -> str:
        """A number from 0 on, to one decimal rounded down where it is not whole, and its noun."""
        if number.denominator == 1:
            return self.several(number.numerator, one, many)
        whole, tenth = divmod(number.numerator * 10 // number.denominator, 10)
        single = self.language == "fr" and number < 2
        written = f"{self.number(whole)}{',' if self.language == 'fr' else '.'}{tenth}"
        return f"{written}{NO_BREAK}{one if single else many}"

    def share(self, share: Fraction) -> str:
        """A share: as whole per cent where it is, otherwise as a fraction."""
        hundredths = share * 100
        if hundredths.denominator != 1:
            return str(share)
        blank = NARROW if self.language == "fr" else ""
        return f"{format_number(hundredths.numerator, self.language)}{blank}%"

    def pick(self, french: str, english: str) -> str:
        """The French or the English words; English for any other language."""
        return french if self.language == "fr" else english

    def several(self, number: int, one: str, many: str) -> str:
        """A number and its noun: French has the singular for 0 and 1, English for 1."""
        single = abs(number) <= 1 if self.language == "fr" else abs(number) == 1
        return f"{self.number(number)}{NO_BREAK}{one if single else many}"

    def quote(self, words: str) -> str:
        """Words in the language's quotation marks."""
        return f"«{NO_BREAK}{words}{NO_BREAK}»" if self.language == "fr" else f"“{words}”"
