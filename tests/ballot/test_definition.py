"""A folder's faults: each with its file, line, field and remedy, all at once, in two languages."""

import csv as csv_module
import io
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballot.definition import DefinitionRefused, Finding, check, format_report, load
from ballot.definition.check import check_files
from ballot.definition.draft import FolderFiles
from ballot.definition.new import copy, new
from ballot.errors import BallotError
from tally.election import Envelope

TEMPLATE = resources.files("ballot.definition").joinpath("template")
TOML = TEMPLATE.joinpath("election.toml").read_text("utf-8")
CSV = TEMPLATE.joinpath("projects.csv").read_text("utf-8")


def findings(
    toml: str = TOML, csv: str = CSV, pictures: dict[str, bytes] | None = None
) -> list[Finding]:
    files = FolderFiles(election=toml.encode(), projects=csv.encode(), pictures=pictures or {})
    draft, election = check_files(files)
    faults = [finding for finding in draft.notes if finding.fault]
    assert (election is None) == bool(faults)
    return list(draft.notes)


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def edited(text: str, before: str, after: str) -> str:
    assert text.count(before) >= 1, before
    return text.replace(before, after, 1)


# What is edited in election.toml, the words of the line at fault, field, message, remedy, French.
TOML_FAULTS = [
    ('id = "ma-ville-2027"', "id = ma-ville", "id = ma-ville", "", "neither a text in quotation",
     "straight quotation marks", "guillemets"),
    ('id = "ma-ville-2027"', 'id = "ma-ville', 'id = "ma-ville', "", "not closed", "Close the text",
     "Fermez le texte"),
    ('id = "ma-ville-2027"', 'id "ma-ville"', 'id "ma-ville"', "", "“=” is missing", "name = value",
     "nom = valeur"),
    ('id = "ma-ville-2027"', 'id = "Ma Ville"', 'id = "Ma Ville"', "id", "not an identifier",
     "lower case", "minuscules"),
    ('currency = "EUR"', 'curency = "EUR"', "curency", "curency", "unknown key “curency”",
     "Did you mean “currency”?", "Vouliez-vous écrire « currency »"),
    ('currency = "EUR"', 'currency = "euro"', "currency", "currency", "not a currency code",
     "ISO 4217", "code ISO 4217"),
    ('currency = "EUR"', 'currency = "EUR"\ncurrency = "USD"', 'currency = "USD"', "",
     "written before", "Remove the second", "Supprimez la seconde"),
    ('title.en = "Participatory budget 2027"\n', "", "title.fr", "title.en",
     "the text in “en” is missing", "Add “en”", "il manque le texte en « en »"),
    ('title.fr = "Budget participatif 2027"\ntitle.en = "Participatory budget 2027"\n',
     'title = "Budget"\n', "title = ", "title", "one language only", 'title.fr = "…"',
     "une langue"),
    ('languages = ["fr", "en"]', 'languages = ["fr", "english"]', "languages = [", "languages[2]",
     "not a language code", "'fr'", "n’est pas un code de langue"),
    ('time_zone = "Europe/Paris"', 'time_zone = "Paris"', "time_zone", "time_zone",
     "not a time zone", "“Europe/Paris”", "fuseau horaire"),
    ("opens = 2027-03-08 09:00:00", "opens = 2027-02-30 09:00:00", "opens", "",
     "date does not exist", "2026-10-05 08:00:00", "n’existe pas"),
    ("opens = 2027-03-08 09:00:00", "opens = 2027-03-08", "opens", "opens",
     "time of day is missing", "2027-03-08 08:00:00", "l’heure manque"),
    ("opens = 2027-03-08 09:00:00", 'opens = "8 mars"', "opens", "opens", "not a date with a time",
     "2026-10-05 08:00:00", "n’est pas une date"),
    ("opens = 2027-03-08 09:00:00", "opens = 2027-03-28 02:30:00", "opens", "opens",
     "does not exist in Europe/Paris", "+01:00", "les horloges avancent"),
    ("closes = 2027-03-28 20:00:00", "closes = 2027-10-31 02:30:00", "closes", "closes",
     "exists twice", "+02:00", "les horloges reculent"),
    ("closes = 2027-03-28 20:00:00", "closes = 2027-03-01 20:00:00", "closes", "closes",
     "closes before it opens", "later time", "ferme avant d’ouvrir"),
    ("opens = 2027-03-08 09:00:00\n", "", "# Ce fichier", "opens", "“opens” is missing",
     "Add opens = …", "il manque « opens »"),
    ("decimals = 2", "decimals = 9", "decimals", "decimals", "9 is out of range", "Give 0 to 6",
     "hors des limites"),
    ('budget = "150 000,00"', 'budget = "150,000"', "budget =", "envelope[ville].budget",
     "can be read as 150000", "Write 150000, or 150.00", "peut se lire"),
    ('budget = "150 000,00"', "budget = 150000.001", "budget =", "envelope[ville].budget",
     "has 3 decimals", "Round", "décimales"),
    ('budget = "150 000,00"', "budget = -5", "budget =", "envelope[ville].budget", "is negative",
     "12000.50", "négatif"),
    ('budget = "150 000,00"', "budget = true", "budget =", "envelope[ville].budget",
     "not an amount", "12000.50", "n’est pas un montant"),
    ('budget = "150 000,00"', "budget = 0", "budget =", "envelope[ville].budget",
     "€0 is out of range", "Give €0.01", "Donnez de 0,01"),
    ('type = "approval"', 'type = "aproval"', "type = ", "envelope[ville].form.type",
     "'aproval' is not known", "Write one of approval", "Écrivez l’un de"),
    ("maximum = 3", "maximum = 30", "maximum", "envelope[ville].form.maximum",
     "up to 30 projects, and there are only 5", "Lower 'maximum'", "Baissez « maximum »"),
    ("maximum = 3", "maximun = 3", "maximun", "envelope[ville].form.maximun",
     "unknown key “maximun”", "Did you mean “maximum”?", "clé inconnue"),
    ("maximum = 3", "maximum = 2.5", "maximum", "envelope[ville].form.maximum", "has decimals",
     "whole number", "nombre entier"),
    ('name = "greedy"', 'name = "gready"', 'name = "gready"', "envelope[ville].rule.name",
     "there is no rule “gready”", "Write one of equal-shares, greedy", "il n’y a pas de règle"),
    ('on_misfit = "skip"', 'on_missfit = "skip"', "on_missfit", "envelope[ville].rule.on_missfit",
     "unknown key “on_missfit”", "Did you mean “on_misfit”?", "Vouliez-vous écrire"),
    ('on_misfit = "skip"', "", "[envelope.rule]", "envelope[ville].rule.on_misfit",
     "“on_misfit” is missing", "Add “on_misfit”", "il manque « on_misfit »"),
    ('minimum_votes_share = "2 %"', 'minimum_votes_share = "two"', "minimum_votes_share",
     "envelope[ville].rule.minimum_votes_share", "not a share", "“80 %”", "n’est pas une part"),
    ('minimum_votes_share = "2 %"', 'minimum_votes_share = "120 %"', "minimum_votes_share",
     "envelope[ville].rule.minimum_votes_share", "is too large", "at most 1", "trop grand"),
    ('share_of = "cast"\n', "", "[envelope.rule]", "envelope[ville].rule.share_of",
     "which ballots it is a share of", "Add share_of", "Ajoutez share_of"),
    ('tie_break = ["votes", "cost", "lot"]', 'tie_break = ["votes"]', "tie_break",
     "envelope[ville].tie_break", "a tie could remain", "End with", "Terminez par"),
    ('contests = ["ville", "rue-aux-ecoles"]', 'contests = ["vile", "rue-aux-ecoles"]',
     "contests =", "style[habitants].contests[1]", "no envelope or question “vile”",
     "id of an envelope", "ni enveloppe ni question"),
    ('contests = ["ville", "rue-aux-ecoles"]', 'contests = ["ville"]', 'id = "rue-aux-ecoles"',
     "question[rue-aux-ecoles].id", "nobody could vote on it", "Add it to “contests”",
     "personne ne pourrait voter"),
    ("\n\n[[style]]\nid", "\n\n[style]\nid", "[style]\nid", "style", "“style” must be a list",
     "[[style]]", "[[style]]"),
    ('adoptable = ["oui"]', 'adoptable = ["yes"]', "adoptable",
     "question[rue-aux-ecoles].rule.adoptable[1]", "'yes' is not known", "oui, non", "Écrivez"),
    ('threshold = "1/2"', "threshold = 1", "threshold", "question[rue-aux-ecoles].rule.threshold",
     "more than all votes", "strict = false", "strict = false"),
    ('id = "non"', 'id = "oui"', 'id = "oui"\ntitle.fr = "Non"',
     "question[rue-aux-ecoles].option[oui].id", "“oui” is used twice", "its own id", "deux fois"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "at", "field", "message", "remedy", "french"),
    TOML_FAULTS,
    ids=[f"{n}-{each[3] or 'syntax'}" for n, each in enumerate(TOML_FAULTS)],
)
def test_a_fault_of_the_election_file_is_placed(
    before: str, after: str, at: str, field: str, message: str, remedy: str, french: str
) -> None:
    toml = edited(TOML, before, after)
    found = [finding for finding in findings(toml) if finding.fault]
    assert found
    fault = next((each for each in found if message in each.message[1]), found[0])
    assert message in fault.message[1]
    assert remedy in fault.remedy[1]
    assert (fault.place.file, fault.place.field) == ("election.toml", field)
    assert fault.place.line == line_of(toml, at)
    assert french in fault.words("fr")
    assert fault.message[0] != fault.message[1]


