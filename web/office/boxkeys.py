"""The ballot box's two keys: one signs the log, the other the receipts.

Both lie in the box's folder, or the log's in a folder of its own, where a process of its own signs
with it (``scrutin signer serve``): then whoever reads the box's memory does not have it.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.errors import AuditError
from audit.label import b64, unb64
from audit.note import ED25519, VerifierKey
from ballot.durable import keep_file, make_folder, replace_file
from ballot.keyfile import DEFAULT_COST, Cost, open_secret, write_secret
from ballot.signer import FileSigner
from tally import canonical
from web.errors import Refused, UsageError

PURPOSE = "box"
SIGNER_PURPOSE = "log-signer"
SECRET = "secret.json"  # noqa: S105  (a file's name)
PUBLIC = "box.json"
SIGNER_PUBLIC = "log-signer.json"
SIGNER_STATE = "signer.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPublic:
    """What the manifest says of the box: origin, log key (vkey text) and receipt key."""

    origin: str
    log_key: str
    receipt_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxKeys:
    """The private keys out of their file."""

    origin: str
    log_key: str
    log: Ed25519PrivateKey | None = field(repr=False)
    """None when a process of its own holds it."""
    receipt: Ed25519PrivateKey = field(repr=False)

    def public(self) -> BoxPublic:
        """The public half."""
        return BoxPublic(
            origin=self.origin,
            log_key=self.log_key,
            receipt_key=self.receipt.public_key().public_bytes_raw(),
        )


def _log_key(origin: str, private: Ed25519PrivateKey) -> str:
    """The log's public key (vkey text)."""
    public = private.public_key().public_bytes_raw()
    return str(VerifierKey(name=origin, kind=ED25519, public=public))


def create_box_keys(
    folder: Path,
    *,
    election: str,
    passphrase: str,
    origin: str | None = None,
    signer: Path | None = None,
    signer_passphrase: str | None = None,
    cost: Cost = DEFAULT_COST,
) -> BoxPublic:
    """Make the keys in ``folder``; again gives the same ones.

    ``origin`` is the log's public address without its scheme; by default it is made of the
    election's identifier and the log key. With ``signer`` the log's key and the memory of what it
    signed go into that folder, under a passphrase of their own.
    Raises SecretFileError for keys of another election or passphrase, UsageError for keys of
    another origin.
    """
    make_folder(folder)
    if (folder / SECRET).exists():
        keys = open_box_keys(folder, election=election, passphrase=passphrase)
        if origin is not None and keys.origin != origin:
            raise UsageError(f"{folder / SECRET}: is the box of {keys.origin}, not of {origin}")
    else:
        log, receipt = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        digest = sha256(log.public_key().public_bytes_raw()).hexdigest()
        name = origin or f"scrutin/{election}/{digest[:8]}"
        if signer is not None:
            log = create_signer_key(
                signer,
                election=election,
                origin=name,
                private=log,
                passphrase=signer_passphrase or passphrase,
                cost=cost,
            )
            name = read_signer(signer / SIGNER_PUBLIC).origin
        keys = BoxKeys(
            origin=name,
            log_key=_log_key(name, log),
            log=log if signer is None else None,
            receipt=receipt,
        )
        own = b"" if keys.log is None else keys.log.private_bytes_raw()
        write_secret(
            folder / SECRET,
            own + receipt.private_bytes_raw(),
            passphrase,
            PURPOSE,
            election,
            public={"origin": name, **({"log_key": keys.log_key} if keys.log is None else {})},
            cost=cost,
        )
    public = keys.public()
    keep_file(
        folder / PUBLIC,
        canonical.encode(
            {
                "type": "box",
                "version": 1,
                "election": election,
                "origin": public.origin,
                "log_key": public.log_key,
                "receipt_key": b64(public.receipt_key),
            }
        ),
    )
    return public


