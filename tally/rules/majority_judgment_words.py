"""Majority judgment reads itself back, in plain French and English."""

from tally.election import Election, Envelope
from tally.explain import voice
from tally.form import Grades
from tally.grade_words import label
from tally.money import Voice
from tally.phrases import CRITERIA
from tally.rules.greedy_words import describe_filling
from tally.rules.majority_judgment_parameters import MajorityParameters, read_parameters


def _judgment(envelope: Envelope, say: Voice) -> list[str]:
    labels = envelope.form.labels if isinstance(envelope.form, Grades) else ()
    best, *_, worst = (text.in_language(say.language) for text in labels)
    default = envelope.form.default if isinstance(envelope.form, Grades) else 0
    ungraded = label(envelope, default, say)
    criteria = say.pick(", puis ", ", then ").join(
        say.pick(*CRITERIA[name]) for name in envelope.tie_break
    )
    return [
        say.pick(
            f"Chaque bulletin donne à chaque projet une mention, de {say.quote(best)} à "
            f"{say.quote(worst)} ; un projet sans mention compte comme {ungraded}. Les bulletins "
            "blancs et nuls ne comptent pas.",
            f"Each ballot gives each project a grade, from {say.quote(best)} to "
            f"{say.quote(worst)}; a project without one counts as {ungraded}. Blank and spoiled "
            "ballots do not count.",
        ),
        say.pick(
            "La mention majoritaire d’un projet est la meilleure que plus de la moitié des "
            "bulletins lui donnent au moins.",
            "A project’s majority grade is the best one that more than half of the ballots give "
            "it at least.",
        ),
        say.pick(
            "Les projets sont classés par mention majoritaire. À mention égale, on retire une "
            "fois cette mention à chacun et on compare à nouveau, jusqu’à ce qu’ils diffèrent : "
            "passe devant celui dont plus de bulletins donnent mieux, ou moins donnent moins bien.",
            "Projects are sorted by majority grade. Where it is the same, it is taken away once "
            "from each and they are compared again, until they differ: the one that more ballots "
            "grade better, or fewer worse, goes first.",
        ),
        say.pick(
            f"Mentions toutes égales : {criteria}.", f"Where all grades are equal: {criteria}."
        ),
    ]


def _minimum(p: MajorityParameters, envelope: Envelope, say: Voice) -> str:
    if p.minimum_grade is None:
        return say.pick(
            "Aucune mention minimale : même le projet le plus mal noté est financé s’il reste de "
            "l’argent.",
            "There is no minimum grade: even the worst graded project is funded if money remains.",
        )
    least = label(envelope, p.minimum_grade, say)
    return say.pick(
        f"Un projet n’est retenu qu’avec une mention majoritaire d’au moins {least}.",
        f"A project can win only with a majority grade of at least {least}.",
    )


def describe(envelope: Envelope, election: Election, language: str) -> list[str]:
    """What the rule of an envelope will do, sentence by sentence.

    ``language`` is "fr" or "en"; any other is answered in English. The parameters must be
    without fault.
    """
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    budget = say.money(envelope.budget)
    return [
        say.pick(f"L’enveloppe est de {budget}.", f"The envelope is {budget}."),
        *_judgment(envelope, say),
        _minimum(parameters, envelope, say),
        *describe_filling(parameters.fill, envelope, say),
    ]