HEADER, FIRST, SECOND, *_ = CSV.split("\n")
# What is edited in projects.csv, line, field, message, remedy, French.
CSV_FAULTS = [
    ("1;ville", "1;vile", 2, "1.envelope", "no envelope “vile”", "Did you mean “ville”?",
     "pas d’enveloppe"),
    ("1;ville", "1;", 2, "1.envelope", "", "", ""),
    ("2;ville", "1;ville", 3, "1.id", "is that of line 2", "its own id", "déjà celui de la ligne"),
    ("1;ville", ";ville", 2, "?.id", "id is missing", "its own id", "l’id du projet manque"),
    ("1;ville", "A B;ville", 2, "A B.id", "not a project id", "Use letters", "pas un id"),
    ("18 000,00", "", 2, "1.cost", "cost is missing", "Write the project’s cost", "le coût manque"),
    ("18 000,00", "18,000", 2, "1.cost", "can be read as 18000", "Write 18000", "peut se lire"),
    ("18 000,00", "beaucoup", 2, "1.cost", "not an amount", "12000.50", "pas un montant"),
    ("18 000,00", "18 000,001", 2, "1.cost", "3 decimals", "Round", "décimales"),
    ("Fontaine à eau place du marché", "", 2, "1.title_fr", "no text in 'fr'", "Write it",
     "pas de texte"),
    (";;oui", ";fontaine.png;oui", 2, "1.picture", "no file pictures/fontaine.png",
     "Add the picture", "pas de fichier"),
    (";;oui", ";;peut-être", 2, "1.invented", "neither yes nor no", "Write yes", "ni oui ni non"),
    ("title_en", "titre_en", 1, "titre_en", "unknown column “titre_en”", "Rename it “title_en”",
     "Renommez-la"),
    ("title_en", "titel_en", 1, "titel_en", "unknown column “titel_en”", "Did you mean “title_en”?",
     "colonne inconnue"),
    ("title_fr;title_en", "title;title_en", 1, "title", "language is not said", "title_fr",
     "langue de cette colonne"),
    (";cost;", ";#cost;", 1, "cost", "column “cost” is missing", "Add “cost”", "il manque la"),
    (";cost;", ";id;", 1, "id", "column “id” stands twice", "Remove one", "deux fois"),
    ("1;ville", '"1;ville', 2, "", "quotation marks", "double those within", "guillemets"),
    (FIRST, FIRST + ";;;trop", 2, "", "has 14 cells", "quotation marks", "14 cellules"),
    (HEADER, "", 1, "", "first line is empty", "id;envelope", "première ligne"),
    (";cadre de vie;Centre", ";a|a;Centre", 2, "1.category", "stands twice", "Remove one",
     "deux fois"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "message", "remedy", "french"),
    CSV_FAULTS,
    ids=[f"{n}-{each[3]}" for n, each in enumerate(CSV_FAULTS)],
)
def test_a_fault_of_the_projects_file_is_placed(
    before: str, after: str, line: int, field: str, message: str, remedy: str, french: str
) -> None:
    found = [finding for finding in findings(csv=edited(CSV, before, after)) if finding.fault]
    if not message:
        assert not found, "the only envelope needs no name"
        return
    fault = next((each for each in found if message in each.message[1]), found[0])
    assert message in fault.message[1]
    assert remedy in fault.remedy[1]
    assert (fault.place.file, fault.place.line) == ("projects.csv", line)
    assert fault.place.field == field
    assert french in fault.words("fr")


