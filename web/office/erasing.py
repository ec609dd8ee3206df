"""Erasing what a registrar knows of people, when nobody can appeal any more."""

from dataclasses import dataclass

from ballot.issuer import SECRET
from tally.election import Election
from web.errors import UsageError
from web.office.folder import ElectionFolder
from web.office.parts import registrar_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many people were on the roll, and which files of the folder are gone."""

    people: int
    files: tuple[str, ...]


def erase_registrar(folder: ElectionFolder, issuer: str, election: Election) -> Erased:
    """Erase the roll, the codes, what was signed, and the issuer's private keys.

    Its public file, the signed counts and the publication stay, and verify as before. Again
    changes nothing. Raises RegistrarInvalid while issuing has not stopped, UsageError for no issuer
    of this folder.
    """
    own = folder.issuers / issuer
    if not own.is_dir():
        raise UsageError(f"{own}: no such issuer")
    store = registrar_store(folder, issuer, election)
    try:
        people = store.erase()
    finally:
        store.dispose()
    # The keys last: until they are gone, doing it again finishes what was interrupted.
    secret = own / SECRET
    there = secret.exists()
    secret.unlink(missing_ok=True)
    return Erased(people=people, files=(str(secret.relative_to(folder.root)),) if there else ())
