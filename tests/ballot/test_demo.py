"""The demonstration election: it passes, in both languages, and says what is real."""

from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import groupby
from pathlib import Path

from ballot.definition import check, check_frozen, load
from ballot.definition.new import copy
from tally import rules
from tally.election import Envelope, Question
from tally.mark import Choice
from tally.profile import Profile
from tally.tiebreak import lot_keys

DEMO = resources.files("web").joinpath("demo")
WINNERS_2021 = {
    "Centre": {"Frigo solidaire": 1_500, "Végétalisation de la Halle gourmande": 10_000},
    "Est": {"Espace sportif place du 1er-Mai": 390_000, "Cuisine partagée à La Gauthière": 12_000},
    "Sud": {"Coulée verte de Vallières": 400_000, "Passionnément cheval": 60_000},
    "Nord": {
        "Édifice rue du Château-des-Vergnes": 400_000,
        "Jeux et échanges au parc de la Fraternité": 346_000,
    },
    "Ouest": {
        "Vergers des côtes de Clermont-Chanturgue": 25_000,
        "Jeux au parc Montjuzet": 387_000,
        "Protection de la petite faune": 76_000,
        "Justice-i": 100_000,
    },
}


def demo(folder: Path) -> Envelope:
    copy(DEMO, folder)
    contest = load(folder).election.contests[0]
    assert isinstance(contest, Envelope)
    return contest


def test_the_demo_passes_in_both_languages(tmp_path: Path) -> None:
    demo(tmp_path)
    for language in ("fr", "en"):
        report = check(tmp_path, language)
        assert report.ok
        # The only thing to think about: two winners in each quarter may cost too much.
        assert [each.place.field for each in report.warnings] == [
            "envelope[projets].rule.minimum_per.count"
        ]


def test_the_winners_of_2021_are_real_and_all_others_marked(tmp_path: Path) -> None:
    envelope = demo(tmp_path)
    real = sorted(
        (project for project in envelope.projects if not project.invented),
        key=lambda project: project.district,
    )
    assert {
        district: {each.title.in_language("fr"): each.cost // 100 for each in members}
        for district, members in groupby(real, key=lambda project: project.district)
    } == WINNERS_2021
    assert sum(project.invented for project in envelope.projects) == 25
    assert all(project.cost <= 400_000_00 for project in envelope.projects)
    assert all(project.picture for project in envelope.projects)


def test_the_rules_are_those_of_the_second_edition(tmp_path: Path) -> None:
    envelope = demo(tmp_path)
    words = " ".join(rules.describe(envelope, load(tmp_path).election, "en"))
    assert "up to 2 per district" in words
    assert "(€400,000) is excluded" in words
    assert load(tmp_path).election.eligibility.in_language("en").count("11") == 1


def test_votes_as_in_2021_give_the_winners_of_2021(tmp_path: Path) -> None:
    envelope = demo(tmp_path)
    real = [project.id for project in envelope.projects if not project.invented]
    votes: dict[Choice, int] = {((name, 1),): 50 for name in real}
    profile = Profile.of({**votes, (("C-03", 1),): 1})
    outcome = rules.envelope_rule(envelope).count(envelope, profile, lot_keys(b"", envelope.id))
    # 2,207,500 of 2,250,000: what is left then goes to the cheaper ones that still fit.
    assert set(real) < set(outcome.winners)


def test_the_question_is_one_and_can_refuse_all(tmp_path: Path) -> None:
    demo(tmp_path)
    question = load(tmp_path).election.contests[1]
    assert isinstance(question, Question)
    assert len(question.options) == 4
    assert "aucune" not in question.rule.parameters["adoptable"]  # type: ignore[operator]


def test_the_demo_can_be_open_now(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    copy(DEMO, tmp_path, opens=now, closes=now + timedelta(days=7))
    election = load(tmp_path).election
    assert election.id.startswith("demo-")
    assert election.opens == now.strftime("%Y-%m-%dT%H:%M:%SZ")
    check_frozen(tmp_path)
