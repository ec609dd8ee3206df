"""The ballots as Equal Shares sees them: groups of equal ones, and who supports what how much."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tally.election import Envelope, Ranking
from tally.profile import Profile
from tally.rules.equal_shares_purse import Supporters

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """``counts``: ballots of each group. ``supporters``, ``votes`` and ``score`` by place of the
    project; ``ballots`` are those that name anything, each with an equal share."""

    counts: Any
    supporters: tuple[Supporters, ...]
    votes: tuple[int, ...]
    score: tuple[int, ...]
    ballots: int


def poll_of(envelope: Envelope, profile: Profile, utility: str, *, plain: bool = False) -> Poll:
    """Read the ballots of an envelope. ``plain`` does without NumPy.

    A mark that gives nothing (no points, a rank beyond the contest's) is no support.
    """
    places = {project.id: place for place, project in enumerate(envelope.projects)}
    groups: list[array[int]] = [array("l") for _ in places]
    given: list[array[int]] = [array("l") for _ in places]
    counts = array("l")
    form = envelope.form
    highest = form.maximum + 1 if isinstance(form, Ranking) else None
    for choice, ballots in profile.groups():
        number = len(counts)
        counts.append(ballots)
        for project, mark in choice:
            worth = mark if highest is None else highest - mark
            if worth > 0:
                place = places[project]
                groups[place].append(number)
                given[place].append(worth)
    return _poll(counts, groups, given, utility, plain=plain or np is None)


def _poll(
    counts: "array[int]",
    groups: Sequence["array[int]"],
    given: Sequence["array[int]"],
    utility: str,
    *,
    plain: bool,
) -> Poll:
    supporters: list[Supporters] = []
    votes: list[int] = []
    score: list[int] = []
    whole: Any = counts.tolist() if plain else np.array(counts, dtype=np.int64)
    uniform = utility in ("cost", "cardinality")
    for mine, worth in zip(groups, given, strict=True):
        if plain:
            members: Any = mine.tolist()
            each: Any = worth.tolist()
            weight = sum(whole[g] for g in members)
            points = sum(whole[g] * w for g, w in zip(members, each, strict=True))
        else:
            members = np.array(mine, dtype=np.int64)
            each = np.array(worth, dtype=np.int64)
            weight = int(whole[members].sum())
            points = int((whole[members] * each).sum())
        supporters.append(
            Supporters(
                groups=members,
                utility=None if uniform else each,
                weight=weight,
                total=weight if uniform else points,
                weights=None
                if plain
                else (whole[members] * (1 if uniform else each)).astype(np.float64),
            )
        )
        votes.append(weight)
        score.append(points)
    return Poll(
        counts=whole,
        supporters=tuple(supporters),
        votes=tuple(votes),
        score=tuple(score),
        ballots=sum(counts),
    )


def with_ballots(poll: Poll, place: int, ballots: int, worth: int, *, uniform: bool) -> Poll:
    """The same with so many more ballots that name one project alone, each worth ``worth``."""
    number = len(poll.counts)
    counts: Any
    old = poll.supporters[place]
    utility: Any = None
    if isinstance(poll.counts, list):
        counts = [*poll.counts, ballots]
        groups: Any = [*old.groups, number]
        if not uniform:
            utility = [*old.utility, worth]
    else:
        counts = np.append(poll.counts, ballots)
        groups = np.append(old.groups, number)
        if not uniform:
            utility = np.append(old.utility, worth)
    fresh = Supporters(
        groups=groups,
        utility=utility,
        weight=old.weight + ballots,
        total=old.total + ballots * (1 if uniform else worth),
    )
    return Poll(
        counts=counts,
        supporters=(*poll.supporters[:place], fresh, *poll.supporters[place + 1 :]),
        votes=(*poll.votes[:place], poll.votes[place] + ballots, *poll.votes[place + 1 :]),
        score=(*poll.score[:place], poll.score[place] + ballots * worth, *poll.score[place + 1 :]),
        ballots=poll.ballots + ballots,
    )
