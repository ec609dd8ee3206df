"""The log's signing key, and the signer's own memory of what it signed last.

The signer is its own first witness: before a checkpoint leaves it, it has noted the size and root
in a file of its own, and it signs only what is shown to continue that. A database that was set
back to an old copy can therefore not make it sign a second history. ``LogSigner`` is what the
sequencer asks; this module's ``FileSigner`` runs in the same process, and one that asks a separate
process over a socket can stand in its place.

State file: canonical JSON ``{"type":"signer-state","version":1,"origin","size","root"}``, next to
nothing else: keep it on another disk than the database, and never restore both from the same copy.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.merkle import EMPTY_ROOT, ProofInvalid, verify_consistency
from audit.note import Ed25519Signer, VerifierKey
from ballot.durable import replace_file
from ballot.errors import BallotError
from tally import canonical

_LIMIT = 10_000


class SigningRefused(BallotError):
    """A head that does not continue what was signed last; nothing was signed."""


class SignerStateInvalid(BallotError):
    """The signer's file cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The largest head that was ever signed; size 0 before the first."""

    size: int
    root: bytes


class LogSigner(Protocol):
    """Whoever holds the log key."""

    @property
    def key(self) -> VerifierKey:
        """The public key; its name is the log's origin."""

    def last(self) -> Mark:
        """The largest head signed so far."""

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
        """The signed checkpoint of this head.

        ``proof`` is the consistency proof from ``last()``; empty when that is the same head or
        the empty log. The same head again gives the same bytes. Raises SigningRefused.
        """


class FileSigner:
    """A LogSigner in this process.

    The state file is read anew, under a lock, for every signature: several processes of one host
    may sign, and none of them can sign past another.
    """

    def __init__(self, path: Path, origin: str, private: Ed25519PrivateKey) -> None:
        """``path`` is the state file made by ``create``. Raises SignerStateInvalid."""
        self._path = path
        self._signer = Ed25519Signer(name=origin, private=private)
        self._key = self._signer.key
        self._guard = Lock()
        self.last()

    @classmethod
    def create(cls, path: Path, origin: str) -> None:
        """Begin the memory of a new log. Refused when the file exists: forgetting what was signed
        is what this file is there to prevent."""
        if path.exists():
            raise SignerStateInvalid(f"{path}: exists already; a log begins only once")
        _write(path, origin, Mark(size=0, root=EMPTY_ROOT))

    @property
    def key(self) -> VerifierKey:
        """The public key; its name is the log's origin."""
        return self._key

    def last(self) -> Mark:
        """The largest head signed so far. Raises SignerStateInvalid."""
        return _read(self._path, self._key.name)

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
        """See LogSigner.sign. The mark is on disk before the signature exists."""
        with self._guard, _locked(self._path):
            last = self.last()
            self._check(last, size, root, proof)
            checkpoint = Checkpoint(origin=self._key.name, size=size, root=root)
            if size > last.size:
                _write(self._path, self._key.name, Mark(size=size, root=root))
            note = sign_checkpoint(checkpoint, self._signer)
            # A flipped bit while signing would otherwise be released.
            open_checkpoint(note, self._key.name, self._key)
            return note

    @staticmethod
    def _check(last: Mark, size: int, root: bytes, proof: Sequence[bytes]) -> None:
        if size < last.size:
            raise SigningRefused(
                f"head: {size} entries, but {last.size} were signed before. The database is older "
                "than what was released: bring back its newest copy; never sign over it"
            )
        try:
            if last.size:
                verify_consistency(last.size, size, proof, last.root, root)
            elif proof:
                raise ProofInvalid("proof: nothing to prove about the empty log")
        except ProofInvalid as error:
            raise SigningRefused(
                f"head of {size} entries: does not continue the {last.size} entries signed "
                f"before ({error}). The database is another history than what was released: "
                "bring back its newest copy; never sign over it"
            ) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SignerStateInvalid(f"{path}: cannot be locked: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, origin: str, mark: Mark) -> None:
    state: canonical.Value = {
        "type": "signer-state",
        "version": 1,
        "origin": origin,
        "size": mark.size,
        "root": b64(mark.root),
    }
    replace_file(path, canonical.encode(state))


def _read(path: Path, origin: str) -> Mark:
    remedy = (
        "It must never be made anew for a log that has begun; bring it back, or write it from the "
        "newest published checkpoint"
    )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SignerStateInvalid(f"{path}: cannot be read: {error.strerror}. {remedy}") from None
    try:
        match canonical.parse(data, limit=_LIMIT):
            case {
                "type": "signer-state",
                "version": 1,
                "origin": str(found),
                "size": int(size),
                "root": str(root),
                **rest,
            } if not rest and size >= 0:
                mark = Mark(size=size, root=unb64(root, "root", size=32))
            case _:
                raise ValueError
        if mark.size == 0 and mark.root != EMPTY_ROOT:
            raise ValueError
    except (ValueError, canonical.CanonicalError, AuditError):
        raise SignerStateInvalid(f"{path}: not a signer's state. {remedy}") from None
    if found != origin:
        raise SignerStateInvalid(
            f"{path}: belongs to the log {found!r}, not to {origin!r}; use its own file"
        )
    return mark
