"""A disk that said blocks were written and lost some of them, in any order, at a power cut.

SQLite only: whoever runs PostgreSQL has its page checksums (docs/operations.md).
"""

import random
import shutil
from pathlib import Path

import pytest

from ballot.errors import BallotError
from ballot.store.engine import StoreDamaged, check_whole, open_engine
from tests.ballot.precinct import Precinct, leaf
from tests.ballot.test_sequencer import OWN, PEOPLE

BLOCK = 4_096
FILES = ("box.sqlite", "box.sqlite-wal")
Files = dict[str, bytes]


def files_of(precinct: Precinct) -> Files:
    """The database's files as they lie on the disk, while the box is at work."""
    return {name: (precinct.folder / name).read_bytes() for name in FILES}


def mixed(old: Files, new: Files, draw: random.Random) -> Files:
    """What is left when a share of the blocks is as it was before, and the files' ends are lost."""
    share = draw.choice([0.05, 0.3, 0.7])
    found = {}
    for name, data in new.items():
        blocks = []
        for at in range(0, len(data), BLOCK):
            block = data[at : at + BLOCK]
            if draw.random() < share:
                before = old[name][at : at + len(block)]
                block = before + bytes(len(block) - len(before))
            blocks.append(block)
        found[name] = b"".join(blocks)
    return found


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Precinct, Files, Files]:
    """A box with ballots in its log and three waiting, and its files then and earlier."""
    precinct = Precinct(tmp_path_factory.mktemp("cut"), OWN)
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    sequencer.sequence()
    old = files_of(precinct)
    precinct.cast(*PEOPLE[3:6])
    sequencer.sequence()
    precinct.cast(*PEOPLE[6:9])
    return precinct, old, files_of(precinct)


def test_lost_blocks_are_noticed_or_harmless(
    cut: tuple[Precinct, Files, Files], tmp_path: Path
) -> None:
    """Either nothing is signed, by name, or the log goes on as published: every ballot that is
    sent again is in it once."""
    precinct, old, new = cut
    published = precinct.leaves()
    damaged = went_on = 0
    for number in range(60):
        draw = random.Random(number)  # noqa: S311  (losses that can be had again)
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copytree(precinct.log, folder / "log")
        shutil.copy(precinct.state, folder / "signer.json")
        for name, data in mixed(old, new, draw).items():
            (folder / name).write_bytes(data)
        before = (folder / "log" / "checkpoint").read_bytes()
        try:
            found = Precinct(folder, OWN, precinct.clock)
            sequencer = found.sequencer()
        except BallotError:
            damaged += 1
            assert (folder / "log" / "checkpoint").read_bytes() == before
            continue
        went_on += 1
        sequencer.sequence()
        found.cast(*PEOPLE[:9])
        sequencer.sequence()
        leaves = found.leaves()
        assert leaves[: len(published)] == published
        assert sorted(leaves[1:]) == sorted(map(leaf, PEOPLE[:9]))
        found.store.dispose()
    assert damaged
    assert went_on


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreDamaged, match="file is not a database"):
        Precinct(tmp_path, OWN)


def test_an_index_that_misses_a_row_is_found(
    cut: tuple[Precinct, Files, Files], tmp_path: Path
) -> None:
    """The row is found by its number and not by its name, so that it could come in again."""
    _, _, new = cut
    for name, data in new.items():
        (tmp_path / name).write_bytes(data)
    engine = open_engine(f"sqlite:///{tmp_path / FILES[0]}")
    check_whole(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master "
            "WHERE name = 'sqlite_autoindex_box_pending_1') "
            "WHERE name = 'sqlite_autoindex_box_entry_1'"
        )
        connection.commit()
    engine.dispose()
    engine = open_engine(f"sqlite:///{tmp_path / FILES[0]}")
    with pytest.raises(StoreDamaged):
        check_whole(engine)
