"""The counting rule that a .pb file names, as one of ours (docs/rules.md)."""

from collections.abc import Mapping, Sequence
from typing import Final

from tally.canonical import Value
from tally.contest import CountingRule, Project
from tally.pabulib_comment import said_in
from tally.pabulib_table import NUMBER, PabulibError, PabulibFile, Remark, decimals, minor_units

SENTINEL: Final = 999_999_999
"""The cost of a project that was withdrawn after the ballots were printed."""

ON_MISFIT: Final = {
    "greedy": "skip",
    "greedy-threshold": "skip",
    "greedy-exclusive": "skip",
    "greedy-no-skip": "stop",
}
SCORE_IN_KEYS: Final = frozenset({"greedy-threshold", "greedy-no-skip"})
"""The names of rules whose ``minimum_score`` stands in a key of its own."""
EQUAL_SHARES: Final[dict[str, dict[str, Value]]] = {
    "equalshares": {"raise": "none"},
    "equalshares/add1": {"raise": "add1"},
    "equalshares/add1-comparison": {"raise": "add1", "comparison": True},
}


def rule_name(rule: CountingRule) -> str:
    """Pabulib's name for a rule; ``greedy-custom`` where only the comment can say it."""
    if rule.name != "greedy":
        return rule.name
    parameters = dict(rule.parameters)
    on_misfit = parameters.pop("on_misfit", None)
    others = set(parameters)
    if on_misfit == "skip" and not others:
        return "greedy"
    if on_misfit == "skip" and others == {"minimum_score"}:
        return "greedy-threshold"
    if on_misfit == "skip" and others == {"exclusive_groups"}:
        return "greedy-exclusive"
    if on_misfit == "stop" and others <= {"minimum_score"}:
        return "greedy-no-skip"
    return "greedy-custom"


def district_column(file: PabulibFile) -> str:
    """The column that gives the district: neighbourhoods where they have budgets of their own."""
    if "budget_per_neighborhood" in file.keys or file.projects.column("district") is None:
        return "neighborhood"
    return "district"


def read_rule(
    file: PabulibFile, exponent: int, projects: Sequence[Project], remarks: list[Remark]
) -> CountingRule:
    """Our rule for the file's ``rule`` key, with the parameters that a comment of ours says; a name
    we do not know stays as it is, without
    parameters. ``projects`` are the file's, in its order."""
    keys = file.keys
    name = keys["rule"]
    said = said_in(keys.get("comment", ""))
    if said.unlisted:
        words = f"{said.unlisted} blank and spoiled ballots are not in the file: not counted"
        remarks.append(Remark("unlisted", words))
    if said.rule is not None:
        if _agrees(said.rule, keys):
            return said.rule
        words = "the comment tells of another rule than the keys: the keys are read"
        remarks.append(Remark("rule-comment", words))
    parameters: dict[str, Value] = {}
    if name in ON_MISFIT:
        parameters["on_misfit"] = ON_MISFIT[name]
    elif name == "greedy-custom" and "80%" in keys.get("comment", ""):
        parameters |= {"on_misfit": "top-up", "top_up_share": "4/5"}
    elif name in EQUAL_SHARES:
        # What the cities used: cost utility, whole units of the currency, any last run that fits.
        return CountingRule.of(
            "equal-shares",
            {"utility": "cost", "fill": "none", **EQUAL_SHARES[name]}
            | ({"increment": 10**exponent} if EQUAL_SHARES[name]["raise"] != "none" else {}),
        )
    else:
        remarks.append(Remark("rule", f"rule {name!r} is kept as a name, without parameters"))
        return CountingRule.of(name)
    threshold = keys.get("min_project_score_threshold", "")
    if threshold:
        if decimals(threshold) or not NUMBER.fullmatch(threshold):
            raise PabulibError(
                f"{threshold!r} is not a whole number",
                section="META", column="min_project_score_threshold",
            )  # fmt: skip
        least = minor_units(threshold, 0)
        if least > 0:
            parameters["minimum_score"] = least
    elif name == "greedy-threshold":
        remarks.append(Remark("threshold", "the rule has a threshold and the file does not say it"))
    if name == "greedy-exclusive":
        remarks.append(Remark("exclusive", "which projects exclude each other is not in the file"))
    _budgets(file, exponent, projects, parameters, remarks)
    _withdrawn(file, exponent, projects, parameters, remarks)
    return CountingRule.of("greedy", parameters)


def _agrees(rule: CountingRule, keys: Mapping[str, str]) -> bool:
    """Whether a rule is published with these keys."""
    name = rule_name(rule)
    score = rule.parameters.get("minimum_score") if name in SCORE_IN_KEYS else None
    threshold = "" if score is None else str(score)
    return (name, threshold) == (keys["rule"], keys.get("min_project_score_threshold", ""))


def _budgets(
    file: PabulibFile,
    exponent: int,
    projects: Sequence[Project],
    parameters: dict[str, Value],
    remarks: list[Remark],
) -> None:
    """Budgets of neighbourhoods or categories (``budget_per_…`` beside the list of their names)."""
    keys = file.keys
    for field, names_key, key in (
        ("district", "neighborhoods", "budget_per_neighborhood"),
        ("category", "categories", "budget_per_category"),
    ):
        if not keys.get(key):
            continue
        amounts = [minor_units(text, exponent) for text in keys[key].split(",")]
        names = keys.get(names_key, "").split(",")
        if len(names) != len(amounts):
            raise PabulibError(
                f"{len(amounts)} amounts for {len(names)} names in {names_key!r}",
                section="META", column=key,
            )  # fmt: skip
        if "budget_per" in parameters:
            remarks.append(Remark("budgets", f"{key} beside another list of budgets: not read"))
            continue
        budgets = dict(zip(names, amounts, strict=True))
        occurring = {
            word
            for project in projects
            for word in ((project.district,) if field == "district" else project.category)
        }
        if not occurring <= budgets.keys():
            missing = ", ".join(sorted(occurring - budgets.keys()))
            remarks.append(Remark("budgets", f"{key} names no budget of {missing}: not read"))
            continue
        parameters["budget_per"] = {"field": field, "budgets": dict(sorted(budgets.items()))}


def _withdrawn(
    file: PabulibFile,
    exponent: int,
    projects: Sequence[Project],
    parameters: dict[str, Value],
    remarks: list[Remark],
) -> None:
    """Withdrawn projects never stop a count: an exclusion by cost keeps them out of it."""
    sentinel = SENTINEL * 10**exponent
    lines = tuple(
        row.line
        for row, project in zip(file.projects.rows, projects, strict=True)
        if project.cost == sentinel
    )
    if not lines:
        return
    remarks.append(Remark("withdrawn", f"{len(lines)} projects cost {SENTINEL}: withdrawn", lines))
    if parameters["on_misfit"] == "skip":
        return
    budget = minor_units(file.keys["budget"], exponent)
    if all(project.cost <= budget or project.cost == sentinel for project in projects):
        parameters["maximum_cost_share"] = "1"
    else:
        words = "a project above the budget, too: withdrawn ones stop the count here"
        remarks.append(Remark("withdrawn", words, lines))
