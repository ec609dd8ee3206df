"""``python -m audit chart``: the charts of a publication, or of one figure, to SVG and PNG.

The figures of a publication are looked at as far as drawing needs: that they are the ones listed,
and that enough officers signed the list. Whether they are right says ``verify`` alone.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from audit.capture import read_file
from audit.errors import AuditError
from audit.manifest import LARGEST_MANIFEST, LARGEST_SIGNATURES, Manifest, verify_manifest
from audit.publication import (
    FIGURES,
    LARGEST_LIST,
    MANIFEST,
    MANIFEST_SIGNATURES,
    PUBLICATION,
    SIGNATURES,
    read_list_signatures,
    read_publication,
)
from audit.sheet import Sheet
from audit.sheets import lone_sheets, sheets
from audit.source import Source, SourceFailed
from tally.election import Election

KINDS: Final = ("svg", "png")
LARGEST_FIGURE: Final = 64_000_000


class FiguresRefused(AuditError):
    """Figures that are not the publication's, or that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is drawn: ``figures`` maps paths to bytes, ``result_hash`` is 32 bytes."""

    election: Election
    figures: Mapping[str, bytes]
    result_hash: bytes


def add_chart(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The arguments of ``chart``."""
    chart = commands.add_parser("chart", help="draw the charts of a publication again")
    chart.add_argument(
        "publication", help="its folder or its address (https://…), or one file of numbers (.json)"
    )
    chart.add_argument(
        "figure", nargs="*", help="which: votes-centre, filling-centre, turnout …; default: all"
    )
    chart.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where to; default: here"
    )
    chart.add_argument("--format", choices=KINDS, help="default: both")
    chart.add_argument("--language", metavar="CODE", help="fr or en; default: the election's")


def read_figures(source: Source) -> Figures:
    """The figures of a publication, as its officers signed them.

    Raises SourceFailed where something cannot be read, AuditError where it is not theirs.
    """
    manifest = Manifest.parse(read_file(source, MANIFEST, LARGEST_MANIFEST))
    verify_manifest(manifest, read_file(source, MANIFEST_SIGNATURES, LARGEST_SIGNATURES))
    publication = read_file(source, PUBLICATION, LARGEST_LIST)
    signatures = read_list_signatures(manifest, read_file(source, SIGNATURES, LARGEST_SIGNATURES))
    signatures.check_publication(manifest, publication)
    listed = read_publication(publication)
    if listed.election != manifest.hash:
        raise FiguresRefused(f"{PUBLICATION}: is for another election")
    found: dict[str, bytes] = {}
    for path in sorted(listed.files):
        if path.startswith(FIGURES):
            found[path] = read_file(source, path, LARGEST_FIGURE)
            if sha256(found[path]).digest() != listed.files[path]:
                raise FiguresRefused(f"{path}: not the file that {PUBLICATION} lists")
    return Figures(
        election=manifest.election, figures=found, result_hash=sha256(publication).digest()
    )


def chosen_figures(figures: Figures, names: Sequence[str]) -> dict[str, bytes]:
    """Those of the given names (``votes-centre`` or its path), all without names.

    Raises FiguresRefused.
    """
    paths = [f"{FIGURES}{name.removeprefix(FIGURES).removesuffix('.json')}.json" for name in names]
    unknown = [path for path in paths if path not in figures.figures]
    if unknown:
        have = ", ".join(path.removeprefix(FIGURES)[:-5] for path in figures.figures)
        raise FiguresRefused(f"{unknown[0]}: the publication has no such figure; it has {have}")
    return {path: figures.figures[path] for path in paths or figures.figures}


def draw_charts(
    chosen: argparse.Namespace, open_source: Callable[[str], Source], say: Callable[[str], None]
) -> None:
    """Draw what ``chosen`` asks for, and ``say`` each file that was written.

    Raises SourceFailed where it cannot be done, AuditError where the figures are wrong.
    """
    try:
        charts: Any = import_module("audit.charts")
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in ("audit", "tally"):
            raise
        raise SourceFailed(
            "charts need matplotlib: install Scrutin with its extra 'charts' (scrutin[charts])"
        ) from None
    kinds = (chosen.format,) if chosen.format else KINDS
    for name, sheet, shown_hash in _laid(chosen, open_source, charts.typeface()):
        if chosen.language not in (None, sheet.language):
            continue
        for kind in kinds:
            data = charts.svg(sheet, shown_hash) if kind == "svg" else charts.png(sheet)
            _write(chosen.out / f"{name}.{kind}", data)
            say(f"{chosen.out / f'{name}.{kind}'}")


def _laid(
    chosen: argparse.Namespace, open_source: Callable[[str], Source], face: Any
) -> Iterator[tuple[str, Sheet, str]]:
    """Each sheet with its name and the hash in its metadata."""
    file = Path(chosen.publication)
    laid: list[tuple[str, Sheet]]
    if "://" not in chosen.publication and file.is_file():
        if chosen.figure:
            raise SourceFailed(f"{file}: is one figure; name others only with a folder")
        if file.stat().st_size > LARGEST_FIGURE:
            raise SourceFailed(f"{file}: larger than any figure")
        data = file.read_bytes()
        laid, shown_hash = list(lone_sheets(file.name, data, face)), sha256(data).hexdigest()
    else:
        read = read_figures(open_source(chosen.publication))
        figures = chosen_figures(read, chosen.figure)
        laid = list(sheets(read.election, figures, read.result_hash, face))
        shown_hash = read.result_hash.hex()
    languages = sorted({sheet.language for _, sheet in laid})
    if chosen.language not in (None, *languages):
        raise SourceFailed(f"--language: there is {' and '.join(languages)}")
    for name, sheet in laid:
        yield name, sheet, shown_hash


def _write(path: Path, data: bytes) -> None:
    """Write a file that is not there, or not other than this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
            raise SourceFailed(
                f"{path}: is there already and is another; give another --out"
            ) from None
