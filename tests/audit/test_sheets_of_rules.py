"""The charts of every counting rule with every form that it counts: laid out, nothing lost."""

from typing import Any

import pytest

from audit.chart_table import OF_RULES
from audit.charts import FILLS, typeface
from audit.figures import OWN, figures
from audit.sheet import WIDTH, Bar, Label
from audit.sheets import sheets
from audit.words import Words
from tally import canonical
from tally.count import count
from tally.frozen import FrozenMap
from tally.vote import Vote
from tests.audit.drawn import RESULT_HASH
from tests.web.test_results_of_rules import CHOICES, RULED, ruled


@pytest.mark.parametrize(("rule", "form"), RULED, ids="-".join)
def test_charts_of_every_rule_show_every_project_and_step(rule: str, form: str) -> None:
    election = ruled(rule, form)
    votes = [
        Vote(style="north", choices=FrozenMap({"city": choice, "cars": ()}))
        for choice in CHOICES[form]
        for _ in range(2)
    ]
    counted = count(election, votes, bytes(32)).to_value()
    styles: Any = [
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
    ]
    results: Any = canonical.parse(
        canonical.encode({"election": "E" * 43, "styles": styles, **counted})
    )
    made = dict(figures(election, results))
    kinds = {path.removeprefix("figures/").removesuffix("-city.json") for path in made}
    assert kinds & set(OF_RULES) == ({OWN[rule][0]} if rule in OWN else set())
    assert (rule in OWN) == (rule != "greedy")
    face = typeface()
    laid = dict(sheets(election, made, RESULT_HASH, face))
    assert len(laid) == 2 * len(made)
    for name, sheet in laid.items():
        bars = [item for item in sheet.items if isinstance(item, Bar)]
        assert bars, name
        assert {bar.fill for bar in bars} <= FILLS.keys(), name
        assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in bars), name
        for item in sheet.items:
            if isinstance(item, Label) and item.anchor == "start":
                end = item.x + face.width(item.words, item.size, item.bold)
                assert end <= WIDTH - 8, (name, item.words)
    city = next(each for each in results["contests"] if each["contest"] == "city")
    assert city["winners"]
    for language in ("fr", "en"):
        say = Words.of(election, language)
        said = {item.words for item in laid[f"votes-city.{language}"].items if type(item) is Label}
        envelope: Any = election.contest("city")
        assert {say.money(project.cost) for project in envelope.projects} <= said
        for row in city["projects"]:
            assert f"step.{row['reason']}" in say, row["reason"]
