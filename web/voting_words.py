"""The words of the voting pages: ``web/locale/voting.<language>.json``, with plurals.

A key that depends on a number has one entry for each plural form of the language, named as CLDR
names them: ``vote.live.count.one``, ``vote.live.count.other``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from babel import Locale

from tally.money import format_number


@cache
def catalogue(language: str, name: str = "voting") -> dict[str, str]:
    """The words of ``name`` in ``language``."""
    text = resources.files("web").joinpath(f"locale/{name}.{language}.json").read_text("utf-8")
    entries: dict[str, str] = json.loads(text)
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingWords:
    """What is said to one reader."""

    language: str

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled; ``n`` picks the form of the plural."""
        words = catalogue(self.language)
        found = words.get(key)
        if found is None and isinstance(number := fields.get("n"), int):
            form = Locale.parse(self.language).plural_form(number)
            found = words.get(f"{key}.{form}") or words.get(f"{key}.other")
        if found is None:
            found = catalogue(self.language, "pages")[key]
        # A bracket in words that take no field is the words' own.
        return found.format_map({name: self._told(each) for name, each in fields.items()})

    def _told(self, value: object) -> object:
        return format_number(value, self.language) if isinstance(value, int) else value

    def sentences(self, prefixes: Iterable[str]) -> list[tuple[str, str]]:
        """The words that the modules of a page show, their places not filled."""
        wanted = tuple(prefixes)
        return [each for each in catalogue(self.language).items() if each[0].startswith(wanted)]
