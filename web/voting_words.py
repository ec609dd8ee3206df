"""The words of the voting pages: the catalogue ``voting`` of a language, with plurals.

A key that depends on a number has one entry for each plural form of the language, named as CLDR
names them: ``vote.live.count.one``, ``vote.live.count.other``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from web.pages import PageWords
from web.wording import catalogue, say


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingWords(PageWords):
    """What is said to one voter."""

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled; ``n`` picks the form of the plural."""
        return say(self.language, ("voting", "reading", "pages"), key, fields)

    def sentences(self, prefixes: Iterable[str]) -> list[tuple[str, str]]:
        """The words that the modules of a page show, their places not filled."""
        wanted = tuple(prefixes)
        words = catalogue(self.language, "voting")
        return [(key, str(text)) for key, text in words.items() if key.startswith(wanted)]
