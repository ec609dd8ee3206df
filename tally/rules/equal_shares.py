"""The Method of Equal Shares with its completions.

Source: docs/rules.md, "equal-shares".
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tally.canonical import Value
from tally.election import DefinitionFaults, Envelope, Fault
from tally.outcome import FUND, PASS, Margin, Outcome, Standing, Step, Tie, spell
from tally.profile import Profile
from tally.rules.equal_shares_completion import Ending, Shares, complete
from tally.rules.equal_shares_margin import margins
from tally.rules.equal_shares_opt import ABOVE, AT, BELOW
from tally.rules.equal_shares_parameters import SharesParameters, read_parameters
from tally.rules.equal_shares_poll import Poll, poll_of
from tally.rules.equal_shares_search import Neighbour
from tally.rules.score import SCORED_FORMS
from tally.rules.step_notes import StepNotes
from tally.tiebreak import Key, LotKey, Sorter

ACCEPTED_FORMS: Final = SCORED_FORMS
SIDES: Final = {AT: "at", BELOW: "below", ABOVE: "above"}


def check(envelope: Envelope) -> list[Fault]:
    """Everything that is wrong with the parameters of an envelope, at once."""
    return read_parameters(envelope)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An envelope being counted: who competes, how equal ones are sorted, and how it ended."""

    envelope: Envelope
    parameters: SharesParameters
    poll: Poll
    sorter: Sorter
    keys: tuple[Key, ...]
    bars: dict[int, tuple[str, int]]
    shares: Shares
    ending: Ending


