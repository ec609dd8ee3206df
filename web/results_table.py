"""A contest's results as a table for spreadsheets (CSV, RFC 4180).

A spreadsheet runs a cell that begins like a formula, and a project's title is somebody's words:
such cells begin with an apostrophe here, which spreadsheets show or hide but never run.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from tally.election import Envelope
from web.published import Published

FORMULA: Final = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it, spreadsheets read UTF-8 as something else."""


def safe(cell: str) -> str:
    """``cell``, with an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) or cell.startswith(FORMULA) else cell


def table(published: Published, contest_id: str) -> str:
    """The table: a line of column names, then a line for each project or answer in ballot order.

    Money is in minor units and shares are rationals, as in results.json.
    """
    contest = published.manifest.election.contest(contest_id)
    languages = published.manifest.election.languages
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    titles = [f"title.{language}" for language in languages]
    result = published.result(contest_id)
    if isinstance(contest, Envelope):
        columns = ["id", *titles, "district", "category", "invented", "cost", "votes", "score"]
        writer.writerow([*columns, "position", "won", "funded", "step", "reason"])
        for project, row in zip(contest.projects, result["projects"], strict=True):
            texts = [project.id, *(project.title.in_language(code) for code in languages)]
            texts += [project.district, "; ".join(project.category)]
            numbers = [project.invented, project.cost, row["votes"], row["score"], row["position"]]
            numbers += [row["won"], row["funded"], row["step"], row["reason"]]
            writer.writerow([*map(safe, texts), *_plain(numbers)])
    else:
        writer.writerow(["id", *titles, "votes", "share", "won"])
        for option, row in zip(contest.options, result["options"], strict=True):
            texts = [option.id, *(option.title.in_language(code) for code in languages)]
            writer.writerow([*map(safe, texts), *_plain([row["votes"], row["share"], row["won"]])])
    return BYTE_ORDER_MARK + written.getvalue()


def _plain(values: list[Any]) -> Iterator[str]:
    for value in values:
        if value is None:
            yield ""
        else:
            yield {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
