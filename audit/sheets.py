"""Which charts a publication has: a sheet per figure and language."""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from audit.errors import AuditError
from audit.publication import chart_name
from audit.sheet import Sheet, Typeface
from audit.sheet_choice import choice_sheet
from audit.sheet_comparison import comparison_sheet
from audit.sheet_filling import filling_sheet
from audit.sheet_frame import Frame, Object, Occasion
from audit.sheet_grades import grades_sheet
from audit.sheet_loads import loads_sheet
from audit.sheet_payments import payments_sheet
from audit.sheet_question import question_sheet
from audit.sheet_turnout import turnout_sheet
from audit.sheet_votes import votes_sheet
from audit.words import LANGUAGES, Words, languages
from tally.canonical import CanonicalError, parse
from tally.election import Election

LAYOUTS: Final[Mapping[str, Callable[[Object, Frame], Sheet]]] = {
    "votes": votes_sheet,
    "filling": filling_sheet,
    "grades": grades_sheet,
    "loads": loads_sheet,
    "choice": choice_sheet,
    "payments": payments_sheet,
    "question": question_sheet,
    "turnout": turnout_sheet,
}


class FigureUnreadable(AuditError):
    """A file that is no figure of docs/formats.md section 12."""


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


def comparison_sheets(
    election: Election, figure: Object, result_hash: bytes, face: Typeface
) -> Iterator[tuple[str, Sheet]]:
    """The sheets of a comparison (``audit.comparison.comparison_figure``), which no publication
    has: they say which result's ballots were counted otherwise, and that this is not the result."""
    for language in languages(election):
        frame = Frame(
            occasion=Occasion(
                election=election.title.in_language(language),
                result_hash=result_hash,
                named="chart.hash.ballots",
            ),
            words=Words.of(election, language),
            type=face,
            figure=f"pabulib/{figure['contest']}.pb",
            languages=election.languages,
            numbers="chart.numbers.ballots",
        )
        yield f"comparison-{figure['contest']}.{language}", comparison_sheet(figure, frame)


def lone_sheets(name: str, data: bytes, face: Typeface) -> Iterator[tuple[str, Sheet]]:
    """The sheets of one figure (canonical bytes) without its publication: they show the SHA-256 of
    the figure, not a result hash. Raises FigureUnreadable."""
    try:
        figure: Any = parse(data, limit=len(data))
        layout = LAYOUTS[figure["figure"]]
        titles = tuple(figure["title"])
        for language in tuple(code for code in LANGUAGES if code in titles) or ("en",):
            if figure.get("exponent", 2) not in range(7):
                raise ValueError("exponent: not from 0 to 6")
            words = Words(
                language=language,
                currency=figure.get("currency", "EUR"),
                exponent=figure.get("exponent", 2),
            )
            occasion = Occasion(
                election="", result_hash=sha256(data).digest(), named="chart.hash.figure"
            )
            frame = Frame(occasion=occasion, words=words, type=face, figure=name, languages=titles)
            yield chart_name(name, language), layout(figure, frame)
    except (CanonicalError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise FigureUnreadable(
            f"{name}: not a figure that Scrutin can draw ({type(error).__name__}: {error})"
        ) from None
    except AttributeError as error:
        raise FigureUnreadable(f"{name}: not a figure that Scrutin can draw ({error})") from None
