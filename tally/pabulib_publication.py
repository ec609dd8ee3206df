"""The votes of an envelope as a .pb text for publication: one election, one spelling.

Line feeds, ``;``, ballots in the profile's order and voters numbered from 1: a text that depends
on the multiset of votes alone, and so says nothing of who or when. Blank and spoiled ballots have
no place in the format; a comment counts them. docs/pabulib.md says what each key and column holds.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tally.contest import Envelope
from tally.election import Election
from tally.errors import TallyError
from tally.form import Approval, ChooseOne, Form, Grades, Knapsack, Points, Ranking, Scores
from tally.mark import Choice
from tally.pabulib_comment import comment
from tally.pabulib_id import file_id
from tally.pabulib_rule import SCORE_IN_KEYS, rule_name
from tally.pabulib_table import spell
from tally.profile import Profile

VOTE_TYPES: Final[Mapping[type[Form], str]] = {
    Approval: "approval",
    Knapsack: "approval",
    ChooseOne: "choose-1",
    Points: "cumulative",
    Scores: "scoring",
    Grades: "scoring",
    Ranking: "ordinal",
}


def decimal(amount: int, exponent: int) -> str:
    """An amount of 10^-exponent units with a decimal point; without decimals when whole."""
    whole, rest = divmod(abs(amount), 10**exponent)
    sign = "-" if amount < 0 else ""
    return sign + str(whole) + ("." + str(rest).zfill(exponent) if rest else "")


def _limits(election: Election, envelope: Envelope) -> dict[str, int]:
    """The limits of the form; where styles differ, those that hold for all of them."""
    forms = [
        election.form(style.id, envelope.id)
        for style in election.styles
        if envelope.id in style.contests
    ]
    count = len(envelope.projects)
    low: list[int] = []
    high: list[int] = []
    most: dict[str, int] = {}
    least: dict[str, int] = {}

    def raise_to(key: str, value: int) -> None:
        most[key] = max(value, most.get(key, value))

    def lower_to(key: str, value: int) -> None:
        least[key] = min(value, least.get(key, value))

    for form in forms:
        if isinstance(form, Approval | Ranking | Knapsack):
            low.append(form.minimum)
            high.append(form.maximum or count)
        elif isinstance(form, Points | Scores):
            low.append(form.minimum_projects)
            high.append(form.maximum_projects or count)
        else:
            low.append(1)
            high.append(1 if isinstance(form, ChooseOne) else count)
        if isinstance(form, Knapsack):
            raise_to("max_sum_cost", form.budget)
        elif isinstance(form, Points):
            raise_to("max_points", form.cap)
            lower_to("min_sum_points", form.minimum_total)
            raise_to("max_sum_points", form.total)
        elif isinstance(form, Scores):
            lower_to("min_points", form.minimum)
            raise_to("max_points", form.maximum)
        elif isinstance(form, Grades):
            lower_to("min_points", 0)
            raise_to("max_points", len(form.labels) - 1)
            raise_to("default_score", len(form.labels) - 1 - form.default)
    return {"min_length": min(low), "max_length": max(high), **dict(sorted((least | most).items()))}


def _points(form: Form, choice: Choice) -> list[int]:
    """What each mark is worth in the ``points`` column; the best grade is worth most."""
    if isinstance(form, Grades):
        return [len(form.labels) - 1 - mark for _, mark in choice]
    return [mark for _, mark in choice]


def _support(envelope: Envelope, profile: Profile) -> tuple[dict[str, int], dict[str, int]]:
    """Ballots that list each project, and its score: points, or Borda with the form's maximum."""
    votes = {project.id: 0 for project in envelope.projects}
    score = dict(votes)
    form = envelope.form
    for choice, ballots in profile.choices.items():
        worth = _points(form, choice)
        for (name, mark), points in zip(choice, worth, strict=True):
            votes[name] += ballots
            # A style may allow more ranks than the envelope: what lies beyond gives nothing.
            given = max(form.maximum + 1 - mark, 0) if isinstance(form, Ranking) else points
            score[name] += ballots * given
    return votes, score


