"""Which charts a publication has: a sheet per figure and language."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from audit.errors import AuditError
from audit.publication import chart_name
from audit.sheet import Sheet, Typeface
from audit.sheet_filling import filling_sheet
from audit.sheet_frame import Frame, Object, Occasion
from audit.sheet_grades import grades_sheet
from audit.sheet_payments import payments_sheet
from audit.sheet_question import question_sheet
from audit.sheet_turnout import turnout_sheet
from audit.sheet_votes import votes_sheet
from audit.words import Words, languages
from tally.canonical import parse
from tally.election import Election

LAYOUTS: Final[Mapping[str, Callable[[Object, Frame], Sheet]]] = {
    "votes": votes_sheet,
    "filling": filling_sheet,
    "grades": grades_sheet,
    "payments": payments_sheet,
    "question": question_sheet,
    "turnout": turnout_sheet,
}


def sheets(
    election: Election, figures: Mapping[str, bytes], result_hash: bytes, face: Typeface
) -> Iterator[tuple[str, Sheet]]:
    """The sheets of ``figures`` (path to canonical bytes), by name. Raises AuditError."""
    for language in languages(election):
        words = Words.of(election, language)
        occasion = Occasion(election=election.title.in_language(language), result_hash=result_hash)
        for path, data in figures.items():
            figure: Any = parse(data)
            layout = LAYOUTS.get(figure["figure"])
            if layout is None:
                raise AuditError(f"{path}: no layout for a figure of kind {figure['figure']!r}")
            frame = Frame(
                occasion=occasion,
                words=words,
                type=face,
                figure=path,
                languages=election.languages,
            )
            yield chart_name(path, language), layout(figure, frame)
