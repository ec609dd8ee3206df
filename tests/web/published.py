"""The town of these tests brought to its end: voted in, closed, opened, counted, published."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit.result_hash import in_groups
from ballot.voter import Device
from tests.web.desk import ISSUERS
from web.clock import VARIABLE, read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.parts import open_box, open_registrar
from web.office.result import count_votes, open_ballot_box, publish_results, release_share
from web.office.town import THRESHOLD, Town
from web.office.vote import close_vote
from web.progress import Progress

Choices = Mapping[str, Any]

NORTH: Sequence[Choices] = (
    {"city": (("trees", 1), ("bench", 1)), "cars": (("yes", 1),)},
    {"city": (("trees", 1), ("fridge", 1)), "cars": (("yes", 1),)},
    {"city": (("mural", 1),), "cars": (("no", 1),)},
    {"city": (("bench", 1), ("fountain", 1)), "cars": (("yes", 1),)},
    {"city": (), "cars": ()},
)
CENTRE: Sequence[Choices] = (
    {"city": (("trees", 1), ("mural", 1)), "centre": (("A/1", 5), ("B/2", 3))},
    {"city": (("fridge", 1), ("fountain", 1)), "centre": (("B/2", 5),)},
    {"city": (("trees", 1),), "centre": (("A/1", 4),)},
    {"city": (("bench", 1),), "centre": ()},
)
EVERYBODY = (
    *((f"north-{number}", choices) for number, choices in enumerate(NORTH)),
    *((f"centre-{number}", choices) for number, choices in enumerate(CENTRE)),
)


def bring_to_its_end(town: Town, place: ElectionFolder, clock: Path) -> str:
    """Vote, close, open, count and publish in ``place``, a copy of the opened town's folder; gives
    the result hash in groups. ``clock`` is the file of the rehearsal clock."""
    manifest, quiet = town.manifest, Progress(quiet=True)
    opens, closes = (read_time(manifest.election.opens), read_time(manifest.election.closes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(clock))
        clock.write_text(spell_time(opens))
        with open_box(place, manifest, lambda: opens) as parts:
            registrars = [open_registrar(place, issuer, manifest) for issuer in ISSUERS]
            for person, choices in EVERYBODY:
                style = person.partition("-")[0]
                seed = sha256(person.encode()).digest()
                device = Device(manifest=manifest, style=style, seed=seed)
                credentials = []
                for issuer, registrar in zip(ISSUERS, registrars, strict=True):
                    signature = registrar.issue(
                        election=manifest.hash,
                        style=style,
                        code=town.codes[person][issuer],
                        blinded_message=device.blinded_message(issuer),
                        now=opens,
                    )
                    credentials.append(device.credential(issuer, signature))
                ballot = device.ballot(choices, tuple(credentials))
                parts["box"].cast(ballot.entry, ballot.sealed)
            parts["sequencer"].sequence()
        clock.write_text(spell_time(closes))
        with open_box(place, manifest, lambda: closes) as parts:
            close_vote(place, manifest, parts["sequencer"], town.officers, lambda: closes)
        for share in town.shares[:THRESHOLD]:
            release_share(place, manifest, share)
        open_ballot_box(place, manifest, lambda: closes)
        count_votes(place, manifest, jobs=1, progress=quiet)
        result = publish_results(
            place, manifest, place.publication, town.officers, jobs=1, progress=quiet
        )
        assert isinstance(result, bytes)
        return in_groups(result)
