"""Sequential Phragmén: projects are bought so that what each ballot pays stays even.

Source: docs/rules.md, "phragmen".
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from tally.canonical import Value
from tally.election import DefinitionFaults, Envelope, Fault
from tally.frozen import freeze_map
from tally.outcome import EXCLUDE, FUND, PASS, STOP, Outcome, Standing, Step, Tie
from tally.profile import Profile
from tally.rules import phragmen_ledger
from tally.rules.phragmen_ledger import Ledger, touched
from tally.rules.phragmen_margin import ExactHurdles, Hurdles
from tally.rules.phragmen_nearness import Nearness, plain, swift
from tally.rules.phragmen_parameters import read_parameters
from tally.rules.phragmen_run import Course, Race, ballots_of, play
from tally.rules.phragmen_trial import swift_play
from tally.rules.step_notes import StepNotes
from tally.tiebreak import LotKey, Sorter

ACCEPTED_FORMS: Final = frozenset({"approval", "choose-1", "knapsack"})


def check(envelope: Envelope) -> list[Fault]:
    """Everything that is wrong with the parameters of an envelope, at once."""
    return read_parameters(envelope)[1]


def count(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count an envelope. Raises DefinitionFaults when its parameters are at fault."""
    return _count(envelope, profile, lot_key, whole=True)


def decide(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count without margins, and take no tie for decisive. Raises DefinitionFaults."""
    return _count(envelope, profile, lot_key, whole=False)


def _count(envelope: Envelope, profile: Profile, lot_key: LotKey, *, whole: bool) -> Outcome:
    parameters, faults = read_parameters(envelope)
    if faults:
        raise DefinitionFaults(faults)
    projects = envelope.projects
    ids = [project.id for project in projects]
    sorter = Sorter(envelope.tie_break, ids, lot_key)
    costs = tuple(project.cost for project in projects)
    ledger = Ledger(ids, costs, profile) if phragmen_ledger.ARRAYS else None
    ballots = ballots_of(ids, profile) if ledger is None else ()
    votes = tuple(each.bit_count() for each in ballots) if ledger is None else ledger.exact_votes
    race = Race(
        ballots=ballots,
        votes=votes,
        costs=costs,
        keys=tuple(sorter.key(p, votes[p], votes[p], costs[p])[1:] for p in range(len(projects))),
        stops=parameters.on_misfit == "stop",
    )
    minimum = max(1, parameters.minimum_votes or 1)
    share = parameters.maximum_cost_share
    cap = None if share is None else int(share * envelope.budget)
    bars: dict[int, tuple[str, int]] = {}
    for place in sorted(range(len(projects)), key=lambda p: (-votes[p], race.keys[p])):
        if votes[place] < minimum:
            bars[place] = ("below-minimum-votes", minimum)
        elif cap is not None and costs[place] > cap:
            bars[place] = ("above-cost-cap", cap)
    places = tuple(place for place in range(len(projects)) if place not in bars)
    course: Course
    if ledger is None:
        course = exact = play(race, places, envelope.budget)
    else:
        course = swift_play(race, ledger, places, envelope.budget)
    ties = _tied_rounds(course)
    near = Nearness(margins={}, decisive=frozenset())
    if whole:
        if ledger is None:
            hurdles = ExactHurdles(
                race=race, sorter=sorter, places=places, minimum=minimum, cap=cap, course=exact
            )
            near = plain(hurdles, touched(ids, profile), ties)
        else:
            near = swift(
                Hurdles(
                    race=race, sorter=sorter, places=places, minimum=minimum, cap=cap, course=course
                ),
                ledger,
                ties,
            )
    steps = _steps(envelope, bars, course)
    spent = envelope.budget - course.left
    return Outcome(
        budget=envelope.budget,
        spent=spent,
        added=0,
        winners=tuple(ids[place] for place in course.winners),
        standings=_standings(envelope, votes, bars, steps, near),
        steps=steps,
        ties=tuple(
            Tie(
                step=len(bars) + number + 1,
                projects=tuple(ids[place] for place in tie.projects),
                criterion=tie.criterion,
                order=tuple(ids[place] for place in tie.order),
                decisive=number in near.decisive,
            )
            for number in ties
            for tie in sorter.ties(course.rounds[number].tied, [(0, *key) for key in race.keys])
        ),
    )


def _steps(
    envelope: Envelope, bars: dict[int, tuple[str, int]], course: Course
) -> tuple[Step, ...]:
    """The exclusions, then each project whose turn came, then those behind the stop."""
    notes = StepNotes(envelope)
    notes.exclude(bars.items())
    misfit = STOP if course.behind or not course.ended else PASS
    for at in course.rounds:
        detail: dict[str, Value] = {"phase": "overall", "load": at.shown}
        if at.fits:
            notes.fund(at.place, "fits", detail)
        else:
            notes.note(at.place, misfit, "does-not-fit", detail)
    for shown, place in course.behind:
        other = envelope.projects[course.rounds[-1].place].id
        behind: dict[str, Value] = {"phase": "overall", "load": shown, "other": other}
        notes.note(place, PASS, "after-stop", behind)
    return notes.steps


def _standings(
    envelope: Envelope,
    votes: Sequence[int],
    bars: dict[int, tuple[str, int]],
    steps: tuple[Step, ...],
    near: Nearness,
) -> tuple[Standing, ...]:
    by_project = {step.project: step for step in steps}
    competing = len(steps) - len(bars)
    found = []
    for place, project in enumerate(envelope.projects):
        step = by_project[project.id]
        won = step.action == FUND
        excluded = step.action == EXCLUDE
        found.append(
            Standing(
                project=project.id,
                votes=votes[place],
                score=Fraction(votes[place]),
                position=step.number + competing if excluded else step.number - len(bars),
                won=won,
                funded=project.cost if won else 0,
                step=step.number,
                reason=step.reason,
                detail=freeze_map({**step.detail, "left": step.left_before}),
                margin=near.margins.get(place),
            )
        )
    return tuple(found)


def _tied_rounds(course: Course) -> list[int]:
    """The rounds, from 0, that met a set of equal loads for the first time: who is left of one
    may be equal in the next round."""
    found: list[int] = []
    reported: set[int] = set()
    for number, at in enumerate(course.rounds):
        if len(at.tied) > 1 and not reported >= set(at.tied):
            reported = set(at.tied)
            found.append(number)
    return found
