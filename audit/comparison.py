"""The same ballots under other rules, for the observers' chart: never part of a publication.

What is compared: tally/comparison.py. No comparison is a result, and its chart says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from audit.errors import AuditError
from audit.publication import ballots_path
from tally.canonical import CanonicalError, Value, parse
from tally.comparison import Comparison
from tally.election import Election, Envelope
from tally.mark import Choice
from tally.profile import Profile

LARGEST_BALLOTS = 1 << 31


class BallotsUnreadable(AuditError):
    """Opened ballots that are not those of a publication."""


def opened_profile(
    election: Election, envelope: Envelope, read: Callable[[str], bytes | None]
) -> Profile:
    """The votes of an envelope from the opened ballots: ``read`` gives the file of a path, None
    where the publication has none. Raises BallotsUnreadable."""
    counts: dict[Choice, int] = {}
    spoiled: dict[str, int] = {}
    for style in election.styles:
        path = ballots_path(style.id)
        data = read(path) if envelope.id in style.contests else None
        if data is None:
            continue
        try:
            ballots: Any = parse(data, limit=LARGEST_BALLOTS)
            for ballot in ballots["ballots"]:
                if "contests" not in ballot:
                    continue
                part = ballot["contests"][envelope.id]
                if isinstance(part, dict):
                    reason = part["spoiled"]
                    spoiled[reason] = spoiled.get(reason, 0) + 1
                else:
                    choice = tuple((project, mark) for project, mark in part)
                    counts[choice] = counts.get(choice, 0) + 1
        except (CanonicalError, LookupError, TypeError, ValueError) as error:
            raise BallotsUnreadable(f"{path}: not opened ballots ({error})") from None
    return Profile.of(counts, spoiled)


def comparison_figure(
    election: Election, envelope: Envelope, comparison: Comparison
) -> Mapping[str, Value]:
    """What the chart of a comparison is drawn from: the object of docs/rules.md, "Comparing
    rules", with titles; projects in the order of the first rule compared."""
    positions = {
        standing.project: standing.position
        for each in comparison.compared[:1]
        for standing in each.outcome.standings
    }
    ordered = sorted(envelope.projects, key=lambda project: positions.get(project.id, 0))
    return {
        "figure": "comparison",
        "contest": envelope.id,
        "title": envelope.title.to_value(),
        "currency": election.currency,
        "exponent": election.exponent,
        **comparison.to_value(),
        "projects": [
            {"id": project.id, "title": project.title.to_value(), "cost": project.cost}
            for project in ordered
        ],
    }
