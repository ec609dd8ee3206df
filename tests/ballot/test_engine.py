"""Opening databases: addresses refused in words, durable settings, one writer at a time."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError

from ballot.store.engine import (
    StoreBusy,
    StoreInvalid,
    create_tables,
    open_engine,
    reading,
    writing,
)

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
