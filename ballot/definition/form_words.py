"""What a voter may mark, in a sentence or two."""

from tally.election import (
    Approval,
    ChooseOne,
    Form,
    Grades,
    Knapsack,
    Points,
    Ranking,
    Scores,
)
from tally.money import Voice


def _between(say: Voice, low: int, high: int | None) -> str:
    """How many projects: "one", "3", "1 to 5", "at least 2"."""
    if high is None:
        return say.pick(f"au moins {say.number(low)}", f"at least {say.number(low)}")
    if low == high:
        return say.pick(f"exactement {say.number(low)}", f"exactly {say.number(low)}")
    return say.pick(
        f"de {say.number(low)} à {say.number(high)}", f"{say.number(low)} to {say.number(high)}"
    )


def _marks(form: Form, say: Voice) -> list[str]:
    if isinstance(form, Approval):
        number = _between(say, form.minimum, form.maximum)
        one = form.maximum == 1
        return [
            say.pick(
                f"Chacun nomme {number} projet{'' if one else 's'}, sans les classer.",
                f"Everyone names {number} project{'' if one else 's'}, in no order.",
            )
        ]
    if isinstance(form, ChooseOne):
        return [say.pick("Chacun nomme un seul projet.", "Everyone names a single project.")]
    if isinstance(form, Knapsack):
        budget = say.money(form.budget)
        number = _between(say, form.minimum, form.maximum)
        return [
            say.pick(
                f"Chacun compose son panier : {number} projet(s), {budget} au plus ensemble.",
                f"Everyone fills a basket: {number} project(s), together at most {budget}.",
            )
        ]
    if isinstance(form, Points):
        total, cap = say.number(form.total), say.number(form.cap)
        number = _between(say, form.minimum_projects, form.maximum_projects)
        least = say.number(form.minimum_total)
        lines = [
            say.pick(
                f"Chacun partage jusqu’à {total} points, au plus {cap} par projet, entre {number} "
                "projet(s).",
                f"Everyone shares out up to {total} points, at most {cap} a project, over {number} "
                "project(s).",
            )
        ]
        if form.minimum_total:
            lines.append(
                say.pick(f"Il faut en donner au moins {least}.", f"At least {least} must be given.")
            )
        return lines
    if isinstance(form, Scores):
        low, high = form.minimum, form.maximum
        number = _between(say, form.minimum_projects, form.maximum_projects)
        return [
            say.pick(
                f"Chacun note {number} projet(s), de {low} à {high} ; sans note, un projet a 0.",
                f"Everyone scores {number} project(s) from {low} to {high}; a project without a "
                "score gets 0.",
            )
        ]
    if isinstance(form, Ranking):
        number = _between(say, form.minimum, form.maximum)
        return [
            say.pick(
                f"Chacun classe {number} projet(s), le préféré d’abord, sans ex æquo.",
                f"Everyone ranks {number} project(s), the favourite first, without equals.",
            )
        ]
    if isinstance(form, Grades):
        words = [say.quote(label.in_language(say.language)) for label in form.labels]
        listed = ", ".join(words)
        return [
            say.pick(
                f"Chacun donne aux projets une mention : {listed}. Sans mention, un projet compte "
                f"comme {words[form.default]}.",
                f"Everyone gives projects a grade: {listed}. A project without one counts as "
                f"{words[form.default]}.",
            )
        ]
    return [say.pick("Chacun choisit une option.", "Everyone chooses one option.")]


def form_sentences(form: Form, say: Voice) -> list[str]:
    """How many choices a ballot may hold, and whether it may stay empty."""
    return [
        *_marks(form, say),
        say.pick(
            "Voter blanc est possible : rien n’est coché.",
            "A blank vote is possible: nothing is marked.",
        )
        if form.blank
        else say.pick(
            "Voter blanc n’est pas possible : un bulletin vide est nul.",
            "A blank vote is not possible: an empty ballot is spoiled.",
        ),
    ]
