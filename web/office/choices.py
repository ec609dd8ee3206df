"""Choices as people type them: ``contest=id,id`` or ``contest=id:number,…``."""

import re
from collections.abc import Sequence

from tally.election import (
    Approval,
    ChooseOne,
    Election,
    Knapsack,
    Option,
    Project,
    QuestionForm,
    Ranking,
)
from tally.vote import Choice
from web.errors import UsageError

NUMBER = re.compile(r"-?[0-9]{1,9}")


def read_choices(election: Election, style: str, texts: Sequence[str]) -> dict[str, Choice]:
    """The choices of one ballot; a contest that is not named stays blank.

    Raises UsageError naming the contest or the id at fault. Limits are checked when sealing.
    """
    contests = election.style(style).contests
    choices: dict[str, Choice] = {}
    for text in texts:
        contest_id, equals, rest = text.partition("=")
        if not equals or contest_id not in contests:
            known = ", ".join(contests)
            raise UsageError(f"--choose {text}: write CONTEST=…, CONTEST being one of {known}")
        if contest_id in choices:
            raise UsageError(f"--choose {text}: {contest_id} was given before")
        contest = election.contest(contest_id)
        listed: Sequence[Option | Project] = contest.choices
        order = {each.id: place for place, each in enumerate(listed)}
        form = election.form(style, contest_id)
        marks: list[tuple[str, int]] = []
        for place, part in enumerate(each for each in rest.split(",") if each):
            name, number = part, 1
            if isinstance(form, Ranking):
                number = place + 1
            elif not isinstance(form, Approval | ChooseOne | Knapsack | QuestionForm):
                name, colon, digits = part.rpartition(":")
                if not colon or not NUMBER.fullmatch(digits):
                    raise UsageError(f"--choose {text}: {part}: write ID:NUMBER")
                number = int(digits)
            if name not in order:
                raise UsageError(f"--choose {text}: {name} is not on this ballot")
            marks.append((name, number))
        if not isinstance(form, Ranking):
            marks.sort(key=lambda mark: order[mark[0]])
        choices[contest_id] = tuple(marks)
    return choices
