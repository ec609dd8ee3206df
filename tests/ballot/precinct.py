"""A ballot box on disk with everything around it, and residents who cast into it.

The keys, officers and issuers are those of ``tests.town``.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from audit.label import b64
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from ballot.box import Box
from ballot.lifecycle import moment
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner
from ballot.store.box import BoxStore
from ballot.store.engine import open_engine
from ballot.voter import SealedBallot
from tally import canonical
from tally.vote import encode_vote
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

    def __init__(self, folder: Path, own: Clerk, clock: Clock | None = None) -> None:
        self.folder = folder
        self.own = own
        self.clock = clock or Clock()
        self.database = folder / "box.sqlite"
        self.state = folder / "signer.json"
        self.log = folder / "log"
        self.on_step: Callable[[str], None] = nothing
        if not self.state.exists():
            FileSigner.create(self.state, own.manifest.box.origin)
        self.store = BoxStore(open_engine(f"sqlite:///{self.database}"), own.manifest.hash)
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
            on_step=tell,
        )
        if start:
            sequencer.start()
        return sequencer

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
            **settings,
        )

    def cast(self, *ballots: SealedBallot) -> list[bytes]:
        """Cast one after the other into a box of its own; gives the receipts."""
        with self.box(group_seconds=0) as box:
            return [box.cast(each.entry, each.sealed) for each in ballots]

    def restart(self) -> "Precinct":
        self.store.dispose()
        return Precinct(self.folder, self.own, self.clock)

    def leaves(self) -> list[bytes]:
        """The leaf hashes of the log."""
        with self.store.reading() as transaction:
            return [each for each, _ in transaction.entries(0, transaction.head().size)]
