"""The reading pages' words, and how such a page is answered.

Of the catalogues of a language (web/wording.py), ``reading`` has the words, ``prose`` whole texts,
``pages`` what every page shows, its header and footer.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from babel.units import format_unit
from flask import Response, render_template, request

from tally.election import Election
from tally.text import Text
from web.audience import Answer
from web.problem import kept_language, reader_language
from web.wording import LANGUAGES, say, spell_money

HTML: Final = "text/html; charset=utf-8"
SAME_PAGE: Final = Answer(meaning="a page; the same for everybody", media_types=(HTML,))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """What is said to one reader of one election."""

    language: str
    election: Election

    @property
    def spoken(self) -> str:
        """The language of the election's own words: the reader's where it has them."""
        languages = self.election.languages
        return self.language if self.language in languages else languages[0]

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled; ``n`` picks the form of the plural."""
        return say(self.language, ("reading", "pages"), key, fields)

    def own(self, text: Text) -> str:
        """The election's words."""
        return text.in_language(self.spoken)

    def money(self, amount: int) -> str:
        """An amount of minor units."""
        return spell_money(amount, self.election.currency, self.election.exponent, self.language)

    def left(self, rest: timedelta) -> str:
        """How long something lasts yet, in the largest unit that is there twice, rounded down."""
        seconds = max(0, int(rest.total_seconds()))
        for unit, length in (("day", 86400), ("hour", 3600)):
            if seconds >= 2 * length:
                return format_unit(seconds // length, f"duration-{unit}", locale=self.language)
        return format_unit(seconds // 60, "duration-minute", locale=self.language)


def page(template: str, words: PageWords, **context: Any) -> Response:
    """The page that ``template`` makes, in the reader's language, with an ETag."""
    language = words.language
    chosen = request.args.get("lang") in LANGUAGES
    body = render_template(
        template,
        language=language,
        spoken=words.spoken,
        t=words.say,
        own=words.own,
        money=words.money,
        keep=kept_language(),
        chosen=language if chosen else "",
        election=words.election,
        **context,
    )
    response = Response(body, content_type=HTML)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    response.add_etag()
    response.make_conditional(request)
    return response


def reader(election: Election) -> PageWords:
    """The words for whoever sent this request."""
    return PageWords(language=reader_language(), election=election)


def query(**fields: str) -> str:
    """``?a=b&c=d`` of the fields that are not empty; the empty text if none is."""
    kept = {name: value for name, value in fields.items() if value}
    return f"?{urlencode(kept)}" if kept else ""
