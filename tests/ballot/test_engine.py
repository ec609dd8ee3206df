"""Opening databases: addresses refused in words, durable settings, one writer at a time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError

import ballot.store.engine
from ballot.store.engine import (
    StoreBusy,
    StoreInvalid,
    create_tables,
    open_engine,
    reading,
    sole,
    writing,
)
from tests.postgres import Server

METADATA = MetaData()
CODES = Table(
    "codes", METADATA, Column("id", Integer, primary_key=True), Column("value", LargeBinary)
)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no address", "not understood"),
        ("postgresql+nothing://u:secret@h/d", "not understood"),
        ("mysql://u:secret@h/d", "mysql is not supported"),
        ("sqlite://", "a database in memory loses everything"),
        ("sqlite:///:memory:", "a database in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "a database in memory"),
        ("sqlite:////no/such/folder/x.db", "there is no folder /no/such/folder"),
    ],
)
def test_addresses_are_refused_in_words_without_their_password(url: str, words: str) -> None:
    with pytest.raises(StoreInvalid) as caught:
        open_engine(url)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreInvalid, match="cannot be written"):
        open_engine(f"sqlite:///{tmp_path}")


def test_settings_are_durable_and_the_file_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        engine = open_engine(f"sqlite:///{tmp_path}/x.db")
        create_tables(engine, METADATA)
    finally:
        os.umask(previous)
    with reading(engine) as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 10_000
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_was_written_is_there_and_what_broke_off_is_not(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/x.db")
    create_tables(engine, METADATA)
    create_tables(engine, METADATA)
    with writing(engine) as connection:
        connection.execute(insert(CODES).values(id=1, value=b"a"))

    def break_off() -> None:
        with writing(engine) as connection:
            connection.execute(insert(CODES).values(id=2, value=b"b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    again = open_engine(f"sqlite:///{tmp_path}/x.db")
    with reading(again) as connection:
        assert connection.execute(select(CODES)).all() == [(1, b"a")]


def test_one_writes_at_a_time_and_readers_do_not_wait(tmp_path: Path) -> None:
    first = open_engine(f"sqlite:///{tmp_path}/x.db")
    second = open_engine(f"sqlite:///{tmp_path}/x.db", busy_milliseconds=20)
    create_tables(first, METADATA)
    with writing(first) as connection:
        # The place is taken from the beginning, before anything was written.
        with pytest.raises(StoreBusy, match="try again"), writing(second):
            pass
        connection.execute(insert(CODES).values(id=1, value=b"a"))
        with reading(second) as other:
            assert other.execute(select(CODES)).all() == []
    with writing(second) as other:
        assert len(other.execute(select(CODES)).all()) == 1


def test_values_stay_out_of_errors(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/x.db")
    create_tables(engine, METADATA)
    with pytest.raises(IntegrityError) as caught, writing(engine) as connection:
        connection.execute(insert(CODES), [{"id": 1, "value": b"a secret value"}] * 2)
    assert "a secret value" not in str(caught.value)


# -- PostgreSQL ---------------------------------------------------------------------------------


def test_a_postgresql_that_would_lose_what_it_promised_is_refused(postgresql: Server) -> None:
    address = postgresql.fresh()
    with postgresql.connect("postgres") as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    try:
        for _ in range(100):
            with postgresql.connect("postgres") as connection:
                if connection.execute("SHOW fsync").fetchone() == ("off",):
                    break
        with pytest.raises(StoreInvalid, match="a power cut would lose ballots"):
            open_engine(address)
    finally:
        with postgresql.connect("postgres") as connection:
            connection.execute("ALTER SYSTEM RESET fsync")
            connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("minutes", [-60, 60])
def test_clocks_that_are_far_apart_are_refused(
    minutes: int, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One host of several whose clock is an hour off would close early or take late ballots."""
    address = postgresql.fresh()

    def wrong() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=minutes)

    monkeypatch.setattr(ballot.store.engine, "machine_time", wrong)
    with pytest.raises(StoreInvalid, match=r"are 3(599|60\d) seconds apart.*Set both by NTP"):
        open_engine(address)
    monkeypatch.undo()
    open_engine(address).dispose()


