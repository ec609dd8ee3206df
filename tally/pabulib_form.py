"""The ballot form that META of a .pb file describes."""

from collections.abc import Iterable, Sequence

from tally.form import Approval, ChooseOne, Form, Grades, Knapsack, Points, Ranking, Scores
from tally.pabulib_comment import said_in
from tally.pabulib_table import (
    NUMBER,
    PabulibError,
    PabulibFile,
    Remark,
    decimals,
    minor_units,
)
from tally.text import Text


def _whole(file: PabulibFile, key: str) -> int | None:
    text = file.keys.get(key, "")
    if text == "":
        return None
    if not NUMBER.fullmatch(text) or decimals(text):
        raise PabulibError(f"{text!r} is not a whole number", section="META", column=key)
    return minor_units(text, 0)


def read_form(
    file: PabulibFile,
    points: Iterable[str],
    costs: Sequence[int],
    exponent: int,
    languages: Sequence[str],
    remarks: list[Remark],
) -> Form:
    """The ballot form that ``vote_type`` and the limits in META say; ``costs`` in minor units.

    ``points`` are the cells of that column: open ranges of scores are as wide as they need.
    """
    count = len(costs)
    low = max(1, _whole(file, "min_length") or 1)
    high = min(_whole(file, "max_length") or count, count)
    limit = None if high == count else high
    kind = file.keys["vote_type"]
    if kind == "choose-1":
        return ChooseOne()
    if kind == "ordinal":
        scoring = file.keys.get("scoring_fn", "Borda")
        if scoring != "Borda":
            remarks.append(Remark("scoring-function", f"scoring_fn {scoring!r} is read as Borda"))
        return Ranking(minimum=low, maximum=high)
    if kind == "cumulative":
        return _points(file, low, limit, remarks)
    if kind == "scoring":
        grades = said_in(file.keys.get("comment", "")).grades
        if grades:
            return _grades(file, grades, languages)
        return _scores(file, points, low, limit, remarks)
    if file.keys.get("min_sum_cost", "0").strip("0.") != "":
        remarks.append(Remark("least-cost", "min_sum_cost is not a limit of our forms: not read"))
    most = file.keys.get("max_sum_cost", "")
    if most:
        if not NUMBER.fullmatch(most):
            raise PabulibError(f"{most!r} is not a number", section="META", column="max_sum_cost")
        budget = minor_units(most, exponent)
        if budget < sum(costs):
            return Knapsack(budget=budget, minimum=low, maximum=limit)
        remarks.append(Remark("idle-limit", "max_sum_cost admits all projects together: not read"))
    return Approval(minimum=low, maximum=high)


def _points(file: PabulibFile, low: int, limit: int | None, remarks: list[Remark]) -> Form:
    total = _whole(file, "max_sum_points")
    if total is None:
        raise PabulibError(
            "the key is missing: cumulative votes need the most points of a ballot",
            section="META", column="max_sum_points",
        )  # fmt: skip
    if (_whole(file, "min_points") or 0) > 1:
        remarks.append(Remark("least-points", "min_points is not a limit of our forms: not read"))
    return Points(
        total=total,
        cap=min(_whole(file, "max_points") or total, total),
        minimum_projects=low,
        maximum_projects=limit,
        minimum_total=max(0, _whole(file, "min_sum_points") or 0),
    )


def _grades(file: PabulibFile, worst_first: Sequence[str], languages: Sequence[str]) -> Form:
    """Points of our own files that are grades, and may be nothing else."""
    worst = len(worst_first) - 1
    default = _whole(file, "default_score") or 0
    for key, value, right in (
        ("min_points", _whole(file, "min_points"), range(1)),
        ("max_points", _whole(file, "max_points"), range(worst, worst + 1)),
        ("default_score", default, range(worst + 1)),
    ):
        if value not in right:
            raise PabulibError(
                f"{value} does not go with the {worst + 1} grades that the comment names. "
                "Take both as they were published, or remove the comment",
                section="META", column=key,
            )  # fmt: skip
    return Grades(
        labels=tuple(
            Text(words=tuple((language, words) for language in languages))
            for words in reversed(worst_first)
        ),
        default=worst - default,
    )


def _scores(
    file: PabulibFile,
    points: Iterable[str],
    low: int,
    limit: int | None,
    remarks: list[Remark],
) -> Form:
    # Numbers that are not whole are refused with their line where ballots are read.
    given = [
        minor_units(number, 0)
        for cell in points
        for number in (cell.split(",") if cell else ())
        if not decimals(number)
    ]
    least, most = _whole(file, "min_points"), _whole(file, "max_points")
    if least is None or most is None:
        remarks.append(Remark("open-range", "min_points or max_points is not given: as in ballots"))
    least = min([0, *given]) if least is None else least
    most = max([least + 1, *given]) if most is None else most
    if _whole(file, "default_score"):
        remarks.append(Remark("default-score", "default_score is not 0 and is read as 0"))
    return Scores(minimum=least, maximum=most, minimum_projects=low, maximum_projects=limit)
