"""`make soak`: cast traffic on the running service while its processes are killed with SIGKILL.

One half of the time on SQLite, the other on PostgreSQL. After each kill the published log is read
whole and verified, and must continue the one before; at the end the vote is closed, and every
ballot that was acknowledged to its voter must be in the log, once, and nothing that waits may be
left on the second disk. Exit status 1 when that is not so.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from audit.checkpoint import open_checkpoint
from audit.merkle import leaf_hash, root
from audit.record import BallotEntry, parse_entry
from audit.source import FolderSource
from audit.tile import read_entries, verify_log
from tests import postgres
from tests.journey.killed import CLOSES, OPENS, Killed, found, service, set_clock
from tests.journey.terminal import SCRUTIN, call
from tests.soak.residents import Ledger, Resident
from web.office.result import closed_log
from web.office.town import Town

RESIDENTS = 16
SEQUENCES = 65_535
QUIET_SECONDS = (4.0, 12.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What differs between the closed log and what the residents hold."""

    missing: int
    """Ballots that were acknowledged and are not in the log."""
    unsent: int
    """Ballots in the log that nobody sent."""
    twice: int
    """Ballots, or sequence numbers of a person, that are in the log more than once."""


def judge(ledger: Ledger, entries: Iterable[bytes]) -> Judgment:
    """Compare the entries of the closed log with what the residents hold."""
    ballots: Counter[bytes] = Counter()
    numbers: Counter[tuple[bytes, int]] = Counter()
    for entry in entries:
        read = parse_entry(entry)
        if isinstance(read, BallotEntry):
            ballots[entry] += 1
            numbers[read.header.pseudonym, read.header.sequence] += 1
    return Judgment(
        missing=len(ledger.acknowledged.keys() - ballots.keys()),
        unsent=len(ballots.keys() - ledger.sent),
        twice=sum(number - 1 for number in numbers.values()),
    )


@dataclass(slots=True)
class Run:
    """One database's half: what was killed, and what the log was found to hold."""

    database: str
    town: Town
    ledger: Ledger = field(default_factory=Ledger)
    kills: Counter[str] = field(default_factory=Counter)
    verified: int = 0
    size: int = 0
    root: bytes = b""
    seconds: float = 0.0
    judgment: Judgment | None = None

    def verify(self) -> None:
        """Read the published log whole: it holds, and it continues the one seen before."""
        folder = self.town.place.box / "log"
        key = self.town.manifest.box.verifier_key
        note = (folder / "checkpoint").read_bytes()
        checkpoint = open_checkpoint(note, key.name, key).checkpoint
        source = FolderSource(folder)
        verify_log(source.read, checkpoint.size, checkpoint.root)
        if self.size:
            leaves = [leaf_hash(entry) for entry in read_entries(source.read, checkpoint.size)]
            if checkpoint.size < self.size or root(leaves[: self.size]) != self.root:
                raise AssertionError(f"the log of {checkpoint.size} forks from that of {self.size}")
        self.size, self.root = checkpoint.size, checkpoint.root
        self.verified += 1


Strike = tuple[str, Callable[[], None]]


def strikes(running: Killed, server: postgres.Server | None) -> list[Strike]:
    """What can be killed here."""
    found: list[Strike] = [
        ("service", running.kill),
        ("worker", running.kill_worker),
        ("examiner", running.kill_examiner),
    ]
    if server is not None:

        def database() -> None:
            server.kill()
            server.start()

        found.append(("database", database))
    return found


