"""Envelopes, questions and their forms and rules, from election.toml to docs/formats.md.

In the file amounts are currency units, shares may be per cent, and what has an evident default
may be left out; in the definition everything stands, in minor units and lowest terms.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ballot.definition.amount import read_amount, read_share
from ballot.definition.finding import Key, Unreadable, shown
from ballot.definition.table import Table
from ballot.definition.toml_file import Decimals
from tally.canonical import LARGEST_INTEGER

ENVELOPE_KEYS: Final = ("id", "title", "budget", "form", "rule", "tie_break")
QUESTION_KEYS: Final = ("id", "title", "option", "rule")

FORM_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "approval": {"minimum": 1},
    "choose-1": {},
    "knapsack": {"minimum": 1, "maximum": None},
    "points": {"minimum_projects": 1, "maximum_projects": None, "minimum_total": 0},
    "scores": {"minimum_projects": 1, "maximum_projects": None},
    "ranking": {"minimum": 1},
    "grades": {},
    "question": {},
}
SHARES: Final = frozenset({"minimum_votes_per_cost", "threshold"})
"""Parameters that are rationals, beside those whose name ends in ``_share``."""
MONEY: Final = frozenset({("budget_per", "budgets"), ("top_per", "budget"), ("increment",)})
"""Where amounts stand in rules' parameters; below the first, one for each group."""
NONE: Final = "none"
"""What officers write where the definition has null: no budget of its own, no highest number."""
UNLIMITED: Final = frozenset({"maximum", "maximum_projects"})
LEFT_OUT_IS_NULL: Final[Mapping[str, Sequence[str]]] = {"top_per": ("count", "budget")}


def is_money(path: Sequence[str | int]) -> bool:
    """Whether a path below a contest leads to an amount."""
    if tuple(path[:2]) == ("rule", "parameters"):
        return tuple(path[2:4]) in MONEY
    return tuple(path) in {("budget",), ("form", "budget")}


def is_share(name: str) -> bool:
    """Whether a rule's parameter is a rational."""
    return name.endswith("_share") or name in SHARES


def _amount(table: Table, name: str, exponent: int, currency: str) -> int:
    try:
        return read_amount(table.value[name], exponent, currency)
    except Unreadable as error:
        table.unreadable(name, error)
        return LARGEST_INTEGER


def envelope_value(
    table: Table, languages: Sequence[str], exponent: int, currency: str
) -> dict[str, Any]:
    """An ``[[envelope]]``, its projects still to come."""
    table.expect(ENVELOPE_KEYS, ("description",))
    budget = LARGEST_INTEGER
    if "budget" in table.value:
        budget = _amount(table, "budget", exponent, currency)
    form: Any = {"type": "choose-1"}
    if inner := table.table("form"):
        form = _form(inner, {}, exponent, currency, budget)
    return {
        "kind": "envelope",
        "id": table.raw("id", f"missing-{table.key[-1]}"),
        "title": table.text("title", languages),
        "description": table.text("description", languages, optional=True),
        "budget": budget,
        "form": form,
        "rule": _with_grade(
            table, _rule(table, "greedy", {"on_misfit": "skip"}, exponent, currency), form
        ),
        "tie_break": table.raw("tie_break", ["order"]),
        "projects": [],
    }


def question_value(table: Table, languages: Sequence[str]) -> dict[str, Any]:
    """A ``[[question]]``; its form and the name of its rule may be left out."""
    table.expect(QUESTION_KEYS, ("description", "form"))
    form: Any = {"type": "question"}
    if inner := table.table("form"):
        form = _form(inner, form, 0, "", LARGEST_INTEGER)
    options = []
    for option in table.tables("option"):
        option.expect(("id", "title"))
        options.append(
            {
                "id": option.raw("id", f"missing-{option.key[-1]}"),
                "title": option.text("title", languages),
            }
        )
    stand_in = {"threshold": "1/2", "strict": True, "of": "expressed"}
    return {
        "kind": "question",
        "id": table.raw("id", f"missing-question-{table.key[-1]}"),
        "title": table.text("title", languages),
        "description": table.text("description", languages, optional=True),
        "form": form,
        "rule": _rule(table, "question", stand_in, 0, ""),
        "options": options,
    }


def _whole(table: Table, value: object, name: str) -> object:
    """Decimals where the definition knows whole numbers only are noted and replaced."""
    if isinstance(value, Decimals):
        table.fault(
            name,
            (f"« {value.text} » a des décimales", f"“{value.text}” has decimals"),
            ("Écrivez un nombre entier", "Write a whole number"),
        )
        return 1
    return value


