"""The pages of results of every counting rule there is, and of every form that it counts."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from audit.chart_table import OF_RULES, chart_tables
from audit.explanations import explain, explanations_file
from audit.figures import figures
from audit.label import b64
from audit.manifest import Manifest
from audit.words import Words
from tally import canonical
from tally.count import count
from tally.election import Election, Envelope
from tally.frozen import FrozenMap
from tally.mark import Choice
from tally.rules import ENVELOPE_RULES, check
from tally.rules.variants import variants
from tally.vote import Vote
from tests.town import clerk, definition
from tests.web.desk import Reader
from tests.web.test_public import Page
from web.app import create_app
from web.audience import Door
from web.clock import read_time
from web.comparisons import Comparisons
from web.observer import PublicFiles, observer_routes
from web.published import Published, PublishedFolder
from web.settings import Settings
from web.wording import LANGUAGES

LABELS = [
    {"fr": "Très bien", "en": "Very good"},
    {"fr": "Bien", "en": "Good"},
    {"fr": "À rejeter", "en": "Reject"},
]
FORMS: dict[str, dict[str, object]] = {
    "approval": {"type": "approval", "minimum": 1, "maximum": 3},
    "choose-1": {"type": "choose-1"},
    "knapsack": {"type": "knapsack", "budget": 100_000, "minimum": 1, "maximum": None},
    "points": {
        "type": "points",
        "total": 10,
        "cap": 5,
        "minimum_projects": 1,
        "maximum_projects": None,
        "minimum_total": 0,
    },
    "scores": {
        "type": "scores",
        "minimum": 0,
        "maximum": 5,
        "minimum_projects": 1,
        "maximum_projects": None,
    },
    "ranking": {"type": "ranking", "minimum": 1, "maximum": 3},
    "grades": {"type": "grades", "labels": LABELS, "default": 2},
}
CHOICES: dict[str, tuple[Choice, ...]] = {
    "approval": ((("trees", 1), ("bench", 1)), (("trees", 1),), (("fridge", 1), ("mural", 1))),
    "choose-1": ((("trees", 1),), (("trees", 1),), (("mural", 1),)),
    "knapsack": ((("trees", 1), ("bench", 1)), (("trees", 1),), (("fridge", 1),)),
    "points": ((("trees", 5), ("bench", 3)), (("bench", 5),), (("mural", 4),)),
    "scores": ((("trees", 5), ("bench", 0)), (("bench", 5),), (("mural", 4),)),
    "ranking": ((("trees", 1), ("bench", 2)), (("bench", 1),), (("mural", 1), ("trees", 2))),
    "grades": ((("trees", 0), ("bench", 1)), (("trees", 1), ("mural", 0)), (("bench", 0),)),
}
RULED = [(name, form) for name, rule in ENVELOPE_RULES.items() for form in sorted(rule.accepts)]


def ruled(name: str, form: str) -> Election:
    """The town's election with this rule and form for its first envelope."""
    found = next(each for each in variants() if each.rule.name == name)
    value: Any = json.loads(json.dumps(definition()))
    city = value["contests"][0]
    city["form"] = {**FORMS[form], "blank": True}
    parameters = json.loads(canonical.encode(dict(found.rule.parameters)))
    city["rule"] = {"name": name, "parameters": parameters}
    election = Election.from_value(value)
    assert check(election.contest("city")) == []
    return election


def counted(manifest: Manifest, election: Election, form: str, folder: Path) -> Published:
    """What a publication of a few votes would hold."""
    votes = [
        Vote(style="north", choices=FrozenMap({"city": choice, "cars": ()}))
        for choice in CHOICES[form]
        for _ in range(2)
    ]
    value: Any = {
        "election": b64(manifest.hash),
        "lot_seed": b64(bytes(32)),
        "styles": [
            {
                "style": style.id,
                "roll": 40,
                "counted": len(votes) if style.id == "north" else 0,
                "superseded": 0,
                "equivocations": 0,
                "spoiled": {},
                "blank": 0,
            }
            for style in election.styles
        ],
        **count(election, votes, bytes(32)).to_value(),
    }
    results: Any = canonical.parse(canonical.encode(value))
    explained: Any = canonical.parse(explanations_file(explain(election, results), bytes(32)))
    return Published(
        manifest=manifest,
        folder=folder,
        result_hash=bytes(32),
        decided={},
        drawn={},
        lists={},
        sizes={},
        results=results,
        figures={path: json.loads(data) for path, data in figures(election, results)},
        explained=explained["contests"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A published election and its door."""

    published: Published
    client: FlaskClient


@pytest.fixture(params=RULED, ids="-".join)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    name, form = request.param
    election = ruled(name, form)
    manifest = replace(clerk().manifest, election=election)
    published = counted(manifest, election, form, tmp_path)
    files = PublicFiles(
        manifest=tmp_path,
        manifest_signatures=tmp_path,
        log=tmp_path / "log",
        publication=tmp_path,
        pictures=tmp_path,
    )
    closes = read_time(election.closes)
    app = create_app(
        Settings(folder=tmp_path, doors=frozenset({Door.PUBLIC})),
        observer_routes(manifest, files, lambda: closes),
    )
    app.test_client_class = Reader
    monkeypatch.setattr(PublishedFolder, "get", lambda _self: published)
    monkeypatch.setattr(Comparisons, "get", lambda *_given, **_more: None)
    return Case(published=published, client=app.test_client())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_tells_what_the_rule_did(case: Case, language: str) -> None:
    envelope = case.published.manifest.election.contest("city")
    assert isinstance(envelope, Envelope)

    def shown(path: str) -> str:
        answer = case.client.get(f"{path}?lang={language}")
        assert answer.status_code == 200, path
        return " ".join("".join(Page(answer.text).text).split())

    explained = case.published.explained["city"]
    assert " ".join(explained["summary"][language].split()) in shown("/results")
    page = shown("/results/city")
    for number, project in enumerate(envelope.projects, start=1):
        assert project.title.in_language(language) in page
        why = " ".join(explained["projects"][project.id][language].split())
        assert why in shown(f"/results/city/{number}")
    words = Words.of(case.published.manifest.election, language)
    for figure in case.published.figures.values():
        if figure["figure"] in OF_RULES:
            for table in chart_tables(figure, words, (language,)):
                told = [cell for line in table.lines for cell in line.cells]
                for cell in (table.caption, *(cell for cell in told if isinstance(cell, str))):
                    assert " ".join(cell.split()) in page
    steps = shown("/results/city/steps")
    for word in ("{", "}", "None"):
        assert word not in steps.replace("None of", "")
    assert case.client.get("/api/v1/results/city").status_code == 200
    assert case.client.get("/results/city/results.csv").status_code == 200


@pytest.mark.parametrize("case", [("majority-judgment", "grades")], indirect=True, ids="-".join)
def test_grades_are_shown_as_grades(case: Case) -> None:
    answer = case.client.get("/results/city/1?lang=en")
    page = " ".join("".join(Page(answer.text).text).split())
    assert "Good" in page
    assert "majority grade" in page
    assert answer.text.count('class="grade-') >= len(LABELS)
