"""An election as the text of ``election.toml`` and ``projects.csv``; reading them gives it back."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ballot.definition.amount import write_amount
from ballot.definition.contest_table import FORM_DEFAULTS, NONE
from ballot.definition.finding import PICTURES_FOLDER
from ballot.definition.moment import spell_moment
from ballot.definition.projects_file import CATEGORY_SEPARATOR
from tally.canonical import Value
from tally.contest import contest_value
from tally.election import Contest, Election, Envelope, Form, Style, Text
from tally.form import form_value

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
# TOML and JSON write the same escapes, but JSON leaves U+007F as it is.
_DELETE: Final = "\u007f"


def toml_text(words: str) -> str:
    """A TOML text in quotation marks."""
    return json.dumps(words, ensure_ascii=False).replace(_DELETE, "\\u007f")


def _key(name: str) -> str:
    return name if name and _BARE.issuperset(name) else toml_text(name)


def _inline(value: object) -> str:
    """A value on one line; what has no spelling in TOML (null) must have been left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {_inline(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_inline(each) for each in value) + "]"
    return str(value)


def _text(name: str, text: Text) -> list[str]:
    return [f"{name}.{code} = {toml_text(words)}" for code, words in text.words]


def _amount(minor: object, exponent: int) -> str:
    written = write_amount(int(str(minor)), exponent)
    # A TOML number with decimals is exact here, but text is what officers copy from a spreadsheet.
    return written if "." not in written else toml_text(written)


def _form(form: Form, exponent: int, heading: str) -> list[str]:
    value = form_value(form)
    defaults = {**FORM_DEFAULTS[form.type], "blank": True}
    lines = [heading]
    for name, inner in value.items():
        if name in defaults and defaults[name] == inner:
            continue
        if name == "budget":
            lines.append(f"budget = {_amount(inner, exponent)}")
        elif name == "labels" and isinstance(inner, list):
            lines += ["labels = [", *(f"    {_inline(label)}," for label in inner), "]"]
        elif name == "default" and isinstance(inner, int):
            labels = value["labels"]
            label = labels[inner] if isinstance(labels, list) else {}
            words = next(iter(label.values())) if isinstance(label, dict) else ""
            lines.append(f"default = {_inline(words)}")
        else:
            lines.append(f"{name} = {_inline(inner)}")
    return lines


def _rule(contest: Mapping[str, Value], exponent: int, heading: str) -> list[str]:
    rule = contest["rule"]
    if not isinstance(rule, dict) or not isinstance(rule["parameters"], dict):
        return []
    lines = [f"[{heading}]", f"name = {_inline(rule['name'])}"]
    tables: list[str] = []
    for name, value in sorted(rule["parameters"].items()):
        if not isinstance(value, dict):
            money = name == "increment" and isinstance(value, int)
            lines.append(f"{name} = {_amount(value, exponent) if money else _inline(value)}")
            continue
        tables += ["", f"[{heading}.{name}]"]
        for key, inner in value.items():
            if inner is None:
                continue
            if name == "budget_per" and key == "budgets" and isinstance(inner, dict):
                tables += [
                    f"budgets.{_key(group)} = "
                    + (toml_text(NONE) if minor is None else _amount(minor, exponent))
                    for group, minor in inner.items()
                ]
            elif name == "top_per" and key == "budget":
                tables.append(f"budget = {_amount(inner, exponent)}")
            else:
                tables.append(f"{key} = {_inline(inner)}")
    return lines + tables


def _contest(contest: Contest, exponent: int) -> list[str]:
    kind = contest.kind
    lines = ["", f"[[{kind}]]", f"id = {toml_text(contest.id)}", *_text("title", contest.title)]
    if any(words for _, words in contest.description.words):
        lines += _text("description", contest.description)
    if isinstance(contest, Envelope):
        lines += [
            f"budget = {_amount(contest.budget, exponent)}",
            f"tie_break = {_inline(contest.tie_break)}",
        ]
        lines += ["", *_form(contest.form, exponent, f"[{kind}.form]")]
    else:
        if not contest.form.blank:
            lines += ["", *_form(contest.form, exponent, f"[{kind}.form]")]
        for option in contest.options:
            lines += ["", f"[[{kind}.option]]", f"id = {toml_text(option.id)}"]
            lines += _text("title", option.title)
    return [*lines, "", *_rule(contest_value(contest), exponent, f"{kind}.rule")]


def _style(style: Style, exponent: int) -> list[str]:
    lines = ["", "[[style]]", f"id = {toml_text(style.id)}", *_text("title", style.title)]
    lines.append(f"contests = {_inline(style.contests)}")
    for name, form in style.forms.items():
        # In full: what an override leaves out is as in the contest, not as by default.
        value = form_value(form)
        lines += ["", f"[style.forms.{_key(name)}]"]
        for key, inner in value.items():
            if key == "budget":
                lines.append(f"budget = {_amount(inner, exponent)}")
            elif inner is None:
                lines.append(f"{key} = {toml_text(NONE)}")
            else:
                lines.append(f"{key} = {_inline(inner)}")
    return lines


def _moment(moment: str, zone: str) -> str:
    """A local time, or one with its offset where the local one would be read in two ways."""
    utc = datetime.fromisoformat(moment)
    try:
        local = utc.astimezone(ZoneInfo(zone))
        naive = local.replace(tzinfo=None)
        again = naive.replace(tzinfo=ZoneInfo(zone))
        twice = again.utcoffset() != again.replace(fold=1).utcoffset()
    except OverflowError:
        return spell_moment(utc)
    if twice or spell_moment(again.astimezone(UTC)) != moment:
        return spell_moment(utc)
    return naive.isoformat(sep=" ", timespec="seconds")


def write_election(election: Election) -> str:
    """The text of ``election.toml``, its times in the election's own time zone."""
    time_zone = election.time_zone
    lines = [
        f"id = {toml_text(election.id)}",
        f"languages = {_inline(election.languages)}",
        *_text("title", election.title),
        *_text("organiser", election.organiser),
        *_text("eligibility", election.eligibility),
        "",
        f"time_zone = {toml_text(time_zone)}",
        f"opens = {_moment(election.opens, time_zone)}",
        f"closes = {_moment(election.closes, time_zone)}",
        "",
        f"currency = {toml_text(election.currency)}",
        f"decimals = {election.exponent}",
    ]
    for contest in election.contests:
        lines += _contest(contest, election.exponent)
    for style in election.styles:
        lines += _style(style, election.exponent)
    return "\n".join(lines) + "\n"


def write_projects(election: Election) -> str:
    """The text of ``projects.csv``, with ``;`` between cells and lines ended as spreadsheets do."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    codes = election.languages
    writer.writerow(
        [
            "id",
            "envelope",
            *(f"title_{code}" for code in codes),
            "cost",
            "category",
            "district",
            *(f"description_{code}" for code in codes),
            "picture",
            "invented",
        ]
    )
    for contest in election.contests:
        for project in contest.projects if isinstance(contest, Envelope) else ():
            picture = project.picture.path if project.picture else ""
            writer.writerow(
                [
                    project.id,
                    contest.id,
                    *(project.title.in_language(code) for code in codes),
                    write_amount(project.cost, election.exponent),
                    CATEGORY_SEPARATOR.join(project.category),
                    project.district,
                    *(project.description.in_language(code) for code in codes),
                    picture.removeprefix(f"{PICTURES_FOLDER}/"),
                    "yes" if project.invented else "",
                ]
            )
    return out.getvalue()
