"""A ballot box on disk with everything around it, and residents who cast into it.

The keys, officers and issuers are those of ``tests.town``.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from audit.label import b64
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from ballot.box import Box
from ballot.lifecycle import moment
from ballot.secondcopy import SecondCopy
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner
from ballot.store.box import BoxStore
from ballot.store.engine import open_engine
from ballot.takenagain import TakenAgain, take_again
from ballot.voter import SealedBallot
from ballot.waitingcopy import WaitingCopy
from tally import canonical
from tally.vote import encode_vote
from tests.postgres import Server
from tests.town import Clerk, clerk

STYLE = "north"
OPENS = moment("2026-10-05T08:00:00Z")
CLOSES = moment("2026-10-19T18:00:00Z")


def town(batch_minimum: int = 1, roll: int = 500) -> Clerk:
    """Who holds the keys; a batch of one is enough unless a test says otherwise."""
    return clerk(batch_minimum=batch_minimum, roll=roll)


class Clock:
    """A clock that a test sets. The vote has just opened."""

    def __init__(self) -> None:
        self.now = OPENS

    def late(self) -> None:
        self.now = CLOSES + timedelta(minutes=1)

    def __call__(self) -> Any:
        return self.now


@lru_cache(maxsize=4096)
def ballot(own: Clerk, person: str, sequence: int = 1, option: str = "yes") -> SealedBallot:
    """A ballot of a person of the north; the same each time."""
    device = own.device(person, STYLE)
    plaintext = encode_vote(own.manifest.election, STYLE, {"city": (), "cars": ((option, 1),)})
    return own.ballot(device, plaintext, credentials(own, person), sequence)


@lru_cache(maxsize=1024)
def credentials(own: Clerk, person: str) -> Any:
    return own.credentials(own.device(person, STYLE))


def leaf(cast: SealedBallot) -> bytes:
    return leaf_hash(cast.entry)


def test_message(own: Clerk, person: str, tested: SealedBallot) -> bytes:
    """What the person's device sends to give a ballot up for a test."""
    signature = own.device(person, STYLE).test_signature(tested)
    header = canonical.read(tested.header.to_bytes())
    return canonical.encode({"header": header, "signature": b64(signature)})


test_message.__test__ = False  # type: ignore[attr-defined]


def close_entry(own: Clerk, issued: int = 400) -> bytes:
    return own.close_entry({"centre": issued, "north": issued})


def nothing(_step: str) -> None:
    pass


class Precinct:
    """A box on disk. ``restart`` gives another one on the same disk, as a new process would."""

    def __init__(
        self,
        folder: Path,
        own: Clerk,
        clock: Clock | None = None,
        *,
        server: Server | None = None,
        address: str = "",
    ) -> None:
        """``server`` is None for SQLite; ``address`` is of a database that is there already."""
        self.folder = folder
        self.own = own
        self.clock = clock or Clock()
        self.server = server
        self.database = folder / "box.sqlite"  # on SQLite
        self.address = address or (server.fresh() if server else f"sqlite:///{self.database}")
        self.state = folder / "signer.json"
        self.log = folder / "log"
        self.on_step: Callable[[str], None] = nothing
        self.second_copy: SecondCopy | None = None
        self.waiting: WaitingCopy | None = None
        if not self.state.exists():
            FileSigner.create(self.state, own.manifest.box.origin)
        self.store = BoxStore(open_engine(self.address), own.manifest.hash)
        self.store.create()

    @property
    def manifest(self) -> Manifest:
        return self.own.manifest

    def sequencer(self, *, start: bool = True) -> Sequencer:
        def tell(step: str) -> None:
            self.on_step(step)

        sequencer = Sequencer(
            manifest=self.manifest,
            store=self.store,
            signer=FileSigner(self.state, self.manifest.box.origin, self.own.log.private),
            folder=self.log,
            clock=self.clock,
            second_copy=self.second_copy,
            on_step=tell,
        )
        if start:
            sequencer.start()
            self.take_again()
        return sequencer

    def take_again(self) -> TakenAgain | None:
        """What every process does when it starts, if there is a second disk."""
        if self.waiting is None:
            return None
        return take_again(self.manifest, self.store, self.waiting)

    def opened(self) -> Sequencer:
        sequencer = self.sequencer()
        sequencer.open_log(self.own.open_entry())
        return sequencer

    def box(self, **settings: Any) -> Box:
        return Box(
            manifest=self.manifest,
            store=self.store,
            receipt_key=self.own.receipt_key,
            clock=self.clock,
            copy=self.waiting,
            **settings,
        )

    def cast(self, *ballots: SealedBallot) -> list[bytes]:
        """Cast one after the other into a box of its own; gives the receipts."""
        with self.box(group_seconds=0) as box:
            return [box.cast(each.entry, each.sealed) for each in ballots]

    def restart(self) -> "Precinct":
        self._die()
        return self._again(self.folder, self.address)

    def _die(self) -> None:
        self.store.dispose()
        if self.waiting is not None:
            self.waiting.close()

    def _again(self, folder: Path, address: str) -> "Precinct":
        other = Precinct(folder, self.own, self.clock, server=self.server, address=address)
        other.second_copy = self.second_copy
        other.waiting = None if self.waiting is None else WaitingCopy(self.waiting.folder)
        return other

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What another program that looks into the database finds."""
        if self.server is not None:
            with self.server.connect(self.server.name(self.address)) as connection:
                return connection.execute(statement.encode()).fetchall()
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def backup(self) -> str:
        """The address of a copy of the database, as the database's own tools make it."""
        if self.server is not None:
            self.store.dispose()
            return self.server.copy(self.address)
        copy = self.folder / "copy.sqlite"
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self.database)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        return f"sqlite:///{copy}"

    def stored_bytes(self, table: str) -> bytes:
        """The file that holds a table, as a thief of the disk would read it."""
        if self.server is None:
            return self.database.read_bytes()
        with self.server.connect(self.server.name(self.address)) as connection:
            connection.execute("CHECKPOINT")
            found = connection.execute("SELECT pg_relation_filepath(%s)", [table]).fetchone()
        assert found is not None
        return (self.server.data / str(found[0])).read_bytes()

    def alter(self, statement: str) -> int:
        """Do something to the stored rows that no part of ours would; gives their number."""
        if self.server is not None:
            with self.server.connect(self.server.name(self.address)) as connection:
                return connection.execute(statement.encode()).rowcount
        with closing(sqlite3.connect(self.database)) as connection:
            changed = connection.execute(statement).rowcount
            connection.commit()
            return changed

    def beside(self, folder: Path, backup: str) -> "Precinct":
        """Another box in ``folder`` on a copy of the database, everything else as it is now."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.sqlite*"))
        address = ""
        if self.server is not None:
            address = self.server.copy(backup)
        else:
            shutil.copy(backup.removeprefix("sqlite:///"), folder / self.database.name)
        return self._again(folder, address)

    def restored(self, backup: str) -> "Precinct":
        """The box on a copy of its database, everything else as it is now. The copy stays."""
        self._die()
        address = self.address
        if self.server is not None:
            address = self.server.copy(backup)
        else:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.database}{suffix}").unlink(missing_ok=True)
            shutil.copy(backup.removeprefix("sqlite:///"), self.database)
        return self._again(self.folder, address)

    def leaves(self) -> list[bytes]:
        """The leaf hashes of the log."""
        with self.store.reading() as transaction:
            return [each for each, _ in transaction.entries(0, transaction.head().size)]
