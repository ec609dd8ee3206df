"""Whoever draws and words a publication: pages always, charts if what they need is installed.

Nothing that is drawn or worded decides anything. Charts need matplotlib, which an observer need
not have; then they are checked by their signed hashes alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from audit.checkpoint import Checkpoint
from audit.drawing import Drawing, charts_drawing, pages_drawing
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


Drawn = Iterable[tuple[str, bytes]]
"""(path, bytes) of drawings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A way to draw: the same ``drawing`` gives the same bytes.

    ``charts`` gives ``charts/<name>.svg`` and ``.png``, nothing where it cannot draw. ``pages``
    gives explanations.json and the pages, which show the charts they are given (path to bytes).
    """

    drawing: Drawing
    charts: Callable[[Publication], Drawn]
    pages: Callable[[Publication, Mapping[str, bytes]], Drawn]

    def draw(self, publication: Publication) -> Iterator[tuple[str, bytes]]:
        """Everything: the charts, then what shows them."""
        charts: dict[str, bytes] = {}
        for path, data in self.charts(publication):
            charts[path] = data
            yield path, data
        yield from self.pages(publication, charts)


def pages_renderer() -> Renderer:
    """Pages alone, as where nothing that charts need is installed."""
    page = import_module("audit.page")
    drawing = Drawing(pages=pages_drawing(), charts=None)
    return Renderer(drawing=drawing, charts=lambda _publication: (), pages=page.draw)


def installed_renderer() -> Renderer:
    """The renderer that this installation has: charts and pages, or pages alone."""
    page = import_module("audit.page")
    try:
        charts = import_module("audit.charts")
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in ("audit", "tally"):
            raise
        return pages_renderer()

    def draw_charts(publication: Publication) -> Drawn:
        drawn: Drawn = charts.draw(
            publication.manifest.election, publication.figures, publication.result_hash
        )
        return drawn

    return Renderer(
        drawing=Drawing(pages=pages_drawing(), charts=charts_drawing(charts.libraries())),
        charts=draw_charts,
        pages=page.draw,
    )
