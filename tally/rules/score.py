"""What the greedy family needs of the ballots: per project its votes and score, and how many.

Source: docs/rules.md, "Score of a project".
"""

from dataclasses import dataclass
from typing import Final

from tally.election import Envelope, Form, Points, Ranking, Scores
from tally.profile import Profile

SCORED_FORMS: Final = frozenset({"approval", "choose-1", "knapsack", "points", "scores", "ranking"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """``votes`` and ``score`` by place of the project in the envelope, ballots as cast."""

    votes: tuple[int, ...]
    score: tuple[int, ...]
    ballots: int
    expressed: int

    def base(self, share_of: str | None) -> int:
        """How many ballots a share refers to."""
        return self.expressed if share_of == "expressed" else self.ballots


def most_a_ballot_gives(form: Form) -> int:
    """The highest score one ballot can give to one project."""
    if isinstance(form, Points):
        return form.cap
    if isinstance(form, Scores | Ranking):
        return form.maximum
    return 1


def counts_votes(form: Form) -> bool:
    """Whether the score is the number of ballots naming a project."""
    return not isinstance(form, Points | Scores | Ranking)


def support_of(envelope: Envelope, profile: Profile) -> Support:
    """Add up the ballots of an envelope."""
    places = {project.id: place for place, project in enumerate(envelope.projects)}
    votes = dict.fromkeys(places, 0)
    form = envelope.form
    if counts_votes(form):
        for choice, ballots in profile.choices.items():
            for project, _ in choice:
                votes[project] += ballots
        score = votes
    else:
        score = dict.fromkeys(places, 0)
        ranks = form.maximum + 1 if isinstance(form, Ranking) else None
        for choice, ballots in profile.choices.items():
            for project, mark in choice:
                # A style may allow more ranks than the envelope: what lies beyond gives nothing.
                given = mark if ranks is None else max(ranks - mark, 0)
                score[project] += given * ballots
                if given > 0:
                    votes[project] += ballots
    return Support(
        votes=tuple(votes.values()),
        score=tuple(score.values()),
        ballots=profile.ballots,
        expressed=profile.expressed,
    )
