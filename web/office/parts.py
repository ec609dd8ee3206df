"""Opening the registrar's and the box's parts of an election's folder."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TypedDict

from sqlalchemy import Engine

from audit.label import labelled
from audit.manifest import Manifest
from ballot.box import Box
from ballot.examining import ExaminerBeside
from ballot.issuer import IssuerKeys, open_issuer
from ballot.registrar import Registrar
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner, LogSigner
from ballot.signing import SocketSigner
from ballot.store.box import BoxStore
from ballot.store.engine import open_engine
from ballot.store.registrar import RegistrarStore
from tally.election import Election
from web.clock import Clock, local_time, read_time
from web.errors import UsageError
from web.office.boxkeys import SIGNER_STATE, BoxKeys, open_box_keys
from web.office.folder import ElectionFolder
from web.office.passphrase import passphrase
from web.office.seconddisk import second_copy, take_waiting_again, waiting_copy

REGISTRAR_DATABASE = "registrar.db"
BOX_DATABASE = "box.db"
DISK_FLOOR = 200 * 1024 * 1024
"""The box takes no ballot while less than this is free: a write that fails for want of space is the
one thing that has destroyed ballot logs (docs/operations.md)."""
ASKED_SECONDS = 1.0
MOST_CONNECTIONS = 40
"""Of one process to PostgreSQL: one a thread of the server, and a few for what runs beside."""


class Intake(TypedDict):
    """What a process needs to take ballots; several may, on one PostgreSQL."""

    box: Box
    store: BoxStore
    keys: BoxKeys


class BoxParts(TypedDict):
    """What the one process holds that takes ballots and puts them into the log."""

    box: Box
    sequencer: Sequencer
    store: BoxStore


def open_database(folder: Path, name: str, schema: str, most_connections: int = 0) -> Engine:
    """The database of one part: that of ``DATABASE_URL``, there in a schema of its own, else an
    SQLite file in ``folder``.

    Raises StoreInvalid or StoreBusy, neither with the password that the address may hold.
    """
    address = os.environ.get("DATABASE_URL", "")
    if not address:
        return open_engine(f"sqlite:///{(folder / name).resolve()}")
    if address.startswith("sqlite"):
        raise UsageError(
            "DATABASE_URL: leave it unset for SQLite: each part then keeps a file of its own in "
            "the election's folder"
        )
    return open_engine(address, schema=schema, most_connections=most_connections)


def _schema(part: str, *names: str) -> str:
    """A schema's name for a part of an election: readable, short enough, and no other's."""
    digest = sha256(labelled("schema", part.encode(), *(name.encode() for name in names)))
    readable = re.sub("[^a-z0-9]+", "_", "_".join((part, *names)))[:40].rstrip("_")
    return f"{readable}_{digest.hexdigest()[:8]}"


def registrar_engine(
    folder: ElectionFolder, issuer: str, election: Election, most_connections: int = 0
) -> Engine:
    """The database of an issuer, as it is."""
    schema = _schema("registrar", election.id, issuer)
    return open_database(folder.issuers / issuer, REGISTRAR_DATABASE, schema, most_connections)


def registrar_store(
    folder: ElectionFolder, issuer: str, election: Election, most_connections: int = 0
) -> RegistrarStore:
    """An issuer's database, made when it is not there."""
    own = folder.issuers / issuer
    if not own.is_dir():
        raise UsageError(f"{own}: no such issuer; run scrutin registrar new --issuer {issuer}")
    engine = registrar_engine(folder, issuer, election, most_connections)
    return RegistrarStore.create(
        engine, issuer=issuer, styles=[style.id for style in election.styles]
    )


def issuer_keys(folder: ElectionFolder, issuer: str, election: Election) -> IssuerKeys:
    """An issuer's private keys."""
    return open_issuer(
        folder.issuers / issuer,
        issuer=issuer,
        election=election.id,
        passphrase=passphrase(f"issuer {issuer}", f"issuer_{issuer}"),
    )


def local_issuers(folder: ElectionFolder) -> list[str]:
    """The issuers whose secrets lie in the folder."""
    return sorted(path.parent.name for path in folder.issuers.glob("*/secret.json"))


def open_registrar(folder: ElectionFolder, issuer: str, manifest: Manifest) -> Registrar:
    """A registrar ready to issue."""
    election = manifest.election
    store = registrar_store(folder, issuer, election, MOST_CONNECTIONS)
    store.check_whole()
    return Registrar(
        store=store,
        keys=issuer_keys(folder, issuer, election),
        election=manifest.hash,
        opens=local_time(election.opens, election.time_zone),
        closes=read_time(election.closes),
    )


