"""The contests of a ballot as the voting pages show them: what is asked, each project in words."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tally.election import (
    Approval,
    Contest,
    Election,
    Envelope,
    Form,
    Grades,
    Knapsack,
    Option,
    Points,
    Project,
    QuestionForm,
    Ranking,
    Scores,
    Style,
)

SEARCH_FROM = 12
"""A list longer than this gets a search of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceView:
    """A project or an option as its control shows it. ``search`` is its words without accents."""

    key: str
    id: str
    title: str
    description: str
    cost: int | None
    cost_words: str
    district: str
    category: str
    picture: str
    invented: bool
    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestView:
    """A contest as its section shows it. ``ask`` says what to do, ``limit`` scales its bar."""

    key: str
    id: str
    kind: str
    title: str
    description: str
    budget_words: str
    form: Form
    blank: bool
    ask: tuple[str, ...]
    labels: tuple[str, ...]
    limit: int
    choices: tuple[ChoiceView, ...]
    districts: tuple[str, ...]
    searchable: bool


Say = Callable[..., str]
"""``say(key, **values)``: the catalogue's sentence in the reader's language; ``n`` picks its
plural."""


def contest_views(
    election: Election, style: Style, spoken: str, say: Say, money: Callable[[int], str]
) -> list[ContestView]:
    """The contests of ``style`` in ballot order, ready to be shown."""
    return [
        _contest(
            election.contest(contest),
            election.form(style.id, contest),
            f"c{place}",
            spoken,
            say,
            money,
        )
        for place, contest in enumerate(style.contests, start=1)
    ]


def _contest(
    contest: Contest, form: Form, key: str, spoken: str, say: Say, money: Callable[[int], str]
) -> ContestView:
    listed: Sequence[Project | Option] = contest.choices
    choices = tuple(
        _choice(each, f"{key}-{place}", spoken, money) for place, each in enumerate(listed, start=1)
    )
    return ContestView(
        key=key,
        id=contest.id,
        kind=contest.kind,
        title=contest.title.in_language(spoken),
        description=contest.description.in_language(spoken),
        budget_words=money(contest.budget) if isinstance(contest, Envelope) else "",
        form=form,
        blank=form.blank,
        ask=tuple(ask(form, spoken, say, money)),
        labels=tuple(label.in_language(spoken) for label in form.labels)
        if isinstance(form, Grades)
        else (),
        limit=_limit(form),
        choices=choices,
        districts=tuple(sorted({each.district for each in choices if each.district})),
        searchable=len(choices) > SEARCH_FROM,
    )


def _choice(
    each: Project | Option, key: str, spoken: str, money: Callable[[int], str]
) -> ChoiceView:
    title = each.title.in_language(spoken)
    if isinstance(each, Option):
        return ChoiceView(
            key=key, id=each.id, title=title, description="", cost=None, cost_words="",
            district="", category="", picture="", invented=False, search=_plain(title),
        )  # fmt: skip
    description = each.description.in_language(spoken)
    category = ", ".join(each.category)
    return ChoiceView(
        key=key,
        id=each.id,
        title=title,
        description=description,
        cost=each.cost,
        cost_words=money(each.cost),
        district=each.district,
        category=category,
        picture=each.picture.path if each.picture else "",
        invented=each.invented,
        search=_plain(" ".join((title, description, category, each.district, each.id))),
    )


def _plain(text: str) -> str:
    """Words without accents and in small, as ui-text.js makes them of what is searched."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.category(part).startswith("M")).lower()


def _limit(form: Form) -> int:
    """What the bar of a contest is full at, 0 for a form without a bar."""
    if isinstance(form, Approval | Ranking):
        return form.maximum
    if isinstance(form, Knapsack):
        return form.budget
    return form.total if isinstance(form, Points) else 0


def ask(form: Form, spoken: str, say: Say, money: Callable[[int], str]) -> Iterator[str]:
    """What a voter is asked to do, one short sentence after the other."""
    if isinstance(form, Approval):
        yield _how_many("vote.ask", form.minimum, form.maximum, say)
    elif isinstance(form, Knapsack):
        yield say("vote.ask.knapsack", amount=money(form.budget))
        if form.minimum > 1 or form.maximum is not None:
            yield _how_many("vote.ask", form.minimum, form.maximum, say)
    elif isinstance(form, Ranking):
        yield _how_many("vote.ask.ranking", form.minimum, form.maximum, say)
    elif isinstance(form, Points):
        yield say("vote.ask.points", n=form.total)
        yield say("vote.ask.cap", n=form.cap)
        if form.minimum_total:
            yield say("vote.ask.least", n=form.minimum_total)
        if form.minimum_projects > 1 or form.maximum_projects is not None:
            yield _how_many("vote.ask", form.minimum_projects, form.maximum_projects, say)
    elif isinstance(form, Scores):
        yield say("vote.ask.scores", low=form.minimum, high=form.maximum)
        if form.minimum_projects > 1 or form.maximum_projects is not None:
            yield _how_many("vote.ask", form.minimum_projects, form.maximum_projects, say)
    elif isinstance(form, Grades):
        yield say("vote.ask.grades", default=form.labels[form.default].in_language(spoken))
    elif isinstance(form, QuestionForm):
        yield say("vote.ask.question")
    else:
        yield say("vote.ask.exactly", n=1)


def _how_many(key: str, low: int, high: int | None, say: Say) -> str:
    if high is None:
        return say(f"{key}.at_least", n=low)
    if low == high:
        return say(f"{key}.exactly", n=high)
    if low <= 1:
        return say(f"{key}.up_to", n=high)
    return say(f"{key}.between", low=low, n=high)
