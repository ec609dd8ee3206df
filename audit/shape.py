"""Reading JSON objects strictly: exactly the fields expected, each of its kind.

Every refusal names the place (``box.batch_seconds``, ``issued[0].counts``) and what should stand
there. ``refuse`` is the exception that the caller's format raises.
"""

from collections.abc import Mapping, Sequence

from audit.errors import AuditError
from tally.canonical import LARGEST_INTEGER

MOST_CHARACTERS = 4_000


def members(
    value: object, where: str, names: Sequence[str], refuse: type[AuditError]
) -> Mapping[str, object]:
    """The members of an object that has exactly the fields ``names``."""
    if not isinstance(value, Mapping):
        raise refuse(f"{where}: not an object")
    for name in names:
        if name not in value:
            raise refuse(f"{where}: the field {name!r} is missing")
    for name in value:
        if name not in names:
            raise refuse(f"{where}: unknown field {name!r}")
    return value


def mapping(value: object, where: str, refuse: type[AuditError]) -> Mapping[str, object]:
    """The members of an object whose keys are free."""
    if not isinstance(value, Mapping):
        raise refuse(f"{where}: not an object")
    return value


def items(value: object, where: str, refuse: type[AuditError], *, most: int) -> Sequence[object]:
    """The items of a list of at most ``most``."""
    if not isinstance(value, list | tuple):
        raise refuse(f"{where}: not a list")
    if len(value) > most:
        raise refuse(f"{where}: {len(value)} items, more than {most}")
    return value


def words(value: object, where: str, refuse: type[AuditError], *, empty: bool = False) -> str:
    """A text of 1 (0 where ``empty``) to 4,000 characters, on one line, without control
    characters: a person's name, say."""
    if not isinstance(value, str):
        raise refuse(f"{where}: not a text")
    if not value.strip() and not (empty and not value):
        raise refuse(f"{where}: empty")
    if len(value) > MOST_CHARACTERS:
        raise refuse(f"{where}: {len(value)} characters, more than {MOST_CHARACTERS}")
    if any(character < " " or "\x7f" <= character < "\xa0" for character in value):
        raise refuse(f"{where}: a control character")
    return value


def integer(
    value: object,
    where: str,
    refuse: type[AuditError],
    *,
    least: int = 0,
    most: int = LARGEST_INTEGER,
) -> int:
    """An integer ``least``..``most``; a flag is not an integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise refuse(f"{where}: not an integer")
    if not least <= value <= most:
        raise refuse(f"{where}: {value} is outside {least}..{most}")
    return value
