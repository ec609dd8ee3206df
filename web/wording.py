"""The one reader of the words in ``web/locale``, and how places in them are filled.

One file of each name more is one language more. A key that depends on a number has one entry for
each plural form of the language, named as CLDR names them: ``count.one``, ``count.other``.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from babel import Locale

from tally.money import format_number


@cache
def catalogue(language: str, name: str) -> Mapping[str, Any]:
    """The entries of ``name`` in ``language``; raises FileNotFoundError where there are none."""
    text = resources.files("web").joinpath(f"locale/{name}.{language}.json").read_text("utf-8")
    return MappingProxyType(json.loads(text))


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
                    field: format_number(value, language) if isinstance(value, int) else value
                    for field, value in fields.items()
                }
                return str(words[each]).format_map(told)
    raise KeyError(f"no words for {key!r} in {language}: {', '.join(names)}")
