"""Reasons, margins and rules in plain French and English."""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from tally import rules
from tally.count import count_profiles
from tally.election import CountingRule, Points
from tally.explain import LANGUAGES
from tally.money import Voice, format_money
from tally.phrases import CRITERIA, REASONS, VERDICTS
from tally.profile import Profile
from tests.tally import greedy_oracle as oracle
from tests.tally.greedy_oracle import election, envelope, single_ballots
from tests.tally.test_question import BASE, ballots, question

NB, NNB = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("minor", "currency", "exponent", "french", "english"),
    [
        (40_000_000, "EUR", 2, f"400{NNB}000{NB}€", "€400,000"),
        (150_050, "EUR", 2, f"1{NNB}500,50{NB}€", "€1,500.50"),
        (5, "EUR", 2, f"0,05{NB}€", "€0.05"),
        (0, "EUR", 2, f"0{NB}€", "€0"),
        (999, "EUR", 0, f"999{NB}€", "€999"),
        (-123_400, "USD", 2, f"−1{NNB}234{NB}$", "−$1,234"),
        (1_234_567, "PLN", 0, f"1{NNB}234{NNB}567{NB}zł", f"PLN{NB}1,234,567"),
        (1_001, "KWD", 3, f"1,001{NB}KWD", f"KWD{NB}1.001"),
        (12, "XXX", 0, f"12{NB}XXX", f"XXX{NB}12"),
    ],
)
def test_amounts(minor: int, currency: str, exponent: int, french: str, english: str) -> None:
    assert format_money(minor, currency, exponent, "fr") == french
    assert format_money(minor, currency, exponent, "en") == english
    assert format_money(minor, currency, exponent, "br") == english


def test_numbers_and_nouns() -> None:
    french, english = (Voice(language=code, currency="EUR", exponent=2) for code in LANGUAGES)
    assert [french.several(n, "point", "points") for n in (0, 1, 2)] == [
        f"0{NB}point", f"1{NB}point", f"2{NB}points",
    ]  # fmt: skip
    assert [english.several(n, "point", "points") for n in (0, 1, 2)] == [
        f"0{NB}points", f"1{NB}point", f"2{NB}points",
    ]  # fmt: skip
    assert (french.share(Fraction(4, 5)), english.share(Fraction(1, 3))) == (f"80{NNB}%", "1/3")


@pytest.mark.parametrize(
    ("number", "french", "english"),
    [
        (Fraction(1), f"1{NB}point", f"1{NB}point"),
        (Fraction(3, 2), f"1,5{NB}point", f"1.5{NB}points"),
        (Fraction(12_345_678, 10_000), f"1{NNB}234,5{NB}points", f"1,234.5{NB}points"),
        (Fraction(5_999, 1_000), f"5,9{NB}points", f"5.9{NB}points"),
    ],
)
def test_parts_of_votes_are_rounded_down(number: Fraction, french: str, english: str) -> None:
    for code, said in zip(("fr", "en"), (french, english), strict=True):
        voice = Voice(language=code, currency="EUR", exponent=2)
        assert voice.about(number, "point", "points") == said


def sentences(
    parameters: dict[str, Any], votes: list[int], language: str, **more: Any
) -> list[str]:
    contest = envelope([40, 45, 30, 10, 20], parameters, **more)
    result = count_profiles(election(contest), {"e": single_ballots(votes)}, b"").envelope("e")
    return [
        text.in_language(language).replace(NB, " ").replace(NNB, " ") for text in result.sentences
    ]


def test_a_loser_is_told_what_was_left_and_what_it_would_have_taken() -> None:
    said = sentences({"on_misfit": "skip"}, [50, 40, 30, 20, 10], "en")
    assert said[0] == (
        "50 votes, place 1 of 5. Funded: it costs €40 and €100 was left. "
        "It could have lost 20 votes and still won."
    )
    assert said[2] == (
        "30 votes, place 3 of 5. Lost: €15 was left, it costs €30. "
        "With 11 more ballots naming it alone, it would have won. "
        "It would also have won had it cost €15 less, that is €15."
    )
    french = sentences({"on_misfit": "skip"}, [50, 40, 30, 20, 10], "fr")
    assert french[2] == (
        "30 voix, rang 3 sur 5. Perdu : il restait 15 €, il coûte 30 €. "
        "Il l’emportait avec 11 bulletins de plus ne nommant que lui. "
        "Il l’emportait aussi s’il avait coûté 15 € de moins, soit 15 €."
    )


def test_a_project_that_no_vote_could_save_is_told_so() -> None:
    said = sentences({"on_misfit": "skip"}, [5, 4, 3, 2, 1], "en", budget=42)
    assert "No number of votes would have made it win." in said[1]
    assert "It would have won had it cost €43 less, that is €2." in said[1]


