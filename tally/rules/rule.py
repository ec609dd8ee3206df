"""What a counting rule is: one row of the table in ``tally.rules``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tally.election import Election, Envelope, Fault, Question
from tally.outcome import Outcome, Verdict
from tally.profile import Profile
from tally.tiebreak import LotKey

C = TypeVar("C", Envelope, Question)
O = TypeVar("O", Outcome, Verdict)  # noqa: E741


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[C, O]):
    """A rule for envelopes or for questions.

    ``accepts`` holds the types of form it can count. ``check`` returns everything that is wrong
    with a contest's parameters, with paths below the contest; ``count`` decides; ``describe`` and
    ``example`` read the rule back in a language ("fr" or "en"). ``decide`` is ``count`` without
    margins and without finding out which ties decide, for comparisons, where a rule is much faster
    so: winners, steps and money are those of ``count``.
    """

    name: str
    accepts: frozenset[str]
    check: Callable[[C], list[Fault]]
    count: Callable[[C, Profile, LotKey], O]
    describe: Callable[[C, Election, str], list[str]]
    example: Callable[[C, Election, str], list[str]]
    decide: Callable[[C, Profile, LotKey], O] | None = None
