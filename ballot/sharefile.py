"""A trustee's own two files: the secret of a running ceremony, and the share it ends with.

Both are ``keyfile`` files; what they hold is canonical JSON. They never leave the trustee.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.errors import AuditError
from audit.label import b64, unb64
from audit.seal import POINT_SIZE, SCALAR_SIZE
from ballot.ceremony import Ceremony, CeremonyInvalid
from ballot.contribution import SEED_SIZE, TrusteeSecret, TrusteeShare
from ballot.keyfile import Cost, SecretFileInvalid, read_secret, write_secret
from tally import canonical

STATE, SHARE = "trustee-state", "trustee-share"
"""The purposes of the two kinds of file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A trustee's secret during the ceremony, and the commits it has answered, if any."""

    secret: TrusteeSecret
    answered: bytes | None = None


def state_path(own: Path, index: int) -> Path:
    """Where trustee ``index`` keeps the secret of a running ceremony."""
    return own / f"trustee-{index}.state.secret"


def share_path(own: Path, index: int) -> Path:
    """Where trustee ``index`` keeps the share."""
    return own / f"trustee-{index}.share.secret"


def _secret_value(path: Path, secret: bytes) -> Mapping[str, canonical.Value]:
    try:
        value = canonical.parse(secret)
    except canonical.CanonicalError:
        # Not chained: the position of a fault would say something of the secret.
        raise SecretFileInvalid(f"{path}: opened, but holds something else") from None
    if not isinstance(value, Mapping):
        raise SecretFileInvalid(f"{path}: opened, but holds something else")
    return value


def save_state(own: Path, state: State, passphrase: str, cost: Cost, *, again: bool) -> None:
    """Write the secret of a running ceremony; ``again`` replaces the one that is there."""
    secret = state.secret
    value: canonical.Value = {
        "ceremony": b64(secret.ceremony.id),
        "index": secret.index,
        "seed": b64(secret.seed),
        "answered": None if state.answered is None else b64(state.answered),
    }
    write_secret(
        state_path(own, secret.index),
        canonical.encode(value),
        passphrase,
        STATE,
        secret.ceremony.election,
        public={"index": secret.index, "name": secret.name, "ceremony": b64(secret.ceremony.id)},
        cost=cost,
        replace=again,
    )


def load_state(ceremony: Ceremony, own: Path, index: int, passphrase: str) -> State:
    """Trustee ``index``'s secret of this ceremony. Raises SecretFileError, CeremonyInvalid."""
    path = state_path(own, index)
    value = _secret_value(path, read_secret(path, passphrase, STATE, ceremony.election))
    if value.get("ceremony") != b64(ceremony.id) or value.get("index") != index:
        raise CeremonyInvalid(f"{path}: belongs to another ceremony; move it away to take part")
    try:
        answered = value.get("answered")
        seed = unb64(value.get("seed"), "seed", size=SEED_SIZE)
        return State(
            secret=TrusteeSecret(ceremony=ceremony, index=index, seed=seed),
            answered=None if answered is None else unb64(answered, "answered", size=32),
        )
    except AuditError:
        raise SecretFileInvalid(f"{path}: opened, but holds something else") from None


def save_share(
    path: Path, share: TrusteeShare, passphrase: str, cost: Cost, *, again: bool = False
) -> None:
    """Write a share; ``again`` replaces the one that is there."""
    value: canonical.Value = {
        "index": share.index,
        "name": share.name,
        "share": b64(share.share),
        "signing_seed": b64(share.signing_seed),
        "election_key": b64(share.election_key),
        "transcript": b64(share.transcript_hash),
        "adopted": None if share.adopted is None else b64(share.adopted),
    }
    write_secret(
        path,
        canonical.encode(value),
        passphrase,
        SHARE,
        share.election,
        public={
            "index": share.index,
            "name": share.name,
            "ceremony": b64(share.transcript_hash),
        },
        cost=cost,
        replace=again,
    )


def load_share(path: Path, passphrase: str, election: str) -> TrusteeShare:
    """The share in a file; ``election`` is the election's identifier. Raises SecretFileError."""
    value = _secret_value(path, read_secret(path, passphrase, SHARE, election))
    index, name, adopted = value.get("index"), value.get("name"), value.get("adopted")
    try:
        if type(index) is int and isinstance(name, str):
            return TrusteeShare(
                election=election,
                index=index,
                name=name,
                share=unb64(value.get("share"), "share", size=SCALAR_SIZE),
                signing_seed=unb64(value.get("signing_seed"), "signing_seed", size=32),
                election_key=unb64(value.get("election_key"), "election_key", size=POINT_SIZE),
                transcript_hash=unb64(value.get("transcript"), "transcript", size=32),
                adopted=None if adopted is None else unb64(adopted, "adopted", size=32),
            )
    except AuditError:
        pass
    raise SecretFileInvalid(f"{path}: opened, but holds something else") from None
