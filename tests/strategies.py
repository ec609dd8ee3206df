"""Hypothesis strategies for everything of the tally: forms, elections, choices, profiles."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tally.election import (
    Approval,
    ChooseOne,
    Contest,
    CountingRule,
    Election,
    Envelope,
    Form,
    FrozenMap,
    Grades,
    Knapsack,
    Option,
    Picture,
    Points,
    Project,
    Question,
    QuestionForm,
    Ranking,
    Scores,
    Style,
    Text,
    costs,
)
from tally.mark import Choice
from tally.profile import Profile

LANGUAGES = ("fr", "en")
identifiers = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,11}", fullmatch=True)
project_ids = st.from_regex(r"[A-Za-z0-9éŁ字._:/#+-]{1,12}", fullmatch=True)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20
).filter(lambda text: bool(text.strip()))


@st.composite
def texts(draw: st.DrawFn, languages: Sequence[str] = LANGUAGES) -> Text:
    return Text(words=tuple((code, draw(words)) for code in languages))


@st.composite
def forms(
    draw: st.DrawFn, project_costs: Sequence[int], kinds: Sequence[type[Form]] | None = None
) -> Form:
    """A form whose limits fit projects with these costs."""
    count = len(project_costs)
    kind = draw(
        st.sampled_from(kinds or (Approval, ChooseOne, Knapsack, Points, Scores, Ranking, Grades))
    )
    blank = draw(st.booleans())
    maximum = draw(st.integers(1, count))
    minimum = draw(st.integers(1, maximum))
    either = draw(st.sampled_from((maximum, None)))
    if kind is Approval:
        return Approval(minimum=minimum, maximum=maximum, blank=blank)
    if kind is Ranking:
        return Ranking(minimum=minimum, maximum=maximum, blank=blank)
    if kind is Knapsack:
        least = max(1, sum(sorted(project_costs)[:minimum]))
        budget = draw(st.integers(least, max(least, sum(project_costs))))
        return Knapsack(budget=budget, minimum=minimum, maximum=either, blank=blank)
    if kind is Points:
        total = draw(st.integers(minimum, 40))
        cap = draw(st.integers(1, total))
        minimum_total = draw(st.integers(0, min(total, cap * (either or count))))
        return Points(
            total=total, cap=cap, minimum_projects=minimum, maximum_projects=either,
            minimum_total=minimum_total, blank=blank,
        )  # fmt: skip
    if kind is Scores:
        low = draw(st.integers(-5, 5))
        return Scores(
            minimum=low, maximum=low + draw(st.integers(1, 10)), minimum_projects=minimum,
            maximum_projects=either, blank=blank,
        )  # fmt: skip
    if kind is Grades:
        labels = tuple(
            Text.of(fr=f"mention {i}", en=f"grade {i}") for i in range(draw(st.integers(2, 6)))
        )
        return Grades(labels=labels, default=draw(st.integers(0, len(labels) - 1)), blank=blank)
    return ChooseOne(blank=blank)


# Named by what they hold, so that no two pictures share a name.
pictures = st.binary(min_size=32, max_size=32).map(
    lambda digest: Picture(path=f"pictures/{digest.hex()}.jpg", sha256=digest)
)


@st.composite
def projects(draw: st.DrawFn, project_id: str, most: int = 1000) -> Project:
    return Project(
        id=project_id,
        title=draw(texts()),
        description=draw(st.one_of(texts(), st.just(Text.of(fr="", en="")))),
        cost=draw(st.integers(0, most)),
        category=tuple(draw(st.lists(words, max_size=2, unique=True))),
        district=draw(st.one_of(st.just(""), words)),
        picture=draw(st.one_of(st.none(), pictures)),
        invented=draw(st.booleans()),
    )


tie_breaks = st.tuples(
    st.lists(st.sampled_from(("votes", "score", "cost", "expensive")), unique=True),
    st.sampled_from(("order", "lot")),
).map(lambda pair: (*pair[0], pair[1]))


@st.composite
def envelopes(
    draw: st.DrawFn,
    contest_id: str = "envelope",
    kinds: Sequence[type[Form]] | None = None,
    rule: CountingRule | None = None,
    most_projects: int = 12,
) -> Envelope:
    ids = draw(st.lists(project_ids, min_size=1, max_size=most_projects, unique=True))
    listed = tuple(draw(projects(name)) for name in ids)
    return Envelope(
        id=contest_id,
        title=draw(texts()),
        description=Text.of(fr="ligne\nligne", en=""),
        budget=draw(st.integers(1, 3000)),
        form=draw(forms([project.cost for project in listed], kinds)),
        rule=rule or CountingRule.of("greedy", {"on_misfit": "skip"}),
        tie_break=draw(tie_breaks),
        projects=listed,
    )


@st.composite
def questions(draw: st.DrawFn, contest_id: str = "question") -> Question:
    ids = draw(st.lists(identifiers, min_size=1, max_size=5, unique=True))
    return Question(
        id=contest_id,
        title=draw(texts()),
        description=draw(texts()),
        form=QuestionForm(blank=draw(st.booleans())),
        rule=CountingRule.of("question", {"majority": "1/2", "of": "cast"}),
        options=tuple(Option(id=name, title=draw(texts())) for name in ids),
    )


@st.composite
def elections(draw: st.DrawFn, most_contests: int = 3) -> Election:
    """A valid election; some styles override the limits of a form."""
    ids = draw(st.lists(identifiers, min_size=1, max_size=most_contests, unique=True))
    contests: tuple[Contest, ...] = tuple(
        draw(st.one_of(envelopes(name), questions(name))) for name in ids
    )
    # The first style offers everything, so that no contest is without voters.
    styles = [Style(id="all", title=draw(texts()), contests=tuple(ids))]
    for number in range(draw(st.integers(0, 2))):
        chosen = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        overrides: dict[str, Form] = {}
        for contest in contests:
            # Grades and scores must be the same in every style.
            fixed = isinstance(contest.form, Grades | Scores | QuestionForm)
            if contest.id in chosen and not fixed and draw(st.booleans()):
                overrides[contest.id] = draw(forms(costs(contest), (type(contest.form),)))
        styles.append(
            Style(
                id=f"style-{number}",
                title=draw(texts()),
                contests=tuple(chosen),
                forms=FrozenMap(overrides),
            )
        )
    return Election(
        id=draw(identifiers),
        title=draw(texts()),
        organiser=draw(texts()),
        eligibility=draw(texts()),
        languages=LANGUAGES,
        currency="EUR",
        exponent=draw(st.integers(0, 3)),
        time_zone=draw(st.sampled_from(("Europe/Paris", "UTC", "America/New_York"))),
        opens="2026-10-05T08:00:00Z",
        closes="2026-10-25T22:00:00Z",
        contests=contests,
        styles=tuple(styles),
    )


@st.composite
def choices(draw: st.DrawFn, contest: Contest, form: Form | None = None) -> Choice:
    """A choice that counts under ``form`` (the contest's own by default), in ballot order."""
    form = form or contest.form
    ids = [choice.id for choice in contest.choices]
    if form.blank and draw(st.integers(0, 5)) == 0:
        return ()
    if isinstance(form, ChooseOne | QuestionForm):
        return ((draw(st.sampled_from(ids)), 1),)
    low, high = _count_limits(form, len(ids))
    shuffled = draw(st.permutations(ids))
    named = shuffled[: draw(st.integers(low, high))]
    if isinstance(form, Ranking):
        return tuple((name, rank) for rank, name in enumerate(named, 1))
    if isinstance(form, Knapsack):
        return _within_budget(form, dict(zip(ids, costs(contest), strict=True)), ids, named)
    if isinstance(form, Points):
        points = draw(_points(form, named))
        return tuple((name, points[name]) for name in ids if name in points)
    marks: dict[str, int] = {}
    for name in named:
        if isinstance(form, Scores):
            marks[name] = draw(st.integers(form.minimum, form.maximum))
        elif isinstance(form, Grades):
            marks[name] = draw(st.integers(0, len(form.labels) - 1))
        else:
            marks[name] = 1
    return tuple((name, marks[name]) for name in ids if name in marks)


def _count_limits(form: Form, count: int) -> tuple[int, int]:
    if isinstance(form, Approval | Ranking | Knapsack):
        return form.minimum, form.maximum or count
    if isinstance(form, Scores):
        return form.minimum_projects, form.maximum_projects or count
    if isinstance(form, Points):
        # At least so many that the least total can be given, at most one point each.
        needed = -(-form.minimum_total // form.cap)
        low = max(form.minimum_projects, needed)
        return low, min(form.total, form.maximum_projects or count)
    return 1, count


def _within_budget(
    form: Knapsack, cost: Mapping[str, int], ids: Sequence[str], named: Sequence[str]
) -> Choice:
    # The cheapest ``minimum`` projects always fit; add the drawn ones while they fit.
    kept = sorted(ids, key=lambda name: cost[name])[: form.minimum]
    for name in named:
        total = sum(cost[inner] for inner in kept)
        room = len(kept) < (form.maximum or len(ids))
        if name not in kept and room and total + cost[name] <= form.budget:
            kept.append(name)
    return tuple((name, 1) for name in ids if name in kept)


@st.composite
def _points(draw: st.DrawFn, form: Points, named: Sequence[str]) -> dict[str, int]:
    points = dict.fromkeys(named, 1)
    most = min(form.total, form.cap * len(named))
    extra = draw(st.integers(max(len(named), form.minimum_total), most)) - len(named)
    for name in named:
        given = min(extra, form.cap - 1)
        points[name] += given
        extra -= given
    return points


@st.composite
def profiles(draw: st.DrawFn, contest: Contest, most: int = 12) -> Profile:
    """A profile of ballots that count in ``contest``."""
    drawn = draw(st.lists(st.tuples(choices(contest), st.integers(1, 5)), max_size=most))
    counts: dict[Choice, int] = {}
    for choice, count in drawn:
        counts[choice] = counts.get(choice, 0) + count
    return Profile.of(counts)
