"""The stored tree and the published files: grown in steps, compared with a rebuilt log."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlmodel import create_engine

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.merkle import leaf_hash, root
from audit.note import Ed25519Signer
from audit.tile import read_entries, verify_log
from ballot import tree
from ballot.durable import FileDiffers, keep_file, replace_file
from ballot.release import FolderAhead, LogFolder, write_log
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import BoxTransaction, HeadMoved, StoredEntry
from ballot.store.engine import StoreDamaged, open_engine

E = bytes(32)
SIGNER = Ed25519Signer(
    name="scrutin/test/00000000", private=Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
)
ENTRIES = [b"entry %d" % i for i in range(70_000)]


class Log:
    """A store, a folder, and a database file that a test may damage."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "box.sqlite"
        self.folder = folder / "log"
        self.store = BoxStore(open_engine(f"sqlite:///{self.database}"), E)
        self.store.create()
        self.files = LogFolder(self.folder, SIGNER.key)

    def grow(self, entries: Sequence[bytes]) -> None:
        with self.store.writing() as transaction:
            head = transaction.head()
            stored = [StoredEntry(leaf_hash=leaf_hash(e), entry=e, sealed=None) for e in entries]
            transaction.append(head.size, stored)
            new = tree.grow(transaction, head, [entry.leaf_hash for entry in stored])
            size = head.size + len(entries)
            transaction.move_head(head, size=size, root=new, closed=False)
            moved = replace(head, size=size, root=new)
            note = sign_checkpoint(Checkpoint(origin=SIGNER.name, size=size, root=new), SIGNER)
            transaction.set_checkpoint(moved, size=size, checkpoint=note)

    def publish(self) -> None:
        with self.store.reading() as transaction:
            self.files.publish(transaction)

    def compare(self) -> None:
        with self.store.reading() as transaction:
            self.files.compare(transaction, transaction.head())

    def check(self) -> None:
        with self.store.reading() as transaction:
            tree.check_all(transaction, transaction.head())

    def damage(self, statement: str) -> None:
        engine = create_engine(f"sqlite:///{self.database}")
        with engine.begin() as connection:
            assert connection.execute(text(statement)).rowcount > 0
        engine.dispose()

    def fetch(self, path: str) -> bytes | None:
        file = self.folder / path
        return file.read_bytes() if file.exists() else None


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_log_grown_in_steps_is_the_log_rebuilt_from_its_entries(log: Log) -> None:
    size = 0
    for step in (1, 1, 253, 1, 1, 300, 512, 1000):
        log.grow(ENTRIES[size : size + step])
        size += step
        log.publish()
        assert log.files.checkpoint() == Checkpoint(
            origin=SIGNER.name, size=size, root=root(map(leaf_hash, ENTRIES[:size]))
        )
        verify_log(log.fetch, size, root(map(leaf_hash, ENTRIES[:size])))
        log.compare()
        log.check()
    assert list(read_entries(log.fetch, size)) == ENTRIES[:size]


def test_three_levels_of_tiles(log: Log) -> None:
    log.grow(ENTRIES[:65_000])
    log.grow(ENTRIES[65_000:])
    log.publish()
    log.check()
    verify_log(log.fetch, 70_000, root(map(leaf_hash, ENTRIES)))
    assert (log.folder / "tile/2/000.p/1").exists()