def test_every_fault_is_said_at_once_and_once() -> None:
    toml = TOML
    for before, after in (
        ('currency = "EUR"', 'curency = "EUR"'),
        ("closes = 2027-03-28 20:00:00", 'closes = "demain"'),
        ("maximum = 3", "maximum = 30"),
        ('of = "expressed"', 'of = "all"'),
    ):
        toml = edited(toml, before, after)
    csv = edited(edited(CSV, "18 000,00", "x"), "62 000,00", "y")
    found = [finding for finding in findings(toml, csv) if finding.fault]
    assert [(each.place.file, each.place.field) for each in found] == [
        ("election.toml", "curency"),
        ("election.toml", "closes"),
        ("projects.csv", "1.cost"),
        ("projects.csv", "3.cost"),
        ("election.toml", "envelope[ville].form.maximum"),
        ("election.toml", "question[rue-aux-ecoles].rule.of"),
    ]


def test_a_toml_fault_does_not_hide_those_of_the_projects() -> None:
    found = findings("id = ", edited(CSV, "18 000,00", "x"))
    assert [each.place.file for each in found] == ["election.toml", "projects.csv"]


def test_an_envelope_without_projects_is_at_fault() -> None:
    (fault,) = [each for each in findings(csv=HEADER + "\n") if each.fault]
    assert "no project names this envelope" in fault.message[1]
    assert fault.place.line == line_of(TOML, "[[envelope]]\nid")


