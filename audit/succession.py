"""A log in the place of one that was lost: the open entry commits to what the lost one had signed.

When entries that a signed checkpoint covers are nowhere any more, that log must never be signed
again: whatever stood in their place would be another history. The vote begins anew, with rules and
keys of its own, and its officers sign into the first entry which state of which log it succeeds, so
that nobody can take the two for one, or pass over the first in silence.
"""

from dataclasses import dataclass

from audit.checkpoint import Checkpoint, CheckpointInvalid, open_checkpoint
from audit.errors import AuditError
from audit.note import VerifierKey
from audit.shape import members
from tally import canonical

LARGEST_NOTE = 16_384


class SuccessionInvalid(AuditError):
    """What a log says it succeeds is no signed state of another log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """The newest signed ``note`` of a lost log, and the ``key`` that signed it. ``checkpoint`` is
    what it says; its signature holds."""

    key: VerifierKey
    note: str
    checkpoint: Checkpoint

    @classmethod
    def of(cls, note: str, key: VerifierKey) -> "Succession":
        """Raises SuccessionInvalid unless the key signed the note, of a log that had begun."""
        try:
            data = note.encode()
            if len(data) > LARGEST_NOTE:
                raise SuccessionInvalid(f"checkpoint: more than {LARGEST_NOTE} bytes")
            checkpoint = open_checkpoint(data, key.name, key).checkpoint
        except (UnicodeEncodeError, CheckpointInvalid) as error:
            raise SuccessionInvalid(f"checkpoint: {error}") from None
        if checkpoint.size == 0:
            raise SuccessionInvalid("checkpoint: of a log that never began: nothing is succeeded")
        return cls(key=key, note=note, checkpoint=checkpoint)

    @classmethod
    def from_value(cls, value: object) -> "Succession":
        """Of an open entry's ``succeeds``. Raises AuditError that names the field."""
        read = members(value, "open: succeeds", ("checkpoint", "key"), SuccessionInvalid)
        note, key = read["checkpoint"], read["key"]
        if not isinstance(note, str) or not isinstance(key, str):
            raise SuccessionInvalid("open: succeeds: checkpoint and key are texts")
        return cls.of(note, VerifierKey.parse(key))

    def to_value(self) -> dict[str, canonical.Value]:
        """As it stands in the open entry."""
        return {"checkpoint": self.note, "key": str(self.key)}

    def __str__(self) -> str:
        head = self.checkpoint
        return (
            f"the log {head.origin}, which was lost after {head.size} entries of it were signed "
            f"(root {head.root.hex()})"
        )
