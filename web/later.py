"""An answer whose body is not known yet, and that no thread waits for.

A view that has handed something to others gives ``answer_later`` instead of a response. Behind the
gateway the thread goes on to the next request, and whoever brings the body sends the response,
which has passed by then whatever the application does to every response. What fails instead is
answered as any view's failure is. Before any other server, and in tests, the view's thread waits.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from flask import Flask, Response, current_app, request

from web.hands import Tell

UNDERSTOOD = "scrutin.later"
"""In the environment of a request: the server takes a Later for an answer."""


class Later(Response):
    """A response that is sent when its body is there."""

    _begun: tuple[Any, Any]

    def __init__(
        self,
        application: Flask,
        body: Future[bytes],
        content_type: str,
        otherwise: Callable[[BaseException], BaseException],
    ) -> None:
        super().__init__(content_type=content_type)
        self._application = application
        self._body = body
        self._otherwise = otherwise
        self.when_sent: list[Callable[[], None]] = []
        """Called when the body is there; not when there is another answer in its place."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self._begun = environ, start_response
        return self

    def __iter__(self) -> Iterator[bytes]:
        raise TypeError("a body that is not there yet: this server does not understand Later")

    def then(self, read: Callable[[Iterable[bytes]], Any], tell: Tell) -> None:
        """Once the body is there, in the thread that brings it: start the response, and tell what
        ``read`` makes of its body, or what went wrong."""

        def done(_body: Future[bytes]) -> None:
            try:
                told = read(self._start())
            except BaseException as error:  # whatever it was, somebody waits for it
                tell(None, error)
            else:
                tell(told, None)

        self._body.add_done_callback(done)

    def _start(self) -> Iterable[bytes]:
        environ, start_response = self._begun
        error = self._body.exception()
        if error is None:
            self.set_data(self._body.result())
            for call in self.when_sent:
                call()
            return super().__call__(environ, start_response)
        application = self._application
        with application.request_context(environ):
            raised = self._otherwise(error)
            if not isinstance(raised, Exception):
                raise raised
            made = application.make_response(application.handle_user_exception(raised))
            return application.process_response(made)(environ, start_response)


def answer_later(
    body: Future[bytes],
    *,
    content_type: str,
    otherwise: Callable[[BaseException], BaseException],
) -> Response:
    """The response with this body, when it is there. ``otherwise`` gives what a view would raise
    for the error that came in its place."""
    if UNDERSTOOD in request.environ:
        application = current_app._get_current_object()  # type: ignore[attr-defined]
        return Later(application, body, content_type, otherwise)
    error = body.exception()
    if error is not None:
        raise otherwise(error) from None
    return Response(body.result(), content_type=content_type)
