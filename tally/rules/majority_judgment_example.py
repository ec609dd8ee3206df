"""A small invented count by majority judgment, made by the code that decides.

Five projects and ten ballots; the last project just misses the minimum grade, if there is one.
"""

from typing import Final

from tally.election import Election, Envelope
from tally.explain import voice
from tally.grade_words import label
from tally.outcome import Standing
from tally.rules.greedy_example import read_out, small_envelope
from tally.rules.majority_grade import Counts
from tally.rules.majority_judgment import count_grades, grades_form
from tally.rules.majority_judgment_parameters import read_parameters
from tally.tiebreak import lot_keys

BALLOTS: Final = 10


def _grades(grades: int, minimum: int | None) -> tuple[Counts, ...]:
    """The grades of the five: A before B by the ballots that grade it better, then C, D and E."""
    last = grades - 1
    good = min(1, last if minimum is None else minimum)
    poor = min(good + 1, last)
    worst = last if minimum is None else minimum + 1

    def spread(*given: tuple[int, int]) -> Counts:
        counts = [0] * grades
        for grade, ballots in given:
            counts[grade] += ballots
        return tuple(counts)

    return (
        spread((0, 7), (poor, 3)),
        spread((0, 6), (poor, 4)),
        spread((0, 4), (good, 3), (last, 3)),
        spread((0, 3), (good, 3), (last, 4)),
        spread((0, 5), (worst, 5)),
    )


def example(envelope: Envelope, election: Election, language: str) -> list[str]:
    """The example, line by line. The parameters must be without fault."""
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    small = small_envelope(envelope, parameters.fill, 10**election.exponent)
    grades = _grades(len(grades_form(envelope).labels), parameters.minimum_grade)
    outcome = count_grades(small, grades, lot_keys(b"", envelope.id))

    def judged(standing: Standing) -> str:
        step = outcome.deciding(standing)
        return label(small, None if step is None else step.detail.get("grade"), say)

    return read_out(election, small, outcome, parameters.fill, BALLOTS, judged, say)
