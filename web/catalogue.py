"""The projects as a visitor looks for them: searched, filtered, in an order of the visitor's own.

The order is shuffled so that nobody gains by standing first. The seed stands in the address, so
that the same list can be shown to somebody else, and says nothing about the visitor.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from tally.election import Election, Envelope, Project
from web.errors import UsageError

SORTS: Final = ("order", "title", "cheapest", "dearest")
LABEL: Final = b"scrutin/1/catalogue-order\x00"
_SEED: Final = re.compile(r"[a-z0-9]{1,16}")
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
PAGE: Final = 48
"""So many projects are shown at once."""
LONGEST: Final = 100
"""So many characters of a search are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A project in the catalogue; ``number`` is its place in its envelope's ballot, from 1."""

    envelope: Envelope
    project: Project
    number: int

    @property
    def path(self) -> str:
        """Its page."""
        return f"/projects/{self.envelope.id}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a visitor asked for: empty texts ask for nothing; ``cost`` is the most, minor units."""

    order: str
    words: str = ""
    contest: str = ""
    district: str = ""
    category: str = ""
    cost: int | None = None
    sort: str = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The page ``number``, from 1, of a list cut into ``of`` pages."""

    entries: Sequence[Entry]
    number: int
    of: int

    @classmethod
    def cut(cls, found: Sequence[Entry], asked: str) -> "Portion":
        """The page that was asked for in an address; what is no page of the list is the nearest."""
        pages = max(1, -(-len(found) // PAGE))
        number = int(asked) if re.fullmatch(r"[0-9]{1,6}", asked) else 1
        number = min(max(1, number), pages)
        return cls(entries=found[PAGE * (number - 1) : PAGE * number], number=number, of=pages)


def draw_order() -> str:
    """A fresh seed of eight characters that are hard to mistake for one another."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def next_order(order: str) -> str:
    """Another seed that follows from ``order``, so that one address always shows one page."""
    return sha256(b"scrutin/1/catalogue-next\x00" + order.encode()).hexdigest()[:8]


def is_order(text: str) -> bool:
    """Whether ``text`` may be a seed: up to sixteen small letters and digits."""
    return _SEED.fullmatch(text) is not None


def entries(election: Election) -> Iterator[Entry]:
    """Every project, in the order of the ballot."""
    for contest in election.contests:
        if isinstance(contest, Envelope):
            for number, project in enumerate(contest.projects, start=1):
                yield Entry(envelope=contest, project=project, number=number)


def shuffled(found: Iterable[Entry], order: str) -> list[Entry]:
    """By SHA-256 of label, seed, envelope and project: the same for the same seed everywhere."""

    def place(entry: Entry) -> bytes:
        parts = (order, entry.envelope.id, entry.project.id)
        return sha256(LABEL + "\x00".join(parts).encode()).digest()

    return sorted(found, key=place)


def folded(text: str) -> str:
    """``text`` without case and accents, for comparing."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def read_cost(text: str, exponent: int) -> int | None:
    """The most that a project may cost, typed in whole units of money; None for an empty text.

    Raises UsageError for anything but digits with blanks between them.
    """
    digits = re.sub(r"\s", "", text)
    if not digits:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", digits):
        raise UsageError("cost: not a whole number: type digits alone")
    return int(digits) * int(10**exponent)


def find(election: Election, wish: Wish, language: str) -> list[Entry]:
    """The projects that fulfil ``wish``, in its order; titles sort in ``language``."""
    words = folded(wish.words[:LONGEST]).split()
    found = [
        entry
        for entry in shuffled(entries(election), wish.order)
        if wish.contest in ("", entry.envelope.id)
        and wish.district in ("", entry.project.district)
        and (not wish.category or wish.category in entry.project.category)
        and (wish.cost is None or entry.project.cost <= wish.cost)
        and all(word in _haystack(entry) for word in words)
    ]
    if wish.sort == "title":
        found.sort(key=lambda entry: folded(entry.project.title.in_language(language)))
    elif wish.sort == "cheapest":
        found.sort(key=lambda entry: entry.project.cost)
    elif wish.sort == "dearest":
        found.sort(key=lambda entry: -entry.project.cost)
    return found


def _haystack(entry: Entry) -> str:
    project = entry.project
    texts = [words for text in (project.title, project.description) for _, words in text.words]
    return folded("\n".join([project.id, project.district, *project.category, *texts]))
