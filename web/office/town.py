"""Setting up a rehearsal: keys, roll, codes and a frozen election, all parts played here."""

import csv
import io
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from audit.manifest import Manifest
from ballot.issuer import create_issuer
from ballot.keyfile import Cost
from ballot.letters import make_letters
from ballot.roll import Person, RollFile, import_roll
from ballot.trustee import local_ceremony
from tally.election import Election
from web.clock import VARIABLE, read_time
from web.office.boxkeys import create_box_keys
from web.office.folder import ElectionFolder
from web.office.freeze import (
    FreezeOptions,
    assemble,
    freeze,
    freeze_rolls,
    roll_commitment,
)
from web.office.letters import letter_texts
from web.office.officers import Signer, create_officer, open_officer
from web.office.parts import issuer_keys, registrar_store
from web.progress import Progress

OFFICERS = ("Officer A", "Officer B")
TRUSTEES = ("Trustee A", "Trustee B", "Trustee C")
THRESHOLD = 2
# The passphrases are drawn for this run and forgotten: guessing them need not be made slow.
CHEAP = Cost(memory_kib=1024, iterations=1, lanes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A frozen election with everything a rehearsal needs to play all parts.

    ``codes`` maps each person to the voting code of each issuer.
    """

    place: ElectionFolder
    manifest: Manifest
    officers: tuple[Signer, ...] = field(repr=False)
    shares: tuple[Path, ...]
    codes: Mapping[str, Mapping[str, str]] = field(repr=False)


@contextmanager
def rehearsal_environment(clock_file: Path) -> Iterator[str]:
    """A passphrase for this run and the rehearsal clock, in the environment of our processes."""
    names = ("SCRUTIN_PASSPHRASE", VARIABLE)
    before = {name: os.environ.get(name) for name in names}
    drawn = secrets.token_urlsafe(24)
    os.environ["SCRUTIN_PASSPHRASE"] = drawn
    os.environ[VARIABLE] = str(clock_file.resolve())
    try:
        yield drawn
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def found_town(
    place: ElectionFolder,
    election: Election,
    people: Sequence[Person],
    *,
    drawn: str,
    issuers: Sequence[str],
    options: FreezeOptions,
    progress: Progress,
) -> Town:
    """Make all keys, the roll and the codes, and freeze."""
    place.root.mkdir(parents=True, exist_ok=True)
    officers = []
    for name in OFFICERS:
        key_file = place.root / "private" / f"{name[-1].lower()}.secret"
        create_officer(
            key_file,
            place.officers / f"{name[-1].lower()}.json",
            name=name,
            election=election.id,
            passphrase=drawn,
            cost=CHEAP,
        )
        officers.append(open_officer(key_file, drawn, election.id))
    create_box_keys(place.box, election=election.id, passphrase=drawn, cost=CHEAP)
    roll_key: bytes | None = None
    for issuer in issuers:
        (place.issuers / issuer).mkdir(parents=True)
        create_issuer(
            place.issuers / issuer,
            issuer=issuer,
            election=election.id,
            styles=[style.id for style in election.styles],
            passphrase=drawn,
            roll_key=roll_key,
            cost=CHEAP,
            progress=progress.for_step(f"keys of issuer {issuer}"),
        )
        roll_key = roll_key or issuer_keys(place, issuer, election).roll_key
    place.ceremony.mkdir()
    _, shares = local_ceremony(
        place.ceremony,
        place.trustees,
        election=election.id,
        names=TRUSTEES,
        threshold=THRESHOLD,
        passphrase=lambda _name: drawn,
        cost=CHEAP,
    )
    codes = _enrol(place, election, people, issuers, progress)
    first = issuers[0]
    keys = issuer_keys(place, first, election)
    roll = roll_commitment(registrar_store(place, first, election), keys.roll_key)
    manifest = assemble(place, election, options, roll)
    freeze(place, manifest, officers, read_time(election.opens) - timedelta(days=1))
    freeze_rolls(place, manifest, issuers)
    return Town(
        place=place, manifest=manifest, officers=tuple(officers), shares=shares, codes=codes
    )


def _enrol(
    place: ElectionFolder,
    election: Election,
    people: Sequence[Person],
    issuers: Sequence[str],
    progress: Progress,
) -> dict[str, dict[str, str]]:
    codes: dict[str, dict[str, str]] = {person.id: {} for person in people}
    for issuer in issuers:
        store = registrar_store(place, issuer, election)
        lines = tuple(range(2, len(people) + 2))
        file = RollFile(people=tuple(people), lines=lines, ignored=())
        import_roll(store, file, progress=progress)
        made = make_letters(
            store,
            pepper=issuer_keys(place, issuer, election).pepper,
            folder=place.root / f"letters-{issuer}",
            texts=letter_texts(election, "http://127.0.0.1/", "-"),
        )
        text = (made.folder / "codes.csv").read_text("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text)):
            codes[row["id"]][issuer] = row["code"]
    return codes
