"""Figures to SVG and PNG: the only file that imports matplotlib.

What is drawn comes from a Sheet; here it only gets ink. The bytes depend on the sources and what
``libraries`` names, on nothing else: no clock, no configuration file, no font but the bundled
DejaVu Sans, a fixed salt for the ids in SVG. Source: docs/formats.md section 9, renderings.json.
"""

import io
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from platform import machine
from threading import Lock
from typing import Any, Final
from unicodedata import unidata_version

import matplotlib as mpl
import numpy as np
import PIL
from matplotlib import ft2font
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import features

from audit.sheet import WON, Bar, Item, Label, Sheet
from audit.sheets import comparison_sheets, sheets
from tally.election import Election

POINTS_PER_INCH: Final = 72
DOTS_PER_INCH: Final = 144
LEAST_DOTS_PER_INCH: Final = 96
HIGH: Final = 5_000
"""A PNG that would be higher gets fewer dots per inch, as few as the letters bear."""

PLACEHOLDER: Final = "□"
FILLS: Final[Mapping[str, tuple[str, str, str]]] = {
    # name: (ground, edge and hatch, hatch); told apart in greyscale by lightness and by hatch
    "won": (WON, WON, ""),
    "added": ("#ffffff", WON, "......"),
    "part": ("#ffffff", WON, "//////"),
    "used": ("#d3dde6", "#d3dde6", ""),
    "lost": ("#f4f1ea", "#7b776d", "/////"),
    "misfit": ("#ffffff", "#8c3b2a", "\\\\\\\\\\"),
    "blank": ("#cfd6dd", "#555d6e", ""),
    "spoiled": ("#ffffff", "#1b2230", "xxxxxx"),
    "rest": ("#ffffff", "#7b776d", ""),
    "track": ("#efede7", "#efede7", ""),
    # grades, best to worst: each lighter than the one before, for grey print and every eye
    "grade-0": ("#0c2c5c", "#555d6e", ""),
    "grade-1": ("#1f5a96", "#555d6e", ""),
    "grade-2": ("#2f86b5", "#555d6e", ""),
    "grade-3": ("#5bb0bd", "#555d6e", ""),
    "grade-4": ("#95cfb9", "#555d6e", ""),
    "grade-5": ("#cfe8b8", "#555d6e", ""),
    "grade-6": ("#fbfbd9", "#555d6e", ""),
}
_SETTINGS: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "scrutin",
    "svg.id": None,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "hatch.linewidth": 0.55,
    "path.simplify": False,
    "text.parse_math": False,
    "text.hinting": "none",
}
_GROUPS: Final = (
    *("agg.", "figure.", "font.", "hatch.", "lines.", "patch.", "path.", "savefig.", "svg."),
    "text.",
)
"""The settings that could change a byte: a reader's own configuration file must not."""
_DRAWING: Final = Lock()
"""matplotlib's settings are global: one chart at a time."""


def _font_file(bold: bool) -> Path:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(mpl.get_data_path(), "fonts", "ttf", name)


class DejaVuSans:
    """The measure of the bundled typeface (audit/sheet.py, Typeface)."""

    __slots__ = ("_advances", "_drawable", "_fonts")

    def __init__(self) -> None:
        self._fonts = {bold: FT2Font(str(_font_file(bold))) for bold in (False, True)}
        maps = [font.get_charmap() for font in self._fonts.values()]
        self._drawable = frozenset(maps[0].keys() & maps[1].keys())
        self._advances: dict[tuple[str, bool], float] = {}

    def _advance(self, sign: str, bold: bool) -> float:
        """The width of one sign in a type of size 1."""
        known = self._advances.get((sign, bold))
        if known is None:
            font = self._fonts[bold]
            font.set_size(100, POINTS_PER_INCH)
            glyph = font.load_char(ord(sign), flags=LoadFlags.NO_HINTING)
            known = self._advances[sign, bold] = glyph.linearHoriAdvance / 65536 / 100
        return known

    def width(self, words: str, size: float, bold: bool = False) -> float:
        """The width of a line in points, without kerning."""
        return size * sum(self._advance(sign, bold) for sign in words)

    def clean(self, words: str) -> str:
        """``words`` in one line of signs that the typeface has.

        A run of others (emoji, scripts without letters here) becomes one "□"; signs that steer
        the layout, such as direction overrides, are left out. The page shows the words unchanged.
        """
        shown: list[str] = []
        for sign in _BLANKS.sub(" ", words).strip(" "):
            if sign in _UNSEEN:
                continue
            drawable = ord(sign) in self._drawable and sign.isprintable()
            if drawable or sign in _SPACES:
                shown.append(sign)
            elif not shown or shown[-1] != PLACEHOLDER:
                shown.append(PLACEHOLDER)
        return "".join(shown)


_BLANKS: Final = re.compile(r"[^\S\u00a0\u202f]+")
"""What a line may be broken at; the blanks inside an amount hold it together."""
_SPACES: Final = frozenset("\u00a0\u202f")
_UNSEEN: Final = frozenset(
    map(chr, (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)))
) | frozenset(map(chr, (0xFEFF, *range(0xFE00, 0xFE10))))


@cache
def typeface() -> DejaVuSans:
    """The one measure of this process; ask it while ``_DRAWING`` is held."""
    return DejaVuSans()


