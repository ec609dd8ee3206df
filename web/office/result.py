"""After the close: trustees release, the box is opened, the ballots counted and published."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from audit.admission import Admitted, admit
from audit.bundle import FolderDiffers, Prepared, complete, prepare
from audit.checkpoint import Checkpoint, open_checkpoint
from audit.derive import Inputs, open_final_checkpoint
from audit.manifest import Manifest
from audit.merkle import leaf_hash, root
from audit.opening import check_opening
from audit.parallel import Workers
from audit.policy import QuorumMissing
from audit.record import CloseEntry, parse_entry
from audit.recount import open_all, recount
from audit.rendering import Renderer, installed_renderer
from audit.source import FolderSource
from audit.tile import read_entries
from ballot.durable import keep_file, make_folder
from ballot.opening import collect_sealed, open_box
from ballot.trustee import Step, release_file
from tally.election import Envelope
from tally.frozen import FrozenMap
from web.clock import Clock, clock_for
from web.errors import Refused, UsageError
from web.office.folder import ElectionFolder
from web.office.officers import Signer, approve
from web.office.parts import box_store
from web.office.passphrase import passphrase
from web.progress import Progress


class NotWitnessed(Refused):
    """The vote is closed, but too few of the witnesses that the rules ask for saw the log's end."""


def final_log(folder: ElectionFolder, manifest: Manifest) -> tuple[bytes, Checkpoint, list[bytes]]:
    """The published log, closed: signed note, checkpoint and entries, their tree recomputed.

    Raises Refused while the log has no close entry, NotWitnessed while too few witnesses cosigned
    it, AuditError when it does not hold.
    """
    note, checkpoint, entries = closed_log(folder, manifest)
    try:
        open_final_checkpoint(manifest, note)
    except QuorumMissing as error:
        raise NotWitnessed(f"the end of the log: {error}. Ask them: scrutin cosign") from None
    return note, checkpoint, entries


def closed_log(folder: ElectionFolder, manifest: Manifest) -> tuple[bytes, Checkpoint, list[bytes]]:
    """The same, however many witnesses cosigned it."""
    log = folder.box / "log"
    note = folder.require(log / "checkpoint", "open the vote first: scrutin open")
    key = manifest.box.verifier_key
    checkpoint = open_checkpoint(note, key.name, key).checkpoint
    source = FolderSource(log)
    entries = list(read_entries(source.read, checkpoint.size))
    if root(leaf_hash(entry) for entry in entries) != checkpoint.root:
        raise Refused(f"{log}: the entries do not give the checkpoint's root; restore the log")
    if not isinstance(parse_entry(entries[-1]), CloseEntry):
        raise Refused("the vote is not closed: scrutin close first")
    return note, checkpoint, entries


def release_share(
    folder: ElectionFolder,
    manifest: Manifest,
    share: Path,
    *,
    name: str = "",
    passphrase_file: Path | None = None,
) -> Step:
    """A trustee's act: check that the log is closed and whole, then release the share for it."""
    _, checkpoint, _ = final_log(folder, manifest)
    text = checkpoint.text().encode()

    def accept(given: bytes) -> None:
        # final_log checked the log's signature, the witness policy and the close entry.
        if given != text:
            raise Refused("checkpoint: not the one of the closed log")

    make_folder(folder.releases)
    who = name or share.stem
    return release_file(
        share,
        passphrase(f"trustee share {share}", f"trustee_{who}", passphrase_file),
        folder.releases,
        election_id=manifest.election.id,
        election=manifest.hash,
        keys=manifest.trustees,
        checkpoint=text,
        accept=accept,
    )


def open_ballot_box(
    folder: ElectionFolder, manifest: Manifest, clock: Clock | None = None
) -> tuple[str, ...]:
    """Combine the releases in ``releases/`` into ``opening.json``; gives what was wrong with those
    set aside. Raises SharesMissing naming whose are missing."""
    now = (clock or clock_for(manifest.election.id))()
    store = box_store(folder, manifest)
    try:
        # Two at once with different releases would make two openings, and the second replace the
        # first.
        with _alone(folder.root):
            paths = sorted(folder.releases.glob("release-*.json"))
            releases = [path.read_bytes() for path in paths]
            return open_box(manifest, store, folder.opening, releases, now=now).refused
    finally:
        store.dispose()


