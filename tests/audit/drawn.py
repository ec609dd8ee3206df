"""A counted election for the tests of figures, charts and pages: real counts of made-up votes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from audit.explanations import Explanation, explain
from audit.figures import figures
from tally.count import Result, count_profiles
from tally.election import Election
from tally.frozen import FrozenMap
from tally.profile import Profile

RESULT_HASH = sha256(b"publication").digest()
LONG = (
    "Réaménagement complet de la promenade des berges, avec pistes cyclables, jeux pour enfants, "
    "toilettes et éclairages doux"
)
NASTY = (
    "<script>alert('vote')</script>",
    'Un prix de $x^2$ ou de $5, au choix & "bien"',
    "Un verger 🌳🍎👩‍🌾 pour tous",
    LONG,
    "حديقة للأطفال في وسط المدينة",
    "\u202eÀ l'envers\u202c",
    "{count} % {0} __class__",
    "Anticonstitutionnellement" * 6,
)


def both(words: str) -> dict[str, str]:
    return {"fr": words, "en": words}


def _title(number: int) -> str:
    if number < len(NASTY):
        return NASTY[number]
    return f"Projet {number} : " + LONG[: 20 + number * 7 % 90].strip()


def definition(projects: int, **rule: Any) -> dict[str, Any]:
    """Two styles, an envelope of so many projects, one of points, and a question."""
    quarters = ("Centre", "Nord", "Grand-Est et faubourgs")
    return {
        "id": "drawn",
        "title": both("Budget participatif <b>2026</b> & « quartiers »"),
        "organiser": both("Ville d'Essai"),
        "eligibility": both("Dès 11 ans."),
        "languages": ["fr", "en"],
        "currency": "EUR",
        "exponent": 2,
        "time_zone": "Europe/Paris",
        "opens": "2026-10-01T08:00:00Z",
        "closes": "2026-10-20T18:00:00Z",
        "contests": [
            {
                "kind": "envelope",
                "id": "centre",
                "title": both("Centre"),
                "description": both("Pour le centre."),
                "budget": projects * 1_000_000,
                "form": {"type": "approval", "minimum": 1, "maximum": min(5, projects)},
                "rule": {"name": "greedy", "parameters": {"on_misfit": "skip"} | rule},
                "tie_break": ["cost", "order"],
                "projects": [
                    {
                        "id": f"p{number}",
                        "title": both(_title(number)),
                        "description": both(""),
                        "cost": (number * 17 % 37 + 1) * 75_050,
                        "category": ["nature"],
                        "district": quarters[number % 3],
                        "picture": None,
                        "invented": number % 4 == 0,
                    }
                    for number in range(projects)
                ],
            },
            {
                "kind": "envelope",
                "id": "points",
                "title": both("Ville entière"),
                "description": both(""),
                "budget": 5_000_000,
                "form": {
                    "type": "points",
                    "total": 7,
                    "cap": 3,
                    "minimum_projects": 1,
                    "maximum_projects": None,
                    "minimum_total": 1,
                },
                "rule": {"name": "greedy", "parameters": {"on_misfit": "part-fund"}},
                "tie_break": ["lot"],
                "projects": [
                    {
                        "id": name,
                        "title": both(f"Projet {name}"),
                        "description": both(""),
                        "cost": 2_000_000,
                        "category": [],
                        "district": "",
                        "picture": None,
                        "invented": False,
                    }
                    for name in "abcd"
                ],
            },
            {
                "kind": "question",
                "id": "again",
                "title": {"fr": "Faut-il recommencer ?", "en": "Should it be held again?"},
                "description": both(""),
                "form": {"type": "question"},
                "rule": {
                    "name": "question",
                    "parameters": {"threshold": "1/2", "strict": True, "of": "expressed"},
                },
                "options": [
                    {"id": "yes", "title": {"fr": "Oui", "en": "Yes"}},
                    {"id": "no", "title": {"fr": "Non", "en": "No"}},
                ],
            },
        ],
        "styles": [
            {
                "id": style,
                "title": both(title),
                "contests": ["centre", "points", "again"],
                "forms": {},
            }
            for style, title in (("a", "Habitants"), ("b", "Étudiants <i>et</i> salariés"))
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An election with its results and figures."""

    election: Election
    results: Mapping[str, Any]
    figures: Mapping[str, bytes]
    counted: Result

    @property
    def explained(self) -> Mapping[str, Explanation]:
        """The results in words."""
        return explain(self.election, self.results)


def _profiles(projects: int) -> dict[str, Profile]:
    approvals = {
        ((f"p{number}", 1),): 3 + (projects - number) * 2 - number % 2 for number in range(projects)
    }
    points = {(("a", 3), ("b", 3), ("c", 1)): 40, (("b", 2), ("d", 2)): 20}
    again = {(("yes", 1),): 30, (("no", 1),): 25}
    ballots = sum(approvals.values()) + 69

    def profile(choices: Any, spoiled: dict[str, int]) -> Profile:
        blank = ballots - sum(choices.values()) - sum(spoiled.values())
        return Profile(choices=FrozenMap(choices), blank=blank, spoiled=FrozenMap(spoiled))

    return {
        "centre": profile(approvals, {"too-many": 4, "unused-bits": 1}),
        "points": profile(points, {}),
        "again": profile(again, {"unknown": 2}),
    }


@cache
def drawn(projects: int, *rule: tuple[str, Any]) -> Drawn:
    """The election counted, with turnout of two styles. A parameter that is an object is given as
    a tuple of its items."""
    parameters = {key: dict(value) if isinstance(value, tuple) else value for key, value in rule}
    election = Election.from_value(definition(projects, **parameters))
    profiles = _profiles(projects)
    counted = count_profiles(election, profiles, b"s" * 32)
    ballots = profiles["centre"].ballots
    first = ballots // 3
    styles = [
        {
            "style": style,
            "roll": counted_here * 7,
            "issued": {"mairie": counted_here + 1},
            "counted": counted_here + undecoded,
            "superseded": 2,
            "equivocations": 0,
            "spoiled": {"does-not-open": undecoded} if undecoded else {},
            "blank": 1,
        }
        for style, counted_here, undecoded in (("a", first, 2), ("b", ballots - first, 0))
    ]
    results = {
        "type": "results",
        "version": 1,
        "election": "A" * 43,
        "checkpoint": "B" * 43,
        "lot_seed": "C" * 43,
        "styles": styles,
        **counted.to_value(),
    }
    return Drawn(
        election=election,
        results=results,
        figures=dict(figures(election, results)),
        counted=counted,
    )
