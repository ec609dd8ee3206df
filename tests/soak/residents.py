"""Residents who vote again and again while everything around them is killed."""

import random
import threading
from dataclasses import dataclass, field
from hashlib import sha256

from audit.merkle import leaf_hash
from audit.receipt import read_receipt
from ballot.voter import Device, SealedBallot
from tests.journey.killed import ISSUER, insist
from web.client import Client, DoorRefused, DoorSilent
from web.office.town import Town
from web.rehearsal.invented import invented_votes

STYLE = "all"


@dataclass(slots=True)
class Ledger:
    """What the residents hold: they alone know what was acknowledged to them."""

    acknowledged: dict[bytes, bytes] = field(default_factory=dict)
    """Entry → receipt."""
    sent: set[bytes] = field(default_factory=set)
    again: int = 0
    """Ballots sent a second time, which got the same receipt."""
    refused: int = 0
    """Other ballots under a sequence number that was used, all refused."""
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, entry: bytes, receipt: bytes) -> None:
        with self.lock:
            self.acknowledged[entry] = receipt


class Resident:
    """One person with a voting code, who asks until somebody answers."""

    def __init__(self, town: Town, number: int, address: str, ledger: Ledger) -> None:
        self._town = town
        self._number = number
        self._ledger = ledger
        self._client = Client(address)
        self._chance = random.Random(number)  # noqa: S311  (a walk that can be walked again)
        self._last: SealedBallot | None = None

    def vote(self, stop: threading.Event) -> None:
        """Vote until told to stop; whatever goes wrong is written into the ledger."""
        try:
            self._vote(stop)
        except Exception as error:
            self._ledger.wrong.append(f"person {self._number}: {type(error).__name__}: {error}")
        finally:
            self._client.close()

    def _vote(self, stop: threading.Event) -> None:
        manifest = self._town.manifest
        seed = sha256(b"soak" + self._number.to_bytes(4)).digest()
        device = Device(manifest=manifest, style=STYLE, seed=seed)
        signed = insist(
            lambda: self._client.credential(
                ISSUER,
                election=manifest.hash,
                style=STYLE,
                code=self._town.codes[f"person-{self._number}"][ISSUER],
                blinded_message=device.blinded_message(ISSUER),
            )
        )
        credentials = (device.credential(ISSUER, signed),)
        votes = invented_votes(manifest.election, 4)
        for sequence in range(1, manifest.maximum_sequence + 1):
            if stop.is_set():
                return
            _, choices = votes[self._chance.randrange(4)]
            ballot = device.ballot(choices, credentials, sequence=sequence)
            self._cast(ballot)
            if self._chance.random() < 0.1:
                self._cast(self._last or ballot)
            if self._chance.random() < 0.05:
                self._contradict(device.ballot(choices, credentials, sequence=sequence))
            self._last = ballot

    def _cast(self, ballot: SealedBallot) -> None:
        self._ledger.sent.add(ballot.entry)
        receipt = insist(lambda: self._answer(ballot))
        read_receipt(receipt, self._town.manifest, leaf_hash=leaf_hash(ballot.entry))
        before = self._ledger.acknowledged.get(ballot.entry)
        if before is not None:
            if before != receipt:
                raise AssertionError("the same ballot got two receipts")
            self._ledger.again += 1
        self._ledger.keep(ballot.entry, receipt)

    def _answer(self, ballot: SealedBallot) -> bytes:
        try:
            return self._client.cast(ballot.entry, ballot.sealed)
        except DoorRefused as error:
            if error.status != 503:
                raise
            raise DoorSilent("busy: send it again") from None

    def _contradict(self, other: SealedBallot) -> None:
        """Another ballot under a number that was used: it must be refused, whoever was killed."""
        try:
            insist(lambda: self._answer(other))
        except DoorRefused as error:
            if error.code != "conflict":
                raise
            self._ledger.refused += 1
        else:
            raise AssertionError("two different ballots were taken under one number")
