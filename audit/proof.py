"""Proof files (C2SP tlog-proof): that one entry stands in a log, to be checked offline.

c2sp.org/tlog-proof@v1
[extra <base64>]                 not authenticated
index <decimal>
<base64 hash>                    0 to 63 lines, the leaf's sibling first
(an empty line)
<the signed checkpoint, verbatim>
"""

from dataclasses import dataclass

from audit.checkpoint import SignedCheckpoint, open_checkpoint
from audit.errors import AuditError
from audit.merkle import HASH_SIZE, NodeReader, inclusion_path, leaf_hash, verify_inclusion
from audit.note import MOST_BYTES, Note, VerifierKey
from audit.policy import Policy
from audit.spelling import LARGEST, base64_text, read_base64, read_decimal, shown

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63
MOST_EXTRA = 65_535

_MOST_HEAD = 100_000


class ProofFileInvalid(AuditError):
    """A proof file that breaks the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """``note`` is the signed checkpoint, ``path`` the inclusion proof of entry ``index`` in it.
    ``extra`` belongs to the application and is not authenticated; empty means none."""

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= LARGEST:
            raise ProofFileInvalid(f"index: {self.index} is outside 0..2^63-1")
        if len(self.path) > MOST_HASHES:
            raise ProofFileInvalid(f"path: {len(self.path)} hashes, more than {MOST_HASHES}")
        for position, value in enumerate(self.path):
            if len(value) != HASH_SIZE:
                raise ProofFileInvalid(f"path hash {position}: {len(value)} bytes instead of 32")
        if len(self.extra) > MOST_EXTRA:
            raise ProofFileInvalid(f"extra: {len(self.extra)} bytes, more than {MOST_EXTRA}")
        Note.parse(self.note)

    @classmethod
    def build(
        cls, *, index: int, size: int, node: NodeReader, note: bytes, extra: bytes = b""
    ) -> "ProofFile":
        """The proof for entry ``index`` under ``note``, the signed checkpoint of ``size``."""
        return cls(index=index, path=inclusion_path(index, size, node), note=note, extra=extra)

    @classmethod
    def parse(cls, data: bytes) -> "ProofFile":
        """The proof that ``data`` spells; every byte of it has a place, or it is refused."""
        if len(data) > _MOST_HEAD + MOST_BYTES:
            raise ProofFileInvalid(f"proof: {len(data)} bytes, more than any proof has")
        head, blank, note = data.partition(b"\n\n")
        if not blank:
            raise ProofFileInvalid("proof: no empty line before the checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise ProofFileInvalid(f"proof: not ASCII at byte {error.start}") from None
        header, *lines = lines
        if header != HEADER:
            raise ProofFileInvalid(f"proof: starts with {shown(header)} instead of {HEADER}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = read_base64(lines.pop(0).removeprefix("extra "), "extra", ProofFileInvalid)
            if not extra:
                raise ProofFileInvalid("extra: empty; leave the line out")
        if not lines or not lines[0].startswith("index "):
            raise ProofFileInvalid("proof: no index line")
        return cls(
            index=read_decimal(lines[0].removeprefix("index "), "index", ProofFileInvalid),
            path=tuple(
                read_base64(line, f"path hash {position}", ProofFileInvalid)
                for position, line in enumerate(lines[1:])
            ),
            note=note,
            extra=extra,
        )

    def encode(self) -> bytes:
        """The bytes of the file, suffix ``.tlog-proof``."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64_text(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(base64_text, self.path)
        return "\n".join(lines).encode() + b"\n\n" + self.note

    def verify(
        self, *, entry: bytes, origin: str, log_key: VerifierKey, policy: Policy | None
    ) -> SignedCheckpoint:
        """Raise unless ``entry`` stands at ``index`` in a checkpoint that ``log_key`` signed for
        ``origin`` and that enough witnesses cosigned. Without a policy no witness is asked for.

        Raises NoteInvalid, CheckpointInvalid, QuorumMissing or ProofInvalid.
        """
        if policy is None:
            opened = open_checkpoint(self.note, origin, log_key)
        else:
            opened = policy.open_checkpoint(self.note, origin, log_key)
        checkpoint = opened.checkpoint
        verify_inclusion(self.index, checkpoint.size, leaf_hash(entry), self.path, checkpoint.root)
        return opened
