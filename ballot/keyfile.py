"""Private keys at rest: one secret in one file, under a passphrase.

The file is canonical JSON::

    {"type":"scrutin-secret","version":1,"purpose","election","public":{…},
     "kdf":{"name":"argon2id","memory_kib","iterations","lanes","salt": b64 16},
     "nonce": b64 12,"ciphertext": b64}

The key is Argon2id (RFC 9106) of the passphrase (NFC, UTF-8), 32 bytes; the cipher AES-256-GCM,
with ``labelled("secret", canonical JSON of all the other fields)`` as associated data, so that no
public field can be changed. A passphrase is what protects a stolen file: choose five random words.
"""

import os
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from audit.label import BinaryInvalid, b64, labelled, unb64
from ballot.durable import replace_file, synchronise_folder
from ballot.errors import BallotError
from tally import canonical

_TYPE, _VERSION = "scrutin-secret", 1
_LARGEST_FILE = 262_144
_SALT_SIZE, _NONCE_SIZE, _TAG_SIZE = 16, 12, 16


class SecretFileError(BallotError):
    """Base of what can be wrong with a secret file."""


class SecretFileMissing(SecretFileError):
    """There is no such file, or it cannot be read."""


class SecretFileInvalid(SecretFileError):
    """The file is not a secret file, or is damaged."""


class WrongPurpose(SecretFileError):
    """The file holds another kind of secret."""


class WrongElection(SecretFileError):
    """The file belongs to another election."""


class WrongPassphrase(SecretFileError):
    """The passphrase does not open the file."""


class SecretFileExists(SecretFileError):
    """A secret file is never written over silently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a guess of the passphrase costs: Argon2id's parameters.

    The default is the second choice of RFC 9106 section 4: 64 MiB, three passes, four lanes. The
    bounds keep a hostile file from asking for all the memory there is.
    """

    memory_kib: int = 65_536
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= 4:
            raise SecretFileInvalid(f"kdf.lanes: {self.lanes} is outside 1..4")
        if not 1 <= self.iterations <= 16:
            raise SecretFileInvalid(f"kdf.iterations: {self.iterations} is outside 1..16")
        if not 8 * self.lanes <= self.memory_kib <= 1_048_576:
            raise SecretFileInvalid(
                f"kdf.memory_kib: {self.memory_kib} is outside {8 * self.lanes}..1048576"
            )


DEFAULT_COST = Cost()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSecret:
    """A secret and the public fields that were sealed with it."""

    secret: bytes = field(repr=False)
    public: Mapping[str, canonical.Value]


def _cipher(passphrase: str, salt: bytes, cost: Cost) -> AESGCM:
    if not passphrase:
        raise WrongPassphrase("passphrase: empty")
    try:
        password = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        # Not chained: the original error quotes the passphrase.
        raise WrongPassphrase("passphrase: not text in UTF-8") from None
    derivation = Argon2id(
        salt=salt,
        length=32,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return AESGCM(derivation.derive(password))


def _associated(container: Mapping[str, canonical.Value]) -> bytes:
    rest = {name: value for name, value in container.items() if name != "ciphertext"}
    return labelled("secret", canonical.encode(rest))


def write_secret(
    path: Path,
    secret: bytes,
    passphrase: str,
    purpose: str,
    election: str,
    *,
    public: Mapping[str, canonical.Value] | None = None,
    cost: Cost = DEFAULT_COST,
    replace: bool = False,
) -> None:
    """Encrypt ``secret`` into the file ``path``, readable by its owner only, whole or not at all.

    ``election`` is the election's identifier, ``public`` what may be read without the passphrase.
    Raises SecretFileExists when there is a file, unless ``replace``.
    """
    if path.exists() and not replace:
        raise SecretFileExists(f"{path}: exists already; move it away if it is no longer needed")
    salt, nonce = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_NONCE_SIZE)
    container: dict[str, canonical.Value] = {
        "type": _TYPE,
        "version": _VERSION,
        "purpose": purpose,
        "election": election,
        "public": dict(public or {}),
        "kdf": {
            "name": "argon2id",
            "memory_kib": cost.memory_kib,
            "iterations": cost.iterations,
            "lanes": cost.lanes,
            "salt": b64(salt),
        },
        "nonce": b64(nonce),
    }
    ciphertext = _cipher(passphrase, salt, cost).encrypt(nonce, secret, _associated(container))
    data = canonical.encode({**container, "ciphertext": b64(ciphertext)})
    if len(data) > _LARGEST_FILE:
        raise SecretFileInvalid(f"{path}: {len(data)} bytes are too many for a secret file")
    if replace:
        replace_file(path, data)
    else:
        _create(path, data)


