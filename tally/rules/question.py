"""Questions: the option with most votes is adopted if it reaches the majority and the quorum.

Source: docs/rules.md, "question".
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tally.canonical import LARGEST_INTEGER
from tally.election import DefinitionFaults, Fault, Question
from tally.fault import Node
from tally.outcome import OptionStanding, Tie, Verdict
from tally.profile import Profile
from tally.rules.parameter import rational

PATH: Final = "rule.parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionParameters:
    """``threshold`` of the ballots ``of``, more than it where ``strict``; ``quorum`` of ballots
    cast; ``adoptable`` holds the ids of the options that can be adopted."""

    threshold: Fraction
    strict: bool
    of: str
    quorum: int
    adoptable: tuple[str, ...]


def read_parameters(question: Question) -> tuple[QuestionParameters, list[Fault]]:
    """The parameters of a question, and all their faults; usable only without any."""
    faults: list[Fault] = []
    node = Node(question.rule.parameters, PATH, faults)
    fields = node.fields("threshold", "strict", "of", optional=("quorum", "adoptable"))
    known = [option.id for option in question.options]
    strict = fields["strict"].flag(True)
    threshold = rational(
        fields["threshold"], Fraction(0), Fraction(1), open_low=False, open_high=False
    )
    if strict and threshold == 1:
        fields["threshold"].fault("no option can have more than all votes", "Write strict = false")
    adoptable: list[str] = []
    if fields["adoptable"].present:
        for inner in fields["adoptable"].items(1, len(known), "option ids"):
            option = inner.one_of(known)
            if option in adoptable:
                inner.fault(f"{option!r} stands twice", "Remove it once")
            adoptable.append(option)
    return QuestionParameters(
        threshold=threshold,
        strict=strict,
        of=fields["of"].one_of(("cast", "expressed")),
        quorum=fields["quorum"].integer(0, LARGEST_INTEGER) if fields["quorum"].present else 0,
        adoptable=tuple(adoptable) if fields["adoptable"].present else tuple(known),
    ), faults


def check(question: Question) -> list[Fault]:
    """Everything that is wrong with the parameters of a question."""
    return read_parameters(question)[1]


def count(question: Question, profile: Profile) -> Verdict:
    """Count a question. Raises DefinitionFaults when its parameters are at fault.

    Options equal at the top adopt nothing: no lot decides what a vote did not.
    """
    parameters, faults = read_parameters(question)
    if faults:
        raise DefinitionFaults(faults)
    votes = {option.id: 0 for option in question.options}
    for choice, ballots in profile.groups():
        for option, _ in choice:
            votes[option] += ballots
    base = profile.ballots if parameters.of == "cast" else profile.expressed
    exact = parameters.threshold * base
    # The smallest whole number above, or at least at, the threshold; nobody wins with no vote.
    floor = exact.numerator // exact.denominator
    needed = max(floor + 1 if parameters.strict or floor < exact else floor, 1)
    most = max(votes.values())
    best = [option for option, number in votes.items() if number == most]

    def reason(candidates: list[str]) -> str:
        if most == 0:
            return "no-votes"
        if profile.ballots < parameters.quorum:
            return "below-quorum"
        if most < needed:
            return "below-threshold"
        if len(candidates) > 1:
            return "tie"
        return "adopted" if candidates[0] in parameters.adoptable else "not-adoptable"

    found = reason(best)
    adopted = best[0] if found == "adopted" else None
    ties: tuple[Tie, ...] = ()
    if len(best) > 1 and most > 0:
        alone = {reason([option]) for option in best}
        ties = (
            Tie(
                step=None,
                projects=tuple(best),
                criterion="none",
                order=tuple(best),
                decisive="adopted" in alone,
            ),
        )
    return Verdict(
        adopted=adopted,
        reason=found,
        threshold=parameters.threshold,
        strict=parameters.strict,
        of=parameters.of,
        quorum=parameters.quorum,
        needed=needed,
        standings=tuple(
            OptionStanding(
                option=option,
                votes=number,
                share=Fraction(number, base) if base else Fraction(0),
                won=option == adopted,
            )
            for option, number in votes.items()
        ),
        ties=ties,
    )
