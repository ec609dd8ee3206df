"""One Flask application for the doors of a process, built from the table of routes.

Fails closed: a route that Flask knows and the table does not, or a door whose room is missing,
stops the start-up.
"""

import logging
from collections.abc import Iterable
from types import TracebackType

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix

from web.assets import asset
from web.audience import Cache, Door, Route
from web.compression import compress
from web.errors import WebError
from web.limits import Limits
from web.problem import Problem, respond
from web.settings import Settings
from web.wording import other_languages

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LARGEST_BODY = 256 * 1024

log = logging.getLogger("scrutin.web")


def create_app(settings: Settings, routes: Iterable[Route], limits: Limits | None = None) -> Flask:
    """The application that serves ``routes``, those of the doors in ``settings`` and no others.

    ``limits`` counts the requests; in this process alone when None.
    """
    app = Flask("web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.jinja_env.globals |= {"asset": asset, "other_languages": other_languages}
    # Flask would answer "//x" with a redirection that repeats what was asked.
    app.url_map.merge_slashes = False
    table: dict[str, Route] = {}
    for route in routes:
        if route.door not in settings.doors:
            continue
        if route.name in table:
            raise WebError(f"route {route.path}: the name {route.name!r} is taken")
        table[route.name] = route
    if not table:
        raise WebError("no route for the doors asked for: check SCRUTIN_DOORS")
    limits = limits or Limits(factor=settings.requests_factor)
    for route in table.values():
        app.add_url_rule(route.path, route.name, route.view, methods=[route.method])
    _refuse_undeclared(app, table)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies
        )

    @app.before_request
    def guard() -> Response | None:
        route = table.get(request.endpoint or "")
        if route is None or request.method == "OPTIONS":
            return None
        if route.limit:
            wait = limits.hit(route.name, request.remote_addr or "", route.limit)
            if wait:
                return respond(
                    Problem(
                        "too-many-requests", retry_after=wait, parameters={"seconds": f"{wait}"}
                    )
                )
        if route.body is not None:
            size = request.content_length
            if size is None:
                return respond(Problem("length-required"))
            if size > route.body_limit:
                return respond(Problem("too-large", parameters={"limit": f"{route.body_limit}"}))
            if request.mimetype != "application/json":
                return respond(Problem("unsupported-media-type"))
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        route = table.get(request.endpoint or "")
        fresh = route is not None and response.status_code in (200, 304)
        if route is not None and fresh and request.method != "OPTIONS":
            response.headers["Cache-Control"] = route.cache.value
        else:
            response.headers["Cache-Control"] = Cache.NEVER.value
        if route is not None and route.door is Door.PUBLIC:
            compress(request, response)
        return response

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return respond(error)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        codes = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
        code = codes.get(error.code or 0, "malformed")
        response = respond(Problem(code, parameters={"limit": str(LARGEST_BODY)}))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        # The traceback names lines of code; it holds no value that a request carried.
        log.error("%s in %s", type(error).__name__, request.endpoint, exc_info=_frames_only(error))
        return respond(Problem("internal"))

    return app


def _frames_only(
    error: Exception,
) -> tuple[type[Exception], Exception, TracebackType | None]:
    """The traceback under a message-free exception: messages may quote what was sent."""
    bare = type(error).__name__
    return (Exception, Exception(bare), error.__traceback__)


def _refuse_undeclared(app: Flask, table: dict[str, Route]) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in table:
            raise WebError(f"route {rule.rule}: declares no audience, limit and cache rule")
