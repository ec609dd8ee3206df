"""Project ids of .pb files as our identifiers, and back.

A file's id that fits ours (docs/formats.md section 1) stays as it is. Any other becomes ``u+`` and
its characters, where each that does not fit, and each ``+``, is written ``+`` its code point in
hexadecimal ``+``: ``P 12`` is ``u+P+20+12``. Ids that begin with ``u+`` are always written so:
no two ids meet.
"""

import re
from typing import Final

from tally.text import PROJECT_ID_LENGTH, is_project_id

PREFIX: Final = "u+"
_ESCAPE: Final = re.compile(r"\+([0-9a-f]{1,6})\+", re.ASCII)


def our_id(text: str) -> str | None:
    """Our id for a file's; None when it would be longer than ids may be, or is empty."""
    if is_project_id(text) and not text.startswith(PREFIX):
        return text
    mapped = PREFIX + "".join(
        letter if letter != "+" and is_project_id(letter) else f"+{ord(letter):x}+"
        for letter in text
    )
    return mapped if text and len(mapped) <= PROJECT_ID_LENGTH else None


def file_id(text: str) -> str:
    """The file's id for ours; an id that ``our_id`` does not make stays as it is."""
    if not text.startswith(PREFIX):
        return text
    try:
        original = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text.removeprefix(PREFIX))
    except ValueError:
        return text
    return original if our_id(original) == text else text