def test_a_postgresql_that_does_not_answer_or_refuses_is_told_apart(
    postgresql: Server, tmp_path: Path
) -> None:
    with pytest.raises(StoreBusy, match="does not answer"):
        open_engine(f"postgresql://tester:secret@/nowhere?host={tmp_path}")
    missing = postgresql.fresh().replace("/scrutin_", "/missing_")
    with pytest.raises(StoreBusy, match="lets nobody in") as caught:
        open_engine(missing.replace("tester@", "tester:secret@"))
    assert "secret" not in str(caught.value)
    assert "missing" not in str(caught.value)
    with pytest.raises(StoreInvalid, match="small letters"):
        open_engine(postgresql.fresh(), schema="x; DROP TABLE y")


def test_settings_are_durable_on_postgresql_too(postgresql: Server) -> None:
    engine = open_engine(postgresql.fresh(), schema="box")
    create_tables(engine, METADATA)
    for _ in range(2):  # the second time on the same connection
        with reading(engine) as connection:

            def show(name: str, source: Connection = connection) -> object:
                return source.exec_driver_sql(f"SHOW {name}").scalar_one()

            assert show("synchronous_commit") == "on"
            assert show("search_path") == "box"
            assert show("transaction_isolation") == "repeatable read"
            assert show("transaction_read_only") == "on"
    with reading(engine) as connection:
        schemas = connection.exec_driver_sql(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'codes'"
        ).scalars()
        assert list(schemas) == ["box"]
    engine.dispose()


def test_two_parts_share_a_postgresql_and_do_not_meet(postgresql: Server) -> None:
    address = postgresql.fresh()
    engines = [open_engine(address, schema=name) for name in ("box", "registrar_city")]
    for number, engine in enumerate(engines):
        create_tables(engine, METADATA)
        with writing(engine) as connection:
            connection.execute(insert(CODES).values(id=1, value=bytes([number])))
    for number, engine in enumerate(engines):
        with reading(engine) as connection:
            assert connection.execute(select(CODES)).all() == [(1, bytes([number]))]
        engine.dispose()


def test_readers_of_postgresql_see_one_state_and_a_locked_row_is_waited_for(
    postgresql: Server,
) -> None:
    address = postgresql.fresh()
    first = open_engine(address)
    second = open_engine(address, busy_milliseconds=50)
    create_tables(first, METADATA)
    with writing(first) as connection:
        connection.execute(insert(CODES).values(id=1, value=b"a"))
    with reading(second) as reader:
        assert len(reader.execute(select(CODES)).all()) == 1
        with writing(first) as connection:
            connection.execute(insert(CODES).values(id=2, value=b"b"))
        assert len(reader.execute(select(CODES)).all()) == 1
    with writing(first) as connection:
        connection.execute(select(CODES).where(CODES.c.id == 1).with_for_update())
        with pytest.raises(StoreBusy, match="try again"), writing(second) as other:
            other.execute(select(CODES).where(CODES.c.id == 1).with_for_update())
    with writing(second) as other:
        assert len(other.execute(select(CODES).with_for_update()).all()) == 2
    first.dispose()
    second.dispose()


def test_one_holds_a_name_until_it_ends_or_dies(postgresql: Server, tmp_path: Path) -> None:
    address = postgresql.fresh()
    first, second = open_engine(address), open_engine(address)
    with sole(first, "sequencer") as held:
        assert held
        with sole(second, "sequencer") as also, sole(second, "another") as other:
            assert not also
            assert other
    with sole(second, "sequencer") as held:
        assert held
        with postgresql.connect(postgresql.name(address)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        with sole(first, "sequencer") as now:
            assert now
    first.dispose()
    second.dispose()
    lite = open_engine(f"sqlite:///{tmp_path}/x.db")
    with sole(lite, "sequencer") as held:
        assert held