def _form(
    table: Table, base: Mapping[str, Any], exponent: int, currency: str, budget: int | None
) -> dict[str, Any]:
    """A form with its defaults. ``base`` holds what an override does not say."""
    form = dict(base)
    for name, value in table.value.items():
        unlimited = name in UNLIMITED and value == NONE
        form[name] = None if unlimited else _whole(table, value, name)
    kind = form.get("type")
    for name, value in FORM_DEFAULTS.get(kind, {}).items() if isinstance(kind, str) else ():
        form.setdefault(name, value)
    if kind == "knapsack":
        if "budget" in table.value:
            form["budget"] = _amount(table, "budget", exponent, currency)
        elif budget is not None:
            form.setdefault("budget", budget)
    if kind == "points" and "total" in form:
        form.setdefault("cap", form["total"])
    if kind == "grades" and isinstance(form.get("default"), str):
        form["default"] = _grade(table, form, "default", form["default"])
    return form


def _grade(table: Table, form: Mapping[str, Any], name: str, grade: str) -> int:
    """The index of the grade that is called so in any language."""
    labels = form.get("labels")
    for number, label in enumerate(labels if isinstance(labels, list) else ()):
        if isinstance(label, Mapping) and grade in label.values():
            return number
    said = shown(grade)
    table.fault(
        name,
        (f"il n’y a pas de mention « {said} »", f"there is no grade “{said}”"),
        ("Écrivez l’une des mentions de « labels »", "Write one of the grades in “labels”"),
    )
    return 0


def form_override(table: Table, base: object, exponent: int, currency: str) -> dict[str, Any]:
    """A style's form: what it does not say is as in the contest's form ``base``."""
    written = base if isinstance(base, Mapping) else {}
    if "type" in table.value and table.value["type"] != written.get("type"):
        written = {}
    return _form(table, written, exponent, currency, None)


def _rule(
    table: Table, default: str, stand_in: dict[str, Any], exponent: int, currency: str
) -> dict[str, Any]:
    rule = table.table("rule")
    if rule is None:
        return {"name": default, "parameters": stand_in}
    if "name" not in rule.value and default != "question":
        rule.fault(
            "name",
            ("il manque le nom de la règle", "the rule’s name is missing"),
            (f'Ajoutez name = "{default}"', f'Add name = "{default}"'),
        )
    parameters: dict[str, Any] = {}
    for name, value in rule.value.items():
        if name == "name":
            continue
        if is_share(name):
            try:
                parameters[name] = read_share(value)
            except Unreadable as error:
                rule.unreadable(name, error)
                parameters[name] = "1/2"
        elif (name,) in MONEY:
            parameters[name] = _amount(rule, name, exponent, currency)
        elif isinstance(value, Mapping):
            inner = Table(file=rule.file, value=value, key=(*rule.key, name), notes=rule.notes)
            parameters[name] = _group(inner, name, exponent, currency)
        else:
            parameters[name] = _whole(rule, value, name)
    return {"name": rule.raw("name", default), "parameters": parameters}


def _with_grade(table: Table, rule: dict[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """A rule whose ``minimum_grade`` is the index of the form's grade that is called so."""
    parameters = rule["parameters"]
    grade = parameters.get("minimum_grade")
    inner = table.table("rule")
    if isinstance(grade, str) and inner is not None and form.get("type") == "grades":
        parameters = {**parameters, "minimum_grade": _grade(inner, form, "minimum_grade", grade)}
    return {**rule, "parameters": parameters}


def _group(table: Table, parameter: str, exponent: int, currency: str) -> dict[str, Any]:
    """A parameter with keys of its own, such as ``top_per``."""
    found: dict[str, Any] = dict.fromkeys(LEFT_OUT_IS_NULL.get(parameter, ()))
    for name, value in table.value.items():
        if (parameter, name) not in MONEY:
            found[name] = _whole(table, value, name)
        elif isinstance(value, Mapping):
            below = Table(file=table.file, value=value, key=(*table.key, name), notes=table.notes)
            found[name] = {
                group: None if amount == NONE else _amount(below, group, exponent, currency)
                for group, amount in value.items()
            }
        else:
            found[name] = _amount(table, name, exponent, currency)
    return found


def toml_key(path: Sequence[str | int]) -> Key:
    """The path in election.toml of a path below a contest in the definition."""
    key = list(path)
    if key[:2] == ["rule", "parameters"]:
        key[1:2] = []
    elif key[:1] == ["options"]:
        key[0] = "option"
    return tuple(key)
