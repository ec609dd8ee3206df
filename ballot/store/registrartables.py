"""The tables of the registrar's database, and what is asked of them inside a transaction.

No table holds a time or a running number: what was issued is kept in the order of the persons'
ids (no hidden row number on SQLite).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    func,
    select,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from ballot.letters import CodeUsed
from ballot.registrar import Holder, Issued, RegistrarInvalid, RegistrarState
from ballot.roll import NotOnRoll, Person
from tally import canonical


class _Row(SQLModel, registry=registry()):
    """The base of the registrar's tables: a ``MetaData`` of their own."""


class StateRow(_Row, table=True):
    """The one row about the whole: ``number`` is always 1."""

    __tablename__ = "registrar_state"

    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    issuer: str
    styles: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    election: bytes | None = Field(sa_column=Column(LargeBinary(32), nullable=True))
    issued_counts: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    issued_signature: bytes | None = Field(sa_column=Column(LargeBinary(64), nullable=True))


class PersonRow(_Row, table=True):
    """Somebody on the roll; ``address`` has one line a line; ``code`` is the digest."""

    __tablename__ = "registrar_person"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    style: str = Field(sa_column=Column(String(64), nullable=False))
    name: str
    address: str
    language: str
    code: bytes | None = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=True))


class IssuanceRow(_Row, table=True):
    """What was signed for a person: one row at most, by the primary key."""

    __tablename__ = "registrar_issuance"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    person: str = Field(
        sa_column=Column(String(64), ForeignKey("registrar_person.id"), primary_key=True)
    )
    blinded_message: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    blind_signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


def _table(row: type[_Row]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


STATE, PERSON, ISSUANCE = _table(StateRow), _table(PersonRow), _table(IssuanceRow)
METADATA = _Row.metadata
_JOINED = PERSON.outerjoin(ISSUANCE, ISSUANCE.c.person == PERSON.c.id)


def read_state(
    connection: Connection, *, lock: bool = False, share: bool = False
) -> RegistrarState:
    """The one row about the whole; ``lock`` it, or lock it against a ``lock`` only (``share``)."""
    wanted = select(STATE)
    if lock or share:
        wanted = wanted.with_for_update(read=share)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise RegistrarInvalid("the database holds no registrar: create it, or correct the address")
    styles = canonical.parse(row.styles)
    issued = None
    if row.issued_signature is not None:
        issued = Issued(
            issuer=row.issuer,
            counts=canonical.parse(row.issued_counts),  # type: ignore[arg-type]
            signature=row.issued_signature,
        )
    return RegistrarState(
        issuer=row.issuer,
        styles=tuple(styles),  # type: ignore[arg-type]
        election=row.election,
        issued=issued,
    )


def people_per_style(connection: Connection, styles: Sequence[str]) -> dict[str, int]:
    """Persons for every style."""
    rows = connection.execute(
        select(PERSON.c.style, func.count().label("people")).group_by(PERSON.c.style)
    )
    return dict.fromkeys(styles, 0) | {row.style: row.people for row in rows}


def issued_per_style(connection: Connection, styles: Sequence[str]) -> dict[str, int]:
    """Credentials issued for every style."""
    rows = connection.execute(
        select(PERSON.c.style, func.count().label("people"))
        .join(ISSUANCE, ISSUANCE.c.person == PERSON.c.id)
        .group_by(PERSON.c.style)
    )
    return dict.fromkeys(styles, 0) | {row.style: row.people for row in rows}


def everybody(connection: Connection) -> Iterator[tuple[str, str]]:
    """(id, style) of everybody on the roll."""
    for row in connection.execute(select(PERSON.c.id, PERSON.c.style)):
        yield row.id, row.style


def has_codes(connection: Connection) -> bool:
    """Whether anybody has a code."""
    with_code = select(PERSON.c.id).where(PERSON.c.code.is_not(None)).limit(1)
    return connection.execute(with_code).first() is not None


def require_unused(connection: Connection, person: str) -> None:
    """Raise unless ``person`` is on the roll and has not been issued a credential; locks them."""
    locked = select(PERSON.c.id).where(PERSON.c.id == person).with_for_update()
    if connection.execute(locked).one_or_none() is None:
        raise NotOnRoll(person)
    issued = select(ISSUANCE.c.person).where(ISSUANCE.c.person == person)
    if connection.execute(issued).one_or_none() is not None:
        raise CodeUsed(
            f"{person}: has used their code already; a new code would not give another vote"
        )


def lock_holder(connection: Connection, digest: bytes) -> None:
    """Lock the person who holds this code. A statement of its own: PostgreSQL waits for the lock
    here, and what is read afterwards then shows what the earlier holder of it has written."""
    connection.execute(select(PERSON.c.id).where(PERSON.c.code == digest).with_for_update())


def find_holder(connection: Connection, digest: bytes) -> Holder | None:
    """Who holds the code with this digest, and what was signed for them: one indexed look-up."""
    row = connection.execute(
        select(
            PERSON.c.id,
            PERSON.c.style,
            ISSUANCE.c.blinded_message,
            ISSUANCE.c.blind_signature,
        )
        .select_from(_JOINED)
        .where(PERSON.c.code == digest)
    ).one_or_none()
    if row is None:
        return None
    return Holder(
        person=row.id,
        style=row.style,
        blinded_message=row.blinded_message,
        blind_signature=row.blind_signature,
    )


def person_of(row: Row[Any]) -> Person:
    """The person in a row of the roll."""
    return Person(
        id=row.id,
        style=row.style,
        name=row.name,
        address=tuple(row.address.split("\n")) if row.address else (),
        language=row.language,
    )
