"""The greedy family a second time, written from docs/rules.md without any state of its own.

Slow and literal: whatever a project needs is summed up anew from the winners so far. Used to check
the real code, its margins and its ties on small envelopes.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tally.election import Approval, CountingRule, Election, Envelope, Points, Project, Text
from tally.frozen import thaw
from tally.profile import Profile
from tally.rules import score as scoring
from tally.rules.score import Support

DISTRICTS = ("a", "b", "c")


def words(text: str) -> Text:
    return Text.of(fr=text, en=text)


def envelope(
    costs: Sequence[int],
    parameters: Mapping[str, Any],
    *,
    budget: int = 100,
    districts: str = "",
    categories: Sequence[tuple[str, ...]] = (),
    tie_break: tuple[str, ...] = ("order",),
    form: Approval | Points | None = None,
) -> Envelope:
    """Projects p0, p1, … with these costs."""
    return Envelope(
        id="e",
        title=words("Enveloppe"),
        description=words("Enveloppe"),
        budget=budget,
        form=form or Approval(minimum=1, maximum=len(costs)),
        rule=CountingRule.of("greedy", parameters),
        tie_break=tie_break,
        projects=tuple(
            Project(
                id=f"p{place}",
                title=words(f"Projet {place}"),
                description=words("-"),
                cost=cost,
                district=districts[place] if districts else "",
                category=categories[place] if categories else (),
            )
            for place, cost in enumerate(costs)
        ),
    )


def election(*contests: Any) -> Election:
    return Election(
        id="x",
        title=words("x"),
        organiser=words("x"),
        eligibility=words("x"),
        languages=("fr", "en"),
        currency="EUR",
        exponent=0,
        time_zone="UTC",
        opens="2026-10-05T08:00:00Z",
        closes="2026-10-06T08:00:00Z",
        contests=contests,
        styles=(),
    )


def single_ballots(votes: Sequence[int], blank: int = 0) -> Profile:
    """So many ballots naming p0 only, p1 only, …"""
    return Profile.of(
        {**{((f"p{place}", 1),): number for place, number in enumerate(votes)}, (): blank}
    )


def admitted(contest: Envelope, support: Support) -> list[int]:
    p: Any = thaw(contest.rule.parameters)
    base = support.ballots if p.get("share_of") == "cast" else support.expressed
    found = []
    for place, project in enumerate(contest.projects):
        votes, score = support.votes[place], support.score[place]
        if (
            votes >= p.get("minimum_votes", 0)
            and score >= p.get("minimum_score", -(10**9))
            and (
                "minimum_votes_share" not in p
                or Fraction(votes) >= Fraction(p["minimum_votes_share"]) * base
            )
            and (
                "minimum_score_share" not in p
                or Fraction(score) >= Fraction(p["minimum_score_share"]) * base
            )
            and (
                "minimum_votes_per_cost" not in p
                or base == 0
                or Fraction(votes, base)
                >= Fraction(p["minimum_votes_per_cost"]) * Fraction(project.cost, contest.budget)
            )
            and Fraction(project.cost, contest.budget) <= Fraction(p.get("maximum_cost_share", 99))
        ):
            found.append(place)
    return found


def in_order(
    contest: Envelope, support: Support, lot: Callable[[str], bytes], places: Sequence[int]
) -> list[int]:
    """Stable sorts, the last criterion first."""
    order = sorted(places)
    by: dict[str, Callable[[int], Any]] = {
        "votes": lambda x: -support.votes[x],
        "score": lambda x: -support.score[x],
        "cost": lambda x: contest.projects[x].cost,
        "expensive": lambda x: -contest.projects[x].cost,
        "order": lambda x: x,
        "lot": lambda x: lot(contest.projects[x].id),
    }
    for criterion in reversed(contest.tie_break):
        order.sort(key=by[criterion])
    order.sort(key=lambda x: -support.score[x])
    return order


def count_in_order(contest: Envelope, order: Sequence[int]) -> dict[int, int]:
    """What each winner gets, in order of selection, going through ``order``."""
    p: Any = thaw(contest.rule.parameters)
    paid: dict[int, int] = {}
    outside = 0

    def cost(x: int) -> int:
        return contest.projects[x].cost

    def values(x: int, field: str) -> tuple[str, ...]:
        project = contest.projects[x]
        return (project.district,) if field == "district" else project.category

    def left() -> int:
        return contest.budget - sum(paid.values()) + outside

    def misses_group(x: int) -> set[str]:
        if "budget_per" not in p:
            return set()
        field, budgets = p["budget_per"]["field"], p["budget_per"]["budgets"]
        return {
            value
            for value in values(x, field)
            if budgets[value] is not None
            and cost(x) + sum(cost(w) for w in paid if value in values(w, field)) > budgets[value]
        }

    def allowed(x: int) -> bool:
        return len(paid) < p.get("fixed_winners", 10**9) and not any(
            contest.projects[x].id in group and any(contest.projects[w].id in group for w in paid)
            for group in p.get("exclusive_groups", [])
        )

    if "minimum_per" in p:
        m = p["minimum_per"]
        lost: set[str] = set()
        tried: set[int] = set()
        for place in range(1, m["count"] + 1):
            for x in order:
                have = {
                    value: sum(value in values(w, m["field"]) for w in paid)
                    for value in values(x, m["field"])
                }
                short = {v for v, number in have.items() if number < place and v not in lost}
                if x in paid or x in tried or not short or not allowed(x):
                    continue
                if misses_group(x) or cost(x) > left():
                    tried.add(x)
                    if m["on_misfit"] == "leave":
                        lost |= short
                else:
                    paid[x] = cost(x)
    if "top_per" in p:
        t = p["top_per"]
        ended: set[str] = set()
        first: dict[str, list[int]] = {}
        for x in order:
            (group,) = values(x, t["field"])
            mine = first.setdefault(group, [])
            if group in ended or (t["count"] is not None and len(mine) >= t["count"]):
                continue
            if not allowed(x):
                continue
            beyond = (
                t["budget"] is not None
                and len(mine) >= t.get("minimum", 0)
                and cost(x) > max(t["budget"] - sum(map(cost, mine)), 0)
            )
            if beyond or misses_group(x) or cost(x) > left():
                if t["on_misfit"] == "stop":
                    ended.add(group)
            else:
                mine.append(x)
                paid[x] = cost(x)
        if not t["pool"]:
            return paid
    closed: set[str] = set()
    for x in order:
        if x in paid or not allowed(x):
            continue
        if "budget_per" in p:
            if closed & set(values(x, p["budget_per"]["field"])):
                continue
            missed = misses_group(x)
            if missed:
                if p["on_misfit"] == "stop":
                    closed |= missed
                continue
        if cost(x) <= left():
            paid[x] = cost(x)
        elif p["on_misfit"] == "skip":
            continue
        elif p["on_misfit"] == "top-up" and left() >= Fraction(p["top_up_share"]) * cost(x):
            outside = cost(x) - left()
            paid[x] = cost(x)
            break
        elif p["on_misfit"] == "part-fund" and left() > 0:
            paid[x] = left()
            break
        else:
            break
    return paid


def count(contest: Envelope, support: Support, lot: Callable[[str], bytes]) -> dict[str, int]:
    """What each winner gets, in order of selection."""
    order = in_order(contest, support, lot, admitted(contest, support))
    return {contest.projects[x].id: money for x, money in count_in_order(contest, order).items()}


shares = st.sampled_from(("1/10", "1/5", "1/4", "1/3", "1/2", "2/3", "1"))


@st.composite
def greedy_parameters(draw: st.DrawFn, size: int, budget: int, scored: bool) -> dict[str, Any]:
    """Parameters that contradict nothing."""
    p: dict[str, Any] = {
        "on_misfit": draw(st.sampled_from(("skip", "skip", "stop", "top-up", "part-fund")))
    }
    if p["on_misfit"] == "top-up":
        p["top_up_share"] = draw(st.sampled_from(("1/2", "4/5", "1/10")))
    if draw(st.integers(0, 3)) == 0:
        p["minimum_votes"] = draw(st.integers(1, 6))
    if scored and draw(st.integers(0, 3)) == 0:
        p["minimum_score"] = draw(st.integers(1, 12))
    names = ["minimum_votes_share", "minimum_votes_per_cost"]
    if scored:
        names.append("minimum_score_share")
    for name in names:
        if draw(st.integers(0, 3)) == 0:
            p[name] = draw(shares)
            p["share_of"] = draw(st.sampled_from(("cast", "expressed")))
    if draw(st.integers(0, 4)) == 0:
        p["maximum_cost_share"] = draw(shares)
    if draw(st.integers(0, 4)) == 0:
        p["fixed_winners"] = draw(st.integers(1, size))
    if size > 2 and draw(st.integers(0, 3)) == 0:
        ids = st.sampled_from([f"p{place}" for place in range(size)])
        p["exclusive_groups"] = draw(
            st.lists(st.lists(ids, min_size=2, max_size=3, unique=True), min_size=1, max_size=2)
        )
    if p["on_misfit"] in {"skip", "stop"}:
        field = st.sampled_from(("district", "category"))
        if draw(st.integers(0, 2)) == 0:
            p["budget_per"] = {"field": draw(field), "budgets": None}
        kind = draw(st.sampled_from(("", "", "minimum", "top")))
        if kind == "minimum":
            p["minimum_per"] = {
                "field": draw(field),
                "count": draw(st.integers(1, 2)),
                "on_misfit": draw(st.sampled_from(("next", "leave"))),
            }
        elif kind == "top":
            own = draw(st.one_of(st.none(), st.integers(1, max(budget // 3, 1))))
            most = draw(st.integers(1, 2)) if own is None else draw(st.sampled_from((None, 2)))
            p["top_per"] = {
                "field": "district",
                "count": most,
                "budget": own,
                "minimum": 0 if own is None else draw(st.integers(0, 2)),
                "on_misfit": draw(st.sampled_from(("skip", "stop"))),
                "pool": draw(st.booleans()),
            }
    return p


@st.composite
def greedy_cases(draw: st.DrawFn, *, tied: bool = False) -> tuple[Envelope, Profile]:
    """A small envelope with any parameters, and its ballots. ``tied``: many equal scores."""
    size = draw(st.integers(2, 6))
    budget = draw(st.integers(3, 60))
    scored = draw(st.booleans())
    form: Approval | Points = Approval(minimum=1, maximum=size)
    if scored:
        form = Points(total=4, cap=3, minimum_projects=1, maximum_projects=None, minimum_total=0)
    parameters = draw(greedy_parameters(size, budget, scored))
    costs = draw(st.lists(st.integers(1, 30), min_size=size, max_size=size))
    districts = draw(st.lists(st.sampled_from(DISTRICTS), min_size=size, max_size=size))
    category = st.lists(st.sampled_from(("x", "y", "z")), min_size=1, max_size=2, unique=True)
    categories = [tuple(draw(category)) for _ in range(size)]
    if "budget_per" in parameters:
        field = parameters["budget_per"]["field"]
        occurring = (
            set(districts)
            if field == "district"
            else {value for several in categories for value in several}
        )
        parameters["budget_per"]["budgets"] = {
            value: draw(st.one_of(st.none(), st.integers(0, budget))) for value in sorted(occurring)
        }
    if "minimum_per" in parameters:
        parameters["minimum_per"]["count"] = 1
        field = parameters["minimum_per"]["field"]
        numbers = [
            sum(value in ((d,) if field == "district" else c)
                for d, c in zip(districts, categories, strict=True))
            for value in (set(districts) if field == "district" else {"x", "y", "z"})
        ]  # fmt: skip
        if min(number for number in numbers if number) > 1:
            parameters["minimum_per"]["count"] = 2
    tie_break = draw(
        st.tuples(
            st.lists(st.sampled_from(("votes", "cost", "expensive")), unique=True, max_size=2),
            st.sampled_from(("order", "lot")),
        )
    )
    contest = envelope(
        costs,
        parameters,
        budget=budget,
        districts="".join(districts),
        categories=categories,
        tie_break=(*tie_break[0], tie_break[1]),
        form=form,
    )
    places = st.sampled_from(range(size))
    ballots: dict[Any, int] = {(): draw(st.integers(0, 3))}
    for _ in range(draw(st.integers(0, 4 if tied else 8))):
        marked = sorted(draw(st.sets(places, min_size=1, max_size=3)))
        choice = tuple((f"p{place}", draw(st.integers(1, 2)) if scored else 1) for place in marked)
        ballots[choice] = ballots.get(choice, 0) + draw(st.integers(1, 2 if tied else 5))
    spoiled = {"gap": 2} if draw(st.booleans()) else {}
    return contest, Profile.of(ballots, spoiled)


def changed(profile: Profile, added: Mapping[Any, int]) -> Profile:
    """The profile with so many ballots of each choice more."""
    counts = dict(profile.choices)
    for choice, number in added.items():
        counts[choice] = counts.get(choice, 0) + number
    return Profile.of({**counts, (): profile.blank}, profile.spoiled)


def support(contest: Envelope, profile: Profile) -> Support:
    return scoring.support_of(contest, profile)