def test_publishing_is_repeatable_and_the_final_files_are_those_of_the_size(
    log: Log, tmp_path: Path
) -> None:
    for first in range(0, 600, 100):
        log.grow(ENTRIES[first : first + 100])
        log.publish()
    before = {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")}
    log.publish()
    assert {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")} == before
    with log.store.reading() as transaction:
        write_log(transaction, tmp_path / "final")
        write_log(transaction, tmp_path / "final")
    final = tmp_path / "final"
    assert sorted(p.relative_to(final).as_posix() for p in final.rglob("*") if p.is_file()) == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]


def test_other_content_is_fatal(log: Log) -> None:
    log.grow(ENTRIES[:100])
    keep_file(log.folder / "tile/0/000.p/100", b"x" * 3200)
    with pytest.raises(FileDiffers, match=r"000\.p/100: exists with other content"):
        log.publish()
    assert not (log.folder / "checkpoint").exists()
    with pytest.raises(FileDiffers, match=r"000\.p/100"):
        log.compare()


def test_a_foreign_file_and_a_foreign_checkpoint_are_fatal(log: Log, tmp_path: Path) -> None:
    log.grow(ENTRIES[:100])
    log.publish()
    keep_file(log.folder / "tile/0/1", b"")
    with pytest.raises(FileDiffers, match="does not belong"):
        log.compare()
    replace_file(log.folder / "checkpoint", b"something else\n")
    with pytest.raises(FileDiffers, match="not a checkpoint of this log"):
        log.publish()
    other = Log(tmp_path_factory_folder(tmp_path))
    other.grow(ENTRIES[1:101])
    other.publish()
    replace_file(log.folder / "checkpoint", (other.folder / "checkpoint").read_bytes())
    with pytest.raises(FileDiffers, match="another history"):
        log.publish()


def tmp_path_factory_folder(path: Path) -> Path:
    folder = path / "other"
    folder.mkdir()
    return folder


def test_a_folder_ahead_of_the_database_is_refused(log: Log, tmp_path: Path) -> None:
    other = Log(tmp_path_factory_folder(tmp_path))
    other.grow(ENTRIES[:300])
    other.publish()
    log.grow(ENTRIES[:200])
    log.folder.symlink_to(other.folder)
    for act in (log.publish, log.compare):
        with pytest.raises(FolderAhead, match="beyond the 200 entries"):
            act()
    (other.folder / "checkpoint").unlink()
    with pytest.raises(FolderAhead, match=r"tile/0/000: goes beyond the 200 ent"):
        log.compare()


def test_what_an_interrupted_write_left_is_removed(log: Log) -> None:
    log.grow(ENTRIES[:3])
    log.publish()
    for name in ("tile/0/.000.p.x1", ".checkpoint.ab12"):
        (log.folder / name).write_bytes(b"half")
    log.compare()
    assert not list(log.folder.rglob(".*"))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE box_entry SET entry = x'00' WHERE position = 77", "entry 77: is not what"),
        ("UPDATE box_entry SET leaf_hash = zeroblob(32) WHERE position = 299", "entry 299"),
        ("DELETE FROM box_entry WHERE position = 5", "299 entries stored instead of 300"),
        ("UPDATE box_tile SET hashes = zeroblob(8192) WHERE level = 0 AND number = 0", "entry 0"),
        ("UPDATE box_tile SET hashes = zeroblob(32) WHERE level = 1", "do not give its root"),
        ("UPDATE box_head SET root = zeroblob(32)", "do not give its root"),
    ],
)
def test_damage_in_the_database_is_found_at_the_start(
    log: Log, statement: str, message: str
) -> None:
    log.grow(ENTRIES[:300])
    log.check()
    log.damage(statement)
    with pytest.raises(StoreDamaged, match=message):
        log.check()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE box_tile SET hashes = zeroblob(32) WHERE level = 1",
        "UPDATE box_tile SET hashes = zeroblob(1408) WHERE level = 0 AND number = 1",
        "UPDATE box_head SET root = zeroblob(32)",
    ],
)
def test_nothing_grows_on_a_damaged_tree(log: Log, statement: str) -> None:
    log.grow(ENTRIES[:300])
    log.damage(statement)
    with pytest.raises(StoreDamaged):
        log.grow(ENTRIES[300:310])
    with log.store.reading() as transaction:
        assert transaction.head().size == 300


@pytest.mark.parametrize("level", [0, 1])
def test_a_bit_that_flips_on_the_way_to_the_disk_is_noticed(
    log: Log, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = BoxTransaction.put_tile

    def flip(transaction: BoxTransaction, at: int, number: int, hashes: bytes) -> None:
        flipped = bytes([hashes[0] ^ 1]) + hashes[1:] if at == level else hashes
        put(transaction, at, number, flipped)

    monkeypatch.setattr(BoxTransaction, "put_tile", flip)
    with pytest.raises(StoreDamaged, match=("entry 0", "two ways")[level]):
        log.grow(ENTRIES[:300])
    monkeypatch.undo()
    log.grow(ENTRIES[:300])


def test_the_head_moves_by_compare_and_swap(log: Log) -> None:
    log.grow(ENTRIES[:2])
    with log.store.reading() as transaction:
        old = transaction.head()
    log.grow(ENTRIES[2:3])
    with pytest.raises(HeadMoved), log.store.writing() as transaction:
        transaction.move_head(old, size=9, root=bytes(32), closed=True)
    with pytest.raises(HeadMoved), log.store.writing() as transaction:
        transaction.set_checkpoint(old, size=9, checkpoint=b"x")
    with log.store.reading() as transaction:
        assert transaction.head().size == 3
