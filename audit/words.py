"""The words of charts and pages, and numbers, amounts and dates as each language writes them.

The words stand in ``locale/<language>.json``. Nothing here asks the machine for its language.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Final

from audit.errors import AuditError
from tally.election import Election
from tally.money import format_money, format_number

LANGUAGES: Final = ("fr", "en")


class WordsMissing(AuditError):
    """A language or a phrase that Scrutin has no words for."""


@cache
def _phrases(language: str) -> Mapping[str, str]:
    if language not in LANGUAGES:
        raise WordsMissing(f"language {language!r}: there are words in {', '.join(LANGUAGES)} only")
    text = resources.files("audit").joinpath("locale", f"{language}.json").read_text("utf-8")
    phrases: dict[str, str] = json.loads(text)
    return phrases


def languages(election: Election) -> tuple[str, ...]:
    """The languages to write in: the election's that have words here, else English."""
    return tuple(code for code in election.languages if code in LANGUAGES) or ("en",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language; ``currency`` and ``exponent`` are the election's."""

    language: str
    currency: str = "EUR"
    exponent: int = 2

    @classmethod
    def of(cls, election: Election, language: str) -> "Words":
        """The words of ``language`` for this election's amounts."""
        return cls(language=language, currency=election.currency, exponent=election.exponent)

    def __contains__(self, key: str) -> bool:
        return key in _phrases(self.language)

    def phrase(self, key: str) -> str | None:
        """The phrase ``key`` with its fields unfilled, or None."""
        return _phrases(self.language).get(key)

    def say(self, key: str, **fields: object) -> str:
        """The phrase ``key`` with its fields filled in. Integers are written with groups.

        Raises WordsMissing.
        """
        try:
            phrase = _phrases(self.language)[key]
        except KeyError:
            raise WordsMissing(f"{self.language}: no words for {key!r}") from None
        return phrase.format_map(
            {
                name: self.number(value) if isinstance(value, int) else value
                for name, value in fields.items()
            }
        )

    def count(self, key: str, count: int, **fields: object) -> str:
        """``key.one`` or ``key.other``, as ``count`` asks: French says 0 in the singular."""
        one = count in (0, 1) if self.language == "fr" else count == 1
        return self.say(f"{key}.{'one' if one else 'other'}", count=count, **fields)

    def known(self, prefix: str, code: str) -> str:
        """The words of a code; a code without any is shown as it is."""
        key = f"{prefix}.{code}"
        return self.say(key) if key in self else code

    def number(self, number: int) -> str:
        """A whole number with groups of three digits."""
        return format_number(number, self.language)

    def rational(self, text: str) -> str:
        """A rational text: whole numbers with groups, others as ``1 2/3``."""
        value = Fraction(text)
        if value < 0:
            return f"−{self.rational(str(-value))}"
        whole, rest = divmod(value.numerator, value.denominator)
        if not rest:
            return self.number(whole)
        part = f"{rest}/{value.denominator}"
        return f"{self.number(whole)} {part}" if whole else part

    def money(self, minor: int) -> str:
        """An amount of minor units."""
        return format_money(minor, self.currency, self.exponent, self.language)

    def decimal(self, value: Fraction) -> str:
        """A number to two decimals, rounded down towards nothing; exact ones are in the figures."""
        hundredths = abs(value.numerator) * 100 // value.denominator
        whole, rest = divmod(hundredths, 100)
        sign = "−" if value < 0 and hundredths else ""
        point = "," if self.language == "fr" else "."
        return f"{sign}{self.number(whole)}{point}{rest:02}"

    def small_money(self, minor: Fraction) -> str:
        """An amount of minor units to hundredths of the currency at least, rounded down."""
        more = max(0, 2 - self.exponent)
        amount = 10**more * minor.numerator // minor.denominator
        return format_money(amount, self.currency, self.exponent + more, self.language)

    def percent(self, share: Fraction) -> str:
        """A share to one decimal of a percent, halves up; exact shares stand in the figures."""
        tenths = (2000 * share.numerator + share.denominator) // (2 * share.denominator)
        whole, rest = divmod(tenths, 10)
        if self.language == "fr":
            return f"{self.number(whole)},{rest}\u202f%" if rest else f"{self.number(whole)}\u202f%"
        return f"{self.number(whole)}.{rest}%" if rest else f"{self.number(whole)}%"

    def moment(self, time: str) -> str:
        """An RFC 3339 time that ends in ``Z``, in UTC and saying so: ``5 octobre 2026 (06:00
        UTC)``, with seconds where there are any.

        Not in the election's time zone: what a zone's clocks show is not in the rules but in
        tables that each machine has its own version of, and the bytes must be the same on all.
        """
        year, month, day = time[:10].split("-")
        name = self.say(f"month.{int(month)}")
        ordinal = "1er" if self.language == "fr" and int(day) == 1 else str(int(day))
        clock = time[11:19].removesuffix(":00")
        return f"{ordinal} {name} {year} ({clock} UTC)"
