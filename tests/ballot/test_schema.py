"""Databases of every version are brought to the newest, and keep what is in them.

tests/vectors/schema holds the tables of each release as that release made them, and rows for all of
them: written down once, and never changed.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Engine,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    UniqueConstraint,
    inspect,
    text,
)

import ballot.store.schema
from audit.merkle import leaf_hash, root
from ballot.store.box import BoxStore
from ballot.store.boxtables import Row
from ballot.store.boxtransaction import BoxMissing
from ballot.store.engine import (
    StoreDamaged,
    StoreInvalid,
    create_tables,
    open_engine,
    reading,
    writing,
)
from ballot.store.registrar import RegistrarStore
from ballot.store.registrartables import METADATA
from ballot.store.schema import NEWEST, VERSION_TABLE, bring_up_to_date, check_keys
from tests.ballot.precinct import Precinct, close_entry, leaf
from tests.ballot.test_sequencer import OWN, PEOPLE
from tests.postgres import Server

RELEASED = Path(__file__).parents[1] / "vectors/schema"
STORES = {"box": Row.metadata, "registrar": METADATA}


@pytest.fixture
def address(tmp_path: Path, server: Server | None) -> str:
    return f"sqlite:///{tmp_path}/x.db" if server is None else server.fresh()


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    engine = open_engine(address)
    yield engine
    engine.dispose()


def version(engine: Engine) -> str:
    with reading(engine) as connection:
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
        return str(found.scalar_one())


@pytest.mark.parametrize("store", STORES)
def test_the_history_leads_to_the_tables_that_the_code_uses(engine: Engine, store: str) -> None:
    bring_up_to_date(engine, store)
    bring_up_to_date(engine, store)
    assert version(engine) == NEWEST[store]
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "version_table": VERSION_TABLE}
        )
        assert compare_metadata(context, STORES[store]) == []


@pytest.mark.parametrize("store", STORES)
def test_the_newest_version_is_the_last_of_the_history(store: str) -> None:
    folder = Path(ballot.store.schema.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("version_locations", str(folder / store))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST[store]]


def shape(engine: Engine, metadata: MetaData) -> dict[str, object]:
    """What the database itself says of its tables."""
    inspector = inspect(engine)
    names = [table.name for table in metadata.sorted_tables]
    found: dict[str, object] = {}
    for name in names:
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)]
        unique = sorted(
            tuple(each["column_names"]) for each in inspector.get_unique_constraints(name)
        )
        found[name] = (columns, inspector.get_pk_constraint(name)["constrained_columns"], unique)
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            found["without rowid"] = sorted(
                row[0]
                for row in connection.execute(
                    text("SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'")
                )
            )
    return found


@pytest.mark.parametrize("store", STORES)
def test_tables_made_before_versions_were_kept_are_the_first_version(
    engine: Engine, store: str, tmp_path: Path, server: Server | None
) -> None:
    fresh = open_engine(server.fresh() if server else f"sqlite:///{tmp_path}/fresh.db")
    bring_up_to_date(fresh, store)
    create_tables(engine, STORES[store])
    assert shape(engine, STORES[store]) == shape(fresh, STORES[store])
    bring_up_to_date(engine, store)
    assert version(engine) == NEWEST[store]
    assert shape(engine, STORES[store]) == shape(fresh, STORES[store])
    fresh.dispose()


def first_tables(engine: Engine, store: str) -> None:
    """Make the empty tables of release 0.1.0, as they were written down then."""
    name = f"{store}_0001.{engine.dialect.name}.sql"
    statements = (RELEASED / name).read_text("utf-8").partition("\n\n")[2].split(";\n")
    with writing(engine) as connection:
        for statement in statements:
            if statement.strip():
                connection.execute(text(statement))


def first_release(engine: Engine, store: str) -> dict[str, list[dict[str, Any]]]:
    """Make the database of release 0.1.0, as it was written down then; gives its rows."""
    rows = json.loads((RELEASED / f"{store}_0001.rows.json").read_text("utf-8"))["rows"]
    found: dict[str, list[dict[str, Any]]] = {}
    first_tables(engine, store)
    with writing(engine) as connection:
        columns = {
            table: {each["name"]: each["type"] for each in inspect(connection).get_columns(table)}
            for table in rows
        }
        for table, written in rows.items():
            found[table] = [
                {
                    name: bytes.fromhex(value)
                    if isinstance(columns[table][name], LargeBinary) and value is not None
                    else value
                    for name, value in row.items()
                }
                for row in written
            ]
            names = ", ".join(written[0])
            places = ", ".join(f":{each}" for each in written[0])
            connection.execute(
                text(f"INSERT INTO {table} ({names}) VALUES ({places})"),  # noqa: S608
                found[table],
            )
    return found


def kept(engine: Engine, rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[Any]]:
    """What these columns of these tables hold now, in no order."""
    found = {}
    with reading(engine) as connection:
        for table, written in rows.items():
            names = ", ".join(written[0])
            held = connection.execute(text(f"SELECT {names} FROM {table}"))  # noqa: S608
            found[table] = sorted(map(repr, map(tuple, held)))
    return found


@pytest.mark.parametrize("store", STORES)
def test_no_row_of_the_first_release_is_lost(
    engine: Engine, store: str, tmp_path: Path, server: Server | None
) -> None:
    rows = first_release(engine, store)
    assert {table.name for table in STORES[store].sorted_tables} >= set(rows)
    before = kept(engine, rows)
    assert all(before.values())
    bring_up_to_date(engine, store)
    assert version(engine) == NEWEST[store]
    assert kept(engine, rows) == before
    fresh = open_engine(server.fresh() if server else f"sqlite:///{tmp_path}/fresh.db")
    bring_up_to_date(fresh, store)
    assert shape(engine, STORES[store]) == shape(fresh, STORES[store])
    fresh.dispose()


def test_the_first_release_wrote_rows_in_every_table() -> None:
    for store, tables in (("box", 7), ("registrar", 3)):
        rows = json.loads((RELEASED / f"{store}_0001.rows.json").read_text("utf-8"))["rows"]
        for engine in ("sqlite", "postgresql"):
            made = (RELEASED / f"{store}_0001.{engine}.sql").read_text("utf-8")
            assert made.count("CREATE TABLE") == tables + 1  # and the version
        assert len(rows) == tables
        assert all(rows.values())


def test_the_box_of_the_first_release_is_served(engine: Engine) -> None:
    rows = first_release(engine, "box")
    store = BoxStore(engine, rows["box_head"][0]["election"])
    store.create()
    with store.reading() as transaction:
        head = transaction.head()
        assert (head.size, head.signed_size, head.closed) == (3, 2, False)
        assert transaction.pseudonyms_per_style() == {"centre": 2, "école": 1}
        assert [leaf for leaf, _ in transaction.entries(0, 3)] == [
            row["leaf_hash"] for row in rows["box_entry"]
        ]
        assert [leaf_hash(row["entry"]) for row in rows["box_entry"]] == [
            row["leaf_hash"] for row in rows["box_entry"]
        ]
        assert root(row["leaf_hash"] for row in rows["box_entry"]) == head.root
        assert all(transaction.is_pending(row["leaf_hash"]) for row in rows["box_pending"])
        own = rows["box_fate"][2]
        holding = transaction.holdings([own["pseudonym"]])[own["pseudonym"]]
        assert (holding.style, holding.sequence) == ("centre", 3)
        assert dict(holding.fates) == {own["sealed_hash"]: True}
        assert transaction.witnessed() == (1, rows["box_witnessed"][0]["checkpoint"])


def test_a_box_in_the_tables_of_the_first_release_lives_to_its_end(
    address: str, engine: Engine, tmp_path: Path, server: Server | None
) -> None:
    """Begun by that release, gone on with by this one: its log is opened, grows and is closed."""
    first_tables(engine, "box")
    engine.dispose()
    precinct = Precinct(tmp_path, OWN, server=server, address=address)
    sequencer = precinct.opened()
    receipts = precinct.cast(*PEOPLE[:4])
    sequencer.sequence()
    precinct = precinct.restart()
    sequencer = precinct.sequencer()
    assert precinct.cast(*PEOPLE[:6])[:4] == receipts
    sequencer.sequence()
    precinct.clock.late()
    sequencer.close_log(close_entry(OWN))
    assert sorted(precinct.leaves()[1:-1]) == sorted(map(leaf, PEOPLE[:6]))
    precinct.store.dispose()
    assert version(engine) == NEWEST["box"]


def test_the_registrar_of_the_first_release_is_served(engine: Engine) -> None:
    rows = first_release(engine, "registrar")
    bring_up_to_date(engine, "registrar")
    store = RegistrarStore(engine)
    person, issued = rows["registrar_person"][0], rows["registrar_issuance"][0]
    holder = store.find(person["code"])
    assert holder is not None
    assert holder.blinded_message == issued["blinded_message"]
    assert holder.blind_signature == issued["blind_signature"]
    assert dict(store.roll_counts()) == {"centre": 1, "école": 1}
    assert dict(store.issued_counts())["centre"] == 1


@pytest.mark.parametrize("store", STORES)
def test_a_newer_database_and_anothers_are_refused(engine: Engine, store: str) -> None:
    other = "registrar" if store == "box" else "box"
    bring_up_to_date(engine, store)
    with pytest.raises(StoreInvalid, match=f"not a {other}'s"):
        start(engine, other)
    with writing(engine) as connection:
        connection.execute(
            text(f"UPDATE {VERSION_TABLE} SET version_num = '{store}_9999'")  # noqa: S608
        )
    with pytest.raises(StoreInvalid, match=f"'{store}_9999', which this release does not know"):
        start(engine, store)
    assert version(engine) == f"{store}_9999"


def start(engine: Engine, store: str) -> None:
    """What a process of this store does first."""
    if store == "box":
        BoxStore(engine, bytes(32)).create()
    else:
        RegistrarStore.create(engine, issuer="town", styles=["centre"])


def test_many_processes_start_at_once(address: str) -> None:
    def start(_number: int) -> str:
        engine = open_engine(address)
        try:
            BoxStore(engine, bytes(32)).create()
            return version(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(start, range(6))) == {NEWEST["box"]}
    engine = open_engine(address)
    with pytest.raises(BoxMissing):
        BoxStore(engine, b"\x01" * 32).create()
    engine.dispose()


@pytest.mark.parametrize(
    ("store", "table", "key"),
    [
        ("box", "box_entry", "leaf_hash"),
        ("box", "box_pending", "leaf_hash"),
        ("box", "box_fate", "pseudonym and sealed_hash"),
        ("registrar", "registrar_person", "code"),
    ],
)
def test_a_table_without_its_unique_key_is_refused(
    engine: Engine, store: str, table: str, key: str
) -> None:
    """As after rows were copied back by hand into a table that was made from them."""
    bring_up_to_date(engine, store)
    check_keys(engine, STORES[store])
    with writing(engine) as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO before"))
        connection.execute(text(f"CREATE TABLE {table} AS SELECT * FROM before"))  # noqa: S608
    with pytest.raises(StoreDamaged, match=f"table {table}: its unique key of .*is missing") as why:
        check_keys(engine, STORES[store])
    first = sorted(
        " and ".join(sorted(column.name for column in constraint.columns))
        for constraint in STORES[store].tables[table].constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    )
    assert key in first
    assert f"key of {first[0]} is" in str(why.value)


def test_both_parts_ask_for_their_keys(tmp_path: Path) -> None:
    precinct = Precinct(tmp_path, OWN)
    precinct.opened()
    precinct.alter("ALTER TABLE box_fate RENAME TO before")
    precinct.alter("CREATE TABLE box_fate AS SELECT * FROM before")
    with pytest.raises(StoreDamaged, match="box_fate"):
        precinct.sequencer()
    precinct.store.dispose()
    engine = open_engine(f"sqlite:///{tmp_path}/registrar.db")
    registrar = RegistrarStore.create(engine, issuer="city", styles=["all"])
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE registrar_person RENAME TO before"))
        connection.execute(text("CREATE TABLE registrar_person AS SELECT * FROM before"))
    with pytest.raises(StoreDamaged, match="registrar_person"):
        registrar.check_whole()
    engine.dispose()
