"""The one door: an election and its votes to a result, contest by contest.

``to_value`` gives the ``contests`` of docs/formats.md section 10, a function of the definition,
the multiset of votes and the lot seed alone: codes and numbers, never a sentence, so that words
can become better without another result (docs/decisions/0012).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tally import rules
from tally.canonical import Value
from tally.election import DefinitionFaults, Election, Envelope, Fault, Question, Ranking
from tally.errors import TallyError
from tally.explain import explain_envelope, explain_project, explain_question
from tally.frozen import thaw
from tally.outcome import Outcome, Standing, Verdict, spell
from tally.profile import Profile, profiles
from tally.text import Text
from tally.tiebreak import lot_keys
from tally.vote import Spoiled, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeResult:
    """The outcome of one envelope with what its voters did.

    ``sentences`` (by project) and ``summary`` explain it; no word of theirs is in the value.
    """

    envelope: Envelope
    profile: Profile
    outcome: Outcome
    sentences: tuple[Text, ...]
    summary: Text

    def to_value(self) -> dict[str, Value]:
        """ContestResult (envelope) of docs/formats.md section 10."""
        outcome = self.outcome
        return {
            "contest": self.envelope.id,
            "kind": "envelope",
            **_shared_value(self.envelope, self.profile),
            "budget": outcome.budget,
            "spent": outcome.spent,
            "left": outcome.left,
            "added": outcome.added,
            "winners": list(outcome.winners),
            "projects": [_standing_value(standing) for standing in outcome.standings],
            "steps": [step.to_value() for step in outcome.steps],
            "ties": [tie.to_value() for tie in outcome.ties],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """The outcome of one question with what its voters did."""

    question: Question
    profile: Profile
    verdict: Verdict
    summary: Text

    def to_value(self) -> dict[str, Value]:
        """ContestResult (question) of docs/formats.md section 10."""
        verdict = self.verdict
        return {
            "contest": self.question.id,
            "kind": "question",
            **_shared_value(self.question, self.profile),
            "options": [
                {
                    "id": standing.option,
                    "votes": standing.votes,
                    "share": spell(standing.share),
                    "won": standing.won,
                }
                for standing in verdict.standings
            ],
            "adopted": verdict.adopted,
            "reason": verdict.reason,
            "threshold": spell(verdict.threshold),
            "strict": verdict.strict,
            "of": verdict.of,
            "quorum": verdict.quorum,
            "needed": verdict.needed,
            "ties": [tie.to_value() for tie in verdict.ties],
        }


ContestResult = EnvelopeResult | QuestionResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The results of all contests, in the definition's order."""

    contests: tuple[ContestResult, ...]

    def envelope(self, contest_id: str) -> EnvelopeResult:
        """The result of an envelope. Raises TallyError when there is none of that id."""
        for result in self.contests:
            if isinstance(result, EnvelopeResult) and result.envelope.id == contest_id:
                return result
        raise TallyError(f"the result has no envelope {contest_id!r}")

    def question(self, contest_id: str) -> QuestionResult:
        """The result of a question. Raises TallyError when there is none of that id."""
        for result in self.contests:
            if isinstance(result, QuestionResult) and result.question.id == contest_id:
                return result
        raise TallyError(f"the result has no question {contest_id!r}")

    def to_value(self) -> dict[str, Value]:
        """``{"contests": [...]}`` of docs/formats.md section 10."""
        return {"contests": [result.to_value() for result in self.contests]}


def _shared_value(contest: Envelope | Question, profile: Profile) -> dict[str, Value]:
    parameters: Value = thaw(contest.rule.parameters)  # type: ignore[assignment]
    return {
        "rule": {"name": contest.rule.name, "parameters": parameters},
        "ballots": profile.ballots,
        "blank": profile.blank,
        "spoiled": dict(profile.spoiled),
        "expressed": profile.expressed,
    }


def _standing_value(standing: Standing) -> dict[str, Value]:
    return {
        "id": standing.project,
        "votes": standing.votes,
        "score": spell(standing.score),
        "position": standing.position,
        "won": standing.won,
        "funded": standing.funded,
        "step": standing.step,
        "reason": standing.reason,
        "margin": None if standing.margin is None else standing.margin.to_value(),
    }


def check(election: Election) -> list[Fault]:
    """Everything that is wrong with the rules of an election, paths as in its definition."""
    faults: list[Fault] = []
    for place, contest in enumerate(election.contests):
        faults += [
            replace(fault, path=f"contests[{place}].{fault.path}") for fault in rules.check(contest)
        ]
    for place, style in enumerate(election.styles):
        for contest_id, form in style.forms.items():
            general = election.contest(contest_id).form
            if (
                isinstance(form, Ranking)
                and isinstance(general, Ranking)
                and form.maximum > general.maximum
            ):
                faults.append(
                    Fault(
                        path=f"styles[{place}].forms.{contest_id}.maximum",
                        message=f"rank {form.maximum} would count nothing: the contest has "
                        f"{general.maximum} ranks",
                        remedy="Raise the contest's maximum or lower this one",
                    )
                )
    return faults


def count_profile(
    election: Election, contest: Envelope | Question, profile: Profile, lot_seed: bytes
) -> ContestResult:
    """Count one contest. Raises DefinitionFaults when its rule is at fault."""
    keys = lot_keys(lot_seed, contest.id)
    if isinstance(contest, Question):
        verdict = rules.question_rule(contest).count(contest, profile, keys)
        base = profile.ballots if verdict.of == "cast" else profile.expressed
        return QuestionResult(
            question=contest,
            profile=profile,
            verdict=verdict,
            summary=explain_question(election, contest, verdict, profile.ballots, base),
        )
    outcome = rules.envelope_rule(contest).count(contest, profile, keys)
    return EnvelopeResult(
        envelope=contest,
        profile=profile,
        outcome=outcome,
        sentences=tuple(
            explain_project(election, contest, outcome, standing) for standing in outcome.standings
        ),
        summary=explain_envelope(election, contest, outcome),
    )


def count_profiles(
    election: Election, by_contest: Mapping[str, Profile], lot_seed: bytes
) -> Result:
    """Count an election from the profiles of its contests. Raises DefinitionFaults."""
    faults = check(election)
    if faults:
        raise DefinitionFaults(faults)
    return Result(
        contests=tuple(
            count_profile(election, contest, by_contest[contest.id], lot_seed)
            for contest in election.contests
        )
    )


def count(election: Election, votes: Iterable[Vote | Spoiled], lot_seed: bytes) -> Result:
    """Count an election. ``lot_seed`` is the public lot's (docs/formats.md section 8).

    A ballot that is spoiled as a whole stands in no contest. Raises DefinitionFaults when a rule
    is at fault, with everything that is wrong.
    """
    opened = (vote for vote in votes if isinstance(vote, Vote))
    return count_profiles(election, profiles(election, opened), lot_seed)
