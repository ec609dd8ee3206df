"""Officers' keys, and acts that need several officers' signatures.

Each officer keeps a key file of their own. An act (freeze, open, close, publish) has one exact
byte string to sign; every officer's command derives it anew from what lies in the folder, so an
officer signs what they have before their eyes and not what another one sent. Signatures gather in
``approvals/`` until there are as many as the manifest's threshold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ed25519 import check_public_key, verify
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.officers import Officer, Officers, OfficerSignature
from ballot.durable import keep_file, make_folder, replace_file
from ballot.keyfile import DEFAULT_COST, Cost, open_secret, write_secret
from tally import canonical
from web.errors import Refused, UsageError

PURPOSE = "officer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """An officer at work: name and private key out of their file."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> Officer:
        """The public half, as the manifest has it."""
        return Officer(name=self.name, key=self.private.public_key().public_bytes_raw())


def create_officer(
    key_file: Path,
    public_file: Path,
    *,
    name: str,
    election: str,
    passphrase: str,
    cost: Cost = DEFAULT_COST,
) -> Officer:
    """Make an officer's key: ``key_file`` stays with the officer, ``public_file`` goes into the
    election's ``officers`` folder. Again with the same name gives the same key.

    Raises SecretFileError for a key file that is another's, UsageError for an empty name or when
    ``public_file`` is another officer's.
    """
    if not name.strip() or len(name) > 200:
        raise UsageError("name: give the officer's name, at most 200 characters")
    if key_file.exists():
        signer = open_officer(key_file, passphrase, election)
        if signer.name != name:
            raise UsageError(f"{key_file}: is the key of {signer.name}; name another file")
    else:
        signer = Signer(name=name, private=Ed25519PrivateKey.generate())
        _require_free(public_file, signer.public, election)
        make_folder(key_file.parent)
        write_secret(
            key_file,
            signer.private.private_bytes_raw(),
            passphrase,
            PURPOSE,
            election,
            public={"name": name},
            cost=cost,
        )
    _require_free(public_file, signer.public, election)
    make_folder(public_file.parent)
    keep_file(public_file, _public_bytes(signer.public, election))
    return signer.public


def _require_free(public_file: Path, officer: Officer, election: str) -> None:
    """Another officer's public half is never written over: their key would silently die."""
    if public_file.exists() and public_file.read_bytes() != _public_bytes(officer, election):
        raise UsageError(
            f"{public_file}: is another officer's already; give a name that differs from theirs"
        )


def _public_bytes(officer: Officer, election: str) -> bytes:
    return canonical.encode(
        {
            "type": "officer",
            "version": 1,
            "election": election,
            "name": officer.name,
            "key": b64(officer.key),
        }
    )


def open_officer(key_file: Path, passphrase: str, election: str) -> Signer:
    """The officer whose key is in ``key_file``. Raises SecretFileError."""
    opened = open_secret(key_file, passphrase, PURPOSE, election)
    return Signer(
        name=str(opened.public["name"]),
        private=Ed25519PrivateKey.from_private_bytes(opened.secret),
    )


def read_officers(folder: Path, election: str) -> list[Officer]:
    """The officers whose public files lie in ``folder``, by name. Raises UsageError."""
    officers: list[Officer] = []
    for path in sorted(folder.glob("*.json")):
        try:
            match canonical.parse(path.read_bytes(), limit=10_000):
                case {
                    "type": "officer",
                    "version": 1,
                    "election": str(found),
                    "name": str(name),
                    "key": key,
                    **rest,
                } if not rest:
                    public = unb64(key, "key", size=32)
                    check_public_key(public)
                case _:
                    raise UsageError(f"{path}: not an officer's public file")
        except (canonical.CanonicalError, AuditError) as error:
            raise UsageError(f"{path}: {error}") from None
        if found != election:
            raise UsageError(f"{path}: is for the election {found!r}, not {election!r}")
        officers.append(Officer(name=name, key=public))
    officers.sort(key=lambda officer: officer.name)
    return officers


def approve(
    folder: Path,
    act: str,
    message: bytes,
    officers: Officers,
    signers: Sequence[Signer],
) -> tuple[OfficerSignature, ...]:
    """Add the signatures of ``signers`` to those gathered for ``act``.

    Gives the signatures of at least ``officers.threshold`` officers in the manifest's order, or
    nothing while there are too few. Signatures gathered for other bytes (the definition changed
    meanwhile) are dropped and asked for again. Raises Refused when a signer is not an officer of
    this election.
    """
    keys = {officer.name: officer.key for officer in officers.keys}
    path = folder / f"{act}.json"
    gathered = _gathered(path, message, keys)
    for signer in signers:
        if keys.get(signer.name) != signer.public.key:
            raise Refused(f"{signer.name}: not an officer of this election, or another key")
        gathered[signer.name] = signer.private.sign(message)
    make_folder(folder)
    replace_file(
        path,
        canonical.encode(
            {
                "type": "approvals",
                "act": act,
                "signatures": {name: b64(signature) for name, signature in gathered.items()},
            }
        ),
        mode=0o644,
    )
    if len(gathered) < officers.threshold:
        return ()
    return officers.arrange(
        OfficerSignature(officer=name, signature=signature) for name, signature in gathered.items()
    )


def _gathered(path: Path, message: bytes, keys: Mapping[str, bytes]) -> dict[str, bytes]:
    damaged = UsageError(f"{path}: damaged; remove it and let the officers sign again")
    try:
        value = canonical.parse(path.read_bytes(), limit=100_000)
    except FileNotFoundError:
        return {}
    except canonical.CanonicalError:
        raise damaged from None
    if not isinstance(value, Mapping) or not isinstance(value.get("signatures"), Mapping):
        raise damaged
    gathered: dict[str, bytes] = {}
    for name, text in cast(Mapping[str, object], value["signatures"]).items():
        try:
            signature = unb64(text, "signature", size=64)
            verify(keys[name], signature, message)
        except (AuditError, KeyError):
            continue
        gathered[name] = signature
    return gathered
