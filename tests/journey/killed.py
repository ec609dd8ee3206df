"""A running service that can be killed at any moment, and residents who ask again until somebody
answers."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from ballot.durable import replace_file
from ballot.roll import Person
from tests.journey.terminal import ROOT, SCRUTIN, plain_environment
from tests.postgres import Server
from web.client import Client, DoorRefused, DoorSilent
from web.clock import VARIABLE, read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.town import Town, found_town
from web.progress import Progress
from web.rehearsal.invented import invented_election
from web.rehearsal.processes import free_port

OPENS, CLOSES = "2027-03-08T08:00:00Z", "2027-03-28T18:00:00Z"
WORD = "kettle orbit marble"
PEOPLE = 24
ISSUER = "city"


class Killed:
    """The whole service on one port; can be killed and started again at any moment."""

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        workers: int,
        doors: tuple[str, ...] = (),
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._workers = workers
        self._doors = doors
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = [str(SCRUTIN), "serve", str(self._folder), "--port", str(self._port)]
        words += ["--workers", str(self._workers)]
        for door in self._doors:
            words += ["--door", door]
        log = (self._folder.parent / "service.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                words, env=self._environment, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        client = Client(self.address)
        until = time.monotonic() + 180
        while True:
            assert self._process.poll() is None, log.name
            try:
                client.get("/health")
                break
            except (DoorSilent, DoorRefused):
                assert time.monotonic() < until
                time.sleep(0.05)
        client.close()

    def kill(self) -> None:
        """End it as a power cut would: the server and its workers at once."""
        if self._process is None:
            return
        server = self._process.pid
        workers = Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()
        for pid in (server, *map(int, workers)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_worker(self) -> None:
        """End one of the workers alone, the youngest."""
        assert self._process is not None
        server = self._process.pid
        workers = Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()
        with suppress(ProcessLookupError):
            os.kill(int(workers[-1]), signal.SIGKILL)

    def examiners(self) -> list[int]:
        """The processes that examine ballots for the workers."""
        assert self._process is not None
        return [
            pid
            for worker in _children(self._process.pid)
            for pid in _children(worker)
            if b"ballot.examining" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def kill_examiner(self) -> None:
        """End one of the processes that examine ballots, once there is one."""
        until = time.monotonic() + 180
        while not (found := self.examiners()):
            assert time.monotonic() < until
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.kill(found[-1], signal.SIGKILL)

    def memory(self) -> int:
        """Bytes that the workers hold in memory now."""
        assert self._process is not None
        server = self._process.pid
        workers = Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()
        resident = [Path(f"/proc/{pid}/statm").read_text("ascii").split()[1] for pid in workers]
        return sum(map(int, resident)) * os.sysconf("SC_PAGE_SIZE")

    @property
    def running(self) -> bool:
        """Whether the server is there; its workers come and go."""
        return self._process is not None and self._process.poll() is None

    def stand(self) -> None:
        """What runs a service in production does: start it again when it has ended."""
        if not self.running:
            self.start()

    def kill_server(self) -> None:
        """End the server alone; its worker is left without a parent."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None


def _children(pid: int) -> list[int]:
    """The processes that any thread of a process began and that run."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return sorted(
            int(child) for each in threads for child in (each / "children").read_text().split()
        )
    except FileNotFoundError:  # it ended meanwhile
        return []


@contextmanager
def service(folder: Path, environment: dict[str, str], workers: int = 1) -> Iterator[Killed]:
    """A running service; ended with the ``with``."""
    killed = Killed(folder, environment, workers)
    try:
        killed.start()
        yield killed
    finally:
        killed.kill()


def found(
    root: Path,
    server: Server | None = None,
    *,
    people: int = PEOPLE,
    maximum_sequence: int = 100,
    batch_minimum: int = 1,
) -> tuple[Town, dict[str, str]]:
    """A frozen town of people who all vote in one style, and the environment of its processes."""
    database = {} if server is None else {"DATABASE_URL": server.fresh()}
    environment = plain_environment(
        **{
            "SCRUTIN_PASSPHRASE": WORD,
            VARIABLE: str(root / "clock.txt"),
            "SCRUTIN_REQUESTS_FACTOR": "100000",
            **database,
        }
    )
    before = dict(os.environ)
    os.environ.update({"SCRUTIN_PASSPHRASE": WORD, **database})
    try:
        town = found_town(
            ElectionFolder(root / "town"),
            invented_election(OPENS, CLOSES),
            [Person(id=f"person-{number}", style="all") for number in range(people)],
            drawn=WORD,
            issuers=[ISSUER],
            options=FreezeOptions(
                batch_seconds=1, batch_minimum=batch_minimum, maximum_sequence=maximum_sequence
            ),
            progress=Progress(quiet=True),
        )
    finally:
        os.environ.clear()
        os.environ.update(before)
    return town, environment


def set_clock(root: Path, time_text: str, minutes: int = 0) -> None:
    """What the town's processes take for now."""
    now = read_time(time_text) + timedelta(minutes=minutes)
    replace_file(root / "clock.txt", spell_time(now).encode())


def insist(request: Callable[[], bytes]) -> bytes:
    """The answer to a request that is sent again as long as nobody answers."""
    until = time.monotonic() + 180
    while True:
        try:
            return request()
        except DoorSilent:
            assert time.monotonic() < until
            time.sleep(0.1)


def settled(client: Client, leaf: bytes) -> bytes:
    """The proof of an entry, or silence while it waits."""
    try:
        return client.proof(leaf)
    except DoorRefused as error:
        if error.code != "pending":
            raise
        raise DoorSilent("pending") from None
