"""What the greedy family needs of the ballots: per project its votes and score, and how many.

Source: docs/rules.md, "Score of a project".
"""

from dataclasses import dataclass
from typing import Final

from tally.election import Envelope, Form, Points, Ranking, Scores
from tally.profile import Profile, marks_in

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
    votes = dict.fromkeys((project.id for project in envelope.projects), 0)
    score = dict(votes)
    form = envelope.form
    for (project, mark), ballots in marks_in(profile.groups()).items():
        # A style may allow more ranks than the envelope: what lies beyond gives nothing.
        given = max(form.maximum + 1 - mark, 0) if isinstance(form, Ranking) else mark
        score[project] += given * ballots
        if given > 0:
            votes[project] += ballots
    return Support(
        votes=tuple(votes.values()),
        score=tuple(score.values()),
        ballots=profile.ballots,
        expressed=profile.expressed,
    )