def _meta(
    election: Election, envelope: Envelope, profile: Profile, language: str, country: str
) -> dict[str, str]:
    limits = _limits(election, envelope)
    if "max_sum_cost" in limits:
        limit = decimal(limits.pop("max_sum_cost"), election.exponent)
    else:
        limit = ""
    opens, closes = (
        ".".join(reversed(moment[:10].split("-"))) for moment in (election.opens, election.closes)
    )
    meta = {
        "description": election.title.in_language(language),
        "country": country,
        "unit": election.organiser.in_language(language),
        "subunit": envelope.title.in_language(language) if len(election.contests) > 1 else "",
        "instance": election.id,
        "num_projects": str(len(envelope.projects)),
        "num_votes": str(profile.expressed),
        "budget": decimal(envelope.budget, election.exponent),
        "vote_type": VOTE_TYPES[type(envelope.form)],
        "rule": rule_name(envelope.rule),
        "date_begin": opens,
        "date_end": closes,
        **{key: str(value) for key, value in limits.items()},
        "max_sum_cost": limit,
        "scoring_fn": "Borda" if isinstance(envelope.form, Ranking) else "",
        "language": language,
        "currency": election.currency,
        "comment": comment(envelope, profile, election.exponent),
    }
    threshold = envelope.rule.parameters.get("minimum_score")
    if meta["rule"] in SCORE_IN_KEYS and isinstance(threshold, int):
        meta["min_project_score_threshold"] = str(threshold)
    return {key: value for key, value in meta.items() if value}


def _projects(
    envelope: Envelope,
    exponent: int,
    language: str,
    support: tuple[dict[str, int], dict[str, int]],
    outcome: Mapping[str, int],
) -> list[list[str]]:
    votes, score = support
    scored = isinstance(envelope.form, Points | Scores | Grades | Ranking)
    columns = ["project_id", "cost", "votes", *(["score"] if scored else []), "name", "category"]
    rows = [[*columns, "district", "selected"]]
    rows += [
        [
            file_id(project.id),
            decimal(project.cost, exponent),
            str(votes[project.id]),
            *([str(score[project.id])] if scored else []),
            project.title.in_language(language),
            ",".join(" ".join(word.split(",")) for word in project.category),
            project.district,
            str(outcome.get(project.id, 0)),
        ]
        for project in envelope.projects
    ]
    return rows


def publication(
    election: Election,
    contest_id: str,
    profile: Profile,
    winners: Sequence[str],
    *,
    topped_up: Collection[str] = (),
    language: str | None = None,
    country: str = "unknown",
) -> str:
    """The canonical .pb text of an envelope.

    ``winners`` are project ids; those in ``topped_up`` were funded with money from outside the
    envelope and carry 2 in ``selected``. ``language`` is the election's first unless given.
    Raises TallyError for a question, which Pabulib has no form for, and for unknown winners.
    """
    envelope = election.contest(contest_id)
    if not isinstance(envelope, Envelope):
        raise TallyError(f"contest {contest_id!r} is a question: Pabulib has no form for it")
    language = language or election.languages[0]
    ids = {project.id for project in envelope.projects}
    for winner in (*winners, *topped_up):
        if winner not in ids:
            raise TallyError(f"contest {contest_id!r} has no project {winner!r} that could win")
    outcome = {winner: 2 if winner in topped_up else 1 for winner in winners}
    pointed = isinstance(envelope.form, Points | Scores | Grades)
    lines: list[list[str]] = [["META"], ["key", "value"]]
    meta = _meta(election, envelope, profile, language, country)
    lines += [[key, value] for key, value in meta.items()]
    lines.append(["PROJECTS"])
    support = _support(envelope, profile)
    lines += _projects(envelope, election.exponent, language, support, outcome)
    lines += [["VOTES"], ["voter_id", "vote", *(["points"] if pointed else [])]]
    voter = 0
    for choice, ballots in profile.choices.items():
        cells = [",".join(file_id(name) for name, _ in choice)]
        if pointed:
            cells.append(",".join(map(str, _points(envelope.form, choice))))
        lines += [[str(number), *cells] for number in range(voter + 1, voter + ballots + 1)]
        voter += ballots
    return "".join(spell(line) + "\n" for line in lines)
