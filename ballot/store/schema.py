"""The versions of the databases' schemas, and how one is brought to the newest (Alembic).

Each store has a history of its own, ``migrations/<store>/``. A version is never changed once it
was released: what a city's database holds is brought forward by a further one.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    UniqueConstraint,
    inspect,
    text,
)

from ballot.store.engine import StoreDamaged, StoreInvalid, lock_name, reading, writing

VERSION_TABLE: Final = "scrutin_schema"
NEWEST: Final[Mapping[str, str]] = MappingProxyType(
    {"box": "box_0001", "registrar": "registrar_0001"}
)
_FIRST_TABLE: Final = {"box": "box_head", "registrar": "registrar_state"}
_FOLDER: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine, store: str) -> None:
    """Make the tables of ``store`` ("box" or "registrar"), or bring them to the newest version.

    One transaction: whoever starts at the same time waits, and what fails leaves the old version.
    Raises StoreInvalid for a database of a newer release, or of another store.
    """
    with reading(engine) as connection:
        if _version(connection) == NEWEST[store]:
            return
    with writing(engine) as connection:
        lock_name(connection, f"schema of {store}")
        found = _version(connection)
        if found == NEWEST[store]:
            return
        _migrate(connection, store, found)


def check_keys(engine: Engine, metadata: MetaData) -> None:
    """Raise StoreDamaged unless every table of ``metadata`` has its primary and unique keys.

    Decisions are made under locks; the keys are what remains if ever two were made at once. One log
    went on for months without its own (Oak 2022: an index was dropped by hand and never came back).
    """
    with reading(engine) as connection:
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            wanted = {
                frozenset(column.name for column in constraint.columns)
                for constraint in table.constraints
                if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
            }
            found = {frozenset(inspector.get_pk_constraint(table.name)["constrained_columns"])}
            found |= {
                frozenset(each["column_names"])
                for each in inspector.get_unique_constraints(table.name)
            }
            for missing in sorted(map(sorted, wanted - found)):
                raise StoreDamaged(
                    f"table {table.name}: its unique key of {' and '.join(missing)} is missing"
                )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(
        text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    ).scalar_one_or_none()
    return None if found is None else str(found)


def _migrate(connection: Connection, store: str, found: str | None) -> None:
    # Needed once in a database's life, and slow to import.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / store).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    if found is not None:
        known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
        if found not in known:
            raise StoreInvalid(
                f"the database is of version {found!r}, which this release does not know: it is "
                f"a newer one's, or not a {store}'s. Use the release that made it, or another "
                "database"
            )
    elif inspect(connection).has_table(_FIRST_TABLE[store]):
        # Made before versions were kept: that was the first.
        command.stamp(config, f"{store}_0001")
    command.upgrade(config, NEWEST[store])
