"""Opening the registrar's and the box's parts of an election's folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from audit.manifest import Manifest
from ballot.box import Box
from ballot.issuer import IssuerKeys, open_issuer
from ballot.registrar import Registrar
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner
from ballot.store.box import BoxStore
from ballot.store.engine import open_engine
from ballot.store.registrar import RegistrarStore
from tally.election import Election
from web.clock import Clock, read_time
from web.errors import UsageError
from web.office.boxkeys import BoxKeys, open_box_keys
from web.office.folder import ElectionFolder
from web.office.passphrase import passphrase

REGISTRAR_DATABASE = "registrar.db"
BOX_DATABASE = "box.db"
SIGNER_STATE = "signer.json"


class BoxParts(TypedDict):
    """What the box's process holds."""

    box: Box
    sequencer: Sequencer
    store: BoxStore


def database(folder: Path, name: str) -> str:
    """The address of an SQLite database in ``folder``."""
    return f"sqlite:///{(folder / name).resolve()}"


def registrar_store(folder: ElectionFolder, issuer: str, election: Election) -> RegistrarStore:
    """An issuer's database, made when it is not there."""
    own = folder.issuers / issuer
    if not own.is_dir():
        raise UsageError(f"{own}: no such issuer; run scrutin registrar new --issuer {issuer}")
    engine = open_engine(database(own, REGISTRAR_DATABASE))
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
    return Registrar(
        store=registrar_store(folder, issuer, election),
        keys=issuer_keys(folder, issuer, election),
        election=manifest.hash,
        opens=read_time(election.opens),
        closes=read_time(election.closes),
    )


def box_keys(folder: ElectionFolder, election_id: str) -> BoxKeys:
    """The box's private keys."""
    return open_box_keys(
        folder.box, election=election_id, passphrase=passphrase("the ballot box", "box")
    )


def box_store(folder: ElectionFolder, manifest: Manifest) -> BoxStore:
    """The box's database, made when it is not there."""
    store = BoxStore(open_engine(database(folder.box, BOX_DATABASE)), manifest.hash)
    store.create()
    return store


def open_sequencer(
    folder: ElectionFolder, manifest: Manifest, keys: BoxKeys, store: BoxStore, clock: Clock
) -> Sequencer:
    """A started sequencer: database, signer and published files compared."""
    state = folder.box / SIGNER_STATE
    if not state.exists():
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
        signer=FileSigner(state, keys.origin, keys.log),
        folder=folder.box / "log",
        clock=clock,
    )
    sequencer.start()
    return sequencer


@contextmanager
def open_box(folder: ElectionFolder, manifest: Manifest, clock: Clock) -> Iterator[BoxParts]:
    """The running box: takes ballots until the ``with`` ends."""
    keys = box_keys(folder, manifest.election.id)
    store = box_store(folder, manifest)
    try:
        sequencer = open_sequencer(folder, manifest, keys, store, clock)
        with Box(manifest=manifest, store=store, receipt_key=keys.receipt, clock=clock) as box:
            yield {"box": box, "sequencer": sequencer, "store": store}
    finally:
        store.dispose()
