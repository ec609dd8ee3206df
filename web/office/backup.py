"""Backups of an election's databases, and the way back."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from audit.manifest import Manifest
from ballot.recovery import Recovered, recover
from ballot.store import boxtables, registrartables
from ballot.store.engine import open_engine
from ballot.store.transfer import Progress, one_file, transfer
from ballot.takenagain import TakenAgain
from web.errors import UsageError
from web.office.folder import ElectionFolder
from web.office.parts import (
    box_engine,
    box_keys,
    box_store,
    local_issuers,
    log_signer,
    registrar_engine,
)
from web.office.seconddisk import second_copy, take_waiting_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One database that was copied: the part's name, its file in the backup, its rows."""

    part: str
    file: str
    rows: int


def _parts(folder: ElectionFolder, manifest: Manifest) -> list[tuple[str, str, Engine, str]]:
    """(part, file, engine, store) of every database that this host has."""
    election = manifest.election
    found: list[tuple[str, str, Engine, str]] = []
    if folder.box.is_dir():
        found.append(("box", "box.backup", box_engine(folder, manifest), "box"))
    for issuer in local_issuers(folder):
        engine = registrar_engine(folder, issuer, election)
        found.append((f"registrar {issuer}", f"registrar-{issuer}.backup", engine, "registrar"))
    if not found:
        raise UsageError(f"{folder.root}: has neither a box nor an issuer: nothing to copy here")
    return found


METADATA = {"box": boxtables.METADATA, "registrar": registrartables.METADATA}


def back_up(
    folder: ElectionFolder, manifest: Manifest, out: Path, progress: Progress
) -> list[Copied]:
    """Copy this host's databases into the new folder ``out``, while the service may run.

    The signer's memory is not among them, on purpose: brought back together with an old database it
    would sign a second history. Raises UsageError when the folder is there already.
    """
    try:
        out.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise UsageError(f"{out}: exists already; give each backup a folder of its own") from None
    copied: list[Copied] = []
    for part, file, engine, store in _parts(folder, manifest):
        target = open_engine(f"sqlite:///{(out / file).resolve()}")
        try:
            rows = transfer(engine, target, store, METADATA[store], progress)
            one_file(target)
        finally:
            engine.dispose()
            target.dispose()
        copied.append(Copied(part=part, file=file, rows=rows))
    return copied


def bring_back(
    folder: ElectionFolder, manifest: Manifest, source: Path, progress: Progress
) -> list[Copied]:
    """Copy a backup into this host's empty databases. Raises StoreInvalid when one is not empty."""
    copied: list[Copied] = []
    for part, file, engine, store in _parts(folder, manifest):
        path = (source / file).resolve()
        if not path.is_file():
            engine.dispose()
            raise UsageError(f"{path}: is missing: this is no backup of {part}")
        # Read from a copy: an older release's backup is brought up to date, and stays as it is.
        with TemporaryDirectory(dir=folder.root) as beside:
            backup = open_engine(f"sqlite:///{shutil.copy(path, beside)}")
            try:
                rows = transfer(backup, engine, store, METADATA[store], progress)
            finally:
                engine.dispose()
                backup.dispose()
        copied.append(Copied(part=part, file=file, rows=rows))
    return copied


def bring_forward(
    folder: ElectionFolder, manifest: Manifest, *, accept_missing: bool
) -> tuple[Recovered, TakenAgain | None]:
    """Bring the box's database forward to the published log (``ballot.recovery``), then to what was
    acknowledged since (``ballot.takenagain``) where a second copy is kept."""
    keys = box_keys(folder, manifest.election.id)
    last = log_signer(folder, keys).last()
    store = box_store(folder, manifest)
    try:
        recovered = recover(
            manifest=manifest,
            store=store,
            folder=folder.box / "log",
            last=last,
            copy=second_copy(manifest.election.id),
            accept_missing=accept_missing,
        )
        return recovered, take_waiting_again(manifest, store)
    finally:
        store.dispose()
