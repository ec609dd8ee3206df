"""One process of the service: opens the parts its doors need and builds the application."""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask

from ballot.errors import BallotError
from web.app import create_app
from web.audience import Door, Route
from web.box import box_routes
from web.clock import clock_for
from web.errors import UsageError
from web.health import health_route
from web.limits import Limits
from web.observer import PublicFiles, observer_routes
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.parts import local_issuers, open_box, open_registrar
from web.registrar import registrar_routes
from web.settings import Settings, read_settings

log = logging.getLogger("scrutin.service")


def build(settings: Settings, parts: ExitStack) -> Flask:
    """The application for ``settings``; what it opened is closed with ``parts``.

    Raises UsageError when the folder lacks what a door needs, BallotError when the stores
    contradict what was signed or published: the process must not start then.
    """
    folder = ElectionFolder(settings.folder)
    manifest = load_manifest(folder)
    clock = clock_for(manifest.election.id)
    routes: list[Route] = [health_route(min(settings.doors))]
    if Door.REGISTRAR in settings.doors:
        issuers = settings.issuers or tuple(local_issuers(folder))
        if not issuers:
            raise UsageError(f"{folder.issuers}: no issuer's secret: this host has no registrar")
        routes += registrar_routes(
            {issuer: open_registrar(folder, issuer, manifest) for issuer in issuers},
            clock,
            Limits(factor=settings.requests_factor),
            settings.refusals_per_minute,
        )
    if Door.BOX in settings.doors:
        opened = parts.enter_context(open_box(folder, manifest, clock))
        _sequence_in_background(opened["sequencer"].run, parts)
        routes += box_routes(opened["box"], manifest.election.opens)
    if Door.PUBLIC in settings.doors:
        files = PublicFiles(
            manifest=folder.manifest,
            manifest_signatures=folder.manifest_signatures,
            log=folder.box / "log",
            publication=folder.publication,
            pictures=folder.pictures,
        )
        routes += observer_routes(manifest, files, clock, list(routes))
    return create_app(settings, routes)


def _sequence_in_background(run: Callable[[threading.Event], None], parts: ExitStack) -> None:
    stop = threading.Event()

    def work() -> None:
        try:
            run(stop)
        except BallotError as error:
            # Serving on with a log that cannot grow would take ballots that nobody can see.
            log.critical("the sequencer stopped: %s", error)
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=work, name="sequencer", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=10)

    parts.callback(end)


def application() -> Flask:
    """The application of this process, from the environment: what a WSGI server calls."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    parts = ExitStack()
    atexit.register(parts.close)
    return build(read_settings(os.environ), parts)
