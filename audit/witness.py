"""What a witness is asked and what it answers (C2SP tlog-witness v1.0.0), as pure functions.

A witness cosigns a checkpoint only when it is shown to continue the last one that it cosigned for
the same log, so that a log cannot show two histories to those who ask for the witness. Request::

    old <size of the tree that the witness cosigned last>
    <base64 hash>                    0 to 63 lines: the consistency proof from there
    (an empty line)
    <the signed checkpoint, verbatim>

Durable memory and time are the caller's: what ``judge`` accepts must be remembered, atomically with
the call, before the cosignature is given away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from audit.checkpoint import Checkpoint
from audit.ed25519 import SignatureInvalid
from audit.errors import AuditError
from audit.merkle import EMPTY_ROOT, HASH_SIZE, ProofInvalid, verify_consistency
from audit.note import MOST_BYTES, Note, NoteInvalid, Signature, VerifierKey
from audit.spelling import base64_text, read_base64, read_decimal, shown

MOST_HASHES = 63
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

GRANTED = 200
MALFORMED, NOT_SIGNED, UNKNOWN_LOG, OTHER_SIZE, NOT_CONSISTENT = 400, 403, 404, 409, 422

_MOST_HEAD = 4_000
_OLD = "old "


class RequestInvalid(AuditError):
    """Bytes that are no add-checkpoint request."""


class AnswerInvalid(AuditError):
    """An answer of a witness that cannot be used."""


class CosigningRefused(AuditError):
    """A checkpoint that a witness must not cosign. ``status`` is the HTTP status; ``size`` is set
    for OTHER_SIZE only: the size that the witness cosigned last."""

    def __init__(self, status: int, reason: str, *, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.size = size

    def body(self) -> tuple[str, bytes]:
        """Media type and bytes of the answer."""
        if self.size is not None:
            return SIZE_TYPE, f"{self.size}\n".encode()
        return TEXT_TYPE, f"{self}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request: ``proof`` leads from the tree of ``old`` entries to that of ``note``."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """The request that ``data`` spells. The note itself is not looked into."""
        if len(data) > _MOST_HEAD + MOST_BYTES:
            raise RequestInvalid(f"request: {len(data)} bytes, more than any has")
        head, blank, note = data.partition(b"\n\n")
        if not blank:
            raise RequestInvalid("request: no empty line before the checkpoint")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise RequestInvalid(f"request: not ASCII at byte {error.start}") from None
        if not first.startswith(_OLD):
            raise RequestInvalid(f"request: starts with {shown(first)} instead of 'old <size>'")
        if len(lines) > MOST_HASHES:
            raise RequestInvalid(f"proof: {len(lines)} hashes, more than {MOST_HASHES}")
        proof = tuple(
            read_base64(line, f"proof hash {position}", RequestInvalid)
            for position, line in enumerate(lines)
        )
        for position, each in enumerate(proof):
            if len(each) != HASH_SIZE:
                raise RequestInvalid(f"proof hash {position}: {len(each)} bytes instead of 32")
        old = read_decimal(first.removeprefix(_OLD), "old size", RequestInvalid)
        return cls(old=old, proof=proof, note=note)

    def encode(self) -> bytes:
        """The bytes of the request."""
        lines = [f"{_OLD}{self.old}", *map(base64_text, self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A checkpoint that a witness may cosign, and the log's line under it."""

    checkpoint: Checkpoint
    log_line: Signature


