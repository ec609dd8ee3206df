"""The words of the voting pages: ``web/locale/voting.<language>.json``, with plurals.

A key that depends on a number has one entry for each plural form of the language, named as CLDR
names them: ``vote.live.count.one``, ``vote.live.count.other``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from babel import Locale

from tally.money import format_number
from web.pages import PageWords, catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingWords(PageWords):
    """What is said to one voter."""

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled; ``n`` picks the form of the plural."""
        words = catalogue(self.language, "voting")
        found = words.get(key)
        if found is None and isinstance(number := fields.get("n"), int):
            form = Locale.parse(self.language).plural_form(number)
            found = words.get(f"{key}.{form}") or words.get(f"{key}.other")
        if found is None:
            return PageWords.say(self, key, **fields)
        told = {
            name: format_number(each, self.language) if isinstance(each, int) else each
            for name, each in fields.items()
        }
        return str(found).format_map(told)

    def sentences(self, prefixes: Iterable[str]) -> list[tuple[str, str]]:
        """The words that the modules of a page show, their places not filled."""
        wanted = tuple(prefixes)
        words = catalogue(self.language, "voting")
        return [(key, str(text)) for key, text in words.items() if key.startswith(wanted)]