def test_a_group_rule_points_at_the_projects_that_lack_the_group() -> None:
    rule = 'on_misfit = "skip"\nminimum_per = { field = "district", count = 1, on_misfit = "next" }'
    toml = edited(TOML, 'on_misfit = "skip"', rule)
    (fault,) = [each for each in findings(toml, edited(CSV, ";Centre;", ";;")) if each.fault]
    assert (fault.place.line, fault.place.field) == (2, "1.district")
    assert "Fill in column “district”" in fault.remedy[1]
    (fault,) = [each for each in findings(toml, edited(CSV, ";district;", ";#;")) if each.fault][:1]
    assert (fault.place.line, fault.place.field) == (1, "district")


def test_amounts_in_faults_are_in_currency_units() -> None:
    group = '{ field = "district", budget = 60000, on_misfit = "skip", pool = true }'
    rule = f'on_misfit = "skip"\ntop_per = {group}'
    (fault,) = [each for each in findings(edited(TOML, 'on_misfit = "skip"', rule)) if each.fault]
    assert fault.message[1] == "3 × €60,000 is more than the envelope of €150,000"
    assert fault.message[0] == "3 × 60\u202f000\u00a0€ dépasse l’enveloppe de 150\u202f000\u00a0€"
    assert fault.remedy[1] == "Lower it to at most €50,000"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_spreadsheets_write_is_read(separator: str, ends: str, mark: str) -> None:
    out = io.StringIO(newline="")
    rows = list(csv_module.reader(io.StringIO(CSV), delimiter=";"))
    csv_module.writer(out, delimiter=separator, lineterminator=ends).writerows(rows)
    files = FolderFiles(election=TOML.encode(), projects=(mark + out.getvalue()).encode())
    draft, election = check_files(files)
    assert election is not None, [each.words("en") for each in draft.notes]
    envelope = election.contests[0]
    assert isinstance(envelope, Envelope)
    assert [project.cost for project in envelope.projects] == [
        1800000, 2450050, 6200000, 1520000, 8800000,
    ]  # fmt: skip
    assert envelope.projects[4].description.in_language("en") == (
        'Floor, hoops and "low energy" lighting.'
    )
    assert envelope.projects[3].category == ("nature", "alimentation")


