"""The chart of other rules beside the page that compares them: drawn when somebody asks, kept.

It is no part of the publication and says so itself. Where nothing that charts need is installed
there is none, and the page does without.
"""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from importlib import import_module
from importlib.util import find_spec
from threading import Lock, Thread
from typing import Any, Final

from audit.alt import alternative
from audit.comparison import comparison_figure
from audit.words import Words
from tally.comparison import Comparison
from tally.election import Envelope
from web.published import Published

SVG: Final = "image/svg+xml"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""An SVG carries its own style, as those of the publication do."""


def charts_installed() -> bool:
    """Whether this installation can draw."""
    return find_spec("matplotlib") is not None


def chart_told(published: Published, envelope: Envelope, comparison: Comparison, code: str) -> str:
    """What the chart shows, in words of the language ``code`` ("fr" or "en")."""
    election = published.manifest.election
    figure = comparison_figure(election, envelope, comparison)
    return alternative(figure, Words.of(election, code), election.languages)


def drawn_comparison(
    published: Published, envelope: Envelope, comparison: Comparison, code: str
) -> bytes:
    """The chart in SVG. ``charts_installed`` must hold."""
    charts: Any = import_module("audit.charts")
    election = published.manifest.election
    figure = comparison_figure(election, envelope, comparison)
    drawn: bytes = charts.comparison_svg(election, figure, published.result_hash, code)
    return drawn


class ComparisonCharts:
    """What was drawn, or is being drawn, by publication, contest and language; one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turn = Lock()
        self._kept: dict[tuple[bytes, str, str], Future[bytes]] = {}

    def get(
        self,
        published: Published,
        envelope: Envelope,
        comparison: Comparison,
        code: str,
        *,
        seconds: float,
    ) -> bytes | None:
        """The chart, None while it is still being drawn after so many seconds.

        Raises what drawing raised.
        """
        key = (published.result_hash, envelope.id, code)
        with self._lock:
            future = self._kept.get(key)
            if future is None:
                future = self._kept[key] = Future()
                Thread(
                    target=self._draw,
                    args=(future, published, envelope, comparison, code),
                    name=f"chart of the comparison of {envelope.id}",
                    daemon=True,
                ).start()
        try:
            return future.result(timeout=seconds)
        except NotYet:
            return None

    def _draw(
        self,
        future: "Future[bytes]",
        published: Published,
        envelope: Envelope,
        comparison: Comparison,
        code: str,
    ) -> None:
        try:
            with self._turn:
                future.set_result(drawn_comparison(published, envelope, comparison, code))
        except Exception as error:
            future.set_exception(error)
