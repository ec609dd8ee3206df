"""The demonstration election: founded, voted in by invented residents, and brought to its end."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from audit.result_hash import in_groups
from ballot.box import Box
from ballot.definition import load
from ballot.definition.new import copy
from ballot.durable import replace_file
from ballot.registrar import Registrar
from ballot.roll import Person
from ballot.voter import Device
from tally.election import Election, Envelope
from tally.vote import Choice
from web.clock import VARIABLE, read_time, spell_time, system_clock
from web.errors import UsageError
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions, load_manifest
from web.office.officers import open_officer
from web.office.parts import open_box, open_registrar
from web.office.passphrase import ENVIRONMENT
from web.office.result import count_votes, open_ballot_box, publish_results, release_share
from web.office.town import OFFICERS, THRESHOLD, Town, found_town
from web.office.vote import close_vote, open_vote
from web.progress import Progress

SPARE_CODES = 5
NOTES = "demo.json"
ISSUER = "city"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoNotes:
    """What ``scrutin demo`` prints. The passphrase protects nothing but a demonstration."""

    passphrase: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    officers: tuple[str, ...]
    shares: tuple[str, ...]
    example: str


def read_notes(folder: Path) -> DemoNotes:
    """The notes that ``make_demo`` left."""
    try:
        value = json.loads((folder / NOTES).read_text("utf-8"))
        return DemoNotes(
            passphrase=value["passphrase"],
            codes=tuple(value["codes"]),
            officers=tuple(value["officers"]),
            shares=tuple(value["shares"]),
            example=value["example"],
        )
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{folder / NOTES}: damaged; remove {folder} and begin anew") from None


def make_demo(
    folder: Path,
    drawn: str,
    *,
    residents: int,
    progress: Progress,
    source: Traversable | None = None,
) -> None:
    """Make the whole election in ``folder``, open since yesterday and for thirty days.

    ``source`` holds what ``web/demo`` does, for another demonstration than that. It is made beside
    ``folder`` and gets the name when it is whole.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    now = system_clock()
    source = source or resources.files("web").joinpath("demo")
    copy(source, partial, opens=now - timedelta(days=1), closes=now + timedelta(days=30))
    replace_file(partial / "places.csv", source.joinpath("places.csv").read_bytes())
    place = ElectionFolder(partial)
    election = load(partial).election
    people = [
        Person(id=f"resident-{number:04d}", style=election.styles[number % len(election.styles)].id)
        for number in range(residents + SPARE_CODES)
    ]
    with _passphrase(drawn):
        town = found_town(
            place,
            election,
            people,
            drawn=drawn,
            issuers=[ISSUER],
            options=FreezeOptions(batch_seconds=5, batch_minimum=1),
            progress=progress,
        )
        with open_box(place, town.manifest, system_clock) as parts:
            open_vote(place, town.manifest, parts["sequencer"], town.officers)
            registrar = open_registrar(place, ISSUER, town.manifest)
            for number, person in enumerate(people[:residents]):
                _vote(town, registrar, parts["box"], person, number)
                progress("invented residents vote", number + 1, residents)
            parts["sequencer"].sequence()
    shutil.rmtree(partial / f"letters-{ISSUER}")
    notes = {
        "passphrase": drawn,
        "codes": [town.codes[person.id][ISSUER] for person in people[residents:]],
        "officers": [str(folder / "private" / f"{name[-1].lower()}.secret") for name in OFFICERS],
        "shares": [str(folder / path.relative_to(partial)) for path in town.shares],
        "example": _example(election),
    }
    replace_file(partial / NOTES, json.dumps(notes, indent=2).encode())
    partial.replace(folder)


def _example(election: Election) -> str:
    """A choice as ``scrutin vote --choose`` takes it: the first two real projects."""
    envelope = next(each for each in election.contests if isinstance(each, Envelope))
    real = [project.id for project in envelope.projects if not project.invented]
    return f"{envelope.id}={','.join(real[:2])}"


def _vote(town: Town, registrar: Registrar, box: Box, person: Person, number: int) -> None:
    manifest = town.manifest
    seed = sha256(b"demonstration" + os.urandom(32)).digest()
    device = Device(manifest=manifest, style=person.style, seed=seed)
    answer = registrar.issue(
        election=manifest.hash,
        style=person.style,
        code=town.codes[person.id][ISSUER],
        blinded_message=device.blinded_message(ISSUER),
        now=system_clock(),
    )
    credentials = (device.credential(ISSUER, answer),)
    ballot = device.ballot(invented_choices(manifest.election, person.style, number), credentials)
    box.cast(ballot.entry, ballot.sealed)


def invented_choices(election: Election, style: str, number: int) -> Mapping[str, Choice]:
    """What the invented resident with this number votes: real projects more often than invented
    ones, and a blank here and there."""
    draw = _draw(number)
    choices: dict[str, Choice] = {}
    for contest_id in election.style(style).contests:
        contest = election.contest(contest_id)
        if not isinstance(contest, Envelope):
            options = [option.id for option in contest.options]
            # The first option is twice as popular as its share; one in nine leaves it blank.
            at = next(draw) % (len(options) + 1)
            choices[contest_id] = () if next(draw) % 9 == 0 else ((options[max(0, at - 1)], 1),)
            continue
        real = [each.id for each in contest.projects if not each.invented]
        invented = [each.id for each in contest.projects if each.invented] or real
        real = real or invented
        wanted = 1 + next(draw) % 5
        picked: set[str] = set()
        while len(picked) < wanted:
            pool = real if next(draw) % 8 < 5 else invented
            picked.add(pool[next(draw) % len(pool)])
        choices[contest_id] = tuple((each.id, 1) for each in contest.projects if each.id in picked)
    return choices


def _draw(number: int) -> Iterator[int]:
    counter = 0
    while True:
        yield from sha256(f"demonstration {number} {counter}".encode()).digest()
        counter += 1


def finish_demo(folder: Path, *, progress: Progress) -> str:
    """Close, open, count and publish on a clock that says the vote is over; gives the result hash.

    Done already: nothing changes.
    """
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    notes = read_notes(folder)
    closes = read_time(manifest.election.closes)
    clock = folder / "clock.txt"
    replace_file(clock, spell_time(closes).encode())
    # Also for the service that is started next: it must know that the vote is over.
    ENVIRONMENT[VARIABLE] = str(clock.resolve())
    officers = [
        open_officer(Path(path), notes.passphrase, manifest.election.id) for path in notes.officers
    ]
    if not place.opening.exists():
        with open_box(place, manifest, lambda: closes) as parts:
            close_vote(place, manifest, parts["sequencer"], officers, lambda: closes)
        for path in notes.shares[:THRESHOLD]:
            release_share(place, manifest, Path(path))
        open_ballot_box(place, manifest, lambda: closes)
    count_votes(place, manifest, jobs=1, progress=progress)
    result = publish_results(
        place, manifest, place.publication, officers, jobs=1, progress=progress
    )
    if not isinstance(result, bytes):
        raise UsageError("the officers' signatures did not suffice")
    return in_groups(result)


@contextmanager
def _passphrase(drawn: str) -> Iterator[None]:
    before = ENVIRONMENT.get("SCRUTIN_PASSPHRASE")
    ENVIRONMENT["SCRUTIN_PASSPHRASE"] = drawn
    try:
        yield
    finally:
        if before is None:
            ENVIRONMENT.pop("SCRUTIN_PASSPHRASE", None)
        else:
            ENVIRONMENT["SCRUTIN_PASSPHRASE"] = before
