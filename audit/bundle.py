"""Writing a publication: whole or not at all, and the same bytes however often it is done.

``prepare`` derives all files and writes them into a folder beside the final one; ``complete`` adds
the officers' signatures and gives the folder its name. In between every officer's machine may
prepare the same publication anew, and its officer signs what was derived there. Either step can be
interrupted and repeated. Source: docs/formats.md section 9.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from audit.admission import Admitted
from audit.derive import Inputs, Progress, derive, open_final_checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.officers import OfficerSignature
from audit.parallel import IN_THIS_PROCESS, Workers
from audit.publication import (
    FIGURES,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
    RenderingsList,
    check_drawn,
    publication_message,
    read_list_signatures,
    read_publication,
    renderings_message,
    signatures_file,
)
from audit.rendering import Publication, Renderer
from audit.source import FolderSource, check_path
from tally import canonical

PARTIAL = ".partial"


class FolderDiffers(AuditError):
    """A folder that holds something else than what is to be published there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A publication that lacks only the officers' signatures. ``folder`` is where it lies,
    ``publication`` and ``renderings`` are the two lists that officers sign."""

    folder: Path
    manifest: Manifest = field(repr=False)
    publication: bytes = field(repr=False)
    renderings: bytes = field(repr=False)

    @property
    def result_hash(self) -> bytes:
        """SHA-256 of publication.json (32 bytes)."""
        return sha256(self.publication).digest()

    @property
    def publication_message(self) -> bytes:
        """What officers sign about what is decided."""
        return publication_message(self.publication)

    @property
    def renderings_message(self) -> bytes:
        """What officers sign about what is drawn."""
        return renderings_message(self.renderings)


def _nothing(_what: str, _done: int, _total: int) -> None:
    pass


def all_files(
    inputs: Inputs,
    renderer: Renderer,
    *,
    admitted: Admitted | None = None,
    workers: Workers = IN_THIS_PROCESS,
    progress: Progress = _nothing,
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file but the signatures: what is decided, what is drawn, and
    ``renderings.json`` last. ``admitted`` and ``workers`` as in ``derive``. Raises AuditError."""
    kept: dict[str, bytes] = {}
    for path, data in derive(inputs, admitted=admitted, workers=workers, progress=progress):
        if path in (RESULTS, PUBLICATION) or path.startswith(FIGURES):
            kept[path] = data
        yield path, data
    manifest = Manifest.parse(inputs.manifest)
    publication = Publication(
        manifest=manifest,
        checkpoint=open_final_checkpoint(manifest, inputs.checkpoint),
        results=cast(Any, canonical.parse(kept[RESULTS])),
        figures={path: data for path, data in kept.items() if path.startswith(FIGURES)},
        files=read_publication(kept[PUBLICATION]).files,
        result_hash=sha256(kept[PUBLICATION]).digest(),
    )
    drawn: dict[str, bytes] = {}
    for path, data in renderer.draw(publication):
        check_drawn(path)
        if path in drawn:
            raise FolderDiffers(f"{path}: drawn twice")
        drawn[path] = sha256(data).digest()
        yield path, data
    renderings = RenderingsList(
        publication=publication.result_hash, drawing=renderer.drawing, files=drawn
    )
    yield RENDERINGS, renderings.to_bytes()


def prepare(
    inputs: Inputs,
    folder: Path,
    renderer: Renderer,
    *,
    admitted: Admitted | None = None,
    workers: Workers = IN_THIS_PROCESS,
    progress: Progress = _nothing,
) -> Prepared:
    """Write everything but the signatures into ``folder``, which is made if it is not there.

    What an interrupted or earlier run left is compared and kept. Raises FolderDiffers when the
    folder holds anything else, AuditError when the inputs do not hold; then nothing is complete.
    """
    expected: set[str] = set()
    last: dict[str, bytes] = {}
    files = all_files(inputs, renderer, admitted=admitted, workers=workers, progress=progress)
    for path, data in files:
        check_path(path)
        _keep(folder / path, data)
        expected.add(path)
        progress("write", len(expected), 0)
        if path in (PUBLICATION, RENDERINGS):
            last[path] = data
    for path in FolderSource(folder).paths():
        if path.endswith(PARTIAL):
            (folder / path).unlink()
        elif path not in expected and path != SIGNATURES:
            raise FolderDiffers(
                f"{folder / path}: belongs to another publication; remove the folder and prepare "
                "this one again"
            )
    return Prepared(
        folder=folder,
        manifest=Manifest.parse(inputs.manifest),
        publication=last[PUBLICATION],
        renderings=last[RENDERINGS],
    )


def _keep(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all; what is there already must be the same."""
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        pass
    else:
        if present != data:
            raise FolderDiffers(
                f"{path}: exists with other content than is published now; remove the folder and "
                "prepare again"
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def complete(
    prepared: Prepared,
    folder: Path,
    *,
    publication: Iterable[OfficerSignature],
    renderings: Iterable[OfficerSignature],
) -> None:
    """Add the officers' signatures under both lists and give the prepared folder its final name.

    Nothing happens when ``folder`` is that very publication already. Raises SignaturesMissing when
    too few officers signed or a signature is bad, FolderDiffers when ``folder`` is another one.
    """
    manifest = prepared.manifest
    signatures = signatures_file(manifest, publication, renderings)
    listed = read_list_signatures(manifest, signatures)
    listed.check_publication(manifest, prepared.publication)
    listed.check_renderings(manifest, prepared.renderings)
    if folder.exists():
        published = FolderSource(folder)
        for path, data in ((PUBLICATION, prepared.publication), (SIGNATURES, signatures)):
            if published.read(path) != data:
                raise FolderDiffers(f"{folder}: another publication is there; it stands")
        return
    _keep(prepared.folder / SIGNATURES, signatures)
    prepared.folder.replace(folder)


def publish(
    inputs: Inputs,
    folder: Path,
    renderer: Renderer,
    sign: Callable[[bytes], Iterable[OfficerSignature]],
    *,
    jobs: int = 1,
    progress: Progress = _nothing,
) -> Prepared:
    """Prepare, in ``jobs`` processes (0: one a core), and complete in one go, where ``sign`` can
    ask all officers at once.

    The work is done in a folder beside ``folder`` until it is whole. Published already: compared.
    """
    staging = folder if folder.exists() else folder.with_name(folder.name + ".unsigned")
    with Workers(jobs) as workers:
        prepared = prepare(inputs, staging, renderer, workers=workers, progress=progress)
    complete(
        prepared,
        folder,
        publication=sign(prepared.publication_message),
        renderings=sign(prepared.renderings_message),
    )
    return prepared
