"""``scrutin serve``: run the doors of one host."""

import os
import resource
import socket
from contextlib import nullcontext, suppress
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from web.audience import Door
from web.commands.shell import folder_argument, say
from web.errors import UsageError
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.shared_limits import counting

MOST_CONNECTIONS = 8_192
WAITING = 4_096
STOP_SECONDS = 15


def serve(folder: Path, doors: list[str], host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped, in ``workers`` processes: one on SQLite, which has one writer.

    Raises UsageError when the port is taken, or for more processes than the database can serve.
    """
    if workers > 1 and not os.environ.get("DATABASE_URL"):
        raise UsageError(
            "--workers: SQLite is for one process; set DATABASE_URL to a PostgreSQL for more"
        )
    os.environ["SCRUTIN_FOLDER"] = str(folder.resolve())
    os.environ["SCRUTIN_DOORS"] = ",".join(doors)
    # A process that examines ballots is a gain where it has a core that no other takes.
    beside = (os.cpu_count() or 1) >= 2 * workers
    os.environ.setdefault("SCRUTIN_EXAMINE_BESIDE", "yes" if beside else "no")
    address = free_address(host, port)
    with counting() if workers > 1 else nullcontext() as limits:
        if limits is not None:
            os.environ["SCRUTIN_LIMITS"] = str(limits)
        run_server("web.service:application", address, port, workers)


def run_server(target: str, address: str, port: int, workers: int = 1) -> None:
    """Serve the Gateway that ``target`` makes from the environment, until stopped."""
    most_files()
    server = Granian(
        target,
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        backlog=WAITING,
        backpressure=MOST_CONNECTIONS,
        websockets=False,
        log_access=False,
        log_level=LogLevels.error,
        # What was promised is durable before it is promised: a worker that hangs can be killed.
        workers_kill_timeout=STOP_SECONDS,
        # One that was killed, or ended itself to be started again, must not take the others along.
        respawn_failed_workers=True,
    )
    server.serve()


def most_files() -> None:
    """As many connections as the system lets a process have: it may give fewer at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_address(host: str, port: int) -> str:
    """The numeric address of ``host``, if nobody listens there: the server would share the port
    with them, and each would get some of the requests."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return str(address[0])
    except OSError as error:
        raise UsageError(
            f"{host}, port {port}: {error.strerror}; choose others with --host and --port"
        ) from None


@click.command("serve")
@folder_argument
@click.option(
    "--door",
    "doors",
    type=click.Choice([door.value for door in Door]),
    multiple=True,
    help="Serve this door only; give it again for another. Default: all.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; more than one needs PostgreSQL.",
)
def serve_command(folder: Path, doors: tuple[str, ...], host: str, port: int, workers: int) -> None:
    """Run the registrar's, the box's and the public door of the election in FOLDER.

    DATABASE_URL names a PostgreSQL; without it each part keeps an SQLite file in FOLDER.

    In production the registrar and the box run on separate hosts, each with its own part of the
    folder, behind a TLS proxy (docs/operations.md).
    """
    manifest = load_manifest(ElectionFolder(folder))
    if host not in ("127.0.0.1", "::1", "localhost"):
        say("scrutin: put a TLS proxy in front; this server speaks plain HTTP")
    names = list(doors) or [door.value for door in Door]
    if Door.REGISTRAR.value in names and Door.BOX.value in names and not doors:
        say("scrutin: registrar and box in one process: fine for a trial, not for a real vote")
    say(f"scrutin: {manifest.election.id} on http://{host}:{port}/ ({', '.join(names)})")
    serve(folder, names, host, port, workers)
