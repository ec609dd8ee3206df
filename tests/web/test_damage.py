"""A database whose file lost blocks: no door opens over it, and the message says what to do."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ballot.store.engine import StoreDamaged
from web.office.folder import ElectionFolder
from web.office.parts import REGISTRAR_DATABASE, open_registrar
from web.office.town import Town

PAGE = 4_096


def test_the_registrars_door_stays_shut(frozen_town: Town, tmp_path: Path) -> None:
    """Each page of its file in turn is lost. A registrar that cannot find a code that was used
    would take it again."""
    issuer = frozen_town.manifest.issuers[0].id
    for page in range(1, 7):
        folder = ElectionFolder(tmp_path / str(page))
        shutil.copytree(frozen_town.place.root, folder.root)
        path = folder.issuers / issuer / REGISTRAR_DATABASE
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = path.read_bytes()
        assert len(data) >= 7 * PAGE
        at = page * PAGE
        path.write_bytes(data[:at] + bytes(PAGE) + data[at + PAGE :])
        with pytest.raises(StoreDamaged, match="keep the file for inspection"):
            open_registrar(folder, issuer, frozen_town.manifest)
