"""An invented election of 199 projects in eighteen quarters, as large cities have them."""

import csv
import shutil
from importlib import resources
from pathlib import Path

PROJECTS = 199
QUARTERS = (
    "Bas-Vernet", "Beaux-Arts", "Canal", "Carrières blanches", "Cathédrale", "Champ-de-Mars",
    "Château d’eau", "Cité-jardin", "Croix-Rouge et Moulin-Neuf", "Gare", "Grand-Pré",
    "Hauts-de-Saint-Aubin", "Île aux Moines", "Jardin des plantes", "Les Trois-Fontaines",
    "Port-au-Bois", "Vieille Ville, remparts et faubourg Saint-Étienne", "Vignes",
)  # fmt: skip
IDEAS = (
    ("Planter une haie d’arbres fruitiers", "Plant a row of fruit trees", "nature"),
    ("Réparer les trottoirs", "Mend the pavements", "mobilité"),
    ("Installer une boîte à livres et un banc à l’ombre", "A box of books and a bench", "culture"),
    ("Des arceaux pour les vélos", "Stands for bicycles", "mobilité"),
    ("Un terrain de sport ouvert à tous les âges", "A pitch for all ages", "sport"),
    (
        "Transformer l’ancienne cour de l’école en jardin d’eau, avec une pergola et des jeux",
        "Turn the old school yard into a water garden with a pergola and games",
        "cadre de vie",
    ),
    ("Un frigo solidaire", "A community fridge", "solidarité"),
    ("Un composteur collectif", "A shared compost", "écologie"),
    ("Éclairer le passage sous la voie ferrée", "Light the passage below the railway", "mobilité"),
    ("Une fresque peinte par le collège", "A mural painted by the school", "culture"),
    ("Une fontaine à boire", "A drinking fountain", "cadre de vie"),
)
PICTURES = {
    "nature": "nature.png",
    "mobilité": "mobilite.png",
    "culture": "culture.png",
    "sport": "sport.png",
    "cadre de vie": "cadre-de-vie.png",
    "solidarité": "solidarite.png",
    "écologie": "ecologie.png",
}
COLUMNS = (
    "id", "envelope", "title_fr", "title_en", "cost", "category", "district", "description_fr",
    "description_en", "picture", "invented",
)  # fmt: skip


def write_definition(folder: Path) -> None:
    """Write the definition of that election into ``folder``, which must not exist: what the
    demonstration has, but for the projects and the budget."""
    source = resources.files("web").joinpath("demo")
    with resources.as_file(source) as demo:
        shutil.copytree(demo, folder)
    definition = folder / "election.toml"
    told = definition.read_text("utf-8")
    told = told.replace('id = "demo-clermont-ferrand"', 'id = "demo-199"')
    told = told.replace("budget = 2250000", "budget = 9000000")
    definition.write_text(told, "utf-8")
    with (folder / "projects.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter=";")
        lines.writerow(COLUMNS)
        for number in range(PROJECTS):
            lines.writerow(_project(number))


def _project(number: int) -> tuple[str, ...]:
    french, english, category = IDEAS[number * 7 % len(IDEAS)]
    quarter = QUARTERS[number * 5 % len(QUARTERS)]
    told_french = (
        f"Proposé par des habitants de {quarter} lors de la réunion n° {number % 9 + 1}. Le lieu, "
        "proche d’une école et d’un arrêt de bus, est connu de tous ; les riverains se sont dits "
        "prêts à l’entretenir avec les services de la ville. Les travaux dureraient une saison."
    )
    told_english = (
        f"Residents of {quarter} proposed it at meeting no. {number % 9 + 1}. The place, near a "
        "school and a bus stop, is known to all; the neighbours would look after it together with "
        "the city's services. The works would take a season."
    )
    return (
        f"W-{number + 1:03d}",
        "projets",
        f"{french}, {quarter}",
        f"{english}, {quarter}",
        str((number * 37 % 96 + 4) * 4_000),
        category,
        quarter,
        told_french,
        told_english,
        PICTURES[category],
        "oui",
    )
