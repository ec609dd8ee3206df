"""SIGKILL in the middle of the work: of the service while people vote, and of the officers'
commands. Run again, everything must come out as if nothing had happened."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Semaphore

import pytest

from audit.merkle import leaf_hash
from audit.receipt import read_receipt, verify_proof
from audit.record import BallotEntry, parse_entry
from ballot.voter import Device, SealedBallot
from tests.journey.killed import (
    CLOSES,
    ISSUER,
    OPENS,
    PEOPLE,
    Killed,
    found,
    insist,
    service,
    set_clock,
    settled,
)
from tests.journey.terminal import SCRUTIN, Run, Terminal, call, station
from tests.journey.test_rehearsal import contents
from tests.postgres import Server
from web.client import Client, DoorSilent
from web.office.result import final_log
from web.office.town import Town
from web.rehearsal.invented import invented_votes

WALKERS = 4


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


def vote_through_crashes(town: Town, running: Killed) -> list[Walker]:
    """Let everybody vote while an examiner is killed, and the service three times."""
    walkers = [Walker(town, number, running.address) for number in range(PEOPLE)]
    done = Semaphore(0)
    with ThreadPoolExecutor(WALKERS) as pool:
        futures = [pool.submit(walker.vote, done) for walker in walkers]
        for receipts in (3, 5, 9, 14):
            for _ in range(receipts):
                assert done.acquire(timeout=300)
            if receipts == 3:
                running.kill_examiner()
                continue
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
    environment["SCRUTIN_EXAMINE_BESIDE"] = "yes"
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


def test_a_database_from_before_the_votes_loses_none_of_them(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Killed, and given its database as it was before anybody voted. No head tells: nothing was
    signed since. Twice: what serves takes all of it again, and so does the officers' close."""
    town, environment = found(tmp_path, batch_minimum=1_000)
    environment["SCRUTIN_SECOND_COPY"] = str(tmp_path / "other disk")
    terminal.environment.update(environment)
    folder, old = town.place.root, tmp_path / "old"
    set_clock(tmp_path, OPENS, minutes=1)
    terminal.done("open", folder, *both(town))
    old.mkdir()
    for path in town.place.box.glob("box.db*"):
        shutil.copy(path, old)

    def bring_back() -> None:
        for path in town.place.box.glob("box.db*"):
            path.unlink()
        for path in old.iterdir():
            shutil.copy(path, town.place.box)

    with service(folder, environment) as running:
        walkers = [Walker(town, number, running.address) for number in range(6)]
        for walker in walkers:
            walker.vote(Semaphore(0))
        running.kill()
        bring_back()
        running.start()
        assert "taken again from the second copy" in (tmp_path / "service.log").read_text("utf-8")
        client = Client(running.address)
        for walker in walkers:
            assert walker.ballot is not None
            receipts = {
                *(walker.receipts or ()),
                client.cast(walker.ballot.entry, walker.ballot.sealed),
            }
            assert len(receipts) == 1
        client.close()
    bring_back()
    set_clock(tmp_path, CLOSES)
    assert "taken again" in terminal.done("close", folder, *both(town)).err
    assert not list((tmp_path / "other disk").rglob("*.waiting"))  # all of it is in the log
    _, _, entries = final_log(town.place, town.manifest)
    ballots = [entry for entry in entries if isinstance(parse_entry(entry), BallotEntry)]
    assert sorted(ballots) == sorted(w.ballot.entry for w in walkers if w.ballot is not None)


def test_a_worker_ends_with_its_server(terminal: Terminal, tmp_path: Path) -> None:
    town, environment = found(tmp_path)
    environment["SCRUTIN_EXAMINE_BESIDE"] = "yes"
    terminal.environment.update(environment)
    set_clock(tmp_path, OPENS, minutes=1)
    terminal.done("open", town.place.root, *both(town))
    with service(town.place.root, environment) as running:
        examiners = running.examiners()
        assert examiners
        running.kill_server()
        until = time.monotonic() + 180
        while answers(running.address):
            assert time.monotonic() < until, "the worker serves on alone"
            time.sleep(0.1)
        while any(Path(f"/proc/{pid}").exists() for pid in examiners):
            assert time.monotonic() < until, "an examiner is left over"
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


@contextmanager
def colleague(terminal: Terminal) -> Iterator[Terminal]:
    """A second officer's terminal, in the same town."""
    folder = terminal.folder / "colleague"
    folder.mkdir()
    with station() as opened:
        yield Terminal(station=opened, folder=folder, environment=terminal.environment)


def at_once(terminals: Sequence[Terminal], words: Sequence[str | Path]) -> None:
    """Run the command in each terminal at the same moment; all must succeed."""
    together = Barrier(len(terminals))

    def run(terminal: Terminal) -> Run:
        together.wait(180)
        return terminal(*words)

    with ThreadPoolExecutor(len(terminals)) as pool:
        runs = list(pool.map(run, terminals))
    assert {each.status for each in runs} == {0}, "\n".join(map(str, runs))


def test_the_officers_commands_die_and_are_run_again_by_two(
    terminal: Terminal, tmp_path: Path
) -> None:
    """After each was killed at several moments, two impatient officers run it at the same one."""
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
    with colleague(terminal) as second:
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
                assert moments(terminal, other, [length * part / 8 for part in range(8)]) >= 3, (
                    words
                )
            at_once((terminal, second), other)
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
