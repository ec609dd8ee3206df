"""The door of a witness: two routes and a health check, in an application of its own.

It is no door of an election: whoever runs a witness sees signed checkpoints only, holds nothing of
the election, and answers any number of logs. Bodies are text, as C2SP tlog-witness wants them.
"""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from audit.witness import TEXT_TYPE, CosigningRefused
from ballot.witness import Witness, read_witness
from web.app import SECURITY_HEADERS
from web.clock import system_clock
from web.gateway import Gateway
from web.limits import Limits
from web.office.passphrase import passphrase
from web.settings import whole_number
from web.worker import settle_worker

FOLDER = "SCRUTIN_WITNESS"
LARGEST_BODY = 256 * 1024
REQUESTS_PER_MINUTE = 120

log = logging.getLogger("scrutin.witness")


def create_witness_app(
    witness: Witness, clock: Callable[[], datetime] = system_clock, *, trusted_proxies: int = 0
) -> Flask:
    """The application of one witness; ``trusted_proxies`` stand in front of it."""
    app = Flask("web.witness", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.merge_slashes = False
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies)  # type: ignore[method-assign]
    limits = Limits()

    def text(body: str, status: int = 200) -> Response:
        return Response(body, status=status, content_type=TEXT_TYPE)

    @app.post("/add-checkpoint")
    def add_checkpoint() -> Response:
        wait = limits.hit("add-checkpoint", request.remote_addr or "", REQUESTS_PER_MINUTE)
        if wait:
            response = text("too many requests from this address\n", 429)
            response.headers["Retry-After"] = str(wait)
            return response
        try:
            line = witness.add_checkpoint(request.get_data(), clock)
        except CosigningRefused as refused:
            media_type, body = refused.body()
            return Response(body, status=refused.status, content_type=media_type)
        return text(f"{line}\n")

    @app.get("/<digest>/checkpoint")
    def checkpoint(digest: str) -> Response:
        note = witness.last(digest)
        if note is None:
            return text("no checkpoint of this log\n", 404)
        return Response(note, content_type=TEXT_TYPE)

    @app.get("/health")
    def health() -> Response:
        return text("ok\n")

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        response = text(f"{error.name}\n", error.code or 500)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        log.error("%s: %s", type(error).__name__, error)
        return text("internal error; see the witness's log\n", 500)

    return app


def open_witness(folder: Path) -> Witness:
    """The witness in ``folder``, its passphrase from where passphrases come from."""
    name = read_witness(folder).name
    return Witness(folder, passphrase=passphrase(f"witness {name}", f"witness_{name}"))


def application() -> Gateway:
    """The application of this process, from the environment: what the server calls."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settle_worker()
    proxies = whole_number(os.environ, "SCRUTIN_TRUSTED_PROXIES", 0)
    own = open_witness(Path(os.environ[FOLDER]))
    return Gateway(create_witness_app(own, trusted_proxies=proxies))