def test_stops_ties_and_minimums_are_named() -> None:
    said = sentences({"on_misfit": "stop", "minimum_votes": 2}, [5, 4, 2, 2, 1], "en")
    assert "The count ends at the first project that does not fit: this one." in said[2]
    assert "Lost: the count had ended at “Projet 2”, which was better placed." in said[3]
    assert "Not considered: 1 vote, at least 2 were needed." in said[4]
    assert (
        "Equal, and put in this order: “Projet 2”, “Projet 3”; told apart by the order of the "
        "list. Another order changes the outcome." in said[2]
    )


@pytest.mark.parametrize(
    ("language", "more", "none"),
    [
        ("en", "It would still have won had it cost €15 more.", "any more it would have lost."),
        ("fr", "Il l’emportait encore en coûtant 15 € de plus.", "Un peu plus cher, il perdait."),
    ],
)
def test_a_winner_of_equal_shares_is_told_how_much_dearer_it_could_be(
    language: str, more: str, none: str
) -> None:
    """50 of 90 ballots have 5,000 / 90 = 55.6 together, 40 have 44.4."""
    rule = CountingRule.of("equal-shares", {"utility": "cost", "raise": "none", "fill": "none"})
    contest = replace(envelope([40, 44], {"on_misfit": "skip"}, budget=100), rule=rule)
    result = count_profiles(election(contest), {"e": single_ballots([50, 40])}, b"").envelope("e")
    said = [
        text.in_language(language).replace(NB, " ").replace(NNB, " ") for text in result.sentences
    ]
    assert said[0].endswith(more)
    assert said[1].endswith(none)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Funded by its supporters, 2 of 2 votes, at most €20 each: 1 in full, the others "
                "with all they had left. Together that is as much as 1.5 votes in full."
            ),
        ),
        (
            "fr",
            (
                "Financé par ses soutiens, 2 sur 2 voix, à 20 € chacun au plus : 1 en entier, "
                "les autres avec tout ce qui leur restait. Ensemble, c’est autant que 1,5 voix en "
                "entier."
            ),
        ),
    ],
)
def test_who_pays_a_part_counts_for_that_part(language: str, said: str) -> None:
    """Four ballots have 25 each; the first project takes 15 of three, the second all 10 that one
    of these has left, and 20 of another."""
    rule = CountingRule.of("equal-shares", {"utility": "cost", "raise": "none", "fill": "none"})
    contest = replace(envelope([45, 30], {"on_misfit": "skip"}, budget=100), rule=rule)
    ballots = Profile.of({(("p0", 1),): 2, (("p0", 1), ("p1", 1)): 1, (("p1", 1),): 1})
    result = count_profiles(election(contest), {"e": ballots}, b"").envelope("e")
    told = result.sentences[1].in_language(language).replace(NB, " ").replace(NNB, " ")
    assert said in told


def test_points_are_called_points() -> None:
    form = Points(total=5, cap=3, minimum_projects=1, maximum_projects=None, minimum_total=0)
    contest = envelope([60, 50], {"on_misfit": "skip"}, form=form)
    profile = Profile.of({(("p0", 3),): 2, (("p1", 1),): 1})
    result = count_profiles(election(contest), {"e": profile}, b"").envelope("e")
    said = result.sentences[1].in_language("en").replace(NB, " ")
    assert said.startswith("1 point (1 vote), place 2 of 2.")
    assert (
        "With 2 more ballots naming it alone (each giving it 3 points), it would have won." in said
    )
    assert "lost 5 points" in result.sentences[0].in_language("en").replace(NB, " ")


def test_the_envelope_says_what_would_still_fit() -> None:
    contest = envelope([40, 45, 30, 10], {"on_misfit": "stop"})
    result = count_profiles(election(contest), {"e": single_ballots([4, 3, 2, 1])}, b"")
    english = result.envelope("e").summary.in_language("en").replace(NB, " ")
    assert (
        english
        == "2 winners: €85 of €100, €15 is left. What is left would still pay for: “Projet 3”."
    )
    contest = envelope([60, 50], {"on_misfit": "top-up", "top_up_share": "4/5"})
    result = count_profiles(election(contest), {"e": single_ballots([2, 1])}, b"")
    assert result.envelope("e").summary.in_language("fr").replace(NB, " ") == (
        "2 projets retenus : 100 € sur 100 €, il reste 0 €. 10 € viennent d’ailleurs."
    )


@pytest.mark.parametrize(
    ("parameters", "profile", "said"),
    [
        ({}, ballots(yes=6, no=5), "Adopted: “yes”, 6 votes; 6 of 11 were needed."),
        (
            {"strict": False},
            ballots(yes=5, no=5),
            "Nothing is adopted: “yes” / “no” are equal with 5 votes each.",
        ),
        ({"quorum": 20}, ballots(yes=6), "Nothing is adopted: 6 ballots, the quorum is 20."),
        ({}, ballots(blank=2), "Nothing is adopted: there are no votes."),
    ],
)
def test_verdicts(parameters: dict[str, Any], profile: Profile, said: str) -> None:
    contest = question({**BASE, **parameters})
    result = count_profiles(election(contest), {"q": profile}, b"").question("q")
    assert result.summary.in_language("en").replace(NB, " ") == said


