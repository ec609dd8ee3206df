"""docs/rules.md: every example is counted, every parameter and reason code is there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tally import rules
from tally.election import CountingRule, Envelope, Option, Project, Question, QuestionForm
from tally.form import Approval, Grades
from tally.outcome import spell
from tally.phrases import REASONS, VERDICTS
from tally.profile import Profile
from tally.rules import greedy_parameters, majority_judgment_parameters, question
from tally.rules.greedy import count
from tally.rules.majority_judgment import count_grades
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import words

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
]
PROJECTS = [e for e in EXAMPLES if "projects" in e and e.get("rule", "greedy") == "greedy"]
GRADED = [example for example in EXAMPLES if example.get("rule") == "majority-judgment"]
SEQUENTIAL = [example for example in EXAMPLES if example.get("rule") == "phragmen"]
SHARED = [example for example in EXAMPLES if example.get("rule") == "equal-shares"]
BEST = [example for example in EXAMPLES if example.get("rule") == "knapsack-optimum"]
OTHERS = ("majority-judgment", "phragmen", "equal-shares", "knapsack-optimum")
QUESTIONS = [example for example in EXAMPLES if "options" in example]


def test_there_are_examples() -> None:
    assert len(PROJECTS) >= 10
    assert len(QUESTIONS) >= 2
    assert len(GRADED) >= 2
    assert len(SEQUENTIAL) >= 2
    assert len(SHARED) >= 4
    assert len(BEST) >= 2
    assert len(PROJECTS) + len(QUESTIONS) + sum(e.get("rule") in OTHERS for e in EXAMPLES) == len(
        EXAMPLES
    )


@pytest.mark.parametrize("example", PROJECTS)
def test_the_examples_of_envelopes(example: dict[str, Any]) -> None:
    listed: dict[str, list[Any]] = example["projects"]
    contest = Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=example["budget"],
        form=Approval(minimum=1, maximum=1),
        rule=CountingRule.of("greedy", example["parameters"]),
        tie_break=("order",),
        projects=tuple(
            Project(
                id=name,
                title=words(name),
                description=words(name),
                cost=values[0],
                district=values[2] if len(values) > 2 else "",
            )
            for name, values in listed.items()
        ),
    )
    assert rules.check(contest) == []
    profile = Profile.of({((name, 1),): values[1] for name, values in listed.items()})
    outcome = count(contest, profile, lot_keys(b"", "e"))
    assert list(outcome.winners) == example["winners"]
    assert outcome.left == example["left"]
    for name, money in example.get("funded", {}).items():
        assert outcome.standing(name).funded == money


@pytest.mark.parametrize("example", GRADED)
def test_the_examples_of_majority_judgment(example: dict[str, Any]) -> None:
    listed: dict[str, list[Any]] = example["projects"]
    grades = len(listed["a"][1])
    contest = Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=example["budget"],
        form=Grades(labels=tuple(words(str(n)) for n in range(grades)), default=grades - 1),
        rule=CountingRule.of("majority-judgment", example["parameters"]),
        tie_break=("order",),
        projects=tuple(
            Project(id=name, title=words(name), description=words(name), cost=values[0])
            for name, values in listed.items()
        ),
    )
    assert rules.check(contest) == []
    outcome = count_grades(contest, [tuple(g) for _, g in listed.values()], lot_keys(b"", "e"))
    assert list(outcome.winners) == example["winners"]
    assert outcome.left == example["left"]
    scores = {standing.project: spell(standing.score) for standing in outcome.standings}
    assert scores == example["scores"]


@pytest.mark.parametrize("example", [*SEQUENTIAL, *SHARED, *BEST])
def test_the_examples_of_other_rules(example: dict[str, Any]) -> None:
    contest = Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=example["budget"],
        form=Approval(minimum=1, maximum=4),
        rule=CountingRule.of(example["rule"], example["parameters"]),
        tie_break=("order",),
        projects=tuple(
            Project(id=name, title=words(name), description=words(name), cost=cost)
            for name, cost in example["projects"].items()
        ),
    )
    assert rules.check(contest) == []
    ballots = {tuple((p, 1) for p in names): n for names, n in example["ballots"].items()}
    rule = rules.envelope_rule(contest)
    outcome = rule.count(contest, Profile.of(ballots), lot_keys(b"", "e"))
    assert list(outcome.winners) == example["winners"]
    assert outcome.left == example["left"]


@pytest.mark.parametrize("example", QUESTIONS)
def test_the_examples_of_questions(example: dict[str, Any]) -> None:
    contest = Question(
        id="q",
        title=words("q"),
        description=words("q"),
        form=QuestionForm(),
        rule=CountingRule.of("question", example["parameters"]),
        options=tuple(Option(id=name, title=words(name)) for name in example["options"]),
    )
    profile = Profile.of(
        {**{((n, 1),): v for n, v in example["options"].items()}, (): example["blank"]}
    )
    assert question.count(contest, profile).adopted == example["adopted"]


@pytest.mark.parametrize(
    "name", ["on_misfit", *greedy_parameters.OPTIONAL, *majority_judgment_parameters.OWN]
)
def test_every_parameter_is_in_the_table(name: str) -> None:
    assert f"\n| `{name}` |" in TEXT


@pytest.mark.parametrize("code", [*(code for code in REASONS if code != "stopped"), *VERDICTS])
def test_every_reason_code_is_named(code: str) -> None:
    assert f"`{code}`" in TEXT
