"""SIGKILL in the middle of the work: of the service while people vote, and of the officers'
commands. Run again, everything must come out as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Semaphore

import pytest

from audit.merkle import leaf_hash
from audit.receipt import read_receipt, verify_proof
from audit.record import BallotEntry, parse_entry
from ballot.durable import replace_file
from ballot.roll import Person
from ballot.voter import Device, SealedBallot
from tests.journey.terminal import ROOT, SCRUTIN, Terminal, call, plain_environment
from tests.journey.test_rehearsal import contents
from tests.postgres import Server
from web.client import Client, DoorRefused, DoorSilent
from web.clock import VARIABLE, read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.result import final_log
from web.office.town import Town, found_town
from web.progress import Progress
from web.rehearsal.invented import invented_election, invented_votes
from web.rehearsal.processes import free_port

OPENS, CLOSES = "2027-03-08T08:00:00Z", "2027-03-28T18:00:00Z"
WORD = "kettle orbit marble"
PEOPLE = 24
WALKERS = 4
ISSUER = "city"


class Killed:
    """The whole service on one port; can be killed and started again at any moment."""

    def __init__(self, folder: Path, environment: dict[str, str], workers: int) -> None:
        self._folder = folder
        self._environment = environment
        self._workers = workers
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = [str(SCRUTIN), "serve", str(self._folder), "--port", str(self._port)]
        words += ["--workers", str(self._workers)]
        log = (self._folder.parent / "service.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                words, env=self._environment, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        client = Client(self.address)
        until = time.monotonic() + 60
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

    def kill_server(self) -> None:
        """End the server alone; its worker is left without a parent."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None


@contextmanager
def service(folder: Path, environment: dict[str, str], workers: int = 1) -> Iterator[Killed]:
    """A running service; ended with the ``with``."""
    killed = Killed(folder, environment, workers)
    try:
        killed.start()
        yield killed
    finally:
        killed.kill()


def found(root: Path, server: Server | None = None) -> tuple[Town, dict[str, str]]:
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
            [Person(id=f"person-{number}", style="all") for number in range(PEOPLE)],
            drawn=WORD,
            issuers=[ISSUER],
            options=FreezeOptions(batch_seconds=1, batch_minimum=1),
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


def both(town: Town) -> tuple[str | Path, ...]:
    """Two officers at one desk."""
    private = town.place.root / "private"
    return ("--officer", private / "a.secret", "--officer", private / "b.secret")


@dataclass(slots=True)
class Walker:
    """A resident who asks again, with the same bytes, until there is an answer."""

    town: Town
    number: int
    address: str
    ballot: SealedBallot | None = None
    receipts: list[bytes] | None = None

    def vote(self, done: Semaphore) -> None:
        """Ask for the credential and cast; every request twice, and again while nobody answers."""
        manifest = self.town.manifest
        client = Client(self.address)
        seed = sha256(b"crash" + self.number.to_bytes(4)).digest()
        device = Device(manifest=manifest, style="all", seed=seed)
        issued = {insist(lambda: self._ask(client, device)) for _ in range(2)}
        assert len(issued) == 1, "the same request got two credentials"
        credential = device.credential(ISSUER, issued.pop())
        _, choices = invented_votes(manifest.election, 4)[self.number % 4]
        ballot = self.ballot = device.ballot(choices, (credential,))
        self.receipts = []
        for _ in range(2):
            self.receipts.append(insist(lambda: client.cast(ballot.entry, ballot.sealed)))
            done.release()
            time.sleep(0.05)
        client.close()

    def _ask(self, client: Client, device: Device) -> bytes:
        return client.credential(
            ISSUER,
            election=self.town.manifest.hash,
            style="all",
            code=self.town.codes[f"person-{self.number}"][ISSUER],
            blinded_message=device.blinded_message(ISSUER),
        )


def insist(request: Callable[[], bytes]) -> bytes:
    """The answer to a request that is sent again as long as nobody answers."""
    until = time.monotonic() + 90
    while True:
        try:
            return request()
        except DoorSilent:
            assert time.monotonic() < until
            time.sleep(0.1)


def vote_through_crashes(town: Town, running: Killed) -> list[Walker]:
    """Let everybody vote while the service is killed three times."""
    walkers = [Walker(town, number, running.address) for number in range(PEOPLE)]
    done = Semaphore(0)
    with ThreadPoolExecutor(WALKERS) as pool:
        futures = [pool.submit(walker.vote, done) for walker in walkers]
        for receipts in (5, 9, 14):
            for _ in range(receipts):
                assert done.acquire(timeout=90)
            running.kill()
            running.start()
        for future in futures:
            future.result()
    return walkers