def open_box_keys(folder: Path, *, election: str, passphrase: str) -> BoxKeys:
    """The private keys in ``folder``. Raises SecretFileError."""
    opened = open_secret(folder / SECRET, passphrase, PURPOSE, election)
    origin, apart = str(opened.public["origin"]), opened.public.get("log_key")
    if len(opened.secret) != (64 if apart is None else 32):
        raise UsageError(f"{folder / SECRET}: does not hold the keys of a box")
    log = Ed25519PrivateKey.from_private_bytes(opened.secret[:32]) if apart is None else None
    return BoxKeys(
        origin=origin,
        log_key=_log_key(origin, log) if log is not None else str(apart),
        log=log,
        receipt=Ed25519PrivateKey.from_private_bytes(opened.secret[-32:]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerPublic:
    """What lies in the open beside a signer's key: whose log it signs."""

    election: str
    origin: str


def create_signer_key(
    folder: Path,
    *,
    election: str,
    origin: str,
    private: Ed25519PrivateKey,
    passphrase: str,
    cost: Cost = DEFAULT_COST,
) -> Ed25519PrivateKey:
    """Put the log's key into a folder of its own, with an empty memory of what was signed. Gives
    the key that is there: an earlier one when this was begun before."""
    make_folder(folder)
    if not (folder / SECRET).exists():
        value: canonical.Value = {
            "type": "log-signer",
            "version": 1,
            "election": election,
            "origin": origin,
        }
        # The secret last: what is found with it is whole.
        replace_file(folder / SIGNER_PUBLIC, canonical.encode(value))
        if not (folder / SIGNER_STATE).exists():
            FileSigner.create(folder / SIGNER_STATE, origin)
        write_secret(
            folder / SECRET,
            private.private_bytes_raw(),
            passphrase,
            SIGNER_PURPOSE,
            election,
            public={"origin": origin},
            cost=cost,
        )
    return _signer_key(folder, election, passphrase)


def _signer_key(folder: Path, election: str, passphrase: str) -> Ed25519PrivateKey:
    opened = open_secret(folder / SECRET, passphrase, SIGNER_PURPOSE, election)
    return Ed25519PrivateKey.from_private_bytes(opened.secret)


def read_signer(path: Path) -> SignerPublic:
    """``log-signer.json``. Raises Refused when there is none, UsageError."""
    try:
        match canonical.parse(path.read_bytes(), limit=10_000):
            case {
                "type": "log-signer",
                "version": 1,
                "election": str(election),
                "origin": str(origin),
                **rest,
            } if not rest:
                return SignerPublic(election=election, origin=origin)
    except FileNotFoundError:
        raise Refused(f"{path}: not there; make it with scrutin box new --signer") from None
    except canonical.CanonicalError as error:
        raise UsageError(f"{path}: {error}") from None
    raise UsageError(f"{path}: not a signer's public file")


def open_signer_folder(folder: Path, passphrase: str) -> FileSigner:
    """The signer in ``folder``. Raises Refused, UsageError, SecretFileError, SignerStateInvalid."""
    public = read_signer(folder / SIGNER_PUBLIC)
    private = _signer_key(folder, public.election, passphrase)
    return FileSigner(folder / SIGNER_STATE, public.origin, private)


def read_box(path: Path, election: str) -> BoxPublic:
    """The public half in ``box.json``. Raises Refused when there is none, UsageError."""
    try:
        match canonical.parse(path.read_bytes(), limit=10_000):
            case {
                "type": "box",
                "version": 1,
                "election": str(found),
                "origin": str(origin),
                "log_key": str(log_key),
                "receipt_key": receipt_key,
                **rest,
            } if not rest:
                public = BoxPublic(
                    origin=origin,
                    log_key=log_key,
                    receipt_key=unb64(receipt_key, "receipt_key", size=32),
                )
            case _:
                raise UsageError(f"{path}: not a box's public file")
    except FileNotFoundError:
        raise Refused(f"{path}: not there; make the box's keys with scrutin box new") from None
    except (canonical.CanonicalError, AuditError) as error:
        raise UsageError(f"{path}: {error}") from None
    if found != election:
        raise UsageError(f"{path}: is for the election {found!r}, not {election!r}")
    return public
