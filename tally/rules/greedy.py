"""The greedy family: by score, each project that fits, with every option cities use.

Source: docs/rules.md, "greedy".
"""

from collections.abc import Sequence
from fractions import Fraction

from tally.canonical import Value
from tally.election import DefinitionFaults, Envelope, Fault
from tally.frozen import FrozenMap, freeze_map
from tally.outcome import EXCLUDE, PAYING, TOP_UP, Outcome, Standing, Step, Tie
from tally.profile import Profile
from tally.rules.greedy_admission import Admission, Bar
from tally.rules.greedy_margin import Recount
from tally.rules.greedy_parameters import PATH, read_parameters
from tally.rules.greedy_run import Event, Problem, Run, funded, problem_of
from tally.rules.score import Support, counts_votes, most_a_ballot_gives, support_of
from tally.tiebreak import Key, LotKey, Sorter

ADMISSION = "admission"


def check(envelope: Envelope) -> list[Fault]:
    """Everything that is wrong with the parameters of an envelope, at once."""
    parameters, faults = read_parameters(envelope)
    most = most_a_ballot_gives(envelope.form)
    share = parameters.minimum_score_share
    if share is not None and share > most:
        faults.append(
            Fault(
                path=f"{PATH}.minimum_score_share",
                message=f"a ballot gives a project at most {most} point(s)",
                remedy=f'Lower it to at most "{most}"',
            )
        )
    if most < 1:
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


def count_support(envelope: Envelope, support: Support, lot_key: LotKey) -> Outcome:
    """Count an envelope from its projects' votes and scores."""
    faults = check(envelope)
    if faults:
        raise DefinitionFaults(faults)
    parameters, _ = read_parameters(envelope)
    projects = envelope.projects
    places = range(len(projects))
    problem = problem_of(envelope, parameters)
    admission = Admission(parameters, envelope.budget)
    base = support.base(parameters.share_of)
    sorter = Sorter(envelope.tie_break, [project.id for project in projects], lot_key)
    keys = [
        sorter.key(place, support.votes[place], support.score[place], problem.costs[place])
        for place in places
    ]
    everybody = sorted(places, key=keys.__getitem__)
    bars = {
        place: bar
        for place in everybody
        if (
            bar := admission.bars(
                support.votes[place], support.score[place], problem.costs[place], base
            )
        )
    }
    order = [place for place in everybody if place not in bars]
    events = Run(problem, order).play()
    steps = steps_of(envelope, problem, bars, events)
    recount = Recount(problem, admission, sorter, support, order, keys)
    paid = funded(problem, events)
    standings = _standings(envelope, support, everybody, steps, paid, recount)
    return Outcome(
        budget=envelope.budget,
        spent=envelope.budget - steps[-1].left_after if steps else 0,
        added=sum(paid.values()) - (envelope.budget - steps[-1].left_after) if steps else 0,
        winners=tuple(projects[place].id for place in paid),
        standings=standings,
        steps=steps,
        ties=_ties(envelope, sorter, order, keys, standings, recount),
    )


def _detail(envelope: Envelope, problem: Problem, event: Event) -> dict[str, Value]:
    project, action, reason, before, _, phase, reference, amount = event
    detail: dict[str, Value] = {"phase": phase}
    if reason in {"exclusive", "after-stop"}:
        detail["other"] = envelope.projects[reference].id
    elif reason in {"sub-budget", "group-closed"}:
        detail |= {"field": problem.sub_field, "group": problem.sub_names[reference]}
        detail["group_left"] = amount
    elif reference >= 0:
        detail |= {"field": problem.first_field, "group": problem.first_names[reference]}
        if reason == "group-budget":
            detail["group_left"] = amount
        elif reason in {"minimum-not-reached", "not-among-first"}:
            detail["count"] = amount
    elif reason == "enough-winners":
        detail["count"] = amount
    if action == TOP_UP:
        detail["added"] = problem.costs[project] - before
    return detail


def steps_of(
    envelope: Envelope,
    problem: Problem,
    bars: dict[int, Bar],
    events: Sequence[Event],
) -> tuple[Step, ...]:
    """The trace: the exclusions, then what happened in the count."""
    steps = [
        Step(
            number=number,
            project=envelope.projects[place].id,
            action=EXCLUDE,
            reason=reason,
            left_before=envelope.budget,
            left_after=envelope.budget,
            detail=freeze_map({"phase": ADMISSION, "needed": needed}),
        )
        for number, (place, (reason, needed)) in enumerate(bars.items(), start=1)
    ]
    for number, event in enumerate(events, start=len(steps) + 1):
        steps.append(
            Step(
                number=number,
                project=envelope.projects[event[0]].id if event[0] >= 0 else None,
                action=event[1],
                reason=event[2],
                left_before=event[3],
                left_after=event[4],
                detail=freeze_map(_detail(envelope, problem, event)),
            )
        )
    return tuple(steps)


def _standings(
    envelope: Envelope,
    support: Support,
    everybody: Sequence[int],
    steps: Sequence[Step],
    paid: dict[int, int],
    recount: Recount,
) -> tuple[Standing, ...]:
    last: dict[str, Step] = {step.project: step for step in steps if step.project is not None}
    position = {place: number for number, place in enumerate(everybody, start=1)}
    each = most_a_ballot_gives(envelope.form)
    as_votes = counts_votes(envelope.form)
    found = []
    for place, project in enumerate(envelope.projects):
        step = last[project.id]
        won = step.action in PAYING
        found.append(
            Standing(
                project=project.id,
                votes=support.votes[place],
                score=Fraction(support.score[place]),
                position=position[place],
                won=won,
                funded=paid.get(place, 0),
                step=step.number,
                reason=step.reason,
                detail=FrozenMap({**step.detail, "left": step.left_before}),
                margin=recount.margin(place, won, each=each, as_votes=as_votes),
            )
        )
    return tuple(found)


def _ties(
    envelope: Envelope,
    sorter: Sorter,
    order: Sequence[int],
    keys: Sequence[Key],
    standings: Sequence[Standing],
    recount: Recount,
) -> tuple[Tie, ...]:
    return tuple(
        Tie(
            step=min(step for p in tie.projects if (step := standings[p].step) is not None),
            projects=tuple(envelope.projects[place].id for place in tie.projects),
            criterion=tie.criterion,
            order=tuple(envelope.projects[place].id for place in tie.order),
            decisive=recount.decisive(tie),
        )
        for tie in sorter.ties(order, keys)
    )
