"""Majority judgment: by majority grade, each project that fits, filled as by the greedy family.

Source: docs/rules.md, "majority-judgment"; the order is that of tally/rules/majority_grade.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from tally.election import DefinitionFaults, Envelope, Fault
from tally.errors import TallyError
from tally.form import Grades
from tally.frozen import FrozenMap
from tally.outcome import PAYING, Outcome, Standing, Step, Tie
from tally.profile import Profile, marks_in
from tally.rules.greedy import steps_of
from tally.rules.greedy_margin import decisive
from tally.rules.greedy_run import Run, funded, problem_of
from tally.rules.majority_grade import Counts, counts_of, gauge
from tally.rules.majority_judgment_margin import Electorate, Recount
from tally.rules.majority_judgment_parameters import read_parameters
from tally.tiebreak import LotKey, Sorter

ACCEPTED_FORMS: Final = frozenset({"grades"})


def grades_form(envelope: Envelope) -> Grades:
    """The form of an envelope of this rule. Raises TallyError for another."""
    if not isinstance(envelope.form, Grades):
        raise TallyError(f"contest {envelope.id!r}: majority judgment counts grades only")
    return envelope.form


def check(envelope: Envelope) -> list[Fault]:
    """Everything that is wrong with the parameters of an envelope, at once."""
    return read_parameters(envelope)[1]


def grades_of(envelope: Envelope, profile: Profile) -> tuple[Counts, ...]:
    """How many ballots give each grade, project by project in ballot order.

    Every expressed ballot gives each project a grade, the form's default where it says none.
    Blank and spoiled ballots give none.
    """
    form = grades_form(envelope)
    marks = marks_in(profile.groups())
    expressed = profile.expressed
    return tuple(
        counts_of(marks, project.id, len(form.labels), form.default, expressed)
        for project in envelope.projects
    )


def count(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count an envelope. Raises DefinitionFaults when its parameters are at fault."""
    return count_grades(envelope, grades_of(envelope, profile), lot_key)


def decide(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count without margins, and take no tie for decisive. Raises DefinitionFaults."""
    return count_grades(envelope, grades_of(envelope, profile), lot_key, margins=False)


def count_grades(
    envelope: Envelope, grades: Sequence[Counts], lot_key: LotKey, *, margins: bool = True
) -> Outcome:
    """Count an envelope from its projects' grades, with or without ``margins`` and what ties
    decide."""
    faults = check(envelope)
    if faults:
        raise DefinitionFaults(faults)
    parameters, _ = read_parameters(envelope)
    projects = envelope.projects
    problem = problem_of(envelope, parameters.fill)
    sorter = Sorter(envelope.tie_break, [project.id for project in projects], lot_key)
    electorate = Electorate(
        problem=problem,
        parameters=parameters,
        sorter=sorter,
        grades=tuple(grades),
        default=grades_form(envelope).default,
    )
    places = range(len(projects))
    keys = [electorate.key(place, electorate.grades[place]) for place in places]
    everybody = sorted(places, key=keys.__getitem__)
    bars = {place: bar for place in everybody if (bar := electorate.bar(place)) is not None}
    order = [place for place in everybody if place not in bars]
    events = Run(problem, order).play()
    steps = tuple(
        _with_grades(envelope, electorate, step)
        for step in steps_of(envelope, problem, bars, events)
    )
    paid = funded(problem, events)
    standings = _standings(envelope, electorate, everybody, steps, paid, margins=margins)
    spent = envelope.budget - steps[-1].left_after if steps else 0
    return Outcome(
        budget=envelope.budget,
        spent=spent,
        added=sum(paid.values()) - spent,
        winners=tuple(projects[place].id for place in paid),
        standings=standings,
        steps=steps,
        ties=tuple(
            Tie(
                step=min(step for p in tie.projects if (step := standings[p].step) is not None),
                projects=tuple(projects[place].id for place in tie.projects),
                criterion=tie.criterion,
                order=tuple(projects[place].id for place in tie.order),
                decisive=margins and decisive(problem, order, tie),
            )
            for tie in sorter.ties(order, keys)
        ),
    )


def _with_grades(envelope: Envelope, electorate: Electorate, step: Step) -> Step:
    """A step with the grades of its project, from which its sentence is made."""
    if step.project is None:
        return step
    place = next(p for p, project in enumerate(envelope.projects) if project.id == step.project)
    counts = electorate.grades[place]
    detail = {**step.detail, "grade": electorate.grade(counts), "grades": counts}
    return replace(step, detail=FrozenMap(detail))


def _standings(
    envelope: Envelope,
    electorate: Electorate,
    everybody: Sequence[int],
    steps: Sequence[Step],
    paid: dict[int, int],
    *,
    margins: bool,
) -> tuple[Standing, ...]:
    last = {step.project: step for step in steps if step.project is not None}
    position = {place: number for number, place in enumerate(everybody, start=1)}
    recount = Recount(electorate)
    nothing = Fraction(len(electorate.grades[0]) - 1 - electorate.default)
    found = []
    for place, project in enumerate(envelope.projects):
        step = last[project.id]
        counts = electorate.grades[place]
        won = step.action in PAYING
        found.append(
            Standing(
                project=project.id,
                votes=electorate.votes(counts),
                score=gauge(counts) if any(counts) else nothing,
                position=position[place],
                won=won,
                funded=paid.get(place, 0),
                step=step.number,
                reason=step.reason,
                detail=FrozenMap({**step.detail, "left": step.left_before}),
                margin=recount.margin(place, won) if margins else None,
            )
        )
    return tuple(found)