def soak(name: str, server: postgres.Server | None, seconds: float, seed: int, folder: Path) -> Run:
    """Vote and kill for ``seconds`` on one database, then close and compare."""
    chance = random.Random(f"{seed} {name}")  # noqa: S311  (no secret)
    town, environment = found(folder, server, people=RESIDENTS, maximum_sequence=SEQUENCES)
    environment["SCRUTIN_EXAMINE_BESIDE"] = "yes"
    second_disk = folder / "second disk"
    environment["SCRUTIN_SECOND_COPY"] = str(second_disk)
    private = town.place.root / "private"
    officers = ("--officer", private / "a.secret", "--officer", private / "b.secret")
    set_clock(folder, OPENS, minutes=1)
    done("open", town.place.root, *officers, env=environment)
    run = Run(database=name, town=town)
    stop = threading.Event()
    begin = time.monotonic()
    with service(town.place.root, environment, workers=1 if server is None else 2) as running:
        residents = [
            threading.Thread(
                target=Resident(town, number, running.address, run.ledger).vote, args=(stop,)
            )
            for number in range(RESIDENTS)
        ]
        for resident in residents:
            resident.start()
        try:
            while time.monotonic() - begin < seconds and not run.ledger.wrong:
                quiet = time.monotonic() + chance.uniform(*QUIET_SECONDS)
                while time.monotonic() < quiet:
                    time.sleep(0.2)
                    running.stand()
                what, strike = chance.choice(strikes(running, server))
                strike()
                run.kills[what] += 1
                run.verify()
                running.stand()
                sys.stderr.write(
                    f"{name}: {time.monotonic() - begin:5.0f} s, {what} killed, "
                    f"{len(run.ledger.acknowledged):,} ballots acknowledged, "
                    f"log of {run.size:,} verified\n"
                )
        finally:
            stop.set()
            # A worker that is killed may take its server with it a moment later, and who has
            # sent a ballot asks until there is an answer.
            while any(resident.is_alive() for resident in residents):
                running.stand()
                time.sleep(0.2)
        run.seconds = time.monotonic() - begin
    set_clock(folder, CLOSES)
    done("close", town.place.root, *officers, env=environment)
    run.verify()
    _, _, entries = closed_log(town.place, town.manifest)
    run.judgment = judge(run.ledger, entries)
    if left := len(list(second_disk.rglob("*.waiting"))):
        run.ledger.wrong.append(f"{left} files of waiting ballots are left on the second disk")
    return run


def done(*words: str | Path, env: dict[str, str]) -> None:
    """Run one of our commands to its good end."""
    ended = call(SCRUTIN, *words, env=env)
    if ended.status:
        raise AssertionError(str(ended))


def report(runs: Sequence[Run]) -> int:
    """The table of the runs, and how many acknowledged ballots are missing, at the end."""
    print(
        "| database | time | kills | acknowledged | a second | sent again | contradictions "
        "refused | logs verified |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for run in runs:
        kills = ", ".join(f"{number} × {what}" for what, number in sorted(run.kills.items()))
        number = len(run.ledger.acknowledged)
        print(
            f"| {run.database} | {run.seconds:.0f} s | {kills} | {number:,} | "
            f"{number / run.seconds:.0f} | {run.ledger.again:,} | {run.ledger.refused:,} | "
            f"{run.verified} |"
        )
    wrong = [f"{run.database}: {each}" for run in runs for each in run.ledger.wrong]
    for each in wrong:
        print(each)
    judged = [run.judgment for run in runs if run.judgment is not None]
    missing, unsent, twice = (
        sum(getattr(each, name) for each in judged) for name in ("missing", "unsent", "twice")
    )
    print(f"in the log and sent by nobody: {unsent}")
    print(f"in the log twice: {twice}")
    print(f"acknowledged and missing: {missing}")
    whole = len(judged) == len(runs) > 0
    return 1 if missing or unsent or twice or wrong or not whole else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="in all; default 30")
    parser.add_argument("--seed", type=int, default=1, help="which walk of kills; default 1")
    given = parser.parse_args()
    seconds = given.minutes * 60 / 2
    runs = []
    with tempfile.TemporaryDirectory(prefix="scrutin-soak-") as name:
        for database in ("SQLite", "PostgreSQL"):
            folder = Path(name) / database
            folder.mkdir()
            with postgres.running() if database == "PostgreSQL" else nullcontext() as server:
                runs.append(soak(database, server, seconds, given.seed, folder))
    return report(runs)


if __name__ == "__main__":
    sys.exit(main())
