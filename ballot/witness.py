"""A witness that one can run: its key, the logs it knows, and what it cosigned of each last.

One folder::

    secret.json     the private key, encrypted (ballot.keyfile, purpose ``witness``)
    witness.json    {"type":"witness","version":1,"name","key": vkey text}
    logs/<hex SHA-256 of the origin>.json
                    {"type":"witness-log","version":1,"origin","log_key": vkey text,"election": E,
                     "note": the last checkpoint cosigned, with the log's line and ours, or ""}

The one file of a log is both the permission and the memory: a log whose file is lost is not known
any more, so nothing is cosigned for it, rather than anything. Whoever can set it back to an old
copy can make this witness cosign a second history: keep the folder on a machine of the witness's
own, and never add a log again whose file was lost; make a new witness.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, cosign, open_checkpoint
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.manifest import Manifest
from audit.note import COSIGNATURE, MOST_BYTES, Note, Signature, VerifierKey
from audit.witness import judge
from ballot.durable import keep_file, make_folder, replace_file
from ballot.errors import BallotError
from ballot.keyfile import DEFAULT_COST, Cost, open_secret, write_secret
from tally import canonical

PURPOSE = "witness"
SECRET = "secret.json"  # noqa: S105  (a file's name)
PUBLIC = "witness.json"
LOGS = "logs"
_LIMIT = 2 * MOST_BYTES + 10_000


class WitnessInvalid(BallotError):
    """A witness's folder that cannot be used as it is; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedLog:
    """A log that a witness knows: ``key`` is the log's, ``election`` its E (32 bytes), ``note``
    the last checkpoint that was cosigned, empty before the first."""

    key: VerifierKey
    election: bytes
    note: bytes

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last checkpoint cosigned, the log's signature verified."""
        if not self.note:
            return None
        return open_checkpoint(self.note, self.key.name, self.key).checkpoint


def create_witness(
    folder: Path, *, name: str, passphrase: str, cost: Cost = DEFAULT_COST
) -> VerifierKey:
    """Make a witness's key in ``folder``; again gives the same one.

    ``name`` is the key's: an address without scheme, of the witness's own. Raises SecretFileError
    for a wrong passphrase, WitnessInvalid for a witness of another name, NoteInvalid for a name
    that no key can have.
    """
    make_folder(folder)
    if (folder / SECRET).exists():
        key = Witness(folder, passphrase=passphrase).key
        if key.name != name:
            raise WitnessInvalid(f"{folder}: is the witness {key.name!r}, not {name!r}")
        return key
    private = Ed25519PrivateKey.generate()
    key = _key(name, private)
    write_secret(
        folder / SECRET,
        private.private_bytes_raw(),
        passphrase,
        PURPOSE,
        name,
        public={"key": str(key)},
        cost=cost,
    )
    _write_public(folder, key)
    return key


def _key(name: str, private: Ed25519PrivateKey) -> VerifierKey:
    return VerifierKey(name=name, kind=COSIGNATURE, public=private.public_key().public_bytes_raw())


def _write_public(folder: Path, key: VerifierKey) -> None:
    value: canonical.Value = {
        "type": "witness",
        "version": 1,
        "name": key.name,
        "key": str(key),
    }
    keep_file(folder / PUBLIC, canonical.encode(value))


def read_witness(folder: Path) -> VerifierKey:
    """The public key of the witness in ``folder``. Raises WitnessInvalid."""
    path = folder / PUBLIC
    try:
        match canonical.parse(path.read_bytes(), limit=_LIMIT):
            case {"type": "witness", "version": 1, "name": str(name), "key": str(text), **rest} if (
                not rest
            ):
                key = VerifierKey.parse(text)
            case _:
                raise WitnessInvalid(f"{path}: not a witness's public file")
    except OSError as error:
        raise WitnessInvalid(
            f"{path}: cannot be read: {error.strerror}; make a witness with scrutin witness new"
        ) from None
    except (canonical.CanonicalError, AuditError) as error:
        raise WitnessInvalid(f"{path}: {error}") from None
    if key.name != name or key.kind != COSIGNATURE:
        raise WitnessInvalid(f"{path}: the key is not a witness's of that name")
    return key


def add_log(folder: Path, manifest: Manifest) -> bool:
    """Know the log of an election; gives whether it was not known before.

    ``manifest`` is one whose signatures hold. Raises WitnessInvalid when the folder holds no
    witness, or knows another key or election under the same origin.
    """
    read_witness(folder)
    make_folder(folder / LOGS)
    path = log_path(folder, manifest.box.origin)
    with _locked(folder):
        if not path.exists():
            log = WitnessedLog(key=manifest.box.verifier_key, election=manifest.hash, note=b"")
            _write_log(path, log)
            return True
    known = read_log(path)
    if known.key != manifest.box.verifier_key or known.election != manifest.hash:
        raise WitnessInvalid(
            f"{path}: knows another key or election under the origin {manifest.box.origin!r}. A "
            "log keeps its key: ask the officers why there are two"
        )
    return False


