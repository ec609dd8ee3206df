"""The table of counting rules. A new rule is a new row.

Definitions, formulas and sources: docs/rules.md.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tally.election import Contest, Election, Envelope, Fault, Question
from tally.errors import TallyError
from tally.outcome import Outcome, Verdict
from tally.rules import (
    equal_shares,
    equal_shares_words,
    greedy,
    greedy_example,
    greedy_words,
    knapsack_optimum,
    knapsack_words,
    majority_judgment,
    majority_judgment_example,
    majority_judgment_words,
    phragmen,
    phragmen_words,
    question,
    question_words,
)
from tally.rules.rule import Rule
from tally.rules.score import SCORED_FORMS

ENVELOPE_RULES: Final[Mapping[str, Rule[Envelope, Outcome]]] = MappingProxyType(
    {
        "greedy": Rule(
            name="greedy",
            accepts=SCORED_FORMS,
            check=greedy.check,
            count=greedy.count,
            describe=greedy_words.describe,
            example=greedy_example.example,
        ),
        "equal-shares": Rule(
            name="equal-shares",
            accepts=equal_shares.ACCEPTED_FORMS,
            check=equal_shares.check,
            count=equal_shares.count,
            describe=equal_shares_words.describe,
            example=equal_shares_words.example,
            decide=equal_shares.decide,
        ),
        "majority-judgment": Rule(
            name="majority-judgment",
            accepts=majority_judgment.ACCEPTED_FORMS,
            check=majority_judgment.check,
            count=majority_judgment.count,
            describe=majority_judgment_words.describe,
            example=majority_judgment_example.example,
            decide=majority_judgment.decide,
        ),
        "phragmen": Rule(
            name="phragmen",
            accepts=phragmen.ACCEPTED_FORMS,
            check=phragmen.check,
            count=phragmen.count,
            describe=phragmen_words.describe,
            example=phragmen_words.example,
            decide=phragmen.decide,
        ),
        "knapsack-optimum": Rule(
            name="knapsack-optimum",
            accepts=SCORED_FORMS,
            check=knapsack_optimum.check,
            count=knapsack_optimum.count,
            describe=knapsack_words.describe,
            example=knapsack_words.example,
            decide=knapsack_optimum.decide,
        ),
    }
)
QUESTION_RULES: Final[Mapping[str, Rule[Question, Verdict]]] = MappingProxyType(
    {
        "question": Rule(
            name="question",
            accepts=frozenset({"question"}),
            check=question.check,
            count=lambda contest, profile, _: question.count(contest, profile),
            describe=question_words.describe,
            example=question_words.example,
        )
    }
)
RULES: Final[Mapping[str, Rule[Envelope, Outcome] | Rule[Question, Verdict]]] = MappingProxyType(
    {**ENVELOPE_RULES, **QUESTION_RULES}
)


def envelope_rule(envelope: Envelope) -> Rule[Envelope, Outcome]:
    """The rule of an envelope. Raises TallyError when there is none of that name."""
    try:
        return ENVELOPE_RULES[envelope.rule.name]
    except KeyError:
        raise TallyError(f"contest {envelope.id!r}: no rule {envelope.rule.name!r}") from None


def question_rule(contest: Question) -> Rule[Question, Verdict]:
    """The rule of a question. Raises TallyError when there is none of that name."""
    try:
        return QUESTION_RULES[contest.rule.name]
    except KeyError:
        raise TallyError(f"contest {contest.id!r}: no rule {contest.rule.name!r}") from None


def check(contest: Contest) -> list[Fault]:
    """Everything that is wrong with a contest's rule, paths below the contest."""
    table: Mapping[str, object] = (
        ENVELOPE_RULES if isinstance(contest, Envelope) else QUESTION_RULES
    )
    name = contest.rule.name
    if name not in table:
        return [
            Fault(
                path="rule.name",
                message=f"there is no rule {name!r} for this kind of contest",
                remedy="Write one of " + ", ".join(sorted(table)),
            )
        ]
    faults: list[Fault] = []
    accepts = RULES[name].accepts
    if contest.form.type not in accepts:
        faults.append(
            Fault(
                path="form.type",
                message=f"rule {name!r} cannot count the form {contest.form.type!r}",
                remedy="Use one of " + ", ".join(sorted(accepts)) + ", or another rule",
            )
        )
        return faults
    if isinstance(contest, Envelope):
        return envelope_rule(contest).check(contest)
    return question_rule(contest).check(contest)


def describe(contest: Contest, election: Election, language: str) -> list[str]:
    """What a contest's rule will do, in plain sentences in "fr" or "en"."""
    if isinstance(contest, Envelope):
        return envelope_rule(contest).describe(contest, election, language)
    return question_rule(contest).describe(contest, election, language)


def example(contest: Contest, election: Election, language: str) -> list[str]:
    """A small invented count under a contest's rule, in "fr" or "en"."""
    if isinstance(contest, Envelope):
        return envelope_rule(contest).example(contest, election, language)
    return question_rule(contest).example(contest, election, language)
