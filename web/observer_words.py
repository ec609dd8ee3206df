"""The words of the pages of results and observers, and how such a page is answered.

The words stand in ``web/locale/results.<language>.json``: one more file is one more language.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request

from audit.words import LANGUAGES as AUDIT_LANGUAGES
from tally.money import format_number
from web.clock import local_time, told_time
from web.problem import kept_language, reader_language
from web.wording import say


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderWords:
    """What is said to one reader."""

    language: str

    @property
    def words_language(self) -> str:
        """The language of sentences that ``audit`` and ``tally`` have: English where not this."""
        return self.language if self.language in AUDIT_LANGUAGES else "en"

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled."""
        return say(self.language, ("results", "pages"), key, fields)

    def number(self, number: int) -> str:
        """A whole number with groups."""
        return format_number(number, self.language)

    def time(self, text: str, zone: str) -> str:
        """An RFC 3339 time for people, in the time zone of this name."""
        return told_time(local_time(text, zone), self.language)


def reader_words() -> ReaderWords:
    """The words for whoever sent this request."""
    return ReaderWords(language=reader_language())


def page(template: str, **context: Any) -> Response:
    """The page that ``template`` makes, in the reader's language, with an ETag."""
    reader = reader_words()
    kept = kept_language()
    body = render_template(
        template,
        language=reader.language,
        chosen=reader.language if kept else "",
        t=reader.say,
        keep=kept,
        **context,
    )
    response = Response(body, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = reader.language
    response.headers["Vary"] = "Accept-Language"
    response.add_etag()
    response.make_conditional(request)
    return response