def log_path(folder: Path, origin: str) -> Path:
    """The file about the log of this origin."""
    return folder / LOGS / f"{sha256(origin.encode()).hexdigest()}.json"


def read_log(path: Path) -> WitnessedLog:
    """What a witness knows of a log. Raises WitnessInvalid."""
    try:
        match canonical.parse(path.read_bytes(), limit=_LIMIT):
            case {
                "type": "witness-log",
                "version": 1,
                "origin": str(origin),
                "log_key": str(key),
                "election": str(election),
                "note": str(note),
                **rest,
            } if not rest:
                log = WitnessedLog(
                    key=VerifierKey.parse(key),
                    election=unb64(election, "election", size=32),
                    note=note.encode(),
                )
            case _:
                raise WitnessInvalid(f"{path}: not a witness's file about a log")
        if log.key.name != origin or path.name != log_path(path, origin).name:
            raise WitnessInvalid(f"{path}: is about another log than its name says")
        log.checkpoint  # noqa: B018  (verified)
    except OSError as error:
        raise WitnessInvalid(f"{path}: cannot be read: {error.strerror}") from None
    except (canonical.CanonicalError, AuditError) as error:
        raise WitnessInvalid(
            f"{path}: {error}. It is damaged: bring back its newest copy, never an older one"
        ) from None
    return log


def _write_log(path: Path, log: WitnessedLog) -> None:
    value: canonical.Value = {
        "type": "witness-log",
        "version": 1,
        "origin": log.key.name,
        "log_key": str(log.key),
        "election": b64(log.election),
        "note": log.note.decode(),
    }
    replace_file(path, canonical.encode(value))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class Witness:
    """A witness with its private key. Safe to call from several threads and processes: what was
    cosigned last is read anew, under a lock, for every cosignature."""

    def __init__(self, folder: Path, *, passphrase: str) -> None:
        """Raises SecretFileError, WitnessInvalid."""
        self._folder = folder
        # Written again if a crash came between the two files; a witness's name is in its key file.
        name = _name(folder)
        opened = open_secret(folder / SECRET, passphrase, PURPOSE, name)
        self._private = Ed25519PrivateKey.from_private_bytes(opened.secret)
        self.key = _key(name, self._private)
        _write_public(folder, self.key)

    def logs(self) -> dict[str, WitnessedLog]:
        """The logs it knows, by origin. Raises WitnessInvalid."""
        found = [read_log(path) for path in sorted((self._folder / LOGS).glob("*.json"))]
        return {log.key.name: log for log in found}

    def add_checkpoint(self, request: bytes, clock: Callable[[], datetime]) -> Signature:
        """Cosign what an add-checkpoint request shows; the line is given after it is durable what
        was cosigned. Raises CosigningRefused, WitnessInvalid."""
        with _locked(self._folder):
            known = self.logs()
            accepted = judge(
                request,
                {origin: log.key for origin, log in known.items()},
                {
                    origin: log.checkpoint
                    for origin, log in known.items()
                    if log.checkpoint is not None
                },
            )
            checkpoint = accepted.checkpoint
            line = cosign(
                checkpoint,
                key=self.key,
                sign=self._private.sign,
                timestamp=int(clock().timestamp()),
            )
            log = known[checkpoint.origin]
            note = Note(text=checkpoint.text(), signatures=(accepted.log_line, line)).encode()
            _write_log(
                log_path(self._folder, checkpoint.origin),
                WitnessedLog(key=log.key, election=log.election, note=note),
            )
            return line

    def last(self, digest: str) -> bytes | None:
        """The last checkpoint cosigned of the log whose origin has this SHA-256 (64 hex digits),
        with the log's line and ours; None when there is none."""
        for origin, log in self.logs().items():
            if sha256(origin.encode()).hexdigest() == digest:
                return log.note or None
        return None


def _name(folder: Path) -> str:
    """The name in the key file, unverified: opening the file verifies it."""
    path = folder / SECRET
    try:
        match canonical.parse(path.read_bytes(), limit=_LIMIT):
            case {"election": str(name), **_rest}:
                return name
    except OSError:
        raise WitnessInvalid(
            f"{path}: cannot be read; make a witness with scrutin witness new"
        ) from None
    except canonical.CanonicalError:
        pass
    raise WitnessInvalid(f"{path}: not a witness's key file")
