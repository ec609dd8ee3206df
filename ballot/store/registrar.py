"""The registrar's database: the roll, who holds which code, and what was signed for whom.

It is separate from the box's. Whoever can read it knows who asked for a credential, and neither
when nor how they voted, since the messages in it are blinded; codes stand in it only as keyed
hashes. Whoever can edit it can refuse people or let absentees in, which is what a registrar alone
can do anyway (docs/threat-model.md).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from ballot.letters import CodesExist
from ballot.registrar import Holder, IssuanceStopped, Issued, RegistrarInvalid, RegistrarState
from ballot.roll import AlreadyOnRoll, Person, Progress, RollFrozen
from ballot.store.engine import StoreBusy, check_whole, lock_name, reading, writing
from ballot.store.erasure import overwrite, rewrite
from ballot.store.registrartables import (
    ISSUANCE,
    METADATA,
    PERSON,
    STATE,
    everybody,
    find_holder,
    has_codes,
    issued_per_style,
    lock_holder,
    people_per_style,
    person_of,
    read_state,
    require_unused,
)
from ballot.store.schema import bring_up_to_date, check_keys
from tally import canonical

CHUNK = 5_000


class RegistrarStore:
    """One issuer's database, for one election. Safe to share between threads.

    Implements the protocols RollStore, CodeStore and IssuanceStore.
    """

    def __init__(self, engine: Engine) -> None:
        """Open a database that ``create`` made. Raises RegistrarInvalid when it is none."""
        self._engine = engine
        bring_up_to_date(engine, "registrar")
        self.state()

    @classmethod
    def create(cls, engine: Engine, *, issuer: str, styles: Sequence[str]) -> "RegistrarStore":
        """Begin the database of ``issuer``; ``styles`` are all of the election's, in its order,
        which the codes rely on. Again with the same changes nothing."""
        bring_up_to_date(engine, "registrar")
        with writing(engine) as connection:
            lock_name(connection, "registrar")  # others may start at the same moment
            if connection.execute(select(STATE.c.number)).first() is None:
                connection.execute(
                    insert(STATE).values(
                        number=1, issuer=issuer, styles=canonical.encode(list(styles))
                    )
                )
        store = cls(engine)
        state = store.state()
        if (state.issuer, state.styles) != (issuer, tuple(styles)):
            raise RegistrarInvalid(
                f"the database belongs to issuer {state.issuer!r} with the styles "
                f"{', '.join(state.styles)}; use a new database for anything else"
            )
        return store

    def check_whole(self) -> None:
        """Raise StoreDamaged unless the database's file agrees with itself and has its keys."""
        check_whole(self._engine)
        check_keys(self._engine, METADATA)

    def state(self) -> RegistrarState:
        """What the database is for."""
        with reading(self._engine) as connection:
            return read_state(connection)

    # -- the roll -------------------------------------------------------------------------------

    def add_people(self, people: Sequence[Person], *, replace: bool, progress: Progress) -> None:
        """See RollStore."""
        with writing(self._engine) as connection:
            state = read_state(connection, lock=True)
            if state.election is not None:
                raise RollFrozen("the roll is frozen: the manifest commits to it")
            strange = {person.style for person in people}.difference(state.styles)
            if strange:
                raise RegistrarInvalid(f"style {min(strange)!r} is none of this database")
            if replace:
                if has_codes(connection):
                    raise RollFrozen(
                        "codes were made for the stored roll: it cannot be replaced any more; "
                        "add people with a further file"
                    )
                connection.execute(delete(PERSON))
            known = frozenset(connection.execute(select(PERSON.c.id)).scalars())
            twice = known.intersection(person.id for person in people)
            if twice:
                raise AlreadyOnRoll(twice)
            for first in range(0, len(people), CHUNK):
                batch = [
                    {
                        "id": person.id,
                        "style": person.style,
                        "name": person.name,
                        "address": "\n".join(person.address),
                        "language": person.language,
                    }
                    for person in people[first : first + CHUNK]
                ]
                connection.execute(insert(PERSON), batch)
                progress("store", first + len(batch), len(people))

    def roll_counts(self) -> Mapping[str, int]:
        """See RollStore."""
        with reading(self._engine) as connection:
            return people_per_style(connection, read_state(connection).styles)

    def styles_by_person(self) -> Iterator[tuple[str, str]]:
        """See RollStore."""
        with reading(self._engine) as connection:
            yield from everybody(connection)

    def freeze(
        self,
        election: bytes,
        check: Callable[[Mapping[str, int], Iterator[tuple[str, str]]], None],
    ) -> None:
        """See RollStore."""
        with writing(self._engine) as connection:
            state = read_state(connection, lock=True)
            if state.election not in (None, election):
                raise RollFrozen("the roll is frozen for another election")
            check(people_per_style(connection, state.styles), everybody(connection))
            connection.execute(update(STATE).values(election=election))

    # -- codes ----------------------------------------------------------------------------------

    def assign_codes(
        self, make: Callable[[Sequence[Person]], Mapping[str, bytes]], *, replace: str | None
    ) -> None:
        """See CodeStore."""
        with writing(self._engine) as connection:
            if read_state(connection, lock=True).issued is not None:
                raise IssuanceStopped
            if replace is None:
                wanted = select(PERSON).where(PERSON.c.code.is_(None))
            else:
                require_unused(connection, replace)
                wanted = select(PERSON).where(PERSON.c.id == replace)
            people = [person_of(row) for row in connection.execute(wanted.order_by(PERSON.c.id))]
            if not people:
                raise CodesExist(
                    "everybody on the roll has a code: replace a lost one by the person's id"
                    if has_codes(connection)
                    else "there is nobody on the roll: import it first"
                )
            digests = make(people)
            connection.execute(
                update(PERSON)
                .where(PERSON.c.id == bindparam("person"))
                .values(code=bindparam("digest")),
                [{"person": person.id, "digest": digests[person.id]} for person in people],
            )

    # -- issuing --------------------------------------------------------------------------------

    def find(self, digest: bytes) -> Holder | None:
        """See IssuanceStore."""
        with reading(self._engine) as connection:
            return find_holder(connection, digest)

    def record(
        self, digest: bytes, *, style: str, blinded_message: bytes, blind_signature: bytes
    ) -> Holder | None:
        """See IssuanceStore."""
        with writing(self._engine) as connection:
            # Shared between issuers of credentials, exclusive of the stop.
            if read_state(connection, share=True).issued is not None:
                raise IssuanceStopped
            lock_holder(connection, digest)
            found = find_holder(connection, digest)
            if found is None or found.style != style or found.blinded_message is not None:
                return found
            connection.execute(
                insert(ISSUANCE).values(
                    person=found.person,
                    blinded_message=blinded_message,
                    blind_signature=blind_signature,
                )
            )
            return find_holder(connection, digest)

    def issued_counts(self) -> Mapping[str, int]:
        """See IssuanceStore."""
        with reading(self._engine) as connection:
            return issued_per_style(connection, read_state(connection).styles)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def erase(self) -> int:
        """Erase the roll, the codes and what was signed, for good; gives how many people it was.

        The state stays: issuer, election and signed counts, which are public. Again changes
        nothing. Raises RegistrarInvalid while issuing has not stopped: the close needs the counts.
        """
        with reading(self._engine) as connection:
            state = read_state(connection)
            if state.issued is None:
                raise RegistrarInvalid(
                    "issuing has not stopped: run scrutin registrar stop and close the vote first"
                )
            people = sum(people_per_style(connection, state.styles).values())
        overwrite(self._engine, (ISSUANCE, PERSON))
        return people

    def stop(self, sign: Callable[[Mapping[str, int]], bytes]) -> Issued:
        """See IssuanceStore."""
        with writing(self._engine) as connection:
            state = read_state(connection, lock=True)
            if state.issued is not None:
                return state.issued
            counts = issued_per_style(connection, state.styles)
            issued = Issued(issuer=state.issuer, counts=counts, signature=sign(counts))
            connection.execute(
                update(STATE).values(
                    issued_counts=canonical.encode(dict(counts)), issued_signature=issued.signature
                )
            )
        if self._engine.dialect.name == "postgresql":
            # Best effort: who came when stands in no column, but in the rows' places.
            with suppress(StoreBusy):
                rewrite(self._engine, PERSON, ISSUANCE)
        return issued
