"""One election whose machines disagree about the time: the registrar, the box and the officers each
have a clock of their own, an hour before or after the true one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from audit.record import BallotEntry, parse_entry
from ballot.durable import replace_file
from ballot.voter import Device, SealedBallot
from tests.journey.killed import CLOSES, ISSUER, OPENS, Killed, found
from tests.journey.terminal import Terminal
from web.client import Client, DoorRefused
from web.clock import VARIABLE, read_time, spell_time
from web.office.result import final_log
from web.office.town import Town
from web.rehearsal.invented import invented_votes

MACHINES = ("registrar", "box", "officers")


@dataclass(slots=True)
class Place:
    """The town, its machines, each with a clock file, and where the doors answer."""

    root: Path
    town: Town
    registrar: str
    box: str

    def set(self, true: str, minutes: int, **wrong: int) -> None:
        """Put the true time ``minutes`` after ``true``, and machines so many minutes off it."""
        for machine in MACHINES:
            now = read_time(true) + timedelta(minutes=minutes + wrong.get(machine, 0))
            replace_file(self.root / f"{machine}.txt", spell_time(now).encode())


def environments(root: Path, environment: dict[str, str]) -> dict[str, dict[str, str]]:
    return {
        machine: {**environment, VARIABLE: str(root / f"{machine}.txt")} for machine in MACHINES
    }


@contextmanager
def doors(root: Path, town: Town, each: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """The addresses of a registrar and of a box, processes with their own clocks."""
    registrar = Killed(town.place.root, each["registrar"], 1, ("registrar",))
    box = Killed(town.place.root, each["box"], 1, ("box",))
    try:
        registrar.start()
        box.start()
        yield registrar.address, box.address
    finally:
        registrar.kill()
        box.kill()


class Resident:
    """Has a code; asks and casts, and may do both again with the same bytes."""

    def __init__(self, place: Place, number: int) -> None:
        self._place = place
        self._number = number
        seed = sha256(b"clocks" + bytes([number])).digest()
        self._device = Device(manifest=place.town.manifest, style="all", seed=seed)
        self.ballot: SealedBallot | None = None

    def ask(self) -> None:
        client = Client(self._place.registrar)
        try:
            signature = client.credential(
                ISSUER,
                election=self._place.town.manifest.hash,
                style="all",
                code=self._place.town.codes[f"person-{self._number}"][ISSUER],
                blinded_message=self._device.blinded_message(ISSUER),
            )
        finally:
            client.close()
        credential = self._device.credential(ISSUER, signature)
        _, choices = invented_votes(self._place.town.manifest.election, 5)[self._number]
        self.ballot = self.ballot or self._device.ballot(choices, (credential,))

    def cast(self) -> bytes:
        assert self.ballot is not None
        client = Client(self._place.box)
        try:
            return client.cast(self.ballot.entry, self.ballot.sealed)
        finally:
            client.close()


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(DoorRefused) as caught:
        yield
    assert caught.value.code == code


def test_machines_an_hour_apart(terminal: Terminal, tmp_path: Path) -> None:
    town, environment = found(tmp_path, people=5)
    each = environments(tmp_path, environment)
    terminal.environment.update(each["officers"])
    folder = town.place.root
    private = folder / "private"
    both = ("--officer", private / "a.secret", "--officer", private / "b.secret")
    place = Place(tmp_path, town, "", "")
    place.set(OPENS, -30)
    assert "wait until then" in terminal.refused("open", folder, *both)
    # An officer ahead of time begins the log; the doors open by their own clocks.
    place.set(OPENS, -30, officers=60)
    terminal.done("open", folder, *both)
    with doors(tmp_path, town, each) as (place.registrar, place.box):
        first, second, third, fourth, fifth = (Resident(place, number) for number in range(5))
        beginning(place, first, second)
        early = first.cast()
        end(place, second, third)
        # The box's machine is an hour behind: ballots come late until the close entry is in the
        # log, and from then on none, whatever the clock says.
        place.set(CLOSES, 30, box=-60, registrar=-60)
        fourth.ask()
        fourth.cast()
        # An officer whose machine is behind waits; nobody's issuing was stopped by the attempt.
        place.set(CLOSES, 30, officers=-60)
        assert "wait until then" in terminal.refused("close", folder, *both)
        place.set(CLOSES, 30)
        terminal.done("close", folder, *both)
        place.set(CLOSES, 30, box=-60, registrar=-60)
        with refused("closed"):
            third.cast()
        with refused("closed"):
            fifth.ask()
        assert first.cast() == early
    _, _, entries = final_log(town.place, town.manifest)
    ballots = [entry for entry in entries if isinstance(parse_entry(entry), BallotEntry)]
    voted = [each.ballot.entry for each in (first, second, fourth) if each.ballot is not None]
    assert sorted(ballots) == sorted(voted)
    # Nothing of a clock is in what is counted: officers whose clock is behind find the same.
    for share in town.shares[:2]:
        terminal.done("trustee", "release", folder, "--share", share)
    found_results = []
    for minutes in (-60, 60):
        place.set(CLOSES, 40, officers=minutes)
        terminal.done("open-box", folder)
        terminal.done("count", folder, "--jobs", "1")
        found_results.append((folder / "results.json").read_bytes())
        (folder / "results.json").unlink()
    assert found_results[0] == found_results[1]


def beginning(place: Place, first: Resident, second: Resident) -> None:
    """The registrar's clock is ahead, then behind; the box's is behind."""
    place.set(OPENS, -30, registrar=60)
    first.ask()
    with refused("not-open"):
        first.cast()  # only the box's own clock opens the box
    place.set(OPENS, 5, registrar=-60)
    with refused("not-open"):
        second.ask()
    first.cast()
    place.set(OPENS, 5, box=-60)
    second.ask()
    with refused("not-open"):
        second.cast()


def end(place: Place, second: Resident, third: Resident) -> None:
    """The box's clock is ahead before the close: who is refused may come again when it is right."""
    place.set(CLOSES, -30, box=60)
    third.ask()
    with refused("closed"):
        second.cast()
    place.set(CLOSES, -30)
    second.cast()
    place.set(CLOSES, -30, registrar=60)
    with refused("closed"):
        third.ask()
