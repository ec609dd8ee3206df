"""The key ceremony and the release as files, passed between the trustees' machines.

The exchange folder holds public files only: ``ceremony.json``, ``commit-<i>.json``,
``reveal-<i>.json``, ``confirm-<i>.json``. Whoever can edit it can stop a ceremony, not change its
outcome unnoticed. Each trustee's own folder holds ``trustee-<i>.state.secret`` during the ceremony
and ``trustee-<i>.share.secret`` after it, encrypted by ``keyfile``; it never leaves the trustee.
Every step can be run again: it finds what it made, or makes the same bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.message import LARGEST
from audit.trustees import TrusteeKeys, sign_release
from ballot.ceremony import Ceremony, CeremonyIncomplete, CeremonyInvalid
from ballot.contribution import SEED_SIZE, TrusteeSecret, TrusteeShare, confirm
from ballot.durable import keep_file, make_folder
from ballot.errors import BallotError
from ballot.keyfile import DEFAULT_COST, Cost
from ballot.sharefile import (
    State,
    load_share,
    load_state,
    save_share,
    save_state,
    share_path,
    state_path,
)
from ballot.transcript import check_commits, check_reveals, commits_hash, conclude, public_keys


class ReleaseRefused(BallotError):
    """A trustee does not give out the share; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step left: the files it wrote or found, and whether all of them were there before."""

    paths: tuple[Path, ...]
    already_done: bool


def begin(exchange: Path, *, election: str, names: Sequence[str], threshold: int) -> Step:
    """Write ``ceremony.json``. Done already when it is there for the same election, trustees and
    threshold. Raises CeremonyInvalid."""
    path = exchange / "ceremony.json"
    wanted = Ceremony(
        election=election, nonce=token_bytes(32), threshold=threshold, trustees=tuple(names)
    )
    if path.exists():
        if replace(load_ceremony(exchange), nonce=wanted.nonce) != wanted:
            raise CeremonyInvalid(f"{path}: is another ceremony; use another folder")
        return Step(paths=(path,), already_done=True)
    keep_file(path, wanted.encode())
    return Step(paths=(path,), already_done=False)


def load_ceremony(exchange: Path) -> Ceremony:
    """The ceremony of a folder. Raises CeremonyInvalid."""
    path = exchange / "ceremony.json"
    try:
        return Ceremony.parse(_read(path))
    except CeremonyInvalid as error:
        raise CeremonyInvalid(f"{path}: {error}") from None


def commit(
    exchange: Path, own: Path, *, trustee: str, passphrase: str, cost: Cost = DEFAULT_COST
) -> Step:
    """Step 1: draw the secret, keep it in ``own``, write ``commit-<i>.json``."""
    ceremony = load_ceremony(exchange)
    index = ceremony.index_of(trustee)
    path, secret_path = exchange / f"commit-{index}.json", state_path(own, index)
    if secret_path.exists():
        state = load_state(ceremony, own, index, passphrase)
    else:
        if path.exists():
            raise CeremonyInvalid(
                f"{path}: exists, but {secret_path} does not: bring the secret file back from "
                "where it was made, or begin a new ceremony"
            )
        secret = TrusteeSecret(ceremony=ceremony, index=index, seed=token_bytes(SEED_SIZE))
        state = State(secret=secret)
        make_folder(own)
        save_state(own, state, passphrase, cost, again=False)
    return _publish([(path, state.secret.commit())], also=secret_path)


def reveal(
    exchange: Path, own: Path, *, trustee: str, passphrase: str, cost: Cost = DEFAULT_COST
) -> Step:
    """Step 2, when all commits are there: write ``reveal-<i>.json``.

    What was answered is written down first: another set of commits is never answered, because
    whoever has seen the points of the first could choose theirs in the second.
    """
    ceremony = load_ceremony(exchange)
    index = ceremony.index_of(trustee)
    state = load_state(ceremony, own, index, passphrase)
    commits = check_commits(ceremony, _messages(exchange, "commit"))
    message = state.secret.reveal(commits)
    seen = commits_hash(ceremony, commits)
    if state.answered is None:
        save_state(own, replace(state, answered=seen), passphrase, cost, again=True)
    elif state.answered != seen:
        raise CeremonyInvalid(
            f"trustee {trustee!r} has answered other commits before: a commit was changed since. "
            "Find out by whom and begin a new ceremony"
        )
    return _publish([(exchange / f"reveal-{index}.json", message)], also=state_path(own, index))


def finish(
    exchange: Path, own: Path, *, trustee: str, passphrase: str, cost: Cost = DEFAULT_COST
) -> Step:
    """Step 3, when all reveals are there: check everything, keep the share in ``own``, write
    ``confirm-<i>.json``. Raises TrusteeFault naming whose message does not hold."""
    ceremony = load_ceremony(exchange)
    index = ceremony.index_of(trustee)
    commits = check_commits(ceremony, _messages(exchange, "commit"))
    reveals = check_reveals(ceremony, commits, _messages(exchange, "reveal"))
    path = share_path(own, index)
    if path.exists():
        share = load_share(path, passphrase, ceremony.election)
    else:
        state = load_state(ceremony, own, index, passphrase)
        share = state.secret.finish(commits, reveals)
        save_share(path, share, passphrase, cost)
    message = confirm(ceremony, public_keys(ceremony, commits, reveals), share)
    return _publish([(exchange / f"confirm-{index}.json", message)], also=path)


def conclude_ceremony(exchange: Path) -> TrusteeKeys:
    """The trustees' keys for the manifest, from a folder with all messages of all trustees."""
    return conclude(
        load_ceremony(exchange),
        _messages(exchange, "commit"),
        _messages(exchange, "reveal"),
        _messages(exchange, "confirm"),
    )


