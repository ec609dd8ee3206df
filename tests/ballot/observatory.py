"""Witnesses on disk, and the town whose rules ask for them; no sockets."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from audit.note import VerifierKey
from audit.witness import CosigningRefused
from ballot.cosignatures import Cosignatures
from ballot.cosigning import Answer, Cosigning, WitnessSilent
from ballot.keyfile import Cost
from ballot.release import LogFolder
from ballot.witness import Witness, add_log, create_witness
from tests.ballot.precinct import Precinct
from tests.town import Clerk, clerk

CHEAP = Cost(memory_kib=1024, iterations=1, lanes=1)
PASSPHRASE = "plum tractor violin"
NOW = datetime(2026, 10, 5, 9, 0, 0, tzinfo=UTC)
NAMES = ("library", "paper")


class Observatory:
    """The witnesses ``library`` and ``paper``, each in a folder; a test may take one down, or put
    something else in its place."""

    def __init__(self, folder: Path, quorum: str = "all", *, addresses: bool = True) -> None:
        self.folder = folder
        self.keys: dict[str, VerifierKey] = {
            name: create_witness(
                folder / name, name=f"{name}.example/w", passphrase=PASSPHRASE, cost=CHEAP
            )
            for name in NAMES
        }
        lines = [
            f"witness {name} {key}" + (f" https://{name}.example" if addresses else "")
            for name, key in self.keys.items()
        ]
        group = f"group both {quorum} {' '.join(NAMES)}\nquorum both\n"
        self.policy = "\n".join(lines) + "\n" + group
        self.own: Clerk = clerk(batch_minimum=1, roll=500, witness_policy=self.policy)
        for name in NAMES:
            add_log(folder / name, self.own.manifest)
        self.witnesses = {name: Witness(folder / name, passphrase=PASSPHRASE) for name in NAMES}
        self.instead: dict[str, Callable[[bytes], Answer]] = {}
        self.requests: list[tuple[str, bytes]] = []

    def ask(self, url: str, request: bytes) -> Answer:
        """What the network would do."""
        name = url.removeprefix("https://").removesuffix(".example")
        self.requests.append((name, request))
        if name in self.instead:
            return self.instead[name](request)
        return self.answer(name, request)

    def answer(self, name: str, request: bytes) -> Answer:
        """What an honest witness answers."""
        try:
            line = self.witnesses[name].add_checkpoint(request, lambda: NOW)
        except CosigningRefused as refused:
            return Answer(status=refused.status, body=refused.body()[1])
        return Answer(status=200, body=f"{line}\n".encode())

    def down(self, name: str) -> None:
        """From now on the witness does not answer."""

        def silent(_request: bytes) -> Answer:
            raise WitnessSilent("no answer (Connection refused)")

        self.instead[name] = silent

    def up(self, name: str) -> None:
        """It answers again."""
        del self.instead[name]

    def olds(self) -> list[tuple[str, bytes]]:
        """The names asked since the last call, each with the first line of the request."""
        made = sorted((name, request.split(b"\n")[0]) for name, request in self.requests)
        self.requests.clear()
        return made

    def cosignatures(self, precinct: Precinct) -> Cosignatures:
        key = precinct.manifest.box.verifier_key
        return Cosignatures(
            manifest=precinct.manifest,
            store=precinct.store,
            folder=LogFolder(precinct.log, key),
        )

    def cosigning(self, precinct: Precinct, round_seconds: float = 15) -> Cosigning:
        return Cosigning(self.cosignatures(precinct), self.ask, round_seconds=round_seconds)