def box_keys(folder: ElectionFolder, election_id: str) -> BoxKeys:
    """The box's private keys."""
    return open_box_keys(
        folder.box, election=election_id, passphrase=passphrase("the ballot box", "box")
    )


def box_engine(folder: ElectionFolder, manifest: Manifest, most_connections: int = 0) -> Engine:
    """The box's database, as it is."""
    schema = _schema("box", manifest.election.id)
    return open_database(folder.box, BOX_DATABASE, schema, most_connections)


def box_store(folder: ElectionFolder, manifest: Manifest, most_connections: int = 0) -> BoxStore:
    """The box's database, made when it is not there."""
    store = BoxStore(box_engine(folder, manifest, most_connections), manifest.hash)
    store.create()
    return store


def free_bytes(folder: ElectionFolder) -> int:
    """What is free on the disk of the box's part of the folder."""
    return shutil.disk_usage(folder.box).free


class Room:
    """Whether the box may take more. The disk is asked once a second: the floor leaves room for far
    more than arrives in one."""

    def __init__(self, folder: ElectionFolder) -> None:
        self._folder = folder
        self._asked = -ASKED_SECONDS
        self._enough = False

    def __call__(self) -> bool:
        now = monotonic()
        if now - self._asked >= ASKED_SECONDS:
            self._enough = free_bytes(self._folder) >= DISK_FLOOR
            self._asked = now
        return self._enough


def log_signer(folder: ElectionFolder, keys: BoxKeys) -> LogSigner:
    """Whoever holds the log's key: this process, or the one behind ``SCRUTIN_SIGNER``.

    Raises UsageError when that is not set and has to be, SignerSilent when nobody answers there.
    """
    if keys.log is not None:
        return FileSigner(folder.box / SIGNER_STATE, keys.origin, keys.log)
    path = os.environ.get("SCRUTIN_SIGNER", "")
    if not path:
        raise UsageError(
            "SCRUTIN_SIGNER: set it to the socket of the signer, which holds this log's key "
            "(scrutin signer serve)"
        )
    return SocketSigner(Path(path))


def open_sequencer(
    folder: ElectionFolder, manifest: Manifest, keys: BoxKeys, store: BoxStore, clock: Clock
) -> Sequencer:
    """A started sequencer: database, signer and published files compared."""
    state = folder.box / SIGNER_STATE
    if keys.log is not None and not state.exists():
        # A missing memory of what was signed is as bad as an old one: only a log that never began
        # may begin it.
        with store.reading() as transaction:
            if transaction.head().signed_size:
                raise UsageError(
                    f"{state}: is missing, but the log has begun. Bring back its newest copy, or "
                    "write it from the newest published checkpoint (docs/operations.md)"
                )
        FileSigner.create(state, keys.origin)
    sequencer = Sequencer(
        manifest=manifest,
        store=store,
        signer=log_signer(folder, keys),
        folder=folder.box / "log",
        clock=clock,
        second_copy=second_copy(manifest.election.id),
    )
    sequencer.start()
    take_waiting_again(manifest, store)
    return sequencer


@contextmanager
def open_intake(
    folder: ElectionFolder, manifest: Manifest, clock: Clock, *, beside: bool = False
) -> Iterator[Intake]:
    """The box without its sequencer: takes ballots until the ``with`` ends; examines them in a
    process ``beside``, or in the threads that cast them."""
    keys = box_keys(folder, manifest.election.id)
    store = box_store(folder, manifest, MOST_CONNECTIONS)
    try:
        take_waiting_again(manifest, store)
        with Box(
            manifest=manifest,
            store=store,
            receipt_key=keys.receipt,
            clock=clock,
            room=Room(folder),
            copy=waiting_copy(manifest.election.id),
            examiner=ExaminerBeside(manifest) if beside else None,
        ) as box:
            yield {"box": box, "store": store, "keys": keys}
    finally:
        store.dispose()


@contextmanager
def open_box(folder: ElectionFolder, manifest: Manifest, clock: Clock) -> Iterator[BoxParts]:
    """The running box: takes ballots until the ``with`` ends."""
    keys = box_keys(folder, manifest.election.id)
    store = box_store(folder, manifest)
    try:
        sequencer = open_sequencer(folder, manifest, keys, store, clock)
        with Box(
            manifest=manifest,
            store=store,
            receipt_key=keys.receipt,
            clock=clock,
            copy=waiting_copy(manifest.election.id),
        ) as box:
            yield {"box": box, "sequencer": sequencer, "store": store}
    finally:
        store.dispose()
