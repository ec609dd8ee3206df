"""``/api/v1``: rules, log and results as JSON for whoever shows them elsewhere.

Pure: from what was read to what is answered. The routes are in ``web.observer_api``.
"""

from typing import Any

from audit.label import b64
from audit.manifest import Manifest
from tally.comparison import Comparison
from tally.contest import CountingRule, contest_value
from tally.election import Contest, Envelope
from tally.explain import LANGUAGES
from tally.frozen import thaw
from tally.outcome import spell
from tally.rules import describe
from tally.text import Text
from web.models import Status
from web.models_public import (
    ComparisonShown,
    ContestResultShown,
    ContestShown,
    ElectionShown,
    LogShown,
    MilestoneShown,
    OptionResult,
    OptionShown,
    OutcomeShown,
    PictureShown,
    ProjectResult,
    ProjectShown,
    ResultsShown,
    RuleShown,
    StyleShown,
    TurnoutShown,
    VariantShown,
    WitnessShown,
    Words,
)
from web.observed import Log
from web.published import Object, Published


def _words(text: Text) -> Words:
    return text.to_value()


def _rule(rule: CountingRule) -> RuleShown:
    parameters: Any = thaw(rule.parameters)
    return RuleShown(name=rule.name, parameters=parameters)


def election_shown(manifest: Manifest) -> ElectionShown:
    """The frozen rules in short."""
    election = manifest.election
    return ElectionShown(
        id=election.id,
        hash=manifest.hash.hex(),
        title=_words(election.title),
        organiser=_words(election.organiser),
        eligibility=_words(election.eligibility),
        languages=list(election.languages),
        currency=election.currency,
        exponent=election.exponent,
        opens=election.opens,
        closes=election.closes,
        styles=[
            StyleShown(
                id=style.id,
                title=_words(style.title),
                contests=list(style.contests),
                roll=manifest.roll.counts[style.id],
            )
            for style in election.styles
        ],
        contests=[contest.id for contest in election.contests],
    )


def projects_shown(envelope: Envelope) -> list[ProjectShown]:
    """An envelope's projects in ballot order."""
    return [
        ProjectShown(
            number=number,
            id=project.id,
            title=_words(project.title),
            description=_words(project.description),
            cost=project.cost,
            category=list(project.category),
            district=project.district,
            picture=None
            if project.picture is None
            else PictureShown(path=project.picture.path, sha256=project.picture.sha256.hex()),
            invented=project.invented,
        )
        for number, project in enumerate(envelope.projects, start=1)
    ]


def contest_shown(manifest: Manifest, contest: Contest) -> ContestShown:
    """A contest and how it is decided."""
    value: Any = contest_value(contest)
    envelope = contest if isinstance(contest, Envelope) else None
    return ContestShown(
        id=contest.id,
        kind="envelope" if envelope else "question",
        title=_words(contest.title),
        description=_words(contest.description),
        budget=envelope.budget if envelope else None,
        form=value["form"],
        rule=RuleShown(**value["rule"]),
        explained={
            language: list(describe(contest, manifest.election, language)) for language in LANGUAGES
        },
        projects=projects_shown(envelope) if envelope else [],
        options=[]
        if isinstance(contest, Envelope)
        else [OptionShown(id=each.id, title=_words(each.title)) for each in contest.options],
    )


def status_shown(manifest: Manifest, log: Log | None, state: str) -> Status:
    """The state of the vote, and the rules' own times."""
    return Status(
        election=b64(manifest.hash),
        id=manifest.election.id,
        state=state,
        opens=manifest.election.opens,
        closes=manifest.election.closes,
        log_size=log.size if log else 0,
        origin=manifest.box.origin,
    )


def log_shown(manifest: Manifest, log: Log | None) -> LogShown:
    """The newest signed state of the log."""
    if log is None:
        return LogShown(
            origin=manifest.box.origin,
            key=manifest.box.log_key,
            size=0,
            root=None,
            checkpoint=None,
            witnesses=[],
            waiting=[],
            witnessed=False,
            opened=None,
            closed=None,
            milestones=[],
        )
    return LogShown(
        origin=manifest.box.origin,
        key=manifest.box.log_key,
        size=log.size,
        root=log.root.hex(),
        checkpoint=log.note,
        witnesses=[WitnessShown(name=name, time=time) for name, time in log.witnesses.items()],
        waiting=list(log.waiting),
        witnessed=log.enough,
        opened=log.opened.hex() if log.opened else None,
        closed=log.closed.hex() if log.closed else None,
        milestones=[
            MilestoneShown(size=each.size, root=each.root.hex()) for each in log.milestones
        ],
    )


def results_shown(published: Published) -> ResultsShown:
    """The published result in short."""
    turnout = published.figures["figures/turnout.json"]
    return ResultsShown(
        election=published.manifest.hash.hex(),
        result_hash=published.hex,
        result_words=published.words,
        turnout=[_turnout(row) for row in (*turnout["styles"], turnout["total"])],
        contests=[_outcome(published, row) for row in published.results["contests"]],
    )


def _turnout(row: Object) -> TurnoutShown:
    return TurnoutShown(
        style=row.get("style"),
        roll=row["roll"],
        counted=row["counted"],
        turnout=row["turnout"],
        blank=row["blank"],
        spoiled=row["spoiled"],
        superseded=row["superseded"],
    )


def _outcome(published: Published, row: Object) -> OutcomeShown:
    adopted = row.get("adopted")
    return OutcomeShown(
        contest=row["contest"],
        kind=row["kind"],
        summary=published.explained[row["contest"]]["summary"],
        ballots=row["ballots"],
        blank=row["blank"],
        spoiled=row["spoiled"],
        budget=row.get("budget"),
        spent=row.get("spent"),
        left=row.get("left"),
        added=row.get("added"),
        winners=row.get("winners", [adopted] if adopted else []),
    )


def contest_result_shown(published: Published, contest_id: str) -> ContestResultShown:
    """Everything about one contest's result."""
    row = published.result(contest_id)
    explained = published.explained[contest_id]["projects"]
    return ContestResultShown(
        result_hash=published.hex,
        outcome=_outcome(published, row),
        rule=RuleShown(**row["rule"]),
        projects=[
            ProjectResult(number=number, explained=explained[project["id"]], **project)
            for number, project in enumerate(row.get("projects", ()), start=1)
        ],
        options=[OptionResult(**option) for option in row.get("options", ())],
        steps=list(row.get("steps", ())),
        ties=list(row["ties"]),
    )


def comparison_shown(
    published: Published, envelope: Envelope, compared: Comparison | None
) -> ComparisonShown:
    """The same ballots under other rules; None while they are being counted."""
    return ComparisonShown(
        notice="not-the-result",
        state="counting" if compared is None else "ready",
        result_hash=published.hex,
        contest=envelope.id,
        expressed=published.result(envelope.id)["expressed"],
        variants=[
            VariantShown(
                name=each.variant.id,
                title=_words(each.variant.title),
                rule=_rule(each.variant.rule),
                is_result=each.own,
                winners=list(each.winners),
                spent=each.spent,
                voters_with_a_winner=each.satisfied,
                shares_by_category={name: spell(share) for name, share in each.by_category.items()},
                shares_by_district={name: spell(share) for name, share in each.by_district.items()},
                added=list(each.gained),
                missing=list(each.lost),
            )
            for each in (compared.compared if compared else ())
        ],
    )
