"""One process of the service: opens the parts its doors need and builds the application."""

import atexit
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask

from audit.errors import AuditError
from ballot.box import Box
from ballot.cosignatures import Seen
from ballot.cosigning import Cosigning
from ballot.errors import BallotError
from ballot.registrar import Registrar
from ballot.sequencer import Sequencer
from ballot.store.box import BoxStore
from tally.errors import TallyError
from web.app import create_app
from web.audience import Door, Route
from web.box import box_routes
from web.client_modules import require_client
from web.clock import clock_for, local_time
from web.errors import UsageError, WebError
from web.gateway import Gateway
from web.health import health_route
from web.inside import telemetry_of
from web.limits import Limits
from web.logs import log_handler
from web.observer import PublicFiles, observer_routes
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.parts import (
    Intake,
    local_issuers,
    open_intake,
    open_registrar,
    open_sequencer,
)
from web.office.witnesses import open_cosigning, told
from web.openapi import with_description
from web.registrar import registrar_routes
from web.settings import Settings, read_settings
from web.shared_limits import SharedCounts
from web.telemetry import told_inside
from web.voting import voting_routes
from web.worker import settle_worker

WATCH_SECONDS = 1.0
STAND_BY_SECONDS = 1.0
MOST_PROCESSES = 64
COSIGN_AGAIN_SECONDS = 30.0

log = logging.getLogger("scrutin.service")


def build(settings: Settings, parts: ExitStack) -> Flask:
    """The application for ``settings``; what it opened is closed with ``parts``.

    Raises WebError when the folder lacks what a door needs, BallotError when the stores
    contradict what was signed or published: the process must not start then.
    """
    folder = ElectionFolder(settings.folder)
    manifest = load_manifest(folder)
    clock = clock_for(manifest.election.id)
    counts = SharedCounts(settings.limits) if settings.limits else None
    limits = Limits(factor=settings.requests_factor, counts=counts)
    routes: list[Route] = [health_route(min(settings.doors))]
    registrars: dict[str, Registrar] = {}
    intake: Intake | None = None
    if Door.REGISTRAR in settings.doors:
        issuers = settings.issuers or tuple(local_issuers(folder))
        if not issuers:
            raise UsageError(f"{folder.issuers}: no issuer's secret: this host has no registrar")
        registrars = {issuer: open_registrar(folder, issuer, manifest) for issuer in issuers}
        routes += registrar_routes(
            registrars,
            clock,
            limits,
            settings.refusals_per_minute,
        )
    if Door.BOX in settings.doors:
        opened = intake = parts.enter_context(
            open_intake(folder, manifest, clock, beside=settings.examines_beside)
        )
        if settings.sequences:
            _sequence_in_background(
                opened["store"],
                lambda: open_sequencer(folder, manifest, opened["keys"], opened["store"], clock),
                parts,
            )
            _cosign_in_background(open_cosigning(folder, manifest, opened["store"]), parts)
        _watch_in_background(opened["box"], parts)
        routes += box_routes(
            opened["box"], local_time(manifest.election.opens, manifest.election.time_zone)
        )
    if Door.PUBLIC in settings.doors:
        require_client(manifest)
        files = PublicFiles(
            manifest=folder.manifest,
            manifest_signatures=folder.manifest_signatures,
            log=folder.box / "log",
            publication=folder.publication,
            pictures=folder.pictures,
        )
        routes += observer_routes(manifest, files, clock)
        routes += voting_routes(manifest, clock)
    app = create_app(settings, with_description(routes, min(settings.doors)), limits)
    if settings.inside is not None:
        telemetry = telemetry_of(folder, manifest, registrars, intake)
        telemetry.watch(app)
        host, port = settings.inside
        port = parts.enter_context(told_inside(telemetry, host, port, MOST_PROCESSES))
        log.info("metrics and readiness on %s, port %s", host, port)
    return app


def _sequence_in_background(
    store: BoxStore, started: Callable[[], Sequencer], parts: ExitStack
) -> None:
    """Sequence, if no other process on the same database does; else stand by to take over.

    What contradicts itself stops the start-up of the process that sequences.
    """
    stop = threading.Event()
    place = ExitStack()
    first: list[Sequencer] = []
    if place.enter_context(store.sole_sequencer()):
        parts.enter_context(place)
        first.append(started())
    else:
        place.close()
        log.info("another process puts ballots into the log; this one stands by")

    def work() -> None:
        try:
            if first:
                first[0].run(stop)
            while not stop.wait(STAND_BY_SECONDS):
                with store.sole_sequencer() as held:
                    if held:
                        log.info("this process puts ballots into the log now")
                        started().run(stop)
        except BallotError as error:
            end_process(f"the sequencer stopped: {error}")
        except Exception as error:  # whatever it was: its message may quote a ballot
            end_process(f"the sequencer stopped: {type(error).__name__}")

    _in_background(work, "sequencer", stop, parts)


def _watch_in_background(box: Box, parts: ExitStack) -> None:
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if not box.running:
                end_process("the box stopped: a write failed and its outcome is not known")
                return

    _in_background(watch, "box watch", stop, parts)


def _in_background(
    work: Callable[[], None], name: str, stop: threading.Event, parts: ExitStack
) -> None:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=10)

    parts.callback(end)


def _cosign_in_background(cosigning: Cosigning, parts: ExitStack) -> None:
    """Ask the witnesses for cosignatures while the process runs. Whatever fails here stops nothing:
    without cosignatures the box takes ballots as before, and only cannot be opened."""
    if not cosigning.has_witnesses:
        return
    stop = threading.Event()
    before: list[tuple[str, ...]] = []

    def hear(seen: Seen) -> None:
        if before != [seen.missing]:
            before[:] = [seen.missing]
            for line in told(seen):
                log.log(logging.INFO if seen.enough else logging.WARNING, "%s", line)

    def work() -> None:
        while not stop.is_set():
            try:
                cosigning.run(stop, hear)
            except (BallotError, AuditError) as error:
                log.error("the witnesses are not asked: %s", error)
            except Exception as error:  # whatever it was: the database's message may quote a ballot
                log.error("the witnesses are not asked: %s", type(error).__name__)
            stop.wait(COSIGN_AGAIN_SECONDS)

    thread = threading.Thread(target=work, name="cosigning", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=2)

    parts.callback(end)


def end_process(reason: str) -> None:
    """End this process, to be started again by whatever runs it: serving on with a log that cannot
    grow would take ballots that nobody can see."""
    log.critical("%s; this process ends and must be started again", reason)
    os.kill(os.getpid(), signal.SIGTERM)


def application() -> Gateway:
    """The application of this process, from the environment: what the server calls."""
    logging.basicConfig(level=logging.INFO, handlers=[log_handler(os.environ)])
    settle_worker()
    parts = ExitStack()
    atexit.register(parts.close)
    try:
        gateway = Gateway(build(read_settings(os.environ), parts))
    except (AuditError, BallotError, TallyError, WebError) as error:
        log.critical("%s; the service cannot start", error)
        raise SystemExit(1) from None
    # What was made so far stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    # Requests at work are not garbage: whoever looks at them too often finds them again and again.
    gc.set_threshold(20_000, 10, 10)
    return gateway
