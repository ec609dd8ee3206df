"""The knapsack optimum: the projects that fit the envelope with the greatest total score.

Source: docs/rules.md, "knapsack-optimum".
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from tally.canonical import Value
from tally.election import DefinitionFaults, Envelope, Fault
from tally.frozen import freeze_map
from tally.outcome import FUND, PASS, Outcome, Standing, Step, Tie
from tally.profile import Profile
from tally.rules.knapsack_choice import Candidates, Choice
from tally.rules.knapsack_margin import Hurdles
from tally.rules.knapsack_parameters import read_parameters
from tally.rules.score import Support, counts_votes, most_a_ballot_gives, support_of
from tally.rules.step_notes import StepNotes
from tally.tiebreak import LotKey, Sorter, TieSet

TOTAL: Final = "total"
"""The criterion that tells sets of equal total apart: the order of score."""


def check(envelope: Envelope) -> list[Fault]:
    """Everything that is wrong with the parameters of an envelope, at once."""
    faults = read_parameters(envelope)[1]
    if most_a_ballot_gives(envelope.form) < 1:
        faults.append(
            Fault(
                path="form.maximum",
                message="no ballot can give a project a positive score",
                remedy="Raise the highest score, or count with another rule",
            )
        )
    return faults


def count(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count an envelope. Raises DefinitionFaults when its parameters are at fault."""
    return count_support(envelope, support_of(envelope, profile), lot_key)


def decide(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count without margins, and take no order of equal projects for decisive.

    Raises DefinitionFaults when the parameters are at fault.
    """
    return count_support(envelope, support_of(envelope, profile), lot_key, whole=False)


def count_support(
    envelope: Envelope, support: Support, lot_key: LotKey, *, whole: bool = True
) -> Outcome:
    """Count an envelope from its projects' votes and scores; ``whole``: with margins."""
    faults = check(envelope)
    if faults:
        raise DefinitionFaults(faults)
    parameters, _ = read_parameters(envelope)
    projects = envelope.projects
    sorter = Sorter(envelope.tie_break, [project.id for project in projects], lot_key)
    costs = tuple(project.cost for project in projects)
    keys = tuple(
        sorter.key(place, support.votes[place], support.score[place], costs[place])
        for place in range(len(projects))
    )
    everybody = sorted(range(len(projects)), key=keys.__getitem__)
    minimum = max(1, parameters.minimum_votes or 1)
    share = parameters.maximum_cost_share
    cap = max(costs) if share is None else int(share * envelope.budget)
    bars: dict[int, tuple[str, int]] = {}
    for place in everybody:
        if support.votes[place] < minimum:
            bars[place] = ("below-minimum-votes", minimum)
        elif costs[place] > cap:
            bars[place] = ("above-cost-cap", cap)
    order = [place for place in everybody if place not in bars]
    choice = Choice(
        Candidates(
            costs=costs,
            score=support.score,
            keys=keys,
            places=tuple(place for place in order if costs[place] <= envelope.budget),
            budget=envelope.budget,
        )
    )
    contrary = {place: choice.contrary(place) for place in choice.candidates.places}
    steps = _steps(envelope, choice, bars, order, contrary)
    hurdles = Hurdles(
        choice=choice,
        support=support,
        sorter=sorter,
        minimum=minimum,
        cap=cap,
        each=most_a_ballot_gives(envelope.form),
        as_votes=counts_votes(envelope.form),
    )
    return Outcome(
        budget=envelope.budget,
        spent=sum(costs[place] for place in choice.chosen),
        added=0,
        winners=tuple(projects[place].id for place in choice.chosen),
        standings=_standings(envelope, hurdles, everybody, steps, whole=whole),
        steps=steps,
        ties=tuple(
            Tie(
                step=min(
                    step.number
                    for step in steps
                    if step.project in {projects[place].id for place in tie.projects}
                ),
                projects=tuple(projects[place].id for place in tie.projects),
                criterion=tie.criterion,
                order=tuple(projects[place].id for place in tie.order),
                decisive=tie.criterion == TOTAL or (whole and hurdles.decisive(tie)),
            )
            for tie in (*_equal_totals(choice, contrary), *sorter.ties(order, keys))
        ),
    )


def _equal_totals(choice: Choice, contrary: Mapping[int, int]) -> Sequence[TieSet]:
    """The projects in which sets of the greatest total differ, where their scores do, too.

    Where they do not, these projects are a set of equal ones that the criteria told apart.
    """
    best = choice.score_of(choice.value)
    differing = [place for place, score in contrary.items() if score == best]
    if len({choice.candidates.score[place] for place in differing}) < 2:
        return ()
    return (TieSet(projects=tuple(sorted(differing)), criterion=TOTAL, order=tuple(differing)),)


def _steps(
    envelope: Envelope,
    choice: Choice,
    bars: Mapping[int, tuple[str, int]],
    order: Sequence[int],
    contrary: Mapping[int, int],
) -> tuple[Step, ...]:
    """The exclusions, then project by project whether it is chosen, with what proves it."""
    notes = StepNotes(envelope)
    notes.exclude(bars.items())
    total = choice.score_of(choice.value)
    whole: dict[str, Value] = {"phase": "overall", "total": total, "bound": choice.ceiling()}
    for place in order:
        if place not in contrary:
            notes.note(place, PASS, "does-not-fit", whole)
            continue
        detail = {
            **whole,
            "contrary": contrary[place],
            "contrary_bound": choice.ceiling(place),
        }
        equal = contrary[place] == total
        if place in choice.chosen:
            notes.fund(place, "preferred-optimum" if equal else "in-optimum", detail)
        else:
            notes.note(place, PASS, "other-optimum" if equal else "not-in-optimum", detail)
    return notes.steps


def _standings(
    envelope: Envelope,
    hurdles: Hurdles,
    everybody: Sequence[int],
    steps: Sequence[Step],
    *,
    whole: bool,
) -> tuple[Standing, ...]:
    by_project = {step.project: step for step in steps}
    position = {place: number for number, place in enumerate(everybody, start=1)}
    found = []
    for place, project in enumerate(envelope.projects):
        step = by_project[project.id]
        won = step.action == FUND
        margin = (hurdles.winner(place) if won else hurdles.loser(place)) if whole else None
        found.append(
            Standing(
                project=project.id,
                votes=hurdles.support.votes[place],
                score=Fraction(hurdles.support.score[place]),
                position=position[place],
                won=won,
                funded=project.cost if won else 0,
                step=step.number,
                reason=step.reason,
                detail=freeze_map({**step.detail, "left": step.left_before}),
                margin=margin,
            )
        )
    return tuple(found)
