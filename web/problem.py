"""Errors of the HTTP doors as problem details (RFC 9457), in the reader's language.

A problem never repeats what was sent: codes, choices and keys stay out of answers and logs. The
words come from the catalogues in ``web/locale``.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, render_template, request

from web.clock import told_time
from web.wording import DEFAULT, LANGUAGES, catalogue, say

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """One part of a request that is at fault: its place (``entry.header.sequence``, empty for the
    whole), and the entry of the ``fields`` catalogue that says what to do. ``places`` are (group,
    position) pairs of a voting code."""

    field: str
    code: str
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    places: tuple[tuple[int, int], ...] = ()


class Problem(Exception):
    """An answer other than success. ``code`` is stable and names the catalogue entry.

    ``fields`` say which parts of the request are at fault and why; ``retry_after`` is in seconds;
    ``reason`` is a stable code that says more than ``code``; times among ``parameters`` are spelled
    in the reader's language.
    """

    def __init__(
        self,
        code: str,
        *,
        fields: Iterable[FieldFault] = (),
        retry_after: int | None = None,
        reason: str | None = None,
        parameters: Mapping[str, str | datetime] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.reason = reason
        self.parameters = dict(parameters or {})


def malformed(place: str, code: str, **parameters: str) -> Problem:
    """A request with one part at fault."""
    return Problem("malformed", fields=[FieldFault(field=place, code=code, parameters=parameters)])


def problems(language: str) -> Mapping[str, Mapping[str, str | int]]:
    """The problems in ``language``: code → status, title, detail."""
    return catalogue(language, "problems")


def reader_language() -> str:
    """The language of this request: ``?lang=``, else ``Accept-Language``, else French."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(LANGUAGES, DEFAULT)


def kept_language() -> str:
    """``?lang=fr`` for links where the reader chose a language, which then stays when a link is
    followed; empty for a language that the browser merely prefers."""
    asked = request.args.get("lang")
    return f"?lang={asked}" if asked in LANGUAGES else ""


def reads_pages() -> bool:
    """Whether a person follows links here: such a reader asks for HTML rather than for JSON, of a
    process that serves the pages which an error page leads to."""
    accepted = request.accept_mimetypes
    asks = request.method == "GET" and accepted["text/html"] > accepted["application/json"]
    return asks and "landing" in current_app.view_functions


def respond(problem: Problem) -> Response:
    """The HTTP answer for ``problem``, never cached: problem details, or a page for a browser."""
    language = reader_language()
    entry = problems(language)[problem.code]
    words = {
        "reason": problem.reason or "",
        **{name: _spelled(value, language) for name, value in problem.parameters.items()},
    }
    body: dict[str, object] = {
        "type": f"urn:scrutin:problem:{problem.code}",
        "title": entry["title"],
        "status": entry["status"],
        "detail": str(entry["detail"]).format_map(words),
        "code": problem.code,
    }
    if problem.reason is not None:
        body["reason"] = problem.reason
    if problem.fields:
        body["errors"] = [
            {"field": fault.field, "code": fault.code, "message": _sentence(fault, language)}
            for fault in problem.fields
        ]
    if reads_pages():
        response = Response(
            render_template(
                "problem.html",
                language=language,
                t=lambda key: say(language, ("reading", "pages"), key, {}),
                keep=kept_language(),
                title=body["title"],
                detail=body["detail"],
            ),
            status=int(entry["status"]),
            content_type="text/html; charset=utf-8",
        )
    else:
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


def _sentence(fault: FieldFault, language: str) -> str:
    words: Mapping[str, str] = catalogue(language, "fields")
    places = words["and"].join(
        words["place"].format(group=group, position=position) for group, position in fault.places
    )
    return words[fault.code].format_map({**fault.parameters, "places": places})


def _spelled(value: str | datetime, language: str) -> str:
    if isinstance(value, datetime):
        return told_time(value, language)
    return value
