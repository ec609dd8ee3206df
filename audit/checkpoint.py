"""Checkpoints: a log's signed statement of its size and root (C2SP tlog-checkpoint v1.0.0), and
witnesses' cosignatures under it (C2SP tlog-cosignature v1.0.1).

The text has exactly three lines: origin, size in decimal, root in base64. Extension lines are
refused: nobody outside could audit them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from audit.ed25519 import SignatureInvalid
from audit.errors import AuditError
from audit.merkle import EMPTY_ROOT, HASH_SIZE
from audit.note import (
    COSIGNATURE,
    ED25519,
    TIME_SIZE,
    NoteInvalid,
    Signature,
    Signer,
    VerifierKey,
    check_name,
    cosigned_message,
    open_note,
    sign_note,
)
from audit.spelling import LARGEST, base64_text, read_base64, read_decimal, shown


class CheckpointInvalid(AuditError):
    """A checkpoint text, or a signed checkpoint, that cannot be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log: ``origin`` names it, ``size`` counts entries, ``root`` has 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        # The origin is also the log's key name, so it obeys both formats.
        try:
            check_name(self.origin, "origin")
        except NoteInvalid as error:
            raise CheckpointInvalid(str(error)) from None
        if "://" in self.origin or self.origin.endswith("/"):
            raise CheckpointInvalid(f"origin: {shown(self.origin)} has a scheme or ends in a slash")
        if not 0 <= self.size <= LARGEST:
            raise CheckpointInvalid(f"size: {self.size} is outside 0..2^63-1")
        if len(self.root) != HASH_SIZE:
            raise CheckpointInvalid(f"root: {len(self.root)} bytes instead of 32")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointInvalid("root: size 0, but not the root of the empty tree")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint that ``text`` (with its last line feed) spells."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointInvalid(
                f"checkpoint: not the three lines origin, size and root ({shown(text)})"
            )
        return cls(
            origin=lines[0],
            size=read_decimal(lines[1], "size", CheckpointInvalid),
            root=read_base64(lines[2], "root", CheckpointInvalid),
        )

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A witness saw a checkpoint as the largest consistent one at ``timestamp`` (POSIX seconds)."""

    witness: VerifierKey
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint whose log signature verified, and the known witnesses' cosignatures."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a note signed by its log. The signer's key name is the origin."""
    if signer.name != checkpoint.origin:
        raise CheckpointInvalid(
            f"signer: named {shown(signer.name)}, but the origin is {shown(checkpoint.origin)}"
        )
    return sign_note(checkpoint.text(), [signer])


def cosign(
    checkpoint: Checkpoint, *, key: VerifierKey, sign: Callable[[bytes], bytes], timestamp: int
) -> Signature:
    """The signature line of a witness. ``sign`` gives the 64-byte Ed25519 signature of ``key``
    over a message; the result is verified before it is returned.

    The caller has checked that the checkpoint is consistent with all it cosigned before.
    """
    if key.kind != COSIGNATURE:
        raise CheckpointInvalid(f"witness key {shown(key.name)}: not of type 0x04")
    if not 0 <= timestamp <= LARGEST:
        raise CheckpointInvalid(f"time: {timestamp} is outside 0..2^63-1")
    text = checkpoint.text()
    body = timestamp.to_bytes(TIME_SIZE) + sign(cosigned_message(text, timestamp))
    try:
        key.verify(text, body)
    except SignatureInvalid as error:
        raise CheckpointInvalid(f"witness key {shown(key.name)}: {error}") from None
    return Signature(name=key.name, key_id=key.key_id, body=body)


def open_checkpoint(
    data: bytes, origin: str, log_key: VerifierKey, witnesses: Iterable[VerifierKey] = ()
) -> SignedCheckpoint:
    """Read a signed checkpoint and verify the log's signature and all known witnesses'.

    Raises CheckpointInvalid when the keys do not fit together, the log's signature is missing, or
    the origin is another; NoteInvalid when the note is malformed or a known key's signature bad.
    """
    witnesses = tuple(witnesses)
    if log_key.kind != ED25519:
        raise CheckpointInvalid(f"log key {shown(log_key.name)}: not of type 0x01")
    if log_key.name != origin:
        raise CheckpointInvalid(
            f"log key: named {shown(log_key.name)}, but the origin is {shown(origin)}"
        )
    for witness in witnesses:
        if witness.kind != COSIGNATURE:
            raise CheckpointInvalid(f"witness key {shown(witness.name)}: not of type 0x04")
    if len({key.public for key in (log_key, *witnesses)}) != 1 + len(witnesses):
        raise CheckpointInvalid("keys: one public key serves two of the log and its witnesses")
    opened = open_note(data, (log_key, *witnesses))
    if all(verified.key != log_key for verified in opened.verified):
        raise CheckpointInvalid(f"checkpoint: no signature of the log {shown(origin)}")
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != origin:
        raise CheckpointInvalid(f"origin: {shown(checkpoint.origin)} instead of {shown(origin)}")
    return SignedCheckpoint(
        checkpoint=checkpoint,
        cosignatures=tuple(
            Cosignature(witness=verified.key, timestamp=verified.timestamp)
            for verified in opened.verified
            if verified.timestamp is not None
        ),
    )