def _create(path: Path, data: bytes) -> None:
    """Put a new file in place durably; fails when there is one, even one made just now."""
    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise SecretFileExists(f"{path}: exists already") from None
        except OSError:
            # Memory sticks with FAT know no links: look, then rename.
            if path.exists():
                raise SecretFileExists(f"{path}: exists already") from None
            Path(temporary).rename(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    synchronise_folder(path.parent)


def read_secret(path: Path, passphrase: str, purpose: str, election: str) -> bytes:
    """The secret in ``path``. See ``open_secret``."""
    return open_secret(path, passphrase, purpose, election).secret


def open_secret(path: Path, passphrase: str, purpose: str, election: str) -> OpenedSecret:
    """The secret in ``path`` and its public fields, which are authentic once it opens.

    Raises, in this order: SecretFileMissing, SecretFileInvalid, WrongPurpose, WrongElection,
    WrongPassphrase. No message holds anything of the secret or the passphrase.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise SecretFileMissing(f"{path}: no such file") from None
    except OSError as error:
        raise SecretFileMissing(f"{path}: cannot be read: {error.strerror}") from None
    try:
        container = _parse(data)
    except (canonical.CanonicalError, BinaryInvalid, SecretFileInvalid) as error:
        raise SecretFileInvalid(f"{path}: not a secret file, or damaged: {error}") from None
    if container.purpose != purpose:
        raise WrongPurpose(f"{path}: holds a {container.purpose!r}, not a {purpose!r}")
    if container.election != election:
        raise WrongElection(
            f"{path}: belongs to the election {container.election!r}, not to {election!r}"
        )
    cipher = _cipher(passphrase, container.salt, container.cost)
    try:
        secret = cipher.decrypt(container.nonce, container.ciphertext, container.associated)
    except InvalidTag:
        raise WrongPassphrase(f"{path}: the passphrase is wrong or the file was changed") from None
    return OpenedSecret(secret=secret, public=container.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    purpose: str
    election: str
    public: Mapping[str, canonical.Value]
    cost: Cost
    salt: bytes
    nonce: bytes
    ciphertext: bytes
    associated: bytes


def _parse(data: bytes) -> _Container:
    container = canonical.parse(data, limit=_LARGEST_FILE)
    if not isinstance(container, Mapping) or container.get("type") != _TYPE:
        raise SecretFileInvalid(f"type: not {_TYPE!r}")
    version = container.get("version")
    if version != _VERSION or version is True:
        raise SecretFileInvalid(f"version: {version!r}, and this program knows {_VERSION}")
    match container:
        case {
            "purpose": str(purpose),
            "election": str(election),
            "public": Mapping() as public,
            "kdf": {
                "name": "argon2id",
                "memory_kib": int(memory),
                "iterations": int(iterations),
                "lanes": int(lanes),
                "salt": salt,
                **more,
            },
            "nonce": nonce,
            "ciphertext": ciphertext,
            "type": _,
            "version": _,
            **rest,
        } if not more and not rest:
            pass
        case _:
            raise SecretFileInvalid("a field is missing, unknown or of the wrong kind")
    sealed = unb64(ciphertext, "ciphertext")
    if len(sealed) < _TAG_SIZE:
        raise SecretFileInvalid(f"ciphertext: {len(sealed)} bytes are too few")
    return _Container(
        purpose=purpose,
        election=election,
        public=public,
        cost=Cost(memory_kib=memory, iterations=iterations, lanes=lanes),
        salt=unb64(salt, "kdf.salt", size=_SALT_SIZE),
        nonce=unb64(nonce, "nonce", size=_NONCE_SIZE),
        ciphertext=sealed,
        associated=_associated(container),
    )
