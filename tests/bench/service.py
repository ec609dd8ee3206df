"""The running service over HTTP: a credential and a ballot beside an empty request."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import local

from ballot.durable import replace_file
from ballot.roll import Person
from ballot.voter import Device, SealedBallot
from web.client import Client, DoorRefused
from web.clock import read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.parts import open_box
from web.office.town import Town, found_town, rehearsal_environment
from web.office.vote import open_vote
from web.progress import Progress
from web.rehearsal.invented import invented_election, invented_votes
from web.rehearsal.processes import serving

OPENS, CLOSES = "2027-03-08T08:00:00Z", "2027-03-28T18:00:00Z"
CALLERS = 16
ISSUER = "city"
STYLE = "young"

Line = Callable[[str, float, str, float, int], None]


@contextmanager
def open_service(number: int) -> Iterator[tuple[Town, str, str]]:
    """A town of ``number`` people whose vote is open; its registrar's and its box's address."""
    now = read_time(OPENS) + timedelta(minutes=1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        clock = root / "clock.txt"
        replace_file(clock, spell_time(now).encode())
        with rehearsal_environment(clock) as drawn:
            town = found_town(
                ElectionFolder(root / "town"),
                invented_election(OPENS, CLOSES),
                [Person(id=f"person-{each}", style=STYLE) for each in range(number)],
                drawn=drawn,
                issuers=[ISSUER],
                options=FreezeOptions(batch_seconds=60, batch_minimum=1),
                progress=Progress(quiet=True),
            )
            with open_box(town.place, town.manifest, lambda: now) as parts:
                open_vote(town.place, town.manifest, parts["sequencer"], town.officers)
            with (
                serving(town.place.root, ["registrar"], root / "registrar.log") as registrar,
                serving(town.place.root, ["box"], root / "box.log") as box,
            ):
                yield town, registrar, box


class Callers:
    """``CALLERS`` clients of one door, each with a connection of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._local = local()

    @property
    def client(self) -> Client:
        """The client of this thread."""
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = Client(self._address)
        return client

    def seconds(self, requests: Sequence[Callable[[Client], object]]) -> float:
        """How long all take together."""
        with ThreadPoolExecutor(CALLERS) as pool:
            # Connections are opened before the clock starts.
            list(pool.map(lambda _: empty(self.client, "/health"), range(4 * CALLERS)))
            begin = time.perf_counter()
            list(pool.map(lambda each: each(self.client), requests))
            return time.perf_counter() - begin


def empty(client: Client, path: str) -> None:
    """A POST of ``{}``: read, and refused."""
    with suppress(DoorRefused):
        client.ask("POST", path, {})


def bench_service(number: int, bare_issue: float, bare_cast: float, line: Line) -> None:
    """Ask for ``number`` credentials and cast as many ballots, with ``CALLERS`` at a time.

    ``bare_issue`` and ``bare_cast`` are the seconds of the cryptography alone, for one.
    """
    with open_service(number) as (town, registrar, box):
        manifest = town.manifest
        devices = [
            Device(manifest=manifest, style=STYLE, seed=sha256(os.urandom(32)).digest())
            for _ in range(number)
        ]
        blinded = [device.blinded_message(ISSUER) for device in devices]
        answers: dict[int, bytes] = {}

        def ask(place: int) -> Callable[[Client], object]:
            def request(client: Client) -> None:
                answers[place] = client.credential(
                    ISSUER,
                    election=manifest.hash,
                    style=STYLE,
                    code=town.codes[f"person-{place}"][ISSUER],
                    blinded_message=blinded[place],
                )

            return request

        def cast(ballot: SealedBallot) -> Callable[[Client], object]:
            return lambda client: client.cast(ballot.entry, ballot.sealed)

        door = f"/registrar/{ISSUER}/credentials"
        nothing = Callers(registrar).seconds([lambda client: empty(client, door)] * number)
        issued = Callers(registrar).seconds([ask(place) for place in range(number)])
        line("credential over HTTP, durable", issued, "an empty POST there", nothing, number)
        line("credential over HTTP, durable", issued, "bare RSA", bare_issue * number, number)
        choices = invented_votes(manifest.election, 5)[4][1]
        ballots = [
            device.ballot(choices, (device.credential(ISSUER, answers[place]),))
            for place, device in enumerate(devices)
        ]
        nothing = Callers(box).seconds([lambda client: empty(client, "/box/ballots")] * number)
        taken = Callers(box).seconds([cast(ballot) for ballot in ballots])
        line("cast over HTTP, durable", taken, "an empty POST there", nothing, number)
        line("cast over HTTP, durable", taken, "its signatures alone", bare_cast * number, number)
