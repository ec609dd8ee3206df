"""Whoever draws a publication: charts and the page, if what they need is installed.

Nothing that is drawn decides anything. Charts need matplotlib, which an observer need not have;
then they are checked by their signed hashes alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from audit.checkpoint import Checkpoint
from audit.manifest import Manifest
from tally.canonical import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a renderer is given.

    ``results`` is the value of results.json; ``figures`` maps the paths of the figures to their
    bytes; ``files`` maps the path of every file in publication.json to its SHA-256;
    ``result_hash`` is the SHA-256 of publication.json (32 bytes).
    """

    manifest: Manifest
    checkpoint: Checkpoint
    results: Mapping[str, Value]
    figures: Mapping[str, bytes]
    files: Mapping[str, bytes]
    result_hash: bytes


Draw = Callable[[Publication], Iterable[tuple[str, bytes]]]
"""Gives (path, bytes) of charts (``charts/<name>.svg`` or ``.png``) and of ``index.html``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A way to draw. ``matplotlib`` is the version that ``draw`` uses, None when it uses none: the
    same version gives the same bytes."""

    matplotlib: str | None
    draw: Draw


def installed_renderer() -> Renderer:
    """The renderer that this installation has: charts and page, or the page alone."""
    try:
        charts = import_module("audit.charts")
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in ("audit", "tally"):
            raise
        charts = None
    page = import_module("audit.page")

    def draw(publication: Publication) -> Iterator[tuple[str, bytes]]:
        drawn: dict[str, bytes] = {}
        if charts is not None:
            drawn.update(
                charts.draw(
                    publication.manifest.election,
                    publication.results,
                    publication.figures,
                    publication.result_hash,
                )
            )
        yield from drawn.items()
        yield from page.draw(publication, drawn)

    return Renderer(matplotlib=None if charts is None else charts.VERSION, draw=draw)