def judge(
    data: bytes, logs: Mapping[str, VerifierKey], cosigned: Mapping[str, Checkpoint]
) -> Accepted:
    """Whether a witness cosigns what the request ``data`` shows.

    ``logs`` maps the origins it knows to their keys, ``cosigned`` those with a checkpoint behind
    them to the last one. The same checkpoint again is accepted, to renew the time of its
    cosignature. Raises CosigningRefused; of several reasons the first in the specification's order.
    """
    try:
        request = AddCheckpoint.parse(data)
        note = Note.parse(request.note)
    except (RequestInvalid, NoteInvalid) as error:
        raise CosigningRefused(MALFORMED, str(error)) from None
    lines = note.text.split("\n")
    origin = lines[0]
    key = logs.get(origin)
    if key is None:
        raise CosigningRefused(UNKNOWN_LOG, f"log {shown(origin)}: not known to this witness")
    log_line = _log_line(note, key)
    try:
        if len(lines) != 4 or lines[3]:
            raise RequestInvalid("checkpoint: not the three lines origin, size and root")
        size = read_decimal(lines[1], "size", RequestInvalid)
        root = read_base64(lines[2], "root", RequestInvalid)
        if len(root) != HASH_SIZE:
            raise RequestInvalid(f"root: {len(root)} bytes instead of 32")
        if request.old > size:
            raise RequestInvalid(f"old size: {request.old} is more than the checkpoint's {size}")
    except RequestInvalid as error:
        raise CosigningRefused(MALFORMED, str(error)) from None
    last = cosigned.get(origin) or Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
    if request.old != last.size:
        raise CosigningRefused(
            OTHER_SIZE, f"old size: this witness cosigned {last.size} entries", size=last.size
        )
    _check_continues(last, size, root, request.proof)
    return Accepted(
        checkpoint=Checkpoint(origin=origin, size=size, root=root),
        log_line=log_line,
    )


def _log_line(note: Note, key: VerifierKey) -> Signature:
    """The line of ``key`` under the note, verified."""
    try:
        line = line_of(key, note.signatures, note.text)
    except AnswerInvalid as error:
        raise CosigningRefused(NOT_SIGNED, f"checkpoint: {error}") from None
    if line is None:
        raise CosigningRefused(NOT_SIGNED, f"checkpoint: not signed by the log {shown(key.name)}")
    return line


def _check_continues(last: Checkpoint, size: int, root: bytes, proof: tuple[bytes, ...]) -> None:
    try:
        if size == 0 and root != EMPTY_ROOT:
            raise ProofInvalid("root: size 0, but not the root of the empty tree")
        if last.size:
            verify_consistency(last.size, size, proof, last.root, root)
        elif proof:
            raise ProofInvalid("proof: nothing to prove about the empty log")
    except ProofInvalid as error:
        raise CosigningRefused(
            NOT_CONSISTENT,
            f"checkpoint: does not continue the {last.size} entries cosigned before ({error})",
        ) from None


def read_size(body: bytes) -> int:
    """The size in the body of an OTHER_SIZE answer. Raises AnswerInvalid."""
    return read_decimal(body.decode("ascii", "replace").removesuffix("\n"), "size", AnswerInvalid)


def read_lines(data: bytes) -> tuple[Signature, ...]:
    """The signature lines of a granted request's answer, or of a whole note. Not verified.

    Raises AnswerInvalid or NoteInvalid.
    """
    if len(data) > MOST_BYTES:
        raise AnswerInvalid(f"{len(data)} bytes, more than any cosignatures have")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise AnswerInvalid(f"not UTF-8 at byte {error.start}") from None
    if "\n\n" in text:
        return Note.parse(data).signatures
    if not text.endswith("\n"):
        raise AnswerInvalid("the last signature line does not end in a line feed")
    return tuple(Signature.parse(line) for line in text[:-1].split("\n"))


def line_of(key: VerifierKey, lines: Iterable[Signature], text: str) -> Signature | None:
    """The first line of ``key``, verified under the checkpoint ``text``; None when there is none.

    Raises AnswerInvalid when it does not verify.
    """
    for line in lines:
        if (line.name, line.key_id) == (key.name, key.key_id):
            try:
                key.verify(text, line.body)
            except SignatureInvalid as error:
                raise AnswerInvalid(f"signature line of {shown(key.name)}: {error}") from None
            return line
    return None


def monitoring_path(origin: str) -> str:
    """Where a witness shows the last checkpoint it cosigned of a log, below its prefix."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"
