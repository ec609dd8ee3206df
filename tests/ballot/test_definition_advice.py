"""Warnings: what may be frozen but is seldom meant, each at its place."""

from collections.abc import Mapping

import pytest

from ballot.definition import Finding
from tests.ballot.test_definition import CSV, TOML, edited, findings, line_of
from tests.ballot.test_definition_values import JPEG, png

RULE = 'on_misfit = "skip"'
PER = 'minimum_per = { field = "district", count = 1, on_misfit = "next" }'


def warnings(
    toml: str = TOML, csv: str = CSV, pictures: Mapping[str, bytes] | None = None
) -> list[Finding]:
    found = findings(toml, csv, dict(pictures or {}))
    assert not [each for each in found if each.fault]
    return [each for each in found if each.place.field != "invented"]


def test_the_template_has_no_warning_but_its_invented_projects() -> None:
    assert not warnings()
    (only,) = findings()
    assert "invented projects: 5" in only.message[1]
    assert not findings(csv=CSV.replace(";oui", ";"))


TOML_WARNINGS = [
    ("closes = 2027-03-28 20:00:00", "closes = 2027-03-28 00:00:00", "closes", "closes",
     "the last day to vote is 2027-03-27", "2027-03-28 20:00:00"),
    ("opens = 2027-03-08 09:00:00", "opens = 2027-03-08 00:00:00", "opens", "opens",
     "midnight", "09:00:00"),
    ("closes = 2027-03-28 20:00:00", "closes = 2027-03-28 06:30:00", "closes", "closes",
     "it is then 06:30", "within opening hours"),
    ("closes = 2027-03-28 20:00:00", "closes = 2027-03-08 19:00:00", "closes", "closes",
     "lasts 0 days and 10 hours", "Check both dates"),
    ("closes = 2027-03-28 20:00:00", "closes = 2028-03-28 20:00:00", "closes", "closes",
     "days", "Check both dates"),
    ('budget = "150 000,00"', "budget = 300000", "budget = 300000", "envelope[ville].budget",
     "all projects fit into the envelope together (€207,700.50 of €300,000)", "Check the budget"),
    ("maximum = 3", "maximum = 5", "maximum = 5", "envelope[ville].form.maximum",
     "may name all projects", "Lower"),
    ('title.fr = "Budget', 'title.de = "Budget"\ntitle.fr = "Budget', "title.de", "title.de",
     "texts in “de” will not be shown", "Add “de”"),
    ("description.en = ", 'description.en = ""\n# ', "description.en",
     "envelope[ville].description.en", "no text in “en”", "Translate the one in “fr”"),
    ("At most three choices, in no order.", "Trois choix au plus, sans ordre.", "description.en",
     "envelope[ville].description.en", "is the one in “fr”", "Translate it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "at", "field", "message", "remedy"),
    TOML_WARNINGS,
    ids=[each[4] for each in TOML_WARNINGS],
)
def test_a_warning_of_the_election_file_is_placed(
    before: str, after: str, at: str, field: str, message: str, remedy: str
) -> None:
    toml = edited(TOML, before, after)
    (found,) = warnings(toml)
    assert message in found.message[1]
    assert remedy in found.remedy[1]
    assert found.place.field == field
    assert found.place.line == line_of(toml, f"\n{at}") + 1
    assert found.message[0] != found.message[1]


CSV_WARNINGS = [
    ("88 000,00", "150 000,01", 6, "5.cost", "cannot win: it costs €150,000.01"),
    ("Vingt bancs à l'ombre", "fontaine à  eau place du marche", 3, "2.title_fr",
     "the title of the project in line 2"),
    (";Nord;Des bancs", ";nord;Des bancs", 5, "4.district", "“Nord” is spelled “nord” elsewhere"),
    ("nature|alimentation", "Mobilite|alimentation", 5, "4.category",
     "“Mobilite” is spelled “mobilité”"),
    ("Préau à vélos", "PrÃ©au Ã\xa0 vÃ©los", 4, "3.title_fr", "spoiled the accents"),
    ("Benches with armrests under existing trees.", "", 3, "2.description_en", "no text in “en”"),
    ("Benches with armrests under existing trees.",
     "Des bancs avec accoudoirs, sous les arbres existants.", 3, "2.description_en",
     "is the one in “fr”"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "message"), CSV_WARNINGS, ids=[e[4] for e in CSV_WARNINGS]
)
def test_a_warning_of_the_projects_file_is_placed(
    before: str, after: str, line: int, field: str, message: str
) -> None:
    found = warnings(csv=edited(CSV, before, after))
    assert [each.place.field for each in found] == [field]
    assert found[0].place.line == line
    assert message in found[0].message[1]


def test_a_dear_project_may_win_where_the_last_money_goes_to_it() -> None:
    toml = edited(TOML, RULE, 'on_misfit = "part-fund"')
    assert not warnings(toml, edited(CSV, "88 000,00", "150 000,01"))


def test_the_cap_of_the_rule_is_what_cannot_be_exceeded() -> None:
    toml = edited(TOML, RULE, RULE + '\nmaximum_cost_share = "50 %"')
    (found,) = warnings(toml)
    assert "the most allowed is €75,000" in found.message[1]


@pytest.mark.parametrize(
    ("budget", "message"),
    [("50 000", "cannot be kept"), ("100 000", "may not be kept everywhere"), ("200 000", "")],
)
def test_a_minimum_that_money_cannot_keep(budget: str, message: str) -> None:
    toml = edited(edited(TOML, RULE, f"{RULE}\n{PER}"), "150 000,00", budget)
    found = [each for each in warnings(toml) if "minimum_per" in each.place.field]
    assert [message in each.message[1] for each in found] == ([True] if message else [])


def test_a_single_language_is_worth_a_thought() -> None:
    toml = edited(TOML, 'languages = ["fr", "en"]', 'languages = ["fr"]')
    found = warnings(toml)
    assert any("texts in “fr” only" in each.message[1] for each in found)


def test_pictures_that_nobody_shows_or_that_tell_too_much() -> None:
    exif = JPEG[:2] + b"\xff\xe1\x00\x0eExif\0\0GPSGPS" + JPEG[2:]
    csv = edited(CSV, ";;oui", ";a.jpg;oui")
    found = warnings(csv=csv, pictures={"a.jpg": exif, "b.png": png(1, 1)})
    assert [each.place.file for each in found] == ["pictures/a.jpg", "pictures/b.png"]
    assert "the place and the time" in found[0].message[1]
    assert "no project shows" in found[1].message[1]