@pytest.mark.parametrize("table", [REASONS, CRITERIA, VERDICTS])
def test_both_languages_fill_the_same_places(table: dict[str, tuple[str, str]]) -> None:
    for code, (french, english) in table.items():
        assert set(re.findall(r"{\w+}", french)) == set(re.findall(r"{\w+}", english)), code
        assert not re.search(r"[^\u00a0 ] ?[:;!?] ?\d", english), code


OPTIONS: list[dict[str, Any]] = [
    {"on_misfit": "skip"},
    {"on_misfit": "stop", "minimum_votes": 100},
    {"on_misfit": "top-up", "top_up_share": "4/5"},
    {"on_misfit": "part-fund", "minimum_votes_share": "1/10", "share_of": "cast"},
    {"on_misfit": "skip", "fixed_winners": 3, "maximum_cost_share": "9/20"},
    {"on_misfit": "skip", "minimum_votes_per_cost": "1/3", "share_of": "expressed"},
    {"on_misfit": "skip", "exclusive_groups": [["p0", "p3"]]},
    {"on_misfit": "stop", "budget_per": {"field": "district", "budgets": {"a": 50, "b": None}}},
    {"on_misfit": "skip",
     "minimum_per": {"field": "district", "count": 2, "on_misfit": "next"}},
    {"on_misfit": "skip",
     "minimum_per": {"field": "district", "count": 1, "on_misfit": "leave"}},
    {"on_misfit": "skip", "top_per": {"field": "district", "count": 2, "budget": None,
     "on_misfit": "stop", "pool": False}},
    {"on_misfit": "skip", "top_per": {"field": "district", "count": None, "budget": 40,
     "minimum": 2, "on_misfit": "skip", "pool": True}},
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("parameters", OPTIONS)
def test_every_option_reads_itself_back(parameters: dict[str, Any], language: str) -> None:
    contest = envelope([40, 45, 30, 10, 20], parameters, districts="aaabb")
    here = election(contest)
    said = rules.describe(contest, here, language)
    plain = envelope([40, 45, 30, 10, 20], {"on_misfit": "skip"}, districts="aaabb")
    assert len(said) == len(set(said))
    if parameters != {"on_misfit": "skip"}:
        assert said != rules.describe(plain, here, language)
    example = rules.example(contest, here, language)
    assert sum(line.startswith(("Projet ", "Project ")) for line in example) == 5
    assert all("{" not in line and "None" not in line for line in (*said, *example))


def test_skip_and_stop_differ_in_the_example() -> None:
    examples = []
    for misfit in ("skip", "stop"):
        contest = envelope([40, 45, 30], {"on_misfit": misfit})
        examples.append(rules.example(contest, election(contest), "en"))
    assert examples[0][-1].startswith("3\u00a0winners")
    assert examples[1][-1].startswith("2\u00a0winners")


def test_describe_warns_of_projects_that_cannot_win() -> None:
    contest = envelope([40, 101], {"on_misfit": "skip"})
    assert any("“Projet 1”" in said for said in rules.describe(contest, election(contest), "en"))
    topped = envelope([40, 101], {"on_misfit": "top-up", "top_up_share": "4/5"})
    assert not any("“Projet 1”" in said for said in rules.describe(topped, election(topped), "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_reads_itself_back(language: str) -> None:
    contest = question({**BASE, "quorum": 500, "adoptable": ["yes"]})
    said = rules.describe(contest, election(contest), language)
    assert len(said) == 4
    assert "50" in said[0]
    example = rules.example(contest, election(contest), language)
    assert "1" in example[0]
    assert "yes" in example[1]


@settings(max_examples=80, deadline=None)
@given(oracle.greedy_cases())
def test_any_rule_can_be_read_back(case: Any) -> None:
    contest, _ = case
    here = election(contest)
    for language in LANGUAGES:
        assert rules.describe(contest, here, language)
        assert len(rules.example(contest, here, language)) >= 7


def test_a_rule_is_found_by_name_or_refused() -> None:
    contest = envelope([1], {"on_misfit": "skip"})
    assert rules.envelope_rule(contest).name == "greedy"
    assert {"greedy", "majority-judgment", "question"} <= set(rules.RULES)
    unknown = envelope([1], {})
    object.__setattr__(unknown, "rule", CountingRule.of("borda", {}))
    assert [fault.path for fault in rules.check(unknown)] == ["rule.name"]
