"""The greedy family reads itself back, in plain French and English.

For officers, before the freeze: what they have decided, in the order in which it will happen.
"""

from fractions import Fraction

from tally.election import Election, Envelope, Ranking
from tally.explain import voice
from tally.money import Voice
from tally.phrases import CRITERIA, FIELDS, ON_MISFIT
from tally.rules.greedy_parameters import GreedyParameters, read_parameters, values_in
from tally.rules.score import counts_votes


def _score(envelope: Envelope, say: Voice) -> str:
    if counts_votes(envelope.form):
        return say.pick(
            "Le score d’un projet est le nombre de bulletins qui le nomment.",
            "A project’s score is the number of ballots naming it.",
        )
    if isinstance(envelope.form, Ranking):
        most = say.number(envelope.form.maximum)
        return say.pick(
            f"Le premier rang d’un bulletin donne {most} points, chaque rang suivant un de "
            "moins ; le score d’un projet est la somme.",
            f"The first rank on a ballot gives {most} points, each further rank one less; a "
            "project’s score is the sum.",
        )
    return say.pick(
        "Le score d’un projet est la somme des points que les bulletins lui donnent.",
        "A project’s score is the sum of the points ballots give it.",
    )


def _minimums(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    of = {
        None: ("", ""),
        "cast": ("bulletins déposés", "ballots cast"),
        "expressed": (
            "bulletins exprimés (ni blancs ni nuls)",
            "ballots expressed (neither blank nor spoiled)",
        ),
    }[p.share_of]
    base = say.pick(*of)
    needs: list[tuple[str, str]] = []
    if p.minimum_votes is not None:
        number = say.number(p.minimum_votes)
        plural = "vote" if number == "1" else "votes"
        needs.append((f"au moins {number} voix", f"at least {number} {plural}"))
    if p.minimum_score is not None:
        number = say.number(p.minimum_score)
        units = ("voix", "votes") if counts_votes(envelope.form) else ("points", "points")
        needs.append((f"au moins {number} {units[0]}", f"at least {number} {units[1]}"))
    if p.minimum_votes_share is not None:
        share = say.share(p.minimum_votes_share)
        needs.append(
            (f"des voix d’au moins {share} des {base}", f"votes from at least {share} of {base}")
        )
    if p.minimum_score_share is not None:
        number = str(p.minimum_score_share)
        needs.append(
            (
                f"un score d’au moins {number} fois le nombre de {base}",
                f"a score of at least {number} times the number of {base}",
            )
        )
    if p.minimum_votes_per_cost is not None:
        share = say.share(p.minimum_votes_per_cost)
        needs.append(
            (
                f"une part des {base} d’au moins {share} de sa part du budget",
                f"a share of the {base} of at least {share} of its share of the budget",
            )
        )
    sentences = [
        say.pick(
            f"Un projet n’est retenu qu’avec {need[0]}.", f"A project can win only with {need[1]}."
        )
        for need in needs
    ]
    sentences += _cap(p, envelope, say)
    if not needs:
        sentences.append(
            say.pick(
                "Aucun minimum : même un projet sans une seule voix est financé s’il reste "
                "de l’argent.",
                "There is no minimum: even a project without a single vote is funded if "
                "money remains.",
            )
        )
    return sentences


def _cap(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    if p.maximum_cost_share is None:
        return []
    share, most = say.share(p.maximum_cost_share), p.maximum_cost_share * envelope.budget
    cap = say.money(most.numerator // most.denominator)
    return [
        say.pick(
            f"Un projet qui coûte plus de {share} de l’enveloppe ({cap}) est écarté.",
            f"A project that costs more than {share} of the envelope ({cap}) is excluded.",
        )
    ]


def _order(envelope: Envelope, say: Voice) -> str:
    names = [say.pick(*CRITERIA[criterion]) for criterion in envelope.tie_break]
    listed = say.pick(", puis ", ", then ").join(names)
    return say.pick(
        f"Les projets sont classés par score. À égalité : {listed}.",
        f"Projects are sorted by score. Equal ones by {listed}.",
    )


def _field(field: str, say: Voice) -> str:
    return say.pick(*FIELDS[field])


def _first(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    if p.minimum_per is not None:
        m = p.minimum_per
        field, number = _field(m.field, say), say.number(m.count)
        return [
            say.pick(
                f"D’abord le mieux classé de chaque {field}, puis le deuxième, jusqu’à "
                f"{number} par {field} ; ensuite tous les autres, dans l’ordre du classement.",
                f"First the best of each {field}, then the second best, up to {number} per "
                f"{field}; then all the others, in order.",
            ),
            say.pick(
                *(
                    "Si l’un de ceux-là ne tient pas dans l’enveloppe, le suivant prend sa place.",
                    f"If one of those does not fit, the next best of the {field} takes its place.",
                )
                if m.on_misfit == "next"
                else (
                    (
                        "Si l’un de ceux-là ne tient pas dans l’enveloppe, sa place garantie est "
                        "perdue."
                    ),
                    f"If one of those does not fit, the {field} loses that guaranteed place.",
                ),
            ),
        ]
    if p.top_per is None:
        return []
    t = p.top_per
    field = _field(t.field, say)
    groups = say.number(len(values_in(envelope, t.field)))
    limits: list[tuple[str, str]] = []
    if t.count is not None:
        number = say.number(t.count)
        limits.append((f"au plus {number} projets", f"at most {number} projects"))
    if t.budget is not None:
        money = say.money(t.budget)
        limits.append((f"au plus {money}", f"at most {money}"))
    limit = say.pick(" et ", " and ").join(say.pick(*one) for one in limits)
    sentences = [
        say.pick(
            f"D’abord {field} par {field} ({groups}) : {limit}.",
            f"First each {field} ({groups}) by itself: {limit}.",
        )
    ]
    if t.minimum:
        number = say.number(t.minimum)
        sentences.append(
            say.pick(
                f"Cette part ne limite qu’à partir de {number} projets retenus : jusque-là, "
                "un projet passe même s’il la dépasse.",
                f"That share binds only from {number} winners on: until then a project wins "
                "even beyond it.",
            )
        )
    sentences.append(
        say.pick(
            *(
                "Un projet qui n’y tient pas est sauté et on essaie le suivant.",
                "A project that does not fit there is skipped and the next is tried.",
            )
            if t.on_misfit == "skip"
            else (
                "Le premier projet qui n’y tient pas met fin à cette part.",
                f"The first project that does not fit there ends the share of that {field}.",
            ),
        )
    )
    sentences.append(
        say.pick(
            *(
                "Ce qui reste de l’enveloppe va ensuite à tous les autres, par ordre de score.",
                "What is left of the envelope is then open to all remaining projects, in order.",
            )
            if t.pool
            else ("Ce qui reste ensuite n’est pas dépensé.", "What is left then is not spent."),
        )
    )
    return sentences


def _misfit(p: GreedyParameters, say: Voice) -> str:
    share = say.share(p.top_up_share or Fraction(0))
    return say.pick(*ON_MISFIT[p.on_misfit]).format(share=share)


def _limits(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    sentences = []
    if p.budget_per is not None:
        listed = "; ".join(
            f"{say.quote(name)} {'–' if money is None else say.money(money)}"
            for name, money in p.budget_per.budgets.items()
        )
        if say.language == "fr":
            listed = listed.replace("; ", " ; ")
        field = _field(p.budget_per.field, say)
        sentences.append(
            say.pick(
                f"Pendant tout le dépouillement, chaque {field} a son budget : {listed}.",
                f"During the whole count each {field} has its own budget: {listed}.",
            )
        )
        if p.on_misfit == "stop":
            sentences.append(
                say.pick(
                    "Un projet qui dépasse le budget de son groupe met fin à ce budget-là "
                    "seulement.",
                    "A project that misses its group’s budget ends that group’s budget only.",
                )
            )
    for group in p.exclusive_groups:
        titles = ", ".join(
            say.quote(envelope.project(member).title.in_language(say.language)) for member in group
        )
        sentences.append(
            say.pick(
                f"Un seul de ces projets peut être retenu : {titles}.",
                f"At most one of these projects can win: {titles}.",
            )
        )
    if p.fixed_winners is not None:
        number = say.number(p.fixed_winners)
        dearest = sum(sorted((x.cost for x in envelope.projects), reverse=True)[: p.fixed_winners])
        sentences.append(
            say.pick(
                f"Le dépouillement s’arrête à {number} projets retenus.",
                f"The count ends when {number} projects have won.",
            )
        )
        if dearest <= envelope.budget:
            sentences.append(
                say.pick(
                    "L’enveloppe y suffit quels qu’ils soient.",
                    "The envelope suffices for them whichever they are.",
                )
            )
    return sentences


def _hopeless(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    cap = (p.maximum_cost_share or 1) * envelope.budget
    never = [
        say.quote(project.title.in_language(say.language))
        for project in envelope.projects
        if project.cost > cap
    ]
    # Part-funded or topped up, a project may win that costs more than the envelope.
    if not never or p.on_misfit in {"part-fund", "top-up"}:
        return []
    names = ", ".join(never)
    return [
        say.pick(
            f"Attention, trop chers pour gagner avec quelque nombre de voix que ce soit : {names}.",
            f"Beware, too expensive to win with any number of votes: {names}.",
        )
    ]


def describe_filling(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    """How the envelope is filled, for rules that only sort in another way."""
    return [*_cap(p, envelope, say), *_filling(p, envelope, say)]


def _filling(p: GreedyParameters, envelope: Envelope, say: Voice) -> list[str]:
    return [
        *_first(p, envelope, say),
        _misfit(p, say),
        *_limits(p, envelope, say),
        *_hopeless(p, envelope, say),
    ]


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
        _score(envelope, say),
        *_minimums(parameters, envelope, say),
        _order(envelope, say),
        *_filling(parameters, envelope, say),
    ]
