"""Every file that is decided, derived from what was frozen, logged, sealed and opened.

A function of the inputs alone: the same inputs give the same bytes on every machine. Everything
is checked on the way, as a verifier will. Source: docs/formats.md section 9.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from audit.admission import Admitted, admit
from audit.checkpoint import Checkpoint, open_checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest, verify_manifest
from audit.merkle import leaf_hash, root
from audit.opening import check_opening, checkpoint_hash
from audit.parallel import IN_THIS_PROCESS, Workers
from audit.publication import (
    CHECKPOINT,
    LOG,
    MANIFEST,
    MANIFEST_SIGNATURES,
    OPENING,
    PUBLICATION,
    RESULTS,
    PublicationList,
    ballots_path,
    sealed_path,
)
from audit.recount import ballots_file, open_all, recount
from audit.tile import tiles_for
from tally.election import Envelope
from tally.frozen import FrozenMap


class InputsInvalid(AuditError):
    """What was given to be published does not fit together; the message names what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a publication follows from, as bytes.

    ``manifest`` and ``manifest_signatures`` are the two files; ``entries`` the whole log;
    ``checkpoint`` its final signed note; ``sealed`` maps each style to the sealed bytes of its
    counted ballots in log order, joined; ``opening`` is the file; ``pictures`` maps paths
    (``pictures/…``) to contents.
    """

    manifest: bytes
    manifest_signatures: bytes
    entries: tuple[bytes, ...] = field(repr=False)
    checkpoint: bytes
    sealed: FrozenMap[str, bytes] = field(repr=False)
    opening: bytes = field(repr=False)
    pictures: FrozenMap[str, bytes] = field(repr=False)


def open_final_checkpoint(manifest: Manifest, note: bytes) -> Checkpoint:
    """The checkpoint in a signed note: by the log of this election, and seen by as many witnesses
    as its policy asks for. Raises AuditError."""
    return open_witnessed(manifest, note)[0]


def open_witnessed(manifest: Manifest, note: bytes) -> tuple[Checkpoint, Mapping[str, int]]:
    """The same, and the witnesses of the policy that cosigned it: their names there, in its order,
    and when (POSIX seconds)."""
    origin, key, policy = manifest.box.origin, manifest.box.verifier_key, manifest.policy
    if policy is None:
        return open_checkpoint(note, origin, key).checkpoint, {}
    opened = policy.open_checkpoint(note, origin, key)
    return opened.checkpoint, policy.cosigned(opened)


Progress = Callable[[str, int, int], None]
"""Told what is done now (``verify``, ``open``, ``write``), how much is done, and of how much."""


def _nothing(_what: str, _done: int, _total: int) -> None:
    pass


def check_pictures(manifest: Manifest, pictures: Mapping[str, bytes]) -> None:
    """Raise InputsInvalid unless ``pictures`` are those of the definition: none missing, none
    more, each with its hash."""
    expected = picture_hashes(manifest)
    for path, digest in expected.items():
        if path not in pictures:
            raise InputsInvalid(f"{path}: missing; the definition names it")
        if sha256(pictures[path]).digest() != digest:
            raise InputsInvalid(f"{path}: not the picture that the definition names")
    for path in pictures:
        if path not in expected:
            raise InputsInvalid(f"{path}: the definition names no such picture")


def picture_hashes(manifest: Manifest) -> dict[str, bytes]:
    """The pictures of the definition: path to SHA-256."""
    return {
        project.picture.path: project.picture.sha256
        for contest in manifest.election.contests
        if isinstance(contest, Envelope)
        for project in contest.projects
        if project.picture is not None
    }


def derive(
    inputs: Inputs,
    *,
    admitted: Admitted | None = None,
    workers: Workers = IN_THIS_PROCESS,
    progress: Progress = _nothing,
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file that is decided, and ``publication.json`` last.

    ``admitted`` is what ``admit`` said of these entries, for a caller who has asked it already;
    ``workers`` verify and open. Raises AuditError naming what does not hold; a caller that writes
    files as they come must not show them before the end.
    """
    derivation = _Derivation(inputs, admitted, workers, progress)
    listed: dict[str, bytes] = {}
    for path, data in derivation.files():
        listed[path] = sha256(data).digest()
        yield path, data
    publication = PublicationList(
        election=derivation.manifest.hash,
        checkpoint=checkpoint_hash(derivation.checkpoint),
        results=listed[RESULTS],
        files=listed,
    )
    yield PUBLICATION, publication.to_bytes()


class _Derivation:
    """One run of ``derive``: the inputs checked against each other, then the files."""

    def __init__(
        self, inputs: Inputs, admitted: Admitted | None, workers: Workers, progress: Progress
    ) -> None:
        self.inputs = inputs
        self.admitted = admitted
        self.workers = workers
        self.progress = progress
        self.manifest = Manifest.parse(inputs.manifest)
        verify_manifest(self.manifest, inputs.manifest_signatures)
        check_pictures(self.manifest, inputs.pictures)
        self.checkpoint = open_final_checkpoint(self.manifest, inputs.checkpoint)
        leaves = (leaf_hash(entry) for entry in inputs.entries)
        if self.checkpoint.size != len(inputs.entries) or self.checkpoint.root != root(leaves):
            raise InputsInvalid("checkpoint: is not of these log entries")

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every file but ``publication.json``, in the order of the format's table."""
        inputs, manifest = self.inputs, self.manifest
        ballots = max(0, len(inputs.entries) - 2)

        def verified(done: int) -> None:
            self.progress("verify", done, ballots)

        admitted = self.admitted or admit(
            manifest, inputs.entries, workers=self.workers, progress=verified
        )
        opening = check_opening(manifest, inputs.opening, self.checkpoint)
        yield MANIFEST, inputs.manifest
        yield MANIFEST_SIGNATURES, inputs.manifest_signatures
        for path in sorted(inputs.pictures):
            yield path, inputs.pictures[path]
        yield CHECKPOINT, inputs.checkpoint
        for path, data in tiles_for(inputs.entries):
            yield LOG + path, data
        if inputs.sealed.keys() != admitted.counted.keys():
            raise InputsInvalid("sealed: not one file for each style")
        for style in admitted.counted:
            yield sealed_path(style), inputs.sealed[style]
        yield OPENING, inputs.opening
        opened = open_all(
            manifest,
            admitted,
            inputs.sealed,
            opening.private_key,
            workers=self.workers,
            progress=lambda done, total: self.progress("open", done, total),
        )
        self.workers.end()  # nothing of what follows is shared
        for style, each in opened.items():
            yield ballots_path(style), ballots_file(style, each)
        counted = recount(
            manifest,
            admitted,
            opened,
            checkpoint=self.checkpoint,
            private_key=opening.private_key,
        )
        yield RESULTS, counted.results
        yield from counted.figures()
        yield from counted.pabulib()
