"""The multiset of choices in a contest: all that a rule may look at.

The order of ballots never matters: equal ballots are counted together and choices are sorted.
"""

import sys
from collections import Counter
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from tally.election import Election
from tally.errors import TallyError
from tally.frozen import FrozenMap
from tally.mark import Choice
from tally.vote import Spoiled, Vote

Mark = tuple[str, int]
_LETTERS: Final = sys.maxunicode


class Choices(FrozenMap[Choice, int]):
    """How many ballots made each choice, sorted by choice whenever it is walked through.

    Sorting a million choices takes as long as counting them, and most rules need no order: it is
    put off until somebody walks, and ``unordered`` does without.
    """

    __slots__ = ("_sorted",)

    def __init__(self, items: Mapping[Choice, int] | Iterable[tuple[Choice, int]] = ()) -> None:
        super().__init__(items)
        self._sorted = False

    def unordered(self) -> ItemsView[Choice, int]:
        """The items in an order that means nothing, for sums and other uses without order."""
        return self._items.items()

    def _sort(self) -> None:
        if not self._sorted:
            # Marks by rank as letters: texts compare like the choices themselves, only faster.
            marks = sorted(set(chain.from_iterable(self._items)))
            if len(marks) <= _LETTERS:
                letter = {mark: chr(rank) for rank, mark in enumerate(marks)}.__getitem__
                order = sorted(self._items, key=lambda choice: "".join(map(letter, choice)))
            else:
                order = sorted(self._items)
            self._items = {choice: self._items[choice] for choice in order}
            self._sorted = True

    def __iter__(self) -> Iterator[Choice]:
        self._sort()
        return super().__iter__()

    def items(self) -> ItemsView[Choice, int]:
        self._sort()
        return super().items()

    def values(self) -> ValuesView[int]:
        self._sort()
        return super().values()

    def __repr__(self) -> str:
        self._sort()
        return super().__repr__()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How many ballots made each choice; ``choices`` holds no blank ones and is sorted.

    ``spoiled`` counts the spoiled parts by reason, sorted by reason.
    """

    choices: FrozenMap[Choice, int]
    blank: int = 0
    spoiled: FrozenMap[str, int] = field(default_factory=FrozenMap)

    @classmethod
    def of(
        cls, counts: Mapping[Choice, int], spoiled: Mapping[str, int] | None = None
    ) -> "Profile":
        """The profile of counted choices, ``()`` being blank. Raises TallyError below zero."""
        if counts and min(counts.values()) < 0:
            choice, count = next((c, n) for c, n in counts.items() if n < 0)
            raise TallyError(f"{count} ballots cannot have chosen {choice!r}")
        return cls(
            choices=Choices(
                {choice: count for choice, count in counts.items() if choice and count}
            ),
            blank=counts.get((), 0),
            spoiled=FrozenMap(sorted((spoiled or {}).items())),
        )

    def groups(self) -> ItemsView[Choice, int]:
        """The items of ``choices`` in an order that means nothing and may be another next time.

        For what no order can change, such as sums: it spares the sorting.
        """
        found = self.choices
        return found.unordered() if isinstance(found, Choices) else found.items()

    @property
    def expressed(self) -> int:
        """Ballots that mark something and count."""
        return sum(ballots for _, ballots in self.groups())

    @property
    def ballots(self) -> int:
        """All ballots of the contest: expressed, blank and spoiled."""
        return self.expressed + self.blank + sum(self.spoiled.values())


def marks_in(groups: Iterable[tuple[Choice, int]]) -> Mapping[Mark, int]:
    """How many ballots made each mark, of choices and how many ballots made them.

    Choices are put together by how often they were made, so that the counting of single marks,
    millions of them in a large city, runs inside ``Counter``.
    """
    by_ballots: dict[int, list[Choice]] = {}
    for choice, ballots in groups:
        by_ballots.setdefault(ballots, []).append(choice)
    found: Counter[Mark] = Counter()
    for ballots, choices in by_ballots.items():
        for mark, times in Counter(chain.from_iterable(choices)).items():
            found[mark] += ballots * times
    return found


def profiles(election: Election, votes: Iterable[Vote]) -> dict[str, Profile]:
    """The profile of every contest, in the election's order, in one pass over the votes.

    Raises TallyError for a vote on a contest that the election does not have.
    """
    counts: dict[str, dict[Choice, int]] = {contest.id: {} for contest in election.contests}
    spoiled: dict[str, dict[str, int]] = {contest.id: {} for contest in election.contests}
    for vote in votes:
        for contest, choice in vote.choices.items():
            if contest not in counts:
                raise TallyError(f"a vote of style {vote.style!r} names contest {contest!r}")
            if isinstance(choice, Spoiled):
                reasons = spoiled[contest]
                reasons[choice.reason] = reasons.get(choice.reason, 0) + 1
            else:
                seen = counts[contest]
                seen[choice] = seen.get(choice, 0) + 1
    return {name: Profile.of(counts[name], spoiled[name]) for name in counts}


def profile_of(election: Election, contest_id: str, votes: Iterable[Vote]) -> Profile:
    """The profile of one contest. Raises TallyError when there is no such contest."""
    election.contest(contest_id)
    return profiles(election, votes)[contest_id]
