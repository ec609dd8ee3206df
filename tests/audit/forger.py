"""Publications in memory, honest ones and those of an insider who holds every key.

``published`` is an honest one. ``relist`` does what cheating officers would do after changing a
file: list its new hash and sign the lists again, so that only the check under test can notice.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from audit.bundle import all_files
from audit.drawing import Drawing
from audit.explanations import explain, explanations_file
from audit.opening import checkpoint_hash
from audit.publication import (
    CHECKPOINT,
    EXPLANATIONS,
    LOG,
    MANIFEST,
    OPENING,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
    PublicationList,
    RenderingsList,
    publication_message,
    renderings_message,
    signatures_file,
)
from audit.rendering import Publication, Renderer
from audit.result_hash import short
from audit.source import FolderSource
from audit.tile import tiles_for
from audit.verify import Verified, verify
from tests.town import Clerk, Town, town

Files = dict[str, bytes]


def _charts(publication: Publication) -> Iterator[tuple[str, bytes]]:
    mark = short(publication.result_hash)
    for path, data in publication.figures.items():
        name = path.removeprefix("figures/").removesuffix(".json")
        yield f"charts/{name}.svg", f"<svg>{len(data)} {mark}</svg>".encode()


def _pages(publication: Publication, charts: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    election, mark = publication.manifest.election, publication.result_hash
    yield EXPLANATIONS, explanations_file(explain(election, publication.results), mark)
    shown = " ".join(f"{path} {len(data)}" for path, data in sorted(charts.items()))
    yield "index.html", f"<!doctype html>{election.id} {short(mark)} {shown}".encode()


RENDERER = Renderer(
    drawing=Drawing(pages="test-pages 7.7", charts="test-charts 9.9"), charts=_charts, pages=_pages
)
"""A quick one: what matplotlib draws is tested with the charts."""


@lru_cache(maxsize=4)
def _published(own: Town) -> tuple[tuple[str, bytes], ...]:
    return tuple(sign(own.clerk, dict(all_files(own.inputs, RENDERER))).items())


def published(own: Town | None = None) -> Files:
    """All files of a town's publication."""
    return dict(_published(own or town()))


def sign(clerk: Clerk, files: Mapping[str, bytes]) -> Files:
    """The files with the officers' signatures under the lists as they are."""
    signatures = signatures_file(
        clerk.manifest,
        clerk.sign(publication_message(files[PUBLICATION])),
        clerk.sign(renderings_message(files[RENDERINGS])),
    )
    return {**files, SIGNATURES: signatures}


def relist(clerk: Clerk, files: Mapping[str, bytes], *, checkpoint: bytes | None = None) -> Files:
    """The files with honest lists of them, signed: only what they say may be wrong."""
    own = {PUBLICATION, RENDERINGS, SIGNATURES}
    drawn = {path for path in files if path.startswith(("charts/", "index", EXPLANATIONS))}
    hashes = {path: sha256(data).digest() for path, data in files.items()}
    text = files[CHECKPOINT].decode().split("\n\n")[0] + "\n"
    publication = PublicationList(
        election=sha256(files[MANIFEST]).digest(),
        checkpoint=checkpoint or sha256(text.encode()).digest(),
        results=hashes[RESULTS],
        files={path: hashes[path] for path in files if path not in drawn | own},
    ).to_bytes()
    renderings = RenderingsList(
        publication=sha256(publication).digest(),
        drawing=RENDERER.drawing,
        files={path: hashes[path] for path in drawn},
    ).to_bytes()
    return sign(clerk, {**files, PUBLICATION: publication, RENDERINGS: renderings})


def relog(own: Town, entries: list[bytes]) -> Files:
    """The publication with another log, which the box signs and for which trustees release."""
    clerk = own.clerk
    files = {path: data for path, data in published(own).items() if not path.startswith(LOG)}
    files[CHECKPOINT] = clerk.checkpoint(entries)
    files.update((LOG + path, data) for path, data in tiles_for(entries))
    head = clerk.head(entries)
    files[OPENING] = clerk.opening(head)
    return relist(clerk, files, checkpoint=checkpoint_hash(head))


def write(files: Mapping[str, bytes], folder: Path) -> FolderSource:
    """The files in a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return FolderSource(folder)


class Memory:
    """A source in memory."""

    def __init__(self, files: Mapping[str, bytes], *, listed: bool = True) -> None:
        self.files = files
        self.listed = listed

    def read(self, path: str, *, limit: int = 1 << 31) -> bytes | None:
        """See Source.read."""
        data = self.files.get(path)
        assert data is None or len(data) <= limit
        return data

    def paths(self) -> frozenset[str] | None:
        """See Source.paths."""
        return frozenset(self.files) if self.listed else None


def verified(files: Mapping[str, bytes], **options: object) -> Verified:
    """Verify files in memory with the test's renderer."""
    options.setdefault("renderer", lambda: RENDERER)
    return verify(Memory(files), **options)  # type: ignore[arg-type]
