"""``scrutin backup``, ``restore`` and ``recover``, and an election moved to another database."""

import stat
import time
from pathlib import Path

import pytest

from ballot.store.engine import open_engine, reading
from tests.postgres import Server
from tests.web.console import Console
from tests.web.desk import Desk
from web.office.folder import ElectionFolder
from web.office.parts import box_store


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the second copy lies."""
    monkeypatch.setenv("SCRUTIN_SECOND_COPY", str(tmp_path / "copies"))
    return tmp_path / "copies"


def lose(desk: Desk, *, issuers: bool) -> None:
    """The databases of this host are gone."""
    for path in desk.place.root.rglob("*.db*"):
        if issuers or path.parent == desk.place.box:
            path.unlink()


def vote(desk: Desk, size: int, *people: str) -> None:
    """Let people vote, and wait until the log has ``size`` entries."""
    for person in people:
        desk.cast(desk.ballot(person))
    until = time.monotonic() + 180
    while (desk.client.get("/status").json or {})["log_size"] < size:
        assert time.monotonic() < until, "the sequencer does not move"
        time.sleep(0.05)


def leaves(desk: Desk) -> list[bytes]:
    store = box_store(desk.place, desk.manifest)
    with store.reading() as transaction:
        found = [leaf for leaf, _ in transaction.entries(0, transaction.head().size)]
    store.dispose()
    return found


def test_backup_loss_restore_recovery(
    console: Console, desk: Desk, copies: Path, tmp_path: Path
) -> None:
    vote(desk, 3, "centre-0", "centre-1")
    out = tmp_path / "backup"
    made = console.done("backup", desk.place.root, out).data["backup"]
    assert [part["part"] for part in made] == ["box", "registrar city", "registrar prefecture"]
    assert all(part["rows"] > 0 for part in made)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert sorted(path.name for path in out.iterdir()) == [part["file"] for part in made]
    assert "exists already" in console.refused("backup", desk.place.root, out, status=2)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    vote(desk, 7, "centre-2", "centre-3", "centre-4", "centre-5")
    log = leaves(desk)
    desk.parts.close()
    lose(desk, issuers=True)
    restored = console.done("restore", desk.place.root, out).data["restored"]
    assert [part["rows"] for part in restored] == [part["rows"] for part in made]
    assert "is not empty" in console.refused("restore", desk.place.root, out)
    assert leaves(desk) == log[:3]
    found = console.done("recover", desk.place.root)
    nothing = {"ballots": 0, "tests": 0, "outside": []}
    assert found.data == {
        "before": 3, "after": 7, "waiting": 0, "copied": 4, "missing": [], "taken_again": nothing,
    }  # fmt: skip
    assert leaves(desk) == log
    again = console.done("recover", desk.place.root)
    assert "nothing to do" in again.err
    assert again.data["before"] == again.data["after"] == 7
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_without_a_second_copy_nothing_is_given_up_unasked(
    console: Console, desk: Desk, tmp_path: Path
) -> None:
    console.done("backup", desk.place.root, tmp_path / "backup")
    vote(desk, 3, "centre-0", "centre-1")
    desk.parts.close()
    lose(desk, issuers=False)
    for path in (tmp_path / "backup").glob("registrar-*"):
        (desk.place.issuers / path.stem.removeprefix("registrar-") / "registrar.db").unlink()
    console.done("restore", desk.place.root, tmp_path / "backup")
    assert "cannot be counted" in console.refused("recover", desk.place.root)
    found = console.done("recover", desk.place.root, "--accept-missing")
    assert len(found.data["missing"]) == 2
    assert "say so in public" in found.err


def test_an_election_moves_to_postgresql(
    console: Console,
    desk: Desk,
    tmp_path: Path,
    postgresql: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vote(desk, 3, "centre-0", "centre-1")
    log = leaves(desk)
    desk.parts.close()
    console.done("backup", desk.place.root, tmp_path / "backup")
    address = postgresql.fresh()
    monkeypatch.setenv("DATABASE_URL", address)
    console.done("restore", desk.place.root, tmp_path / "backup")
    lose(desk, issuers=True)
    assert leaves(desk) == log
    assert console.done("recover", desk.place.root).data["after"] == 3
    with reading(open_engine(address)) as connection:
        schemas = set(
            connection.exec_driver_sql(
                "SELECT schemaname FROM pg_tables WHERE tablename ~ '^(box|registrar)_'"
            ).scalars()
        )
    assert len(schemas) == 3
    assert not list(ElectionFolder(desk.place.root).root.rglob("*.db"))


def test_a_backup_of_something_else_is_refused(
    console: Console, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    said = console.refused("restore", desk.place.root, tmp_path / "empty", status=2)
    assert "is missing" in said
