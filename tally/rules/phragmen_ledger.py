"""The ballots as sequential Phragmén needs them to count many times over: as arrays.

What a project's ballots carry depends only on how many of them carry the load of which purchase.
These numbers are kept for all projects together (phragmen_accounts.py) and changed, purchase by
purchase, on the marks of the ballots that pay: whole numbers below 2^53, so that binary fractions
hold them exactly.

Source: docs/rules.md, "phragmen".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final

from tally.mark import Choice
from tally.profile import Profile

try:
    import numpy as np
except ImportError:  # The same margins, more slowly.
    np = None  # type: ignore[assignment]

ARRAYS = np is not None
"""Whether Phragmén's rule counts with NumPy; the outcome is the same without."""
MOST_KEPT: Final = 1 << 27
"""Bytes of the marks of paying ballots that are kept at hand, over all projects."""


def touched(projects: Sequence[str], profile: Profile) -> list[int]:
    """How many marks the different choices that name a project hold, by place: what it costs to
    count one purchase."""
    found = dict.fromkeys(projects, 0)
    for choice, _ in profile.groups():
        for project, mark in choice:
            if mark > 0:
                found[project] += len(choice)
    return [found[project] for project in projects]


class Ledger:
    """The ballots of a profile as arrays, in groups of equal ones. Needs NumPy."""

    def __init__(self, projects: Sequence[str], costs: Sequence[int], profile: Profile) -> None:
        """``costs`` of the projects in minor units, in their order."""
        choices: list[Choice] = []
        weights: list[int] = []
        for choice, ballots in profile.groups():
            choices.append(choice)
            weights.append(ballots)
        # A mark that supports nothing goes to a row of its own, behind all projects.
        self.rows: Final = len(projects) + 1
        place: Mapping[str, int] = {project: at for at, project in enumerate(projects)}
        rows = {
            mark: place[mark[0]] if mark[1] > 0 else len(projects)
            for mark in set(chain.from_iterable(choices))
        }
        lengths = np.fromiter(map(len, choices), np.intp, len(choices))
        marks = np.fromiter(
            map(rows.__getitem__, chain.from_iterable(choices)),
            np.min_scalar_type(self.rows),
            int(lengths.sum()),
        )
        self._touched = np.bincount(marks, np.repeat(lengths, lengths), minlength=self.rows)
        # Groups stand by how many marks they have: those of equal length make a rectangle. Where
        # few ballots are equal they stand apart, which saves the weights of all.
        order = np.argsort(lengths, kind="stable")
        weight = np.array(weights, np.intp)[order]
        if apart := weight.sum() <= 2 * len(order):
            order = np.repeat(order, weight)
        self._weights = None if apart else weight.astype(np.float64)
        self.count: Final = len(order)
        self._lengths = lengths[order]
        self._marks = marks[_ranges((np.cumsum(lengths) - lengths)[order], self._lengths)]
        self._starts = np.cumsum(self._lengths) - self._lengths
        by_mark = np.repeat(np.arange(self.count, dtype=np.int32), self._lengths)
        by_mark = by_mark[np.argsort(self._marks, kind="stable")]
        ends = np.cumsum(np.bincount(self._marks, minlength=self.rows))
        self._groups = np.split(by_mark, ends[:-1])
        self._entries: dict[int, Entries] = {}
        self._kept = 0
        self.votes: Final = np.array([self._sum(groups) for groups in self._groups], np.float64)
        self.costs: Final = np.array([*costs, 0], np.float64)
        self.exact_votes: Final = tuple(map(int, self.votes[:-1].tolist()))
        self.exact_costs: Final = tuple(costs)

    def supporters(self, place: int) -> Any:
        """The groups that name a project, by index."""
        return self._groups[place]

    def _sum(self, groups: Any) -> Any:
        return len(groups) if self._weights is None else self._weights[groups].sum()

    def touched(self) -> list[int]:
        """As the function of this name."""
        return [int(marks) for marks in self._touched[:-1].tolist()]

    def entries(self, place: int) -> "Entries":
        """All marks on the ballots that name a project."""
        found = self._entries.get(place)
        if found is None:
            groups = self._groups[place]
            lengths = self._lengths[groups]
            marks = self._marks[_ranges(self._starts[groups], lengths)]
            edges = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(groups)]
            blocks = []
            at = 0
            for first, last in pairwise(edges):
                width = int(lengths[first])
                blocks.append((first, last, at, width))
                at += width * (last - first)
            found = Entries(
                marks=marks,
                blocks=tuple(blocks),
                weights=None
                if self._weights is None
                else np.repeat(self._weights[groups], lengths),
            )
            size = marks.nbytes + (0 if found.weights is None else found.weights.nbytes)
            if self._kept + size <= MOST_KEPT:
                self._kept += size
                self._entries[place] = found
        return found

    def moved(self, place: int, last: Any, purchases: int) -> Any:
        """How many ballots of a project name which projects, by the purchase they carry now.

        ``last`` holds the purchase of each group times ``rows``.
        """
        entries = self.entries(place)
        carried = last[self._groups[place]]
        keys = np.empty(len(entries.marks), np.intp)
        for first, end, at, width in entries.blocks:
            block = slice(at, at + width * (end - first))
            np.add(
                carried[first:end, None],
                entries.marks[block].reshape(-1, width),
                out=keys[block].reshape(-1, width),
            )
        found = np.bincount(keys, entries.weights, minlength=purchases * self.rows)
        return found.reshape(purchases, self.rows)


def _ranges(starts: Any, lengths: Any) -> Any:
    """The places of ranges one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The ``marks`` on the ballots of a project, in the order of its groups, and the ballots that
    made each (``weights``, None: one). ``blocks`` are groups of as many marks: the first, the one
    behind the last, where their marks begin, and how many each has."""

    marks: Any
    blocks: tuple[tuple[int, int, int, int], ...]
    weights: Any
