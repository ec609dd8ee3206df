"""Errors of the HTTP doors as problem details (RFC 9457), in the reader's language.

A problem never repeats what was sent: codes, choices and keys stay out of answers and logs. The
words come from the catalogues in ``web/locale``, so that another language is one more file.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from flask import Response, request

LANGUAGES = ("fr", "en")
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer other than success. ``code`` is stable and names the catalogue entry.

    ``fields`` say which parts of the request are at fault and why; ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        code: str,
        *,
        fields: Iterable[Mapping[str, str]] = (),
        retry_after: int | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.fields = [dict(each) for each in fields]
        self.retry_after = retry_after
        self.parameters = dict(parameters or {})


@cache
def catalogue(language: str) -> dict[str, dict[str, str | int]]:
    """The problems in ``language``: code → status, title, detail."""
    text = resources.files("web").joinpath(f"locale/problems.{language}.json").read_text("utf-8")
    entries: dict[str, dict[str, str | int]] = json.loads(text)
    return entries


def reader_language() -> str:
    """The language of this request: ``?lang=``, else ``Accept-Language``, else French."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


def respond(problem: Problem) -> Response:
    """The HTTP answer for ``problem``, never cached."""
    language = reader_language()
    entry = catalogue(language)[problem.code]
    body: dict[str, object] = {
        "type": f"urn:scrutin:problem:{problem.code}",
        "title": entry["title"],
        "status": entry["status"],
        "detail": str(entry["detail"]).format_map(problem.parameters),
        "code": problem.code,
    }
    if problem.fields:
        body["errors"] = problem.fields
    response = Response(
        json.dumps(body, ensure_ascii=False, sort_keys=True),
        status=int(entry["status"]),
        content_type=MEDIA_TYPE,
    )
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response
