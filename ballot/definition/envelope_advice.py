"""Warnings about one envelope: its money, its groups and its projects' titles."""

import unicodedata
from collections.abc import Callable, Mapping

from ballot.definition.draft import Draft
from ballot.definition.finding import Said
from ballot.definition.projects_file import Row
from tally.election import Approval, Election, Envelope, Project
from tally.money import format_money
from tally.rules import majority_judgment_parameters
from tally.rules.greedy_parameters import GreedyParameters, read_parameters, values_in, values_of


def _said(template: Said, words: Callable[[str], Mapping[str, str]]) -> Said:
    return template[0].format_map(words("fr")), template[1].format_map(words("en"))


def plain(words: str) -> str:
    """Words without what people do not see: case, accents, doubled blanks."""
    letters = unicodedata.normalize("NFKD", words.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def advise_envelope(draft: Draft, number: int, envelope: Envelope, election: Election) -> None:
    origin = draft.origins[number]

    def money(amount: int, language: str) -> str:
        return format_money(amount, election.currency, election.exponent, language)

    parameters = GreedyParameters(on_misfit="")
    if envelope.rule.name == "greedy":
        parameters, _ = read_parameters(envelope)
    elif envelope.rule.name == "majority-judgment":
        parameters = majority_judgment_parameters.read_parameters(envelope)[0].fill
    _too_dear(draft, number, envelope, parameters, money)
    total = sum(project.cost for project in envelope.projects)
    if total <= envelope.budget:
        draft.notes.warn(
            draft.place(*origin, "budget"),
            _said(
                (
                    (
                        "tous les projets tiennent ensemble dans l’enveloppe ({total} / {budget}) "
                        ": le vote ne choisit rien, sauf par un minimum ou un maximum de la règle"
                    ),
                    (
                        "all projects fit into the envelope together ({total} of {budget}): the "
                        "vote chooses nothing, unless the rule sets a minimum or a maximum"
                    ),
                ),
                lambda code: {"total": money(total, code), "budget": money(envelope.budget, code)},
            ),
            ("Vérifiez le budget et les coûts", "Check the budget and the costs"),
        )
    if parameters.minimum_per is not None:
        _promised(draft, number, envelope, parameters, money)
    form = envelope.form
    if isinstance(form, Approval) and form.maximum == len(envelope.projects) > 1:
        draft.notes.warn(
            draft.place(*origin, "form", "maximum"),
            (
                "un bulletin peut nommer tous les projets",
                "a ballot may name all projects",
            ),
            ("Baissez « maximum » si ce n’est pas voulu", "Lower “maximum” unless this is meant"),
        )
    _same_titles(draft, number, envelope)


def _too_dear(
    draft: Draft,
    number: int,
    envelope: Envelope,
    parameters: GreedyParameters,
    money: Callable[[int, str], str],
) -> None:
    cap = envelope.budget
    if parameters.maximum_cost_share is not None:
        most = parameters.maximum_cost_share * envelope.budget
        cap = most.numerator // most.denominator
    elif parameters.on_misfit in ("part-fund", "top-up"):
        # Such a project may win, being the one that the last money goes to.
        return
    file = draft.projects
    for project, row in zip(envelope.projects, draft.rows[number], strict=True):
        if project.cost > cap and file is not None:
            draft.notes.warn(
                file.place(row, "cost"),
                _said(
                    (
                        "ce projet ne peut pas gagner : il coûte {cost}, le plus permis est {cap}",
                        "this project cannot win: it costs {cost}, the most allowed is {cap}",
                    ),
                    lambda code, cost=project.cost: {  # type: ignore[misc]
                        "cost": money(cost, code),
                        "cap": money(cap, code),
                    },
                ),
                ("Retirez-le ou vérifiez son coût", "Take it out or check its cost"),
            )


def _promised(
    draft: Draft,
    number: int,
    envelope: Envelope,
    parameters: GreedyParameters,
    money: Callable[[int, str], str],
) -> None:
    """A minimum per group that money cannot keep."""
    minimum = parameters.minimum_per
    if minimum is None:
        return
    place = draft.place(*draft.origins[number], "rule", "minimum_per", "count")

    def costs(group: str, *, dearest: bool) -> int:
        members = [p.cost for p in envelope.projects if group in values_of(p, minimum.field)]
        return sum(sorted(members, reverse=dearest)[: minimum.count])

    groups = values_in(envelope, minimum.field)
    least = sum(costs(group, dearest=False) for group in groups)
    most = sum(costs(group, dearest=True) for group in groups)
    if least > envelope.budget:
        draft.notes.warn(
            place,
            _said(
                (
                    (
                        "ce minimum ne peut pas être tenu : même les moins chers coûtent ensemble "
                        "{least}, l’enveloppe est de {budget}"
                    ),
                    (
                        "this minimum cannot be kept: even the cheapest cost {least} together, the "
                        "envelope is {budget}"
                    ),
                ),
                lambda code: {"least": money(least, code), "budget": money(envelope.budget, code)},
            ),
            ("Baissez « count » ou augmentez le budget", "Lower “count” or raise the budget"),
        )
    elif most > envelope.budget:
        draft.notes.warn(
            place,
            _said(
                (
                    (
                        "selon les votes, ce minimum peut ne pas être tenu partout : les plus "
                        "chers coûteraient ensemble {most}, l’enveloppe est de {budget}"
                    ),
                    (
                        "depending on the votes this minimum may not be kept everywhere: the "
                        "dearest would cost {most} together, the envelope is {budget}"
                    ),
                ),
                lambda code: {"most": money(most, code), "budget": money(envelope.budget, code)},
            ),
            (
                "Vérifiez que « on_misfit » de minimum_per dit ce que vous voulez alors",
                "Check that “on_misfit” of minimum_per says what you want then",
            ),
        )


def _same_titles(draft: Draft, number: int, envelope: Envelope) -> None:
    first: dict[str, tuple[Project, Row]] = {}
    file = draft.projects
    for project, row in zip(envelope.projects, draft.rows[number], strict=True):
        title = plain(project.title.words[0][1])
        if title in first and file is not None:
            before = first[title][1].line
            draft.notes.warn(
                file.place(row, file.column_of("title", project.title.words[0][0])),
                (
                    f"c’est le titre du projet de la ligne {before}",
                    f"this is the title of the project in line {before}",
                ),
                ("Distinguez-les par leur titre", "Tell them apart by their titles"),
            )
        first.setdefault(title, (project, row))
