"""Sending away at once whoever comes when too many are being answered already.

A server that lets everybody wait answers nobody in time: those who waited longest have gone, and
ask again. So a process works on so many requests at once and no more, and says the same moment to
all others when to come back. That answer is made when the process starts, and costs nearly nothing.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response

from web.problem import LANGUAGES, Problem, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 2
HTML, JSON = "text/html", "application/json"


class Crowd:
    """The application, for at most ``most`` requests at a time."""

    def __init__(self, application: "WSGIApplication", most: int, flask: Flask) -> None:
        """``flask`` makes the answer to the others: a problem, or a page for browsers."""
        self._application = application
        self._most = most
        self._inside = 0
        self._lock = threading.Lock()
        self._answers = {
            (language, kind): _busy(flask, language, kind)
            for language in LANGUAGES
            for kind in (HTML, JSON)
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        with self._lock:
            full = self._inside >= self._most
            self._inside += not full
        if full:
            answer = self._answers[_language(environ), _kind(environ)]
            start_response(answer.status, answer.headers.to_wsgi_list())
            return [answer.get_data()]
        try:
            return self._application(environ, start_response)
        finally:
            with self._lock:
                self._inside -= 1


def _busy(flask: Flask, language: str, kind: str) -> Response:
    with flask.test_request_context("/", headers={"Accept": kind, "Accept-Language": language}):
        return flask.process_response(respond(Problem("busy", retry_after=SECONDS)))


def _language(environ: "WSGIEnvironment") -> str:
    asked = str(environ.get("HTTP_ACCEPT_LANGUAGE", "")).lower()
    found = {asked.find(language): language for language in reversed(LANGUAGES)}
    return min(
        ((place, language) for place, language in found.items() if place >= 0),
        default=(0, LANGUAGES[0]),
    )[1]


def _kind(environ: "WSGIEnvironment") -> str:
    reads = environ.get("REQUEST_METHOD") == "GET" and HTML in str(environ.get("HTTP_ACCEPT", ""))
    return HTML if reads else JSON
