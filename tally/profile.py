"""The multiset of choices in a contest: all that a rule may look at.

The order of ballots never matters: equal ballots are counted together and choices are sorted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tally.election import Election
from tally.errors import TallyError
from tally.frozen import FrozenMap
from tally.mark import Choice
from tally.vote import Spoiled, Vote


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
        for choice, count in counts.items():
            if count < 0:
                raise TallyError(f"{count} ballots cannot have chosen {choice!r}")
        return cls(
            choices=FrozenMap(sorted((c, n) for c, n in counts.items() if c and n)),
            blank=counts.get((), 0),
            spoiled=FrozenMap(sorted((spoiled or {}).items())),
        )

    @property
    def expressed(self) -> int:
        """Ballots that mark something and count."""
        return sum(self.choices.values())

    @property
    def ballots(self) -> int:
        """All ballots of the contest: expressed, blank and spoiled."""
        return self.expressed + self.blank + sum(self.spoiled.values())


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
