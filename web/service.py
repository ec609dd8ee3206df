"""One process of the service: opens the parts its doors need and builds the application."""

import atexit
import logging
import os
import signal
import threading
from contextlib import ExitStack

from flask import Flask

from ballot.errors import BallotError
from web.app import create_app
from web.audience import Door, Route
from web.box import box_routes
from web.clock import clock_for, read_time
from web.errors import UsageError
from web.health import health_route
from web.limits import Limits
from web.observer import PublicFiles, observer_routes
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.parts import BoxParts, local_issuers, open_box, open_registrar
from web.openapi import with_description
from web.registrar import registrar_routes
from web.settings import Settings, read_settings

WATCH_SECONDS = 1.0

log = logging.getLogger("scrutin.service")


def build(settings: Settings, parts: ExitStack) -> Flask:
    """The application for ``settings``; what it opened is closed with ``parts``.

    Raises WebError when the folder lacks what a door needs, BallotError when the stores
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
        _sequence_in_background(opened, parts)
        routes += box_routes(opened["box"], read_time(manifest.election.opens))
    if Door.PUBLIC in settings.doors:
        files = PublicFiles(
            manifest=folder.manifest,
            manifest_signatures=folder.manifest_signatures,
            log=folder.box / "log",
            publication=folder.publication,
            pictures=folder.pictures,
        )
        routes += observer_routes(manifest, files, clock)
    return create_app(settings, with_description(routes, min(settings.doors)))


def _sequence_in_background(opened: BoxParts, parts: ExitStack) -> None:
    stop = threading.Event()

    def work() -> None:
        try:
            opened["sequencer"].run(stop)
        except BallotError as error:
            end_process(f"the sequencer stopped: {error}")
        except Exception as error:  # whatever it was: its message may quote a ballot
            end_process(f"the sequencer stopped: {type(error).__name__}")

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if not opened["box"].running:
                end_process("the box stopped: a write failed and its outcome is not known")
                return

    threads = [
        threading.Thread(target=work, name="sequencer", daemon=True),
        threading.Thread(target=watch, name="box watch", daemon=True),
    ]
    for thread in threads:
        thread.start()

    def end() -> None:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)

    parts.callback(end)


def end_process(reason: str) -> None:
    """End this process, to be started again by whatever runs it: serving on with a log that cannot
    grow would take ballots that nobody can see."""
    log.critical("%s; this process ends and must be started again", reason)
    os.kill(os.getpid(), signal.SIGTERM)


def application() -> Flask:
    """The application of this process, from the environment: what a WSGI server calls."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    parts = ExitStack()
    atexit.register(parts.close)
    return build(read_settings(os.environ), parts)
