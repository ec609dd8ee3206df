"""Money, shares and decimals as people write them, exactly.

``12 000,50``, ``12000.50``, ``12.000,50`` and ``12,000.50 €`` are the same amount. What could be
read in two ways (``12,000``) is refused.
"""

import re
from fractions import Fraction
from typing import Final

from ballot.definition.finding import Said, Unreadable, shown
from ballot.definition.toml_file import Decimals
from tally.canonical import LARGEST_INTEGER
from tally.money import SYMBOLS

_BLANK: Final = " \u00a0\u202f\u2009'’"
_DECIMAL: Final = re.compile(rf"(\d+|\d{{1,3}}(?:[{_BLANK}]\d{{3}})+)(?:[.,](\d+))?", re.ASCII)
_COMMAS: Final = re.compile(r"(\d{1,3}(?:,\d{3})+)(?:\.(\d+))?", re.ASCII)
_POINTS: Final = re.compile(r"(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?", re.ASCII)
_AMBIGUOUS: Final = re.compile(r"([1-9]\d{0,2})[.,](\d{3})", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,15})\s*/\s*(\d{1,15})", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,15})(?:[.,](\d{1,15}))?\s*(%)?", re.ASCII)

_HOW: Final[Said] = (
    "Écrivez un montant comme 12000.50 ou « 12 000,50 »",
    "Write an amount like 12000.50 or “12 000,50”",
)


def _minor(whole: str, fraction: str, exponent: int, text: str) -> int:
    kept = fraction.rstrip("0")
    if len(kept) > exponent:
        raise Unreadable(
            (
                f"« {shown(text)} » a {len(kept)} décimales, la monnaie en a {exponent}",
                f"“{shown(text)}” has {len(kept)} decimals, the currency has {exponent}",
            ),
            ("Arrondissez", "Round it"),
        )
    amount = int("".join(digit for digit in whole if digit.isdigit()) + kept.ljust(exponent, "0"))
    if amount > LARGEST_INTEGER:
        raise Unreadable(
            (f"« {shown(text)} » est trop grand", f"“{shown(text)}” is too large"), _HOW
        )
    return amount


def read_amount(value: object, exponent: int, currency: str) -> int:
    """An amount of currency units as minor units (10^-exponent). Raises Unreadable.

    ``value`` is a text, a whole number, or a number with decimals.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimals):
        raise Unreadable(("ce n’est pas un montant", "this is not an amount"), _HOW)
    if isinstance(value, int):
        text = str(value) if abs(value) <= LARGEST_INTEGER else "9" * 40
    elif isinstance(value, Decimals):
        text = value.text.replace("_", "")
    else:
        text = value.strip()
        for sign in (currency, SYMBOLS.get(currency, currency)):
            text = text.removeprefix(sign).removesuffix(sign).strip()
    if text.startswith(("-", "−")):
        raise Unreadable((f"« {shown(text)} » est négatif", f"“{shown(text)}” is negative"), _HOW)
    if len(text) > 60:
        text = text[:60] + "…"
    if isinstance(value, str) and (doubt := _AMBIGUOUS.fullmatch(text)):
        raise Unreadable(
            (
                f"« {text} » peut se lire {doubt[1]}{doubt[2]} ou {doubt[1]} et des décimales",
                f"“{text}” can be read as {doubt[1]}{doubt[2]} or as {doubt[1]} and decimals",
            ),
            (
                f"Écrivez {doubt[1]}{doubt[2]}, ou {doubt[1]}.{doubt[2][:2]}",
                f"Write {doubt[1]}{doubt[2]}, or {doubt[1]}.{doubt[2][:2]}",
            ),
        )
    found = _DECIMAL.fullmatch(text) or _COMMAS.fullmatch(text) or _POINTS.fullmatch(text)
    if not found:
        raise Unreadable(
            (f"« {shown(text)} » n’est pas un montant", f"“{shown(text)}” is not an amount"), _HOW
        )
    return _minor(found[1], found[2] or "", exponent, text)


def write_amount(minor: int, exponent: int) -> str:
    """Minor units as ``read_amount`` reads them back: ``12000.50``, whole amounts ``12000``."""
    whole, rest = divmod(minor, 10**exponent)
    if not rest:
        return str(whole)
    # Three decimals could be taken for a thousands separator.
    return f"{whole}.{str(rest).zfill(exponent)}" + ("0" if exponent == 3 else "")


def read_share(value: object) -> str:
    """A share as a rational in lowest terms: ``"4/5"`` for 0.8, ``80 %``, ``4/5`` or ``8/10``.

    Raises Unreadable.
    """
    text = value.text if isinstance(value, Decimals) else value
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text <= LARGEST_INTEGER:
        text = str(text)
    if isinstance(text, str):
        text = text.strip().replace("\u00a0", " ").replace("\u202f", " ")
        if (ratio := _SHARE.fullmatch(text)) and int(ratio[2]):
            return str(Fraction(int(ratio[1]), int(ratio[2])))
        if number := _PERCENT.fullmatch(text):
            exact = Fraction(f"{number[1]}.{number[2] or 0}")
            return str(exact / 100 if number[3] else exact)
    said = shown(text)
    raise Unreadable(
        (f"« {said} » n’est pas une part", f"“{said}” is not a share"),
        ("Écrivez « 1/3 », « 80 % » ou 0.8", "Write “1/3”, “80 %” or 0.8"),
    )
