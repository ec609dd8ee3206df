"""An invented town that votes with every ballot form, and a short ballot for the long journeys."""

from tally.election import Election

QUARTERS = ("Nord", "Centre", "Sud")
GREENS = (
    ("Planter cinquante arbres", "Plant fifty trees"),
    ("Un mur végétal à l’école", "A green wall at the school"),
    ("Des bancs à l’ombre", "Benches in the shade"),
    ("Une fontaine à boire", "A drinking fountain"),
    ("Un verger partagé", "A shared orchard"),
    ("Des nichoirs dans le parc", "Nest boxes in the park"),
    ("Un composteur de quartier", "A compost for the quarter"),
    ("Une mare pédagogique", "A pond to learn from"),
    ("Des hôtels à insectes", "Hotels for insects"),
    ("Une allée fleurie", "A path of flowers"),
    ("Un jardin sur le toit", "A garden on the roof"),
    ("Des arceaux à vélos", "Stands for bicycles"),
    ("Un abri pour attendre le bus", "A shelter at the bus stop"),
    ("Une boîte à livres", "A box of books"),
)


def text(french: str, english: str) -> dict[str, str]:
    """Words in the two languages."""
    return {"fr": french, "en": english}


def _projects(prefix: str, number: int) -> list[dict[str, object]]:
    return [
        {
            "id": f"{prefix}{place + 1}",
            "title": text(*GREENS[place]),
            "description": text(
                "Le projet, proposé par des habitants, serait réalisé dans l’année.",
                "Residents proposed it; it would be built within the year.",
            ),
            "cost": (place % 7 + 1) * 800_000,
            "category": ["nature" if place % 2 else "rue"],
            "district": QUARTERS[place % 3],
            "picture": None,
            "invented": True,
        }
        for place in range(number)
    ]


def _envelope(
    name: str, title: dict[str, str], form: dict[str, object], projects: int, **changed: object
) -> dict[str, object]:
    return {
        "kind": "envelope",
        "id": name,
        "title": title,
        "description": text("", ""),
        "budget": 6_000_000,
        "form": {"blank": True, **form},
        "rule": {"name": "greedy", "parameters": {"on_misfit": "skip"}},
        "tie_break": ["votes", "cost", "lot"],
        "projects": _projects(name[:2], projects),
        **changed,
    }


GRADES = [
    text("Coup de cœur", "Favourite"),
    text("J’aime bien", "I like it"),
    text("Pourquoi pas", "Why not"),
    text("Je ne suis pas convaincu", "Not convinced"),
]


def contests() -> list[dict[str, object]]:
    """One of every form, in the order of the ballot."""
    return [
        _envelope(
            "trees",
            text("La ville plus verte", "A greener town"),
            {"type": "approval", "minimum": 1, "maximum": 3},
            14,
        ),
        _envelope(
            "basket",
            text("Le panier du quartier", "The quarter’s basket"),
            {"type": "knapsack", "budget": 3_000_000, "minimum": 1, "maximum": None},
            5,
        ),
        _envelope("single", text("Un seul projet", "One project only"), {"type": "choose-1"}, 4),
        _envelope(
            "points",
            text("Sept points à partager", "Seven points to share"),
            {
                "type": "points",
                "total": 7,
                "cap": 3,
                "minimum_projects": 1,
                "maximum_projects": None,
                "minimum_total": 0,
            },
            4,
        ),
        _envelope(
            "scores",
            text("Des notes de 0 à 5", "Scores from 0 to 5"),
            {
                "type": "scores",
                "minimum": 0,
                "maximum": 5,
                "minimum_projects": 1,
                "maximum_projects": None,
            },
            4,
        ),
        _envelope(
            "ranking",
            text("Vos trois préférés", "Your three favourites"),
            {"type": "ranking", "minimum": 1, "maximum": 3},
            5,
        ),
        _envelope(
            "grades",
            text("Une mention par projet", "A grade for each project"),
            {"type": "grades", "labels": GRADES, "default": 3},
            3,
            rule={"name": "majority-judgment", "parameters": {"on_misfit": "skip"}},
        ),
        {
            "kind": "question",
            "id": "cars",
            "title": text(
                "Fermer la rue de l’école aux voitures ?", "Close the school street to cars?"
            ),
            "description": text("De 8 h à 9 h, les jours d’école.", "From 8 to 9 on school days."),
            "form": {"type": "question", "blank": True},
            "rule": {
                "name": "question",
                "parameters": {"threshold": "1/2", "strict": True, "of": "expressed"},
            },
            "options": [
                {"id": "yes", "title": text("Oui", "Yes")},
                {"id": "no", "title": text("Non", "No")},
            ],
        },
    ]


def election(opens: str, closes: str) -> Election:
    """Two styles: ``every`` has all forms, ``short`` an envelope and the question."""
    listed = contests()
    return Election.from_value(
        {
            "id": "demo-every-form",
            "title": text("Budget participatif de la ville", "The town’s participatory budget"),
            "organiser": text("Ville inventée", "Invented town"),
            "eligibility": text("Tout le monde.", "Everybody."),
            "languages": ["fr", "en"],
            "currency": "EUR",
            "exponent": 2,
            "time_zone": "Europe/Paris",
            "opens": opens,
            "closes": closes,
            "contests": listed,
            "styles": [
                {
                    "id": "every",
                    "title": text("Tous les choix", "All choices"),
                    "contests": [str(each["id"]) for each in listed],
                    "forms": {},
                },
                {
                    "id": "short",
                    "title": text("Bulletin court", "Short ballot"),
                    "contests": ["trees", "cars"],
                    "forms": {},
                },
            ],
        }
    )