@cache
def _properties(size: float, bold: bool) -> FontProperties:
    return FontProperties(
        family=["sans-serif"],
        weight="bold" if bold else "normal",
        size=size,
        fname=_font_file(bold),
    )


def libraries() -> tuple[str, ...]:
    """With what it draws, for renderings.json: another one may draw other bytes.

    numpy and the machine round what matplotlib places, FreeType draws its letters, Pillow packs
    the PNG with zlib, and Unicode says which signs can be printed.
    """
    zlib = [f"{name} {features.version(name)}" for name in ("zlib", "zlib_ng")]
    return (
        f"matplotlib {mpl.__version__}",
        f"numpy {np.__version__}",
        f"FreeType {ft2font.__freetype_version__}",
        f"Pillow {PIL.__version__}",
        *(each for each in zlib if not each.endswith(" None")),
        f"Unicode {unidata_version}",
        f"{sys.platform} {machine()}",
    )


def draw(
    election: Election, figures: Mapping[str, bytes], result_hash: bytes
) -> Iterator[tuple[str, bytes]]:
    """Every chart of a publication: (path ``charts/<name>.<language>.svg`` or ``.png``, bytes).

    ``figures`` maps the paths of audit/figures.py to their bytes, ``result_hash`` is the SHA-256
    of publication.json. The same bytes come out wherever ``libraries`` and sources are the same.
    """
    with _DRAWING:
        face = typeface()
        laid = list(sheets(election, figures, result_hash, face))
    for name, sheet in laid:
        yield f"charts/{name}.svg", svg(sheet, result_hash.hex())
        yield f"charts/{name}.png", png(sheet)


def comparison_svg(
    election: Election, figure: Mapping[str, Any], result_hash: bytes, language: str
) -> bytes:
    """The chart of a comparison (audit/comparison.py) in ``language``, which no publication has;
    in the election's first language where there is none in this."""
    with _DRAWING:
        laid = dict(comparison_sheets(election, figure, result_hash, typeface()))
    sheet = laid.get(f"comparison-{figure['contest']}.{language}", next(iter(laid.values())))
    return svg(sheet, result_hash.hex())


def svg(sheet: Sheet, result_hash: str) -> bytes:
    """A sheet in SVG: text stays text, so that it can be selected, searched and read aloud."""
    metadata = {
        "Date": None,
        "Creator": None,
        "Title": sheet.title,
        "Description": sheet.description,
        "Identifier": f"sha256:{result_hash}",
        "Language": sheet.language,
    }
    return _print(sheet, "svg", metadata, POINTS_PER_INCH)


def png(sheet: Sheet) -> bytes:
    """A sheet in PNG, twice as fine as its points."""
    inches = sheet.height / POINTS_PER_INCH
    dots = max(LEAST_DOTS_PER_INCH, min(DOTS_PER_INCH, int(HIGH / inches)))
    return _print(sheet, "png", {"Software": None}, dots)


def _print(sheet: Sheet, kind: str, metadata: Mapping[str, str | None], dots: int) -> bytes:
    settings: dict[Any, Any] = {
        key: value
        for key, value in mpl.rcParamsDefault.items()
        if key.startswith(_GROUPS) and key != "text.hinting_factor"  # deprecated
    }
    settings |= _SETTINGS
    written = io.BytesIO()
    with _DRAWING, mpl.rc_context(settings):
        figure = Figure(
            figsize=(sheet.width / POINTS_PER_INCH, sheet.height / POINTS_PER_INCH),
            dpi=dots,
            facecolor="#ffffff",
        )
        for depth, item in enumerate(sheet.items):
            _ink(figure, sheet, item, depth)
        figure.savefig(written, format=kind, dpi=dots, metadata=dict(metadata))
    return written.getvalue()


def _ink(figure: Figure, sheet: Sheet, item: Item, depth: int) -> None:
    def place(x: float, y: float) -> tuple[float, float]:
        return x / POINTS_PER_INCH, (sheet.height - y) / POINTS_PER_INCH

    transform = figure.dpi_scale_trans
    if isinstance(item, Label):
        figure.text(
            *place(item.x, item.y),
            item.words,
            color=item.colour,
            fontproperties=_properties(item.size, item.bold),
            ha={"start": "left", "middle": "center", "end": "right"}[item.anchor],
            va="baseline",
            transform=transform,
            parse_math=False,
            zorder=depth,
        )
    elif isinstance(item, Bar):
        ground, edge, hatch = FILLS[item.fill]
        figure.add_artist(
            Rectangle(
                place(item.x, item.y + item.height),
                item.width / POINTS_PER_INCH,
                item.height / POINTS_PER_INCH,
                facecolor=ground,
                edgecolor=edge,
                linewidth=0.7,
                hatch=hatch or None,
                transform=transform,
                zorder=depth,
            )
        )
    else:
        (x1, y1), (x2, y2) = place(item.x1, item.y1), place(item.x2, item.y2)
        figure.add_artist(
            Line2D(
                (x1, x2),
                (y1, y2),
                color=item.colour,
                linewidth=item.weight,
                linestyle=(0, (4, 2.5)) if item.dashed else "solid",
                transform=transform,
                zorder=depth,
            )
        )
