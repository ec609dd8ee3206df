"""A small invented town for ``make rehearsal``: two styles, two issuers' worth of letters, and one
contest of every ballot form that can be counted. Votes follow from a number, without randomness."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from tally.canonical import Value
from tally.election import Election
from tally.vote import Choice

DISTRICTS = ("Nord", "Sud", "Centre")


def _text(fr: str, en: str) -> dict[str, Value]:
    return {"fr": fr, "en": en}


def _projects(prefix: str, costs: tuple[int, ...]) -> list[Value]:
    return [
        {
            "id": f"{prefix}{place + 1}",
            "title": _text(f"Projet {prefix}{place + 1}", f"Project {prefix}{place + 1}"),
            "description": _text("Projet inventé", "Invented project"),
            "cost": cost * 100,
            "category": ["nature" if place % 2 else "sport"],
            "district": DISTRICTS[place % len(DISTRICTS)],
            "picture": None,
            "invented": True,
        }
        for place, cost in enumerate(costs)
    ]


def _envelope(
    name: str, form: Value, costs: tuple[int, ...], budget: int, parameters: Value
) -> Value:
    return {
        "kind": "envelope",
        "id": name,
        "title": _text(f"Enveloppe {name}", f"Envelope {name}"),
        "description": _text("Enveloppe de répétition", "Envelope of the rehearsal"),
        "budget": budget * 100,
        "form": form,
        "rule": {"name": "greedy", "parameters": parameters},
        "tie_break": ["votes", "cost", "lot"],
        "projects": _projects(name[:2], costs),
    }


def invented_election(opens: str, closes: str) -> Election:
    """The town's election."""
    costs = (12_000, 30_000, 8_500, 45_000, 20_000, 5_000, 60_000)
    contests: list[Value] = [
        _envelope(
            "approval",
            {"type": "approval", "minimum": 1, "maximum": 3, "blank": True},
            costs,
            90_000,
            {"on_misfit": "skip"},
        ),
        _envelope(
            "knapsack",
            {
                "type": "knapsack",
                "budget": 5_000_000,
                "minimum": 1,
                "maximum": None,
                "blank": True,
            },
            costs,
            50_000,
            {"on_misfit": "stop"},
        ),
        _envelope(
            "single", {"type": "choose-1", "blank": True}, costs, 45_000, {"on_misfit": "skip"}
        ),
        _envelope(
            "points",
            {
                "type": "points",
                "total": 7,
                "cap": 3,
                "minimum_projects": 1,
                "maximum_projects": None,
                "minimum_total": 0,
                "blank": True,
            },
            costs,
            75_000,
            {"on_misfit": "skip"},
        ),
        _envelope(
            "ranking",
            {"type": "ranking", "minimum": 1, "maximum": 3, "blank": True},
            costs,
            60_000,
            {"on_misfit": "skip"},
        ),
        {
            "kind": "question",
            "id": "question",
            "title": _text("Fermer la rue aux voitures ?", "Close the street to cars?"),
            "description": _text("Question de répétition", "Question of the rehearsal"),
            "form": {"type": "question", "blank": True},
            "rule": {
                "name": "question",
                "parameters": {"threshold": "1/2", "strict": True, "of": "expressed"},
            },
            "options": [
                {"id": "yes", "title": _text("Oui", "Yes")},
                {"id": "no", "title": _text("Non", "No")},
            ],
        },
    ]
    names = [str(contest["id"]) for contest in contests if isinstance(contest, Mapping)]
    return Election.from_value(
        {
            "id": "rehearsal-invented",
            "title": _text("Répétition générale", "Dress rehearsal"),
            "organiser": _text("Ville inventée", "Invented town"),
            "eligibility": _text("Personne de réel", "Nobody real"),
            "languages": ["fr", "en"],
            "currency": "EUR",
            "exponent": 2,
            "time_zone": "Europe/Paris",
            "opens": opens,
            "closes": closes,
            "contests": contests,
            "styles": [
                {
                    "id": "all",
                    "title": _text("Tout", "Everything"),
                    "contests": names,
                    "forms": {},
                },
                {
                    "id": "young",
                    "title": _text("Jeunes", "Young people"),
                    "contests": ["approval", "question"],
                    "forms": {
                        "approval": {
                            "type": "approval",
                            "minimum": 1,
                            "maximum": 2,
                            "blank": True,
                        }
                    },
                },
            ],
        }
    )


def invented_votes(election: Election, number: int) -> list[tuple[str, Mapping[str, Choice]]]:
    """The votes of ``number`` residents, every fifth of them young."""
    return [_vote(election, voter) for voter in range(number)]


def _vote(election: Election, voter: int) -> tuple[str, Mapping[str, Choice]]:
    style = "young" if voter % 5 == 4 else "all"
    draw = _draw(voter)
    choices: dict[str, Choice] = {}
    for contest_id in election.style(style).contests:
        ids = [each.id for each in election.contest(contest_id).choices]
        first, second = next(draw) % len(ids), next(draw) % len(ids)
        picked = sorted({first, second})
        if contest_id == "question":
            choices[contest_id] = () if next(draw) % 7 == 0 else ((ids[first], 1),)
        elif contest_id == "single":
            choices[contest_id] = ((ids[first], 1),)
        elif contest_id == "knapsack":
            # The dearest alone is beyond a voter's purse.
            choices[contest_id] = ((ids[first % 3], 1),)
        elif contest_id == "points":
            choices[contest_id] = tuple((ids[place], 1 + place % 3) for place in picked)
        elif contest_id == "ranking":
            order = [first] if first == second else [first, second]
            choices[contest_id] = tuple((ids[place], rank + 1) for rank, place in enumerate(order))
        else:
            choices[contest_id] = tuple((ids[place], 1) for place in picked)
    return style, choices


def _draw(voter: int) -> Iterator[int]:
    """Numbers 0..255 that follow from the voter's number."""
    counter = 0
    while True:
        yield from sha256(f"invented {voter} {counter}".encode()).digest()
        counter += 1