def decide(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count without margins, and take no tie for decisive. Raises DefinitionFaults."""
    counted = _counted(envelope, profile, lot_key)
    return _outcome(counted, lambda _: False, lambda _: None)


def count(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Outcome:
    """Count an envelope. Raises DefinitionFaults when its parameters are at fault."""
    counted = _counted(envelope, profile, lot_key)
    winners = set(counted.ending.winners)

    def decisive(tied: tuple[int, ...]) -> bool:
        return any(
            set(
                complete(
                    counted.shares,
                    preferred=other,
                    start=counted.ending.start,
                    side=counted.ending.side,
                ).winners
            )
            != winners
            for other in tied[1:]
        )

    minimum, cap = _limits(envelope, counted.parameters)
    found = margins(
        Neighbour(
            envelope=envelope,
            shares=counted.shares,
            ending=counted.ending,
            key=counted.sorter.key,
            recount=lambda poll, costs: _winners(envelope, counted, poll, costs),
            votes=minimum,
            cap=cap,
        )
    )
    return _outcome(counted, decisive, found.get)


def _counted(envelope: Envelope, profile: Profile, lot_key: LotKey) -> Counted:
    parameters, faults = read_parameters(envelope)
    if faults:
        raise DefinitionFaults(faults)
    poll = poll_of(envelope, profile, parameters.utility)
    sorter = Sorter(envelope.tie_break, [project.id for project in envelope.projects], lot_key)
    costs = tuple(project.cost for project in envelope.projects)
    keys = _keys(sorter, poll, costs)
    bars = _bars(envelope, parameters, poll, costs)
    shares = Shares(
        parameters=parameters,
        poll=poll,
        costs=costs,
        keys=keys,
        places=tuple(place for place in range(len(costs)) if place not in bars),
        budget=envelope.budget,
    )
    return Counted(
        envelope=envelope,
        parameters=parameters,
        poll=poll,
        sorter=sorter,
        keys=keys,
        bars=bars,
        shares=shares,
        ending=complete(shares),
    )


def _keys(sorter: Sorter, poll: Poll, costs: tuple[int, ...]) -> tuple[Key, ...]:
    return tuple(
        sorter.key(place, poll.votes[place], poll.score[place], cost)
        for place, cost in enumerate(costs)
    )


def _bars(
    envelope: Envelope, parameters: SharesParameters, poll: Poll, costs: tuple[int, ...]
) -> dict[int, tuple[str, int]]:
    """Who does not compete, why, and what would have been enough."""
    minimum, cap = _limits(envelope, parameters)
    bars: dict[int, tuple[str, int]] = {}
    for place, cost in enumerate(costs):
        if poll.votes[place] < minimum:
            bars[place] = ("below-minimum-votes", minimum)
        elif cost > cap:
            bars[place] = ("above-cost-cap", cap)
    return bars


def _limits(envelope: Envelope, parameters: SharesParameters) -> tuple[int, int]:
    """The least votes and the highest cost of who competes."""
    cap = envelope.budget
    if parameters.maximum_cost_share is not None:
        cap = int(parameters.maximum_cost_share * envelope.budget)
    return max(1, parameters.minimum_votes or 1), cap


def _winners(
    envelope: Envelope, counted: Counted, poll: Poll, costs: tuple[int, ...]
) -> frozenset[int]:
    """Who would win with other ballots or costs."""
    bars = _bars(envelope, counted.parameters, poll, costs)
    shares = Shares(
        parameters=counted.parameters,
        poll=poll,
        costs=costs,
        keys=_keys(counted.sorter, poll, costs),
        places=tuple(place for place in range(len(costs)) if place not in bars),
        budget=envelope.budget,
    )
    return frozenset(complete(shares).winners)


def _outcome(
    counted: Counted,
    decisive: Callable[[tuple[int, ...]], bool],
    margin: Callable[[int], Margin | None],
) -> Outcome:
    ids = [project.id for project in counted.envelope.projects]
    steps = _steps(counted)
    return Outcome(
        budget=counted.envelope.budget,
        spent=counted.envelope.budget - counted.ending.left,
        added=0,
        winners=tuple(ids[place] for place in counted.ending.winners),
        standings=_standings(counted, steps, margin),
        steps=steps,
        ties=_ties(counted, ids, decisive),
    )


def _steps(counted: Counted) -> tuple[Step, ...]:
    """The exclusions, then purchases, then what the rest lacked, or how it was filled."""
    ending = counted.ending
    shared: dict[str, Value] = {"start": spell(Fraction(ending.start))}
    if counted.parameters.raises == "add-opt":
        shared["side"] = SIDES[ending.side]
    if ending.compared is not None:
        shared |= {"prefer_shares": ending.compared[0], "prefer_votes": ending.compared[1]}
    notes = StepNotes(counted.envelope, shared)
    barred = sorted(counted.bars, key=counted.keys.__getitem__)
    notes.exclude((place, counted.bars[place]) for place in barred)
    for each in ending.purchases:
        detail: dict[str, Value] = {
            "phase": "shares",
            "price": spell(Fraction(each.price)),
            "payers": each.payers,
            "in_full": each.in_full,
            "by_mark": counted.parameters.utility in ("points", "ranks"),
        }
        notes.fund(each.place, "shares", detail)
    for place, fits in ending.filled:
        if fits:
            notes.fund(place, "fits", {"phase": "fill"})
        else:
            notes.note(place, PASS, "does-not-fit", {"phase": "fill"})
    for place, money in ending.lacking:
        notes.note(place, PASS, "unaffordable", {"phase": "shares", "money": money})
    return notes.steps


def _standings(
    counted: Counted, steps: tuple[Step, ...], margin: Callable[[int], Margin | None]
) -> tuple[Standing, ...]:
    by_project = {step.project: step for step in steps}
    order = sorted(range(len(counted.keys)), key=counted.keys.__getitem__)
    positions = {place: number for number, place in enumerate(order, start=1)}
    found = []
    for place, project in enumerate(counted.envelope.projects):
        step = by_project[project.id]
        won = step.action == FUND
        found.append(
            Standing(
                project=project.id,
                votes=counted.poll.votes[place],
                score=Fraction(counted.poll.score[place]),
                position=positions[place],
                won=won,
                funded=project.cost if won else 0,
                step=step.number,
                reason=step.reason,
                detail=step.detail,
                margin=margin(place),
            )
        )
    return tuple(found)


def _ties(
    counted: Counted, ids: list[str], decisive: Callable[[tuple[int, ...]], bool]
) -> tuple[Tie, ...]:
    """The sets of equal rates, each once: who is left of one may be equal in the next round."""
    keys = [(0, *key[1:]) for key in counted.keys]
    found: list[Tie] = []
    reported: set[int] = set()
    for number, each in enumerate(counted.ending.purchases, start=len(counted.bars) + 1):
        if len(each.tied) > 1 and not reported >= set(each.tied):
            reported = set(each.tied)
            matters = decisive(each.tied)
            found += [
                Tie(
                    step=number,
                    projects=tuple(ids[place] for place in tie.projects),
                    criterion=tie.criterion,
                    order=tuple(ids[place] for place in tie.order),
                    decisive=matters,
                )
                for tie in counted.sorter.ties(each.tied, keys)
            ]
    return tuple(found)
