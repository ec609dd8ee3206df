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
from audit.comparison import LARGEST_BALLOTS, comparison_figure, opened_profile
from audit.errors import AuditError
from audit.label import unb64
from audit.manifest import LARGEST_MANIFEST, LARGEST_SIGNATURES, Manifest, verify_manifest
from audit.publication import (
    FIGURES,
    LARGEST_LIST,
    MANIFEST,
    MANIFEST_SIGNATURES,
    PUBLICATION,
    RESULTS,
    SIGNATURES,
    read_list_signatures,
    read_publication,
)
from audit.sheet import Sheet
from audit.sheets import comparison_sheets, lone_sheets, sheets
from audit.source import Source, SourceFailed
from tally.canonical import parse
from tally.comparison import Comparison, compare
from tally.election import Election, Envelope

KINDS: Final = ("svg", "png")
LARGEST_FIGURE: Final = 64_000_000
LARGEST_RESULTS: Final = 1 << 30


class FiguresRefused(AuditError):
    """Figures that are not the publication's, or that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A publication whose list enough officers signed: ``files`` maps paths to SHA-256,
    ``result_hash`` is 32 bytes."""

    source: Source
    election: Election
    files: Mapping[str, bytes]
    result_hash: bytes

    def read(self, path: str, limit: int) -> bytes:
        """A listed file. Raises AuditError where it is missing or not the one listed."""
        data = read_file(self.source, path, limit)
        if sha256(data).digest() != self.files.get(path):
            raise FiguresRefused(f"{path}: not the file that {PUBLICATION} lists")
        return data


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
    chart.add_argument(
        "--compare",
        metavar="CONTEST",
        help="draw instead what other rules make of a contest's ballots: not the result",
    )
    chart.add_argument("--format", choices=KINDS, help="default: both")
    chart.add_argument("--language", metavar="CODE", help="fr or en; default: the election's")


def read_signed(source: Source) -> Signed:
    """A publication as its officers signed it.

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
    return Signed(
        source=source,
        election=manifest.election,
        files=listed.files,
        result_hash=sha256(publication).digest(),
    )


def chosen_figures(signed: Signed, names: Sequence[str]) -> dict[str, bytes]:
    """The figures of the given names (``votes-centre`` or its path), all without names.

    Raises AuditError.
    """
    have = sorted(path for path in signed.files if path.startswith(FIGURES))
    paths = [f"{FIGURES}{name.removeprefix(FIGURES).removesuffix('.json')}.json" for name in names]
    unknown = [path for path in paths if path not in have]
    if unknown:
        listed = ", ".join(path.removeprefix(FIGURES).removesuffix(".json") for path in have)
        raise FiguresRefused(f"{unknown[0]}: the publication has no such figure; it has {listed}")
    return {path: signed.read(path, LARGEST_FIGURE) for path in paths or have}


def count_otherwise(signed: Signed, contest: str) -> tuple[Envelope, Comparison]:
    """What other rules make of the opened ballots of an envelope.

    Raises AuditError, also where the vote's own rule does not give the published winners.
    """
    envelope = next((each for each in signed.election.contests if each.id == contest), None)
    if not isinstance(envelope, Envelope):
        have = ", ".join(e.id for e in signed.election.contests if isinstance(e, Envelope))
        raise FiguresRefused(f"--compare: the election has no envelope {contest!r}; it has {have}")
    results: Any = parse(signed.read(RESULTS, LARGEST_RESULTS), limit=LARGEST_RESULTS)
    profile = opened_profile(
        signed.election,
        envelope,
        lambda path: signed.read(path, LARGEST_BALLOTS) if path in signed.files else None,
    )
    seed = unb64(results["lot_seed"], f"{RESULTS}: lot_seed")
    found = compare(envelope, profile, seed)
    published = next(each for each in results["contests"] if each["contest"] == contest)
    if [list(each.winners) for each in found.compared if each.own] != [published["winners"]]:
        raise FiguresRefused(f"{RESULTS}: contest {contest!r}: the ballots give other winners")
    return envelope, found


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
    if chosen.figure and chosen.compare is not None:
        raise SourceFailed("--compare: give either names of figures or --compare")
    laid: list[tuple[str, Sheet]]
    if "://" not in chosen.publication and file.is_file():
        if chosen.figure or chosen.compare is not None:
            raise SourceFailed(f"{file}: is one figure; name others only with a folder")
        if file.stat().st_size > LARGEST_FIGURE:
            raise SourceFailed(f"{file}: larger than any figure")
        data = file.read_bytes()
        laid, shown_hash = list(lone_sheets(file.name, data, face)), sha256(data).hexdigest()
    else:
        signed = read_signed(open_source(chosen.publication))
        shown_hash = signed.result_hash.hex()
        if chosen.compare is None:
            figures = chosen_figures(signed, chosen.figure)
            laid = list(sheets(signed.election, figures, signed.result_hash, face))
        else:
            counted = count_otherwise(signed, chosen.compare)
            figure = comparison_figure(signed.election, *counted)
            laid = list(comparison_sheets(signed.election, figure, signed.result_hash, face))
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