def test_lines_are_those_of_the_file_when_cells_have_several_lines() -> None:
    csv = edited(CSV, "Une fontaine accessible", '"Une fontaine\n\naccessible').replace(
        "roulants.;", 'roulants.";', 1
    )
    found = findings(csv=edited(csv, "62 000,00", "?"))
    assert [each.place.line for each in found if each.fault] == [6]


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (CSV.encode("cp1252", "replace"), 2, "0xE0 would be “à” in Windows-1252"),
        (CSV.encode("utf-16"), 1, "UTF-16"),
    ],
)
def test_other_encodings_are_refused_with_what_to_do(data: bytes, line: int, message: str) -> None:
    draft, election = check_files(FolderFiles(election=TOML.encode(), projects=data))
    assert election is None
    (fault,) = [each for each in draft.notes if each.fault]
    assert fault.place.line == line
    assert message in fault.message[1]
    assert "CSV UTF-8" in fault.remedy[0]
    assert "CSV UTF-8" in fault.remedy[1]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    report = check(tmp_path, "fr")
    assert [each.place.file for each in report.faults] == ["election.toml", "projects.csv"]
    assert "scrutin new" in format_report(report)
    with pytest.raises(DefinitionRefused, match=r"election\.toml"):
        load(tmp_path)


def test_the_template_passes_and_is_read_back(tmp_path: Path) -> None:
    written = new(tmp_path / "vote")
    assert [path.name for path in written] == ["election.toml", "projects.csv"]
    for language, words in (("fr", "il est sauté et on essaie le suivant"), ("en", "is skipped")):
        report = check(tmp_path / "vote", language)
        assert report.ok
        text = format_report(report)
        assert words in " ".join(text.split())
        assert report.to_value()["ok"] is True
    assert load(tmp_path / "vote").election.opens == "2027-03-08T08:00:00Z"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new(tmp_path)
    before = (tmp_path / "election.toml").read_bytes()
    with pytest.raises(BallotError, match="is there already"):
        new(tmp_path)
    assert (tmp_path / "election.toml").read_bytes() == before


def test_a_copy_takes_other_dates(tmp_path: Path) -> None:
    opens = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    closes = datetime(2030, 2, 2, 20, 0, tzinfo=timezone(timedelta(hours=2)))
    new(tmp_path / "a")
    copy(TEMPLATE, tmp_path / "b", opens=opens, closes=closes)
    first = load(tmp_path / "a").election
    second = load(tmp_path / "b").election
    assert second == replace(first, opens="2030-01-02T03:04:05Z", closes="2030-02-02T18:00:00Z")
    # Dates given when loading come to the same.
    assert load(tmp_path / "a", opens=opens, closes=closes).election == second


PIECES = st.sampled_from(
    ["", "\n", '"', "'", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", ";", "#", "\\", "\x00",
     "\r", "1", "-", "0.5", "1e999", "9" * 5000, "true", "é", "\ufeff", '"""', "id", "envelope",
     "question", "form", "2027-03-28 02:30:00", "1979-05-27", "07:32:00", "inf", "nan", "null",
     "[[envelope]]", "[envelope.form]", "greedy", "none", "\u202f", "[" * 2000, "a.b.c", "\t"]
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from((0, 1, 2, 5, 20, 200)))
        text = text[:start] + draw(PIECES) + text[start + length :]
    return text


@settings(max_examples=400, deadline=None)
@given(toml=mutations(TOML))
def test_a_mutated_election_file_is_valid_or_has_placed_faults(toml: str) -> None:
    check_mutation(toml.encode(), CSV.encode())


@settings(max_examples=300, deadline=None)
@given(csv=mutations(CSV))
def test_a_mutated_projects_file_is_valid_or_has_placed_faults(csv: str) -> None:
    check_mutation(TOML.encode(), csv.encode())


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), toml=st.booleans())
def test_damaged_bytes_are_valid_or_have_placed_faults(seed: int, toml: bool) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret)
    data = bytearray((TOML if toml else CSV).encode())
    for _ in range(chance.randint(1, 5)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    check_mutation(bytes(data) if toml else TOML.encode(), CSV.encode() if toml else bytes(data))


def check_mutation(toml: bytes, csv: bytes) -> None:
    draft, election = check_files(FolderFiles(election=toml, projects=csv))
    faults = [finding for finding in draft.notes if finding.fault]
    assert (election is None) == bool(faults)
    counts = {"election.toml": toml.count(b"\n"), "projects.csv": csv.count(b"\n")}
    ends = {"projects.csv": csv.count(b"\r"), "election.toml": 0}
    for finding in draft.notes:
        place = finding.place
        assert place.line is not None
        assert 1 <= place.line <= counts[place.file] + ends[place.file] + 1
        assert all(finding.message)
        assert all(finding.remedy)
        assert finding.words("fr") != finding.words("en")
    if election is not None:
        assert type(election).from_value(election.to_value()) == election
