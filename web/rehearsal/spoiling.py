"""A plaintext that breaks a form's limits, as a faulty or hostile device would seal it."""

from tally.election import Election
from tally.vote import plaintext_length

VERSION = b"\x01"


def spoiled_plaintext(election: Election, style: str) -> bytes:
    """Right length and version, every other bit set: every contest's part is beyond its limits or
    no encoding at all."""
    return VERSION + b"\xff" * (plaintext_length(election, style) - 1)
