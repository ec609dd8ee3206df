"""Statements over many rows, on both databases: more than one statement takes, and none at all."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from ballot.store.boxtables import ENTRY, PSEUDONYM
from ballot.store.engine import open_engine, reading, writing
from ballot.store.rows import MOST, insert_rows, rows_with, update_rows
from ballot.store.schema import bring_up_to_date
from tests.postgres import Server

COLUMNS = ("pseudonym", "style", "sequence")
NUMBER = 2 * MOST + 3


def key(number: int) -> bytes:
    return sha256(str(number).encode()).digest()


@pytest.fixture
def engine(tmp_path: Path, server: Server | None) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/x.db" if server is None else server.fresh())
    bring_up_to_date(engine, "box")
    yield engine
    engine.dispose()


def test_rows_are_put_changed_and_found(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_rows(connection, PSEUDONYM, COLUMNS, [])
        insert_rows(
            connection, PSEUDONYM, COLUMNS, [(key(each), "north", each) for each in range(NUMBER)]
        )
        update_rows(connection, PSEUDONYM, "pseudonym", "sequence", [])
        update_rows(
            connection,
            PSEUDONYM,
            "pseudonym",
            "sequence",
            [(key(each), each + 100_000) for each in range(0, NUMBER, 2)],
        )
    with reading(engine) as connection:
        found = connection.execute(select(PSEUDONYM)).all()
        assert {row.pseudonym: (row.style, row.sequence) for row in found} == {
            key(each): ("north", each if each % 2 else each + 100_000) for each in range(NUMBER)
        }
        for wanted in (0, 1, 3, MOST, NUMBER):
            keys = {key(each) for each in range(wanted)}
            some = [key(-1), *keys]
            rows = list(rows_with(connection, PSEUDONYM, COLUMNS, some))
            assert len(rows) == wanted
            assert {row.pseudonym for row in rows} == keys
        assert list(rows_with(connection, PSEUDONYM, COLUMNS, [])) == []


def test_a_row_that_is_there_already_undoes_all(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_rows(connection, PSEUDONYM, COLUMNS, [(key(1), "north", 1)])
    rows = [(key(each), "south", 9) for each in range(3)]
    with pytest.raises(IntegrityError), writing(engine) as connection:
        insert_rows(connection, PSEUDONYM, COLUMNS, rows)
    with reading(engine) as connection:
        found = connection.execute(select(PSEUDONYM)).all()
    assert [(row.style, row.sequence) for row in found] == [("north", 1)]


def test_a_value_that_is_missing_among_others_is_none(engine: Engine) -> None:
    columns = ("position", "leaf_hash", "entry", "sealed")
    rows = [(0, key(0), b"open", None), (1, key(1), b"ballot", b"sealed"), (2, key(2), b"", None)]
    with writing(engine) as connection:
        insert_rows(connection, ENTRY, columns, rows)
    with reading(engine) as connection:
        found = connection.execute(select(ENTRY).order_by(ENTRY.c.position)).all()
    assert [tuple(row) for row in found] == rows
