"""The opening: the election's private key, which anybody can check, and who released it.

Before it is published, ballots are sealed from everybody but any k trustees together; afterwards
every counted ballot can be opened by anybody. Source: docs/formats.md section 7.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from audit.checkpoint import Checkpoint
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.manifest import Manifest
from audit.message import Message
from audit.seal import SCALAR_SIZE
from audit.shape import items, members
from audit.trustees import (
    MOST_TRUSTEES,
    Recovery,
    Release,
    combine,
    read_release,
    recover,
    verify_release,
)
from tally import canonical

LARGEST_OPENING = 1_000_000


class OpeningInvalid(AuditError):
    """An opening that does not hold; the message names the trustee or field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A checked opening: ``private_key`` has 32 bytes, ``releases`` are in index order."""

    private_key: bytes = field(repr=False)
    releases: tuple[Release, ...]


def checkpoint_hash(checkpoint: Checkpoint) -> bytes:
    """The SHA-256 of the checkpoint's note text, by which trustees name what they release for."""
    return sha256(checkpoint.text().encode()).digest()


def recover_opening(
    manifest: Manifest, releases: Iterable[bytes | Message], checkpoint: Checkpoint
) -> Recovery:
    """The election key from trustees' releases for this final checkpoint; bad ones are set aside
    and named. Raises SharesMissing while too few are good."""
    return recover(
        manifest.trustees,
        releases,
        election=manifest.hash,
        checkpoint=checkpoint_hash(checkpoint),
    )


def opening_file(manifest: Manifest, recovery: Recovery) -> bytes:
    """The content of ``opening.json``."""
    return canonical.encode(
        {
            "type": "opening",
            "election": b64(manifest.hash),
            "election_private_key": b64(recovery.private_key),
            "releases": [dict(release.message) for release in recovery.releases],
        }
    )


def check_opening(manifest: Manifest, data: bytes, checkpoint: Checkpoint) -> Opening:
    """The opening in ``opening.json``, checked: enough trustees released shares that are theirs,
    for this checkpoint, and together these give the private half of the election key.

    Raises AuditError naming the trustee or the field.
    """
    try:
        value = canonical.parse(data, limit=LARGEST_OPENING)
    except canonical.CanonicalError as error:
        raise OpeningInvalid(f"opening: {error}") from None
    names = ("type", "election", "election_private_key", "releases")
    read = members(value, "opening", names, OpeningInvalid)
    if read["type"] != "opening":
        raise OpeningInvalid("opening: another type")
    if unb64(read["election"], "opening: election") != manifest.hash:
        raise OpeningInvalid("opening: is for another election")
    private_key = unb64(
        read["election_private_key"], "opening: election_private_key", size=SCALAR_SIZE
    )
    messages = items(read["releases"], "opening: releases", OpeningInvalid, most=MOST_TRUSTEES)
    releases = tuple(read_release(message) for message in messages)  # type: ignore[arg-type]
    indices = [release.index for release in releases]
    if indices != sorted(set(indices)):
        raise OpeningInvalid("opening: releases are not in index order, or one stands twice")
    for release in releases:
        verify_release(
            release,
            manifest.trustees,
            election=manifest.hash,
            checkpoint=checkpoint_hash(checkpoint),
        )
    found = combine(manifest.trustees, {release.index: release.share for release in releases})
    if found != private_key:
        raise OpeningInvalid("opening: election_private_key is not what the shares give")
    return Opening(private_key=private_key, releases=releases)
