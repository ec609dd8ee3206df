"""Results in words: why each project won or lost, in French and English.

Made from results.json and the definition alone, so that a later Scrutin can word an old result
better without touching what was decided. Nothing here is under the result hash.

Source: docs/formats.md sections 9 and 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from audit.label import b64
from tally.canonical import Value, encode
from tally.election import Election, Envelope, Question, Text
from tally.explain import explain_envelope, explain_project, explain_question
from tally.frozen import freeze_map
from tally.outcome import Margin, OptionStanding, Outcome, Standing, Step, Tie, Verdict

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A contest's outcome in words, and each project's by its id (none for a question)."""

    summary: Text
    projects: Mapping[str, Text] = field(default_factory=dict)


def explain(election: Election, results: Object) -> dict[str, Explanation]:
    """The words of every contest by its id. ``results`` is the value of results.json, which was
    derived or compared before."""
    explained = {}
    for result in results["contests"]:
        contest = election.contest(result["contest"])
        explained[contest.id] = (
            _question(election, contest, result)
            if isinstance(contest, Question)
            else _envelope(election, contest, result)
        )
    return explained


def explanations_file(explained: Mapping[str, Explanation], result_hash: bytes) -> bytes:
    """The content of explanations.json. ``result_hash`` is the SHA-256 of publication.json."""
    return encode(
        {
            "type": "explanations",
            "version": 1,
            "publication": b64(result_hash),
            "contests": {
                contest: {
                    "summary": each.summary.to_value(),
                    "projects": {key: text.to_value() for key, text in each.projects.items()},
                }
                for contest, each in explained.items()
            },
        }
    )


def _envelope(election: Election, envelope: Envelope, result: Object) -> Explanation:
    outcome = Outcome(
        budget=result["budget"],
        spent=result["spent"],
        added=result["added"],
        winners=tuple(result["winners"]),
        standings=tuple(_standing(row) for row in result["projects"]),
        steps=tuple(_step(row) for row in result["steps"]),
        ties=tuple(tie_of(row) for row in result["ties"]),
    )
    return Explanation(
        summary=explain_envelope(election, envelope, outcome),
        projects={
            standing.project: explain_project(election, envelope, outcome, standing)
            for standing in outcome.standings
        },
    )


def _question(election: Election, question: Question, result: Object) -> Explanation:
    verdict = Verdict(
        adopted=result["adopted"],
        reason=result["reason"],
        threshold=Fraction(result["threshold"]),
        strict=result["strict"],
        of=result["of"],
        quorum=result["quorum"],
        needed=result["needed"],
        standings=tuple(
            OptionStanding(
                option=row["id"], votes=row["votes"], share=Fraction(row["share"]), won=row["won"]
            )
            for row in result["options"]
        ),
        ties=tuple(tie_of(row) for row in result["ties"]),
    )
    base = result["ballots" if verdict.of == "cast" else "expressed"]
    return Explanation(
        summary=explain_question(election, question, verdict, result["ballots"], base)
    )


def _standing(row: Object) -> Standing:
    return Standing(
        project=row["id"],
        votes=row["votes"],
        score=Fraction(row["score"]),
        position=row["position"],
        won=row["won"],
        funded=row["funded"],
        step=row["step"],
        reason=row["reason"],
        margin=_margin(row["margin"]),
    )


def _margin(row: Object | None) -> Margin | None:
    if row is None:
        return None
    if "safe" in row:
        return Margin(won=True, safe=row["safe"])
    if "dearer" in row:
        return Margin(won=True, dearer=row["dearer"])
    return Margin(won=False, votes=row["votes"], each=row["each"], cheaper=row["cheaper"])


def _step(row: Object) -> Step:
    detail: Mapping[str, Value] = row["detail"]
    return Step(
        number=row["step"],
        project=row["project"],
        action=row["action"],
        reason=row["reason"],
        left_before=row["left_before"],
        left_after=row["left_after"],
        detail=freeze_map(detail),
    )


def tie_of(row: Object) -> Tie:
    """A tie of the results."""
    return Tie(
        step=row["step"],
        projects=tuple(row["projects"]),
        criterion=row["criterion"],
        order=tuple(row["order"]),
        decisive=row["decisive"],
    )
