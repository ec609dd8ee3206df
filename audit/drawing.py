"""Which drawing gives which bytes: a text for the pages and one for the charts.

Equal texts promise equal bytes, so a verifier draws again only then. They name what is drawn with:
a digest over the sources that word and lay out, and for charts the libraries and the machine too.
A source left out of the digest would make an honest publication look forged, so a test goes
through all that these modules import.

Source: docs/formats.md sections 9 and 13.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from audit.errors import AuditError
from tally import canonical

WORDS: Final = (
    "audit/alt.py",
    "audit/locale/*.json",
    "audit/result_hash.py",
    "audit/step_words.py",
    "audit/words.py",
    "tally/money.py",
    "tally/text.py",
)
"""What pages and charts say things with."""

PAGES: Final = (
    *WORDS,
    "audit/chart_table.py",
    "audit/explanations.py",
    "audit/markup.py",
    "audit/page*.py",
    "audit/page.css",
    "tally/explain.py",
    "tally/grade_words.py",
    "tally/mark.py",
    "tally/outcome.py",
    "tally/phrases.py",
    "tally/rules/*.py",
    "tally/tiebreak.py",
)
"""The page and explanations.json; the rules describe themselves, with examples they count."""

CHARTS: Final = (*WORDS, "audit/charts.py", "audit/sheet*.py")

_FOLDERS: Final = ("audit", "audit/locale", "tally", "tally/rules")
_DIGITS: Final = 16


class SourcesMissing(AuditError):
    """An installation without the sources that drawing is told apart by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """With what a publication is drawn: ``pages`` (with the explanations) and ``charts``, None
    where there are no charts."""

    pages: str
    charts: str | None


@cache
def sources() -> Mapping[str, bytes]:
    """Every source that could matter: path from the rooms to content, lines ended by LF."""
    return {
        f"{folder}/{entry.name}": entry.read_bytes().replace(b"\r\n", b"\n")
        for folder in _FOLDERS
        for entry in _folder(folder)
        if entry.name.endswith((".py", ".json", ".css")) and entry.is_file()
    }


def _folder(path: str) -> Iterator[Traversable]:
    room, *below = path.split("/")
    return resources.files(room).joinpath(*below).iterdir()


def digest(patterns: Iterable[str], files: Mapping[str, bytes]) -> str:
    """The first 16 hex digits of the SHA-256 over the files that match: their paths and hashes.

    Raises SourcesMissing when a pattern matches nothing.
    """
    chosen: dict[str, canonical.Value] = {}
    for pattern in patterns:
        found = [path for path in files if fnmatchcase(path, pattern)]
        if not found:
            raise SourcesMissing(f"{pattern}: not installed; install Scrutin with its sources")
        chosen.update((path, sha256(files[path]).hexdigest()) for path in found)
    return sha256(canonical.encode(chosen)).hexdigest()[:_DIGITS]


def pages_drawing() -> str:
    """The text for pages and explanations. Raises SourcesMissing."""
    return f"scrutin-pages {digest(PAGES, sources())}"


def charts_drawing(libraries: Iterable[str]) -> str:
    """The text for charts. ``libraries`` name what audit/charts.py prints with."""
    return "; ".join((f"scrutin-charts {digest(CHARTS, sources())}", *libraries))