def test_the_service_dies_while_people_vote(
    terminal: Terminal, tmp_path: Path, server: Server | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with two processes on one PostgreSQL, of which one sequences."""
    town, environment = found(tmp_path, server)
    if server is not None:
        monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    terminal.environment.update(environment)
    folder, manifest = town.place.root, town.manifest
    set_clock(tmp_path, OPENS, minutes=1)
    terminal.done("open", folder, *both(town))
    with service(folder, environment, workers=1 if server is None else 2) as running:
        walkers = vote_through_crashes(town, running)
        client = Client(running.address)
        for walker in walkers:
            assert walker.ballot is not None
            assert walker.receipts is not None
            leaf = leaf_hash(walker.ballot.entry)
            # The receipt is the same before and after the crash, and it is kept.
            assert len(set(walker.receipts)) == 1
            receipt = read_receipt(walker.receipts[0], manifest, leaf_hash=leaf)
            proof = insist(partial(settled, client, leaf))
            verify_proof(manifest, receipt, proof)
        client.close()
    set_clock(tmp_path, CLOSES)
    terminal.done("close", folder, *both(town))
    _, _, entries = final_log(town.place, manifest)
    ballots = [entry for entry in entries if isinstance(parse_entry(entry), BallotEntry)]
    assert sorted(ballots) == sorted(w.ballot.entry for w in walkers if w.ballot is not None)
    issued = terminal.done("registrar", "stop", folder).data
    assert issued["counts"] == {"all": PEOPLE, "young": 0}


def test_a_worker_ends_with_its_server(terminal: Terminal, tmp_path: Path) -> None:
    town, environment = found(tmp_path)
    terminal.environment.update(environment)
    set_clock(tmp_path, OPENS, minutes=1)
    terminal.done("open", town.place.root, *both(town))
    with service(town.place.root, environment) as running:
        running.kill_server()
        until = time.monotonic() + 30
        while answers(running.address):
            assert time.monotonic() < until, "the worker serves on alone"
            time.sleep(0.1)
        running.start()
        assert answers(running.address)


def answers(address: str) -> bool:
    """Whether somebody serves there."""
    client = Client(address)
    try:
        client.get("/health")
    except DoorSilent:
        return False
    finally:
        client.close()
    return True


def settled(client: Client, leaf: bytes) -> bytes:
    """The proof of an entry, or silence while it waits."""
    try:
        return client.proof(leaf)
    except DoorRefused as error:
        if error.code != "pending":
            raise
        raise DoorSilent("pending") from None


# -- the officers' commands -------------------------------------------------------------------


def after_the_vote(terminal: Terminal, root: Path) -> Town:
    """A town whose vote is over: a few people voted, nothing is closed."""
    town, environment = found(root)
    terminal.environment.update(environment)
    set_clock(root, OPENS, minutes=1)
    terminal.done("open", town.place.root, *both(town))
    with service(town.place.root, environment) as running:
        for number in range(6):
            Walker(town, number, running.address).vote(Semaphore(0))
    set_clock(root, CLOSES)
    return town


def moments(terminal: Terminal, words: Sequence[str | Path], parts: Sequence[float]) -> int:
    """Kill the command after each of these parts of a second; gives how often it was at work."""
    hits = 0
    for part in parts:
        hits += terminal.killed(*words, when=partial(is_past, time.monotonic() + part))
    return hits


def test_the_officers_commands_die_and_are_run_again(terminal: Terminal, tmp_path: Path) -> None:
    town = after_the_vote(terminal, tmp_path)
    shares = [town.place.root / "trustees" / path.name for path in town.shares]

    def steps(folder: Path, out: Path) -> list[tuple[str | Path, ...]]:
        def share(number: int) -> Path:
            return folder / "trustees" / shares[number].name

        return [
            ("close", folder, *both_in(folder)),
            ("trustee", "release", folder, "--share", share(0)),
            ("trustee", "release", folder, "--share", share(2)),
            ("open-box", folder),
            ("count", folder, "--jobs", "1"),
            ("publish", folder, out, *both_in(folder), "--jobs", "1"),
        ]

    def both_in(folder: Path) -> tuple[str | Path, ...]:
        private = folder / "private"
        return ("--officer", private / "a.secret", "--officer", private / "b.secret")

    # One copy of the town lives a quiet life, the other is struck at every step.
    struck = tmp_path / "struck"
    shutil.copytree(town.place.root, struck)
    quiet_out, struck_out = tmp_path / "publication", tmp_path / "struck-publication"
    last = steps(town.place.root, quiet_out)
    for words in last:
        began = time.monotonic()
        terminal.done(*words)
        length = time.monotonic() - began
        other = steps(struck, struck_out)[last.index(words)]
        if words[0] == "publish":
            unsigned = struck_out.with_name(struck_out.name + ".unsigned")
            for files in (1, 12, 30):
                assert terminal.killed(*other, when=partial(has_files, unsigned, files))
                assert not struck_out.exists()
        else:
            assert moments(terminal, other, [length * part / 8 for part in range(8)]) >= 3, words
        terminal.done(*other)
    for name in ("results.json", "opening.json"):
        assert (struck / name).read_bytes() == (town.place.root / name).read_bytes()
    assert contents(struck / "box" / "log") == contents(town.place.root / "box" / "log")
    published = contents(struck_out)
    assert published == contents(quiet_out)
    assert not list(tmp_path.glob("*.unsigned"))
    run = call(SCRUTIN.with_name("python"), "-m", "audit", "verify", struck_out)
    assert run.status == 0, str(run)
    result = sha256(published["publication.json"]).hexdigest()
    assert run.out.splitlines()[-1].replace(" ", "") == f"VERIFIED{result}"


def is_past(moment: float) -> bool:
    """Whether that moment of the monotonic clock has come."""
    return time.monotonic() >= moment


def has_files(folder: Path, number: int) -> bool:
    """Whether so many files lie below ``folder``."""
    return sum(len(files) for _, _, files in os.walk(folder)) >= number
