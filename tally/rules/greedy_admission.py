"""Which projects may compete: minimums and the cost cap, in integers.

Source: docs/rules.md, "greedy".
"""

from fractions import Fraction
from typing import Final

from tally.rules.greedy_parameters import GreedyParameters

BELOW_VOTES: Final = "below-minimum-votes"
BELOW_SCORE: Final = "below-minimum-score"
BELOW_VOTES_SHARE: Final = "below-votes-share"
BELOW_SCORE_SHARE: Final = "below-score-share"
BELOW_COST_RELATION: Final = "below-votes-per-cost"
ABOVE_CAP: Final = "above-cost-cap"

Bar = tuple[str, int]
"""A reason and the number that would have been enough: votes, score or (for the cap) money."""


def _ceiling(value: Fraction) -> int:
    return -((-value.numerator) // value.denominator)


class Admission:
    """The minimums and the cap of one envelope. ``budget`` in minor units."""

    __slots__ = ("budget", "parameters")

    def __init__(self, parameters: GreedyParameters, budget: int) -> None:
        self.parameters: Final = parameters
        self.budget: Final = budget

    def bars(self, votes: int, score: int, cost: int, ballots: int) -> Bar | None:
        """What bars a project, or None. ``ballots`` are those the shares refer to."""
        p = self.parameters
        if p.maximum_cost_share is not None:
            most = p.maximum_cost_share * self.budget
            if cost > most:
                return (ABOVE_CAP, most.numerator // most.denominator)
        if p.minimum_votes is not None and votes < p.minimum_votes:
            return (BELOW_VOTES, p.minimum_votes)
        if p.minimum_score is not None and score < p.minimum_score:
            return (BELOW_SCORE, p.minimum_score)
        if p.minimum_votes_share is not None and votes < p.minimum_votes_share * ballots:
            return (BELOW_VOTES_SHARE, _ceiling(p.minimum_votes_share * ballots))
        if p.minimum_score_share is not None and score < p.minimum_score_share * ballots:
            return (BELOW_SCORE_SHARE, _ceiling(p.minimum_score_share * ballots))
        if p.minimum_votes_per_cost is not None:
            needed = p.minimum_votes_per_cost * ballots * cost / self.budget
            if votes < needed:
                return (BELOW_COST_RELATION, _ceiling(needed))
        return None

    def added_until_admitted(
        self, votes: int, score: int, cost: int, ballots: int, each: int
    ) -> int | None:
        """The smallest number of added ballots, each naming only this project and worth ``each``
        points, with which nothing bars it; None if no number does."""
        p = self.parameters
        if p.maximum_cost_share is not None and cost > p.maximum_cost_share * self.budget:
            return None
        needed = [Fraction(0)]
        if p.minimum_votes is not None:
            needed.append(Fraction(p.minimum_votes - votes))
        if p.minimum_score is not None:
            needed.append(Fraction(p.minimum_score - score, each))
        lines: list[tuple[Fraction, int, int]] = []  # have + gain * k >= share * (ballots + k)
        if p.minimum_votes_share is not None:
            lines.append((p.minimum_votes_share, votes, 1))
        if p.minimum_score_share is not None:
            lines.append((p.minimum_score_share, score, each))
        if p.minimum_votes_per_cost is not None:
            lines.append((p.minimum_votes_per_cost * cost / self.budget, votes, 1))
        for share, have, gain in lines:
            missing = share * ballots - have
            if gain > share:
                needed.append(missing / (gain - share))
            elif missing > 0 or gain < share:
                return None
        return max(map(_ceiling, needed))

    def barred_from(self, votes: int, score: int, cost: int, ballots: int) -> list[int]:
        """For a project that gets no more votes: how many added ballots bar it, for each share."""
        p = self.parameters
        lines: list[tuple[Fraction, int]] = []
        if p.minimum_votes_share is not None:
            lines.append((p.minimum_votes_share, votes))
        if p.minimum_score_share is not None:
            lines.append((p.minimum_score_share, score))
        if p.minimum_votes_per_cost is not None:
            lines.append((p.minimum_votes_per_cost * cost / self.budget, votes))
        found = []
        for share, have in lines:
            last = have / share - ballots  # still admitted with exactly so many
            found.append(last.numerator // last.denominator + 1)
        return [added for added in found if added > 0]
