"""The one reader of the words in ``web/locale``, and how places in them are filled.

A language is one file, ``<code>.json``, and one more file is one language more: its ``name`` in
itself, and the catalogues of words by their names. A key that depends on a number has one entry for
each plural form of the language, named as CLDR names them: ``count.one``, ``count.other``.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from babel import Locale
from babel.numbers import format_currency, format_decimal

from tally.money import format_money, format_number

_FOLDER: Final = resources.files("web").joinpath("locale")
DEFAULT: Final = "fr"
_OURS: Final = ("fr", "en")
"""The languages whose numbers ``tally`` writes, on every page and in the publication alike."""


def _found() -> tuple[str, ...]:
    names = [path.name for path in _FOLDER.iterdir() if path.name.endswith(".json")]
    codes = {name.removesuffix(".json") for name in names}
    return tuple(sorted(codes, key=lambda code: (code != DEFAULT, code)))


LANGUAGES: Final = _found()
"""The codes of the languages that the pages speak, the one spoken unless asked first."""


@cache
def _language(code: str) -> Mapping[str, Any]:
    return MappingProxyType(json.loads(_FOLDER.joinpath(f"{code}.json").read_text("utf-8")))


def catalogue(language: str, name: str) -> Mapping[str, Any]:
    """The entries of ``name`` in ``language``; raises FileNotFoundError where there are none."""
    return MappingProxyType(_language(language)[name])


def other_languages(language: str) -> list[tuple[str, str]]:
    """The code of each other language, and its own name for itself."""
    return [(code, _language(code)["name"]) for code in LANGUAGES if code != language]


def spell_number(number: int, language: str) -> str:
    """A whole number with groups of digits."""
    if language in _OURS:
        return format_number(number, language)
    return format_decimal(number, locale=language)


def spell_money(minor: int, currency: str, exponent: int, language: str) -> str:
    """An amount of minor units; whole amounts carry no decimals."""
    if language in _OURS:
        return format_money(minor, currency, exponent, language)
    amount = Decimal(minor).scaleb(-exponent)
    digits = 0 if minor % 10**exponent == 0 else exponent
    # The language's own order of number and symbol, with as many decimals as there are.
    pattern = str(Locale.parse(language).currency_formats["standard"].pattern)
    pattern = pattern.replace(".00", "." * bool(digits) + "0" * digits)
    return format_currency(amount, currency, pattern, locale=language, currency_digits=False)


def say(language: str, names: Sequence[str], key: str, fields: Mapping[str, object]) -> str:
    """The words of ``key`` in the first of the catalogues ``names`` that has it, its places filled.

    Whole numbers are written with groups; ``n`` picks the form of the plural. Raises KeyError.
    """
    keys = [key]
    if isinstance(number := fields.get("n"), int):
        form = Locale.parse(language).plural_form(number)
        keys += [f"{key}.{form}", f"{key}.other"]
    for name in names:
        words = catalogue(language, name)
        for each in keys:
            if each in words:
                told = {
                    field: spell_number(value, language) if isinstance(value, int) else value
                    for field, value in fields.items()
                }
                return str(words[each]).format_map(told)
    raise KeyError(f"no words for {key!r} in {language}: {', '.join(names)}")
