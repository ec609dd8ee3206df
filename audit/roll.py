"""One person's proof of standing on the roll that a manifest commits to.

The roll's tree is the RFC 6962 tree whose entries are ``labelled("roll", salt, id, style)`` for
every person, in the order of their leaf hashes; ``manifest.roll.root`` is its root and the sum of
``manifest.roll.counts`` its size. The salt hides the other persons, whose neighbouring hashes
stand in the proof.
"""

from dataclasses import dataclass

from audit.errors import AuditError
from audit.label import labelled
from audit.merkle import ProofInvalid, leaf_hash, verify_inclusion

SALT_SIZE = 32


class RollStatementInvalid(AuditError):
    """A roll statement that does not show what it claims."""


def roll_leaf(salt: bytes, person: str, style: str) -> bytes:
    """The leaf hash of a person on the roll."""
    return leaf_hash(labelled("roll", salt, person.encode(), style.encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RollStatement:
    """That ``person`` stands on the roll with ``style``: handed to this person alone.

    ``salt`` is 32 bytes, ``index`` of ``size`` the place in the tree, ``path`` the inclusion
    proof (32 bytes each).
    """

    person: str
    style: str
    salt: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


def verify_roll_statement(statement: RollStatement, *, root: bytes, size: int) -> None:
    """Raise RollStatementInvalid unless ``statement`` holds for the roll with this root and size,
    both from the manifest."""
    if len(statement.salt) != SALT_SIZE:
        raise RollStatementInvalid(f"salt: {len(statement.salt)} bytes instead of {SALT_SIZE}")
    if statement.size != size:
        raise RollStatementInvalid(
            f"size: {statement.size}, but the manifest's roll counts {size} persons"
        )
    leaf = roll_leaf(statement.salt, statement.person, statement.style)
    try:
        verify_inclusion(statement.index, size, leaf, statement.path, root)
    except ProofInvalid as error:
        raise RollStatementInvalid(f"roll statement: {error}") from None
