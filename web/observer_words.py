"""The words of the pages of results and observers, and how such a page is answered.

The words stand in the catalogue ``results`` of a language (web/wording.py), the sentences and the
words of charts in ``audit`` and ``tally``. Where these have a language not, such a page is told in
English altogether, rather than in two languages at once.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request

from audit.words import LANGUAGES as AUDIT_LANGUAGES
from web.clock import local_time, told_time
from web.problem import kept_language, reader_language
from web.wording import say, spell_number


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderWords:
    """What is said to one reader."""

    language: str

    def say(self, key: str, **fields: object) -> str:
        """The words of ``key`` with its places filled."""
        return say(self.language, ("results", "pages"), key, fields)

    def number(self, number: int) -> str:
        """A whole number with groups."""
        return spell_number(number, self.language)

    def time(self, text: str, zone: str) -> str:
        """An RFC 3339 time for people, in the time zone of this name."""
        return told_time(local_time(text, zone), self.language)


def reader_words() -> ReaderWords:
    """The words for whoever sent this request."""
    language = reader_language()
    return ReaderWords(language=language if language in AUDIT_LANGUAGES else "en")


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