def forget(exchange: Path, own: Path, *, trustee: str, passphrase: str) -> None:
    """Remove a trustee's secret of the ceremony, which nobody needs once everybody confirmed.

    Raises unless the ceremony is complete and the share file opens and belongs to it.
    """
    keys = conclude_ceremony(exchange)
    ceremony = load_ceremony(exchange)
    index = ceremony.index_of(trustee)
    share = load_share(share_path(own, index), passphrase, ceremony.election)
    _check_keys(share, keys)
    state_path(own, index).unlink(missing_ok=True)


def local_ceremony(
    exchange: Path,
    own: Path,
    *,
    election: str,
    names: Sequence[str],
    threshold: int,
    passphrase: Callable[[str], str],
    cost: Cost = DEFAULT_COST,
) -> tuple[TrusteeKeys, tuple[Path, ...]]:
    """All parts on one machine, for demos: the keys and the share files, in trustee order.

    ``passphrase`` gives the passphrase of a trustee by name. Can be run again after a crash.
    """
    begin(exchange, election=election, names=names, threshold=threshold)
    for step in (commit, reveal, finish):
        for name in names:
            step(exchange, own, trustee=name, passphrase=passphrase(name), cost=cost)
    keys = conclude_ceremony(exchange)
    return keys, tuple(share_path(own, trustee.index) for trustee in keys.trustees)


def adopt(
    path: Path,
    passphrase: str,
    *,
    election_id: str,
    election: bytes,
    keys: TrusteeKeys,
    cost: Cost = DEFAULT_COST,
) -> TrusteeShare:
    """Bind the share in the file ``path`` to the manifest with hash E = ``election``, for good.

    Best done when the manifest is frozen: otherwise officers could sign a second manifest with the
    same trustees, close it at once, and have the shares released while the real vote still runs.
    Raises ReleaseRefused when the share is bound to another manifest, or ``keys`` are not its own.
    """
    share = load_share(path, passphrase, election_id)
    _check_keys(share, keys)
    if share.adopted is None:
        share = replace(share, adopted=election)
        save_share(path, share, passphrase, cost, again=True)
    _check_adopted(share, election)
    return share


def release(
    share: TrusteeShare,
    keys: TrusteeKeys,
    *,
    election: bytes,
    checkpoint: bytes,
    accept: Callable[[bytes], None],
) -> bytes:
    """The trustee's release message. ``election`` is E, ``keys`` come from its manifest,
    ``checkpoint`` is the checkpoint's note text (the signed lines, without signatures).

    ``accept(checkpoint)`` is the policy: it must raise unless the checkpoint is signed by the log,
    accepted by the witness policy and covers the close entry. Whatever it raises, goes through and
    nothing is released. Raises ReleaseRefused when ``keys`` are not those of the share's ceremony,
    or the share is bound to another manifest.
    """
    _check_keys(share, keys)
    _check_adopted(share, election)
    accept(checkpoint)
    return sign_release(
        election=election,
        index=share.index,
        share=share.share,
        checkpoint=sha256(checkpoint).digest(),
        private=Ed25519PrivateKey.from_private_bytes(share.signing_seed),
    )


def release_file(
    path: Path,
    passphrase: str,
    out: Path,
    *,
    election_id: str,
    election: bytes,
    keys: TrusteeKeys,
    checkpoint: bytes,
    accept: Callable[[bytes], None],
    cost: Cost = DEFAULT_COST,
) -> Step:
    """Release the share in the file ``path`` into ``out``: a folder, where it becomes
    ``release-<i>.json``, or the name of a file. The share is bound to this manifest first."""
    share = load_share(path, passphrase, election_id)
    message = release(share, keys, election=election, checkpoint=checkpoint, accept=accept)
    adopt(path, passphrase, election_id=election_id, election=election, keys=keys, cost=cost)
    return _publish([(out / f"release-{share.index}.json" if out.is_dir() else out, message)])


def _check_adopted(share: TrusteeShare, election: bytes) -> None:
    if share.adopted is not None and share.adopted != election:
        raise ReleaseRefused(
            f"share of {share.name!r}: is bound to the manifest {share.adopted.hex()}, and this is "
            f"{election.hex()}; one election, one set of keys"
        )


def _check_keys(share: TrusteeShare, keys: TrusteeKeys) -> None:
    if (
        keys.transcript_hash != share.transcript_hash
        or keys.election_key != share.election_key
        or share.index > len(keys.trustees)
        or keys.trustees[share.index - 1].name != share.name
        or keys.trustees[share.index - 1].signing_key
        != Ed25519PrivateKey.from_private_bytes(share.signing_seed).public_key().public_bytes_raw()
    ):
        raise ReleaseRefused(
            f"share of {share.name!r}: was not made in the ceremony these keys come from; use the "
            "share file of this election, or do not trust this manifest"
        )


def _publish(files: Sequence[tuple[Path, bytes]], also: Path | None = None) -> Step:
    fresh = [keep_file(path, data) for path, data in files]
    paths = tuple(path for path, _ in files) + (() if also is None else (also,))
    return Step(paths=paths, already_done=not any(fresh))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        raise CeremonyIncomplete(f"{path}: no such file") from None
    except OSError as error:
        raise CeremonyInvalid(f"{path}: cannot be read: {error.strerror}") from None


def _messages(exchange: Path, step: str) -> list[bytes]:
    return [_read(path) for path in sorted(exchange.glob(f"{step}-*.json"))]