def gather(
    folder: ElectionFolder, manifest: Manifest, *, workers: Workers, progress: Progress
) -> tuple[Inputs, Admitted]:
    """Everything that the publication follows from, and which ballots count. Raises Refused for
    what is missing, with the command that makes it."""
    opening = folder.require(folder.opening, "open the box first: scrutin open-box")
    note, _, entries = final_log(folder, manifest)
    told = progress.for_step("check the log")
    ballots = max(1, len(entries) - 2)
    admitted = admit(manifest, entries, workers=workers, progress=lambda done: told(done, ballots))
    store = box_store(folder, manifest)
    try:
        sealed = collect_sealed(manifest, store, admitted.counted)
    finally:
        store.dispose()
    inputs = Inputs(
        manifest=manifest.encoded,
        manifest_signatures=folder.manifest_signatures.read_bytes(),
        entries=tuple(entries),
        checkpoint=note,
        sealed=FrozenMap((style, sealed[style]) for style in admitted.counted),
        opening=opening,
        pictures=FrozenMap(_pictures(folder, manifest)),
    )
    return inputs, admitted


def _pictures(folder: ElectionFolder, manifest: Manifest) -> dict[str, bytes]:
    pictures: dict[str, bytes] = {}
    for contest in manifest.election.contests:
        for project in contest.projects if isinstance(contest, Envelope) else ():
            if project.picture is not None:
                path = project.picture.path
                data = folder.require(folder.root / path, "put the frozen picture back")
                pictures[path] = data
    return pictures


def count_votes(
    folder: ElectionFolder, manifest: Manifest, *, jobs: int, progress: Progress
) -> bytes:
    """Open and count every ballot; the outcome goes into ``results.json`` of the folder.

    Counting again gives the same bytes. Raises FileDiffers if they ever differ.
    """
    with Workers(jobs) as workers:
        inputs, admitted = gather(folder, manifest, workers=workers, progress=progress)
        checkpoint = open_final_checkpoint(manifest, inputs.checkpoint)
        opening = check_opening(manifest, inputs.opening, checkpoint)
        opened = open_all(
            manifest,
            admitted,
            inputs.sealed,
            opening.private_key,
            workers=workers,
            progress=progress.for_step("open the ballots"),
        )
    counted = recount(
        manifest, admitted, opened, checkpoint=checkpoint, private_key=opening.private_key
    )
    keep_file(folder.results, counted.results)
    return counted.results


def publish_results(
    folder: ElectionFolder,
    manifest: Manifest,
    out: Path,
    signers: Sequence[Signer],
    *,
    jobs: int,
    progress: Progress,
    renderer: Callable[[], Renderer] = installed_renderer,
) -> bytes | Prepared:
    """Derive the publication into a folder beside ``out``, sign it, and with enough officers'
    signatures give it its name. Gives the result hash, or what is prepared while more must sign.
    ``renderer`` makes its charts and pages.

    Whoever publishes at the same moment waits, and then finds it done. Raises Refused before the
    count, FolderDiffers when ``out`` is another publication.
    """
    with _alone(out.parent):
        return _publish(folder, manifest, out, signers, jobs, progress, renderer)


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    """Nobody else publishes into ``parent`` meanwhile, and nothing is left when a process dies."""
    place = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _publish(
    folder: ElectionFolder,
    manifest: Manifest,
    out: Path,
    signers: Sequence[Signer],
    jobs: int,
    progress: Progress,
    renderer: Callable[[], Renderer],
) -> bytes | Prepared:
    results = folder.require(folder.results, "count first: scrutin count")
    staging = out if out.exists() else out.with_name(out.name + ".unsigned")
    with Workers(jobs) as workers:
        inputs, admitted = gather(folder, manifest, workers=workers, progress=progress)
        prepared = prepare(
            inputs, staging, renderer(), admitted=admitted, workers=workers, progress=progress
        )
    if (prepared.folder / "results.json").read_bytes() != results:
        raise FolderDiffers(f"{folder.results}: differs from the recount; count again")
    publication = approve(
        folder.approvals,
        "publication",
        prepared.publication_message,
        manifest.officers,
        signers,
    )
    renderings = approve(
        folder.approvals, "renderings", prepared.renderings_message, manifest.officers, signers
    )
    if not publication or not renderings:
        return prepared
    complete(prepared, out, publication=publication, renderings=renderings)
    return prepared.result_hash


def require_parent(out: Path) -> None:
    """Raise UsageError unless the folder that ``out`` goes into exists."""
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder; create it first")
