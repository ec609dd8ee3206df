"""Grades in plain French and English: how a project was judged, and what is just ahead of it.

Everything is said from the standing and the steps alone: the step that decided a project carries
its ``grade`` (majority grade) and ``grades`` (ballots by grade, best first).
"""

from fractions import Fraction

from tally.contest import Envelope
from tally.form import Grades
from tally.money import NO_BREAK, Voice
from tally.outcome import Margin, Outcome, Standing, Step


def percent(part: int, whole: int, say: Voice) -> str:
    """A share of ballots in per cent with one decimal, halves rounded up."""
    tenths = (Fraction(part * 1000, whole) + Fraction(1, 2)).__floor__() if whole else 0
    full, tenth = divmod(tenths, 10)
    return say.pick(f"{full},{tenth}{NO_BREAK}%", f"{full}.{tenth}%")


def label(envelope: Envelope, grade: object, say: Voice) -> str:
    """A grade's words in quotation marks."""
    if not isinstance(envelope.form, Grades) or not isinstance(grade, int):
        raise TypeError("a step of a contest with grades names a grade")
    return say.quote(envelope.form.labels[grade].in_language(say.language))


def _judged(outcome: Outcome, standing: Standing) -> tuple[int, tuple[int, ...]]:
    """The majority grade of a project and its ballots by grade."""
    step: Step | None = outcome.deciding(standing)
    grade = None if step is None else step.detail.get("grade")
    counts = None if step is None else step.detail.get("grades")
    if not isinstance(grade, int) or not isinstance(counts, tuple):
        raise TypeError("the step of a project judged by grades carries them")
    return grade, tuple(number for number in counts if isinstance(number, int))


def support(envelope: Envelope, outcome: Outcome, standing: Standing, say: Voice) -> str:
    """The majority grade of a project, who gave it or better, and its place."""
    grade, counts = _judged(outcome, standing)
    words, ballots = label(envelope, grade, say), sum(counts)
    total, place = say.number(len(envelope.projects)), say.number(standing.position)
    if not ballots:
        return say.pick(
            f"Sans un seul bulletin, chaque projet compte comme {words} ; rang {place} sur "
            f"{total}.",
            f"Without a single ballot every project counts as {words}; place {place} of {total}.",
        )
    share = percent(sum(counts[: grade + 1]), ballots, say)
    return say.pick(
        f"Mention majoritaire {words} : {share} des bulletins lui donnent au moins cette mention ; "
        f"rang {place} sur {total}.",
        f"Majority grade {words}: {share} of the ballots give it at least that; place {place} of "
        f"{total}.",
    )


def just_ahead(envelope: Envelope, outcome: Outcome, standing: Standing, say: Voice) -> str | None:
    """What put the project of the place before ahead of this one; None for the first."""
    ahead = next((o for o in outcome.standings if o.position == standing.position - 1), None)
    if ahead is None:
        return None
    (mine, my_counts), (theirs, their_counts) = (
        _judged(outcome, standing),
        _judged(outcome, ahead),
    )
    name = say.quote(envelope.project(ahead.project).title.in_language(say.language))
    if mine != theirs:
        words = label(envelope, theirs, say)
        return say.pick(
            f"Juste avant lui, {name} a une meilleure mention majoritaire, {words}.",
            f"Just ahead of it, {name} has a better majority grade, {words}.",
        )
    if my_counts == their_counts:
        return say.pick(
            f"Juste avant lui, {name} a exactement les mêmes mentions.",
            f"Just ahead of it, {name} has exactly the same grades.",
        )
    shares = [
        (
            percent(sum(counts[:mine]), sum(counts), say),
            percent(sum(counts[mine + 1 :]), sum(counts), say),
        )
        for counts in (their_counts, my_counts)
    ]
    (their_better, their_worse), (better, worse) = shares
    return say.pick(
        f"Juste avant lui, {name} a la même mention majoritaire ; {their_better} des bulletins "
        f"donnent mieux à ce projet-là et {their_worse} moins bien, contre {better} et {worse} "
        "ici.",
        f"Just ahead of it, {name} has the same majority grade; {their_better} of the ballots give "
        f"that one more and {their_worse} less, against {better} and {worse} here.",
    )


def added_ballots(envelope: Envelope, votes: int, say: Voice) -> str:
    """With how many more ballots a project would have won."""
    best = label(envelope, 0, say)
    if say.language == "fr":
        ballots = say.several(votes, "bulletin", "bulletins")
        one = "donnant" if votes == 1 else "donnant chacun"
        return f"Il l’emportait avec {ballots} de plus {one} {best} à lui seul."
    ballots = say.several(votes, "more ballot", "more ballots")
    return f"With {ballots} giving {best} to it alone, it would have won."


def to_spare(envelope: Envelope, margin: Margin, say: Voice) -> str:
    """How many ballots a winner could have lost to the worst grade."""
    worst = label(envelope, -1, say)
    if margin.safe is None:
        return say.pick(
            f"Il l’emportait même si tous les bulletins lui donnaient {worst}.",
            f"It would have won even if every ballot had given it {worst}.",
        )
    if margin.safe == 0:
        return say.pick(
            f"Un bulletin qui l’avait bien noté et lui donnait {worst} à la place suffisait à le "
            "faire perdre.",
            f"One ballot that graded it well, giving it {worst} instead, would have made it lose.",
        )
    if say.language == "fr":
        if margin.safe == 1:
            return f"Un bulletin, n’importe lequel, pouvait lui donner {worst}, il l’emportait."
        ballots = say.several(margin.safe, "bulletin", "bulletins")
        return f"{ballots}, n’importe lesquels, pouvaient lui donner {worst}, il l’emportait."
    ballots = say.several(margin.safe, "ballot", "ballots")
    return f"{ballots}, whichever, could have given it {worst} instead and it would have won."
