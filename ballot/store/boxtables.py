"""The tables of the ballot box's database; what they may hold is said in ``ballot.store.box``."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_Position = BigInteger().with_variant(Integer, "sqlite")


class Row(SQLModel, registry=registry()):
    """The base of the box's tables: a ``MetaData`` of their own."""


class HeadRow(Row, table=True):
    """One row an election: the log's committed head, and the newest checkpoint signed for it.

    The checkpoint is signed after the head is committed, so ``signed_size`` may stand behind.
    """

    __tablename__ = "box_head"

    election: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    closed: bool
    signed_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    checkpoint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class WitnessedRow(Row, table=True):
    """The newest checkpoint that enough witnesses cosigned, if there is one: the head's own may be
    too young for that."""

    __tablename__ = "box_witnessed"

    election: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    checkpoint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PendingRow(Row, table=True):
    """A ballot that was acknowledged and waits for its batch."""

    __tablename__ = "box_pending"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    leaf_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class EntryRow(Row, table=True):
    """An entry of the log, and the sealed bytes that belong to it if it is a ballot."""

    __tablename__ = "box_entry"

    position: int = Field(sa_column=Column(_Position, primary_key=True, autoincrement=False))
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


class TileRow(Row, table=True):
    """The hashes of one tile, as wide as the committed log makes it."""

    __tablename__ = "box_tile"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    level: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PseudonymRow(Row, table=True):
    """A pseudonym that cast: its style and the highest sequence accepted."""

    __tablename__ = "box_pseudonym"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    pseudonym: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    style: str
    sequence: int


class FateRow(Row, table=True):
    """What a pseudonym did with a sealed ballot: cast it, or tested it, never both."""

    __tablename__ = "box_fate"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    pseudonym: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    sealed_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    tested: bool


def _table(row: type[Row]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


HEAD, PENDING, ENTRY = _table(HeadRow), _table(PendingRow), _table(EntryRow)
TILE, PSEUDONYM, FATE = _table(TileRow), _table(PseudonymRow), _table(FateRow)
WITNESSED = _table(WitnessedRow)
METADATA = Row.metadata
