"""A frozen and opened town in a folder, its doors as Flask applications, and residents at them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from audit.label import b64, unb64
from audit.manifest import Manifest
from audit.record import Credential
from ballot.durable import replace_file
from ballot.roll import Person
from ballot.voter import Device, SealedBallot
from tally import canonical
from tally.election import Election
from tests.town import PICTURE, definition
from web.audience import Door
from web.clock import read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.parts import box_keys, box_store, open_sequencer
from web.office.town import Town, found_town
from web.office.vote import open_vote
from web.progress import Progress
from web.service import build
from web.settings import Settings

ISSUERS = ("city", "prefecture")
STYLES = ("centre", "north")
PEOPLE = 12
BATCH = 2
HOSTILE = "<script>alert('Élan')</script> \"&amp;{{ 7*7 }}"
ALL = frozenset(Door)
JSON = "application/json"


class Reader(FlaskClient):
    """A client that reads every answer to its end, as a server would send it."""

    def open(self, *args: Any, **more: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **more})


def town_definition() -> dict[str, object]:
    """The definition of tests.town with texts that try to be markup."""
    value = json.loads(json.dumps(definition()))
    value["title"] = {"fr": f"Budget {HOSTILE}", "en": f"Budget (en) {HOSTILE}"}
    value["contests"][0]["projects"][0]["title"] = {"fr": HOSTILE, "en": HOSTILE}
    value["contests"][0]["projects"][1]["description"] = {"fr": HOSTILE, "en": HOSTILE}
    return cast("dict[str, object]", value)


def people() -> list[Person]:
    """``centre-0`` … and ``north-0`` …"""
    return [
        Person(id=f"{style}-{number}", style=style) for style in STYLES for number in range(PEOPLE)
    ]


def found(folder: Path, drawn: str, policy: str = "") -> Town:
    """Freeze the town in ``folder``, with this witness policy; the vote is not open yet."""
    election = Election.from_value(town_definition())
    place = ElectionFolder(folder)
    options = FreezeOptions(
        batch_seconds=1, batch_minimum=BATCH, maximum_sequence=9, witness_policy=policy
    )
    town = found_town(
        place,
        election,
        people(),
        drawn=drawn,
        issuers=ISSUERS,
        options=options,
        progress=Progress(quiet=True),
    )
    place.pictures.mkdir()
    (place.pictures / "tree.png").write_bytes(PICTURE)
    return town


def open_log(town: Town, place: ElectionFolder) -> None:
    """The officers open the vote, at its first moment."""
    keys, store = box_keys(place, town.manifest.election.id), box_store(place, town.manifest)
    try:
        now = read_time(town.manifest.election.opens)
        sequencer = open_sequencer(place, town.manifest, keys, store, lambda: now)
        assert open_vote(place, town.manifest, sequencer, town.officers).entry is not None
    finally:
        store.dispose()


@dataclass(kw_only=True)
class Desk:
    """One copy of the town for one test. ``clock`` is the file of the rehearsal clock."""

    town: Town
    place: ElectionFolder
    clock: Path
    parts: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def copy(cls, town: Town, source: Path, folder: Path) -> "Desk":
        """A desk with a copy of the folder ``source``, whose clock shows the opening."""
        shutil.copytree(source, folder / "election")
        desk = cls(town=town, place=ElectionFolder(folder / "election"), clock=folder / "clock.txt")
        desk.set_clock(desk.opens)
        return desk

    @property
    def manifest(self) -> Manifest:
        return self.town.manifest

    @property
    def opens(self) -> datetime:
        return read_time(self.manifest.election.opens)

    @property
    def closes(self) -> datetime:
        return read_time(self.manifest.election.closes)

    def set_clock(self, now: datetime) -> None:
        replace_file(self.clock, spell_time(now).encode())

    def early(self) -> None:
        self.set_clock(self.opens - timedelta(seconds=1))

    def late(self) -> None:
        self.set_clock(self.closes)

    def app(self, doors: frozenset[Door] = ALL, **settings: Any) -> Flask:
        """A process of the service."""
        own = Settings(folder=self.place.root, doors=doors, **settings)
        app = build(own, self.parts)
        app.test_client_class = Reader
        return app

    @cached_property
    def client(self) -> FlaskClient:
        """All doors, in one process."""
        return self.app(requests_factor=100).test_client()

    # -- residents ------------------------------------------------------------------------------

    def device(self, person: str, seed: str = "") -> Device:
        style = person.partition("-")[0]
        drawn = sha256(f"{person}/{seed}".encode()).digest()
        return Device(manifest=self.manifest, style=style, seed=drawn)

    def code(self, person: str, issuer: str = ISSUERS[0]) -> str:
        return self.town.codes[person][issuer]

    def request(self, person: str, issuer: str = ISSUERS[0], **changed: Any) -> dict[str, Any]:
        """What a person's device sends to an issuer."""
        device = self.device(person)
        body = {
            "election": b64(self.manifest.hash),
            "style": device.style,
            "code": self.code(person, issuer),
            "blinded_message": b64(device.blinded_message(issuer)),
        }
        return {**body, **changed}

    def ask(
        self, body: Any, issuer: str = ISSUERS[0], client: FlaskClient | None = None, **more: Any
    ) -> TestResponse:
        path = f"/registrar/{issuer}/credentials"
        return (client or self.client).post(path, json=body, **more)

    def credentials(self, person: str) -> tuple[Credential, ...]:
        """A person's credentials of all issuers, over HTTP."""
        device = self.device(person)
        found = []
        for issuer in ISSUERS:
            answer = self.ask(self.request(person, issuer), issuer)
            assert answer.status_code == 200, answer.text
            signature = unb64(answer.get_json()["blind_signature"], "blind_signature")
            found.append(device.credential(issuer, signature))
        return tuple(found)

    def ballot(
        self,
        person: str,
        sequence: int = 1,
        credentials: Sequence[Credential] | None = None,
        choices: Mapping[str, Any] | None = None,
    ) -> SealedBallot:
        own = tuple(credentials) if credentials is not None else self.credentials(person)
        return self.device(person).ballot(choices or {}, own, sequence=sequence)

    def cast(self, ballot: SealedBallot, client: FlaskClient | None = None) -> TestResponse:
        return (client or self.client).post("/box/ballots", json=cast_body(ballot))

    def test(self, person: str, ballot: SealedBallot) -> TestResponse:
        signature = b64(self.device(person).test_signature(ballot))
        body = {"header": canonical.parse(ballot.header.to_bytes()), "signature": signature}
        return self.client.post("/box/tests", json=body)


def cast_body(ballot: SealedBallot) -> dict[str, Any]:
    """The body of a request to cast."""
    return {"entry": json.loads(ballot.entry), "sealed": b64(ballot.sealed)}


def problem(response: TestResponse) -> str:
    """The code of a problem, after checking that it is one as RFC 9457 wants it."""
    assert response.content_type == "application/problem+json", response.text
    body = response.get_json()
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:scrutin:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Language"] in ("fr", "en")
    return str(body["code"])
