"""Databases of every version are brought to the newest, and keep what is in them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, inspect, text

import ballot.store.schema
from ballot.store.box import BoxMissing, BoxStore
from ballot.store.boxtables import Row
from ballot.store.engine import StoreInvalid, create_tables, open_engine, reading, writing
from ballot.store.registrar import RegistrarStore
from ballot.store.registrartables import METADATA
from ballot.store.schema import NEWEST, VERSION_TABLE, bring_up_to_date
from tests.postgres import Server

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


def test_what_the_first_release_stored_is_there_after_the_upgrade(engine: Engine) -> None:
    create_tables(engine, Row.metadata)
    zeros = "zeroblob(32)" if engine.dialect.name == "sqlite" else "decode(repeat('00', 32), 'hex')"
    false = "0" if engine.dialect.name == "sqlite" else "false"
    with writing(engine) as connection:
        connection.execute(
            text(f"INSERT INTO box_head VALUES ({zeros}, 7, {zeros}, {false}, 5, {zeros})")  # noqa: S608
        )
        connection.execute(
            text(f"INSERT INTO box_pseudonym VALUES ({zeros}, 'centre', 3)")  # noqa: S608
        )
    store = BoxStore(engine, bytes(32))
    store.create()
    with store.reading() as transaction:
        head = transaction.head()
        assert (head.size, head.signed_size, head.closed) == (7, 5, False)
        assert transaction.pseudonyms_per_style() == {"centre": 1}


def test_a_newer_database_and_anothers_are_refused(engine: Engine) -> None:
    bring_up_to_date(engine, "box")
    with pytest.raises(StoreInvalid, match="not a registrar's"):
        RegistrarStore.create(engine, issuer="town", styles=["centre"])
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'box_9999'"))  # noqa: S608
    with pytest.raises(StoreInvalid, match="'box_9999', which this release does not know"):
        BoxStore(engine, bytes(32)).create()
    assert version(engine) == "box_9999"


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
