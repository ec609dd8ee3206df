"""The ballot box's two keys: one signs the log, the other the receipts."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.errors import AuditError
from audit.label import b64, unb64
from audit.note import ED25519, VerifierKey
from ballot.durable import keep_file, make_folder
from ballot.keyfile import DEFAULT_COST, Cost, open_secret, write_secret
from tally import canonical
from web.errors import Refused, UsageError

PURPOSE = "box"
SECRET = "secret.json"  # noqa: S105  (a file's name)
PUBLIC = "box.json"


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
    log: Ed25519PrivateKey = field(repr=False)
    receipt: Ed25519PrivateKey = field(repr=False)

    def public(self) -> BoxPublic:
        """The public half."""
        return BoxPublic(
            origin=self.origin,
            log_key=str(
                VerifierKey(
                    name=self.origin,
                    kind=ED25519,
                    public=self.log.public_key().public_bytes_raw(),
                )
            ),
            receipt_key=self.receipt.public_key().public_bytes_raw(),
        )


def create_box_keys(
    folder: Path,
    *,
    election: str,
    passphrase: str,
    origin: str | None = None,
    cost: Cost = DEFAULT_COST,
) -> BoxPublic:
    """Make the keys in ``folder``; again gives the same ones.

    ``origin`` is the log's public address without its scheme; by default it is made of the
    election's identifier and the log key.
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
        keys = BoxKeys(
            origin=origin or f"scrutin/{election}/{digest[:8]}", log=log, receipt=receipt
        )
        write_secret(
            folder / SECRET,
            log.private_bytes_raw() + receipt.private_bytes_raw(),
            passphrase,
            PURPOSE,
            election,
            public={"origin": keys.origin},
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
    if len(opened.secret) != 64:
        raise UsageError(f"{folder / SECRET}: does not hold the two keys of a box")
    return BoxKeys(
        origin=str(opened.public["origin"]),
        log=Ed25519PrivateKey.from_private_bytes(opened.secret[:32]),
        receipt=Ed25519PrivateKey.from_private_bytes(opened.secret[32:]),
    )


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
