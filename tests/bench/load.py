"""The service under load: ballots, credentials and proofs beside empty requests to the same door.

On SQLite with one process, with a second disk too, on PostgreSQL with one and with two; callers,
registrar, box and database share the machine's cores. Afterwards every acknowledged ballot must be
in the log.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from audit.checkpoint import open_checkpoint
from audit.label import b64
from audit.merkle import leaf_hash
from audit.source import FolderSource
from audit.tile import read_entries
from ballot.blind import BlindSigner
from ballot.roll import Person
from ballot.voter import Device, SealedBallot
from tally import canonical
from tests import postgres
from tests.bench.connections import Measured, closed_loop, open_loop, request
from tests.journey.killed import Killed
from web.clock import VARIABLE, spell_time, system_clock
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.parts import issuer_keys, open_box
from web.office.town import Town, found_town, rehearsal_environment
from web.office.vote import open_vote
from web.progress import Progress
from web.rehearsal.invented import invented_election, invented_votes

ISSUER = "city"
STYLE = "young"
CONNECTIONS = (1, 32, 256)
OVERLOAD = 2.0
SETTLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many requests each part of a run sends."""

    people: int
    alone: int
    many: int
    overload_seconds: float


WHOLE = Sizes(people=2_000, alone=200, many=2_000, overload_seconds=5.0)
BRIEF = Sizes(people=64, alone=20, many=128, overload_seconds=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running town: the ports of its registrar and its box, the bytes that the box's processes
    hold in memory, and ballots that nobody cast yet."""

    town: Town
    registrar: int
    box: int
    memory: Callable[[], int]
    ballots: Iterator[SealedBallot]
    credentials: Sequence[bytes]


def port_of(address: str) -> int:
    return urlsplit(address).port or 0


@contextmanager
def running(
    sizes: Sizes, server: postgres.Server | None, workers: int, *, second_disk: bool = False
) -> Iterator[Service]:
    """The service of a town whose vote is open."""
    # A vote of these days: the clock of a rehearsal is a file, which every cast would read.
    now = system_clock()
    opens, closes = now - timedelta(days=1), now + timedelta(days=20)
    with tempfile.TemporaryDirectory(prefix="scrutin-load-") as name:
        root = Path(name)
        with rehearsal_environment(root / "clock.txt") as drawn, database(server):
            del os.environ[VARIABLE]
            town = found_town(
                ElectionFolder(root / "town"),
                invented_election(spell_time(opens), spell_time(closes)),
                [Person(id=f"person-{each}", style=STYLE) for each in range(sizes.people)],
                drawn=drawn,
                issuers=[ISSUER],
                options=FreezeOptions(batch_seconds=2, batch_minimum=1),
                progress=Progress(quiet=True),
            )
            with open_box(town.place, town.manifest, lambda: now) as parts:
                open_vote(town.place, town.manifest, parts["sequencer"], town.officers)
            devices = [
                Device(manifest=town.manifest, style=STYLE, seed=sha256(os.urandom(32)).digest())
                for _ in range(sizes.people)
            ]
            environment = {
                **os.environ,
                "SCRUTIN_REQUESTS_FACTOR": "100000",
                "SCRUTIN_TRUSTED_PROXIES": "1",
            }
            if second_disk:  # of the same machine: as many writes, if not two disks
                environment["SCRUTIN_SECOND_COPY"] = str(root / "second")
            registrar, box = (
                Killed(town.place.root, environment, each, doors=(door,))
                for door, each in (("registrar", 1), ("box", workers))
            )
            try:
                registrar.start()
                box.start()
                yield Service(
                    town=town,
                    registrar=port_of(registrar.address),
                    box=port_of(box.address),
                    memory=box.memory,
                    ballots=ballots(town, devices),
                    credentials=[
                        credential_request(town, f"person-{number}", device)
                        for number, device in enumerate(devices)
                    ],
                )
            finally:
                registrar.kill()
                box.kill()


@contextmanager
def database(server: postgres.Server | None) -> Iterator[None]:
    """`DATABASE_URL` while the ``with`` lasts."""
    before = os.environ.pop("DATABASE_URL", None)
    if server is not None:
        os.environ["DATABASE_URL"] = server.fresh()
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL", None)
        if before is not None:
            os.environ["DATABASE_URL"] = before


def ballots(town: Town, devices: Sequence[Device]) -> Iterator[SealedBallot]:
    """A ballot of everybody, then another of everybody, and so on. The credentials are signed
    here: how fast the registrar signs is measured apart."""
    manifest = town.manifest
    signer = BlindSigner(issuer_keys(town.place, ISSUER, manifest.election).styles[STYLE])
    credentials = [
        device.credential(ISSUER, signer.sign(device.blinded_message(ISSUER))) for device in devices
    ]
    _, choices = invented_votes(manifest.election, 5)[4]
    for sequence in range(1, manifest.maximum_sequence + 1):
        for device, credential in zip(devices, credentials, strict=True):
            yield device.ballot(choices, (credential,), sequence=sequence)


def cast_request(ballot: SealedBallot) -> bytes:
    body = {"entry": canonical.parse(ballot.entry), "sealed": b64(ballot.sealed)}
    return request("POST", "/box/ballots", canonical.encode(body))


def credential_request(town: Town, person: str, device: Device) -> bytes:
    body = {
        "election": b64(town.manifest.hash),
        "style": STYLE,
        "code": town.codes[person][ISSUER],
        "blinded_message": b64(device.blinded_message(ISSUER)),
    }
    return request("POST", f"/registrar/{ISSUER}/credentials", canonical.encode(body))


def empty(path: str, number: int) -> list[bytes]:
    """So many requests that are refused at once."""
    return [request("POST", path, b"{}") for _ in range(number)]


@dataclass(slots=True)
class Table:
    """The rows of the report."""

    database: str

    def row(self, what: str, connections: str, ours: Measured, theirs: Measured | None) -> None:
        """Requests answered with 200 a second, their latencies, and beside empty requests."""
        good = ours.statuses[200] or ours.statuses[422] or ours.statuses[400]
        status = 200 if ours.statuses[200] else 422 if ours.statuses[422] else 400
        rate = good / ours.seconds
        part = (
            ""
            if theirs is None
            else f"{rate / (sum(theirs.statuses.values()) / theirs.seconds):.2f}"
        )
        others = ", ".join(
            f"{number:,} × {code or 'no answer'}"
            + (f" ({ours.advised:,} say when to come back)" if code == 503 else "")
            for code, number in sorted(ours.statuses.items())
            if code != status
        )
        print(
            f"| {self.database} | {what} | {connections} | {rate:,.0f} | {part} | "
            f"{ours.quantile(status, 0.5) * 1e3:.1f} ms | "
            f"{ours.quantile(status, 0.99) * 1e3:.1f} ms | {others} |",
            flush=True,
        )


def bench_load(sizes: Sizes) -> None:
    """Print the table of the service under load."""
    print()
    print(
        "| database | request | connections | a second | of an empty one's | p50 | p99 | others |"
    )
    print("|---|---|---|---|---|---|---|---|")
    lost = 0
    memories: list[str] = []
    for name, workers, second_disk in (
        ("SQLite", 1, False),
        ("SQLite", 1, True),
        ("PostgreSQL", 1, False),
        ("PostgreSQL", 2, False),
    ):
        with (
            postgres.running() if name == "PostgreSQL" else nullcontext() as server,
            running(sizes, server, workers, second_disk=second_disk) as service,
        ):
            label = f"{name}, {workers} process" + ("es" if workers > 1 else "")
            label += ", two disks" if second_disk else ""
            before = service.memory()
            lost += bench_one(sizes, service, Table(label), whole=not second_disk)
            memories.append(f"{label}: {before / 2**20:.0f} to {service.memory() / 2**20:.0f} MiB")
    print("memory of what serves the box, before and after: " + "; ".join(memories))
    print(f"acknowledged under load and missing in the log: {lost}")


def bench_one(sizes: Sizes, service: Service, table: Table, *, whole: bool) -> int:
    """One database's rows, or casts alone; gives how many acknowledged ballots the log lacks."""
    acknowledged: list[bytes] = []
    cast_rate = 0.0

    def prepared(number: int) -> tuple[list[SealedBallot], list[bytes]]:
        own = [next(service.ballots) for _ in range(number)]
        return own, [cast_request(each) for each in own]

    for connections in CONNECTIONS:
        number = sizes.alone if connections == 1 else sizes.many
        own, requests = prepared(number)
        nothing = closed_loop(service.box, empty("/box/ballots", number), connections)
        table.row("an empty POST", str(connections), nothing, None)
        cast = closed_loop(service.box, requests, connections)
        table.row("cast", str(connections), cast, nothing)
        acknowledged += [own[each].entry for each in cast.answered]
        cast_rate = max(cast_rate, cast.statuses[200] / cast.seconds)
    if not whole:
        return settle(service.town, acknowledged)
    rate = OVERLOAD * cast_rate
    own, requests = prepared(int(rate * sizes.overload_seconds))
    flood = open_loop(service.box, requests, rate)
    table.row(f"cast, {rate:,.0f} a second sent", "any", flood, None)
    acknowledged += [own[each].entry for each in flood.answered]
    missing = settle(service.town, acknowledged)
    proofs = [
        request("GET", f"/box/proofs/{b64(leaf_hash(entry))}", b"")
        for entry in acknowledged[: sizes.many]
    ]
    table.row("proof of a ballot", "32", closed_loop(service.box, proofs, 32), None)
    door = empty(f"/registrar/{ISSUER}/credentials", sizes.people)
    nothing = closed_loop(service.registrar, door, 32)
    issued = closed_loop(service.registrar, service.credentials, 32)
    table.row("credential", "32", issued, nothing)
    return missing


def settle(town: Town, acknowledged: Sequence[bytes]) -> int:
    """Wait for the log to hold what was acknowledged; gives how much it lacks in the end."""
    folder = town.place.box / "log"
    key = town.manifest.box.verifier_key
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        checkpoint = open_checkpoint((folder / "checkpoint").read_bytes(), key.name, key).checkpoint
        entries = set(read_entries(FolderSource(folder).read, checkpoint.size))
        missing = sum(entry not in entries for entry in acknowledged)
        if not missing or time.monotonic() > until:
            return missing
        time.sleep(0.5)
