"""What ``scrutin tally`` and ``scrutin compare FILE.pb`` share: the file, its rule, its words."""

import json
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tally import rules
from tally.canonical import Value
from tally.contest import CountingRule, Envelope
from tally.frozen import thaw
from tally.money import Voice
from tally.pabulib import CountedInstance, PabulibError, file_id, read_counted, selected
from tally.rules.variants import variants
from web.commands.shell import say
from web.errors import Refused, UsageError

WIDTH: Final = 96
RATIONALS: Final = ("_share", "_per_cost")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """``text`` without anything that a terminal would act on."""
    return "".join(
        ascii(letter)[1:-1] if unicodedata.category(letter) in _HIDDEN else letter
        for letter in text
    )


def wrapped(text: str, indent: str) -> str:
    """A paragraph in lines that fit a page, behind an indent."""
    return textwrap.fill(
        printable(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def read_file(path: Path) -> CountedInstance:
    """A .pb file to count, the form's limits widened to what its ballots hold.

    Raises Refused naming the file, section, line and column.
    """
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise Refused(
            f"{path}: line {line}, byte {column}: this is not UTF-8. Save the file as UTF-8"
        ) from None
    try:
        return read_counted(text, widen=True)
    except PabulibError as error:
        raise Refused(f"{path}: {error}") from None


def with_rule(instance: CountedInstance, rule: CountingRule) -> CountedInstance:
    """The same file under another rule."""
    election = instance.election
    return replace(
        instance,
        election=replace(election, contests=(replace(instance.envelope, rule=rule),)),
    )


def read_settings(settings: Sequence[str]) -> dict[str, Value]:
    """``parameter=value`` as values: JSON where it is JSON, a text otherwise.

    Rationals (``minimum_votes_share=1``) stay texts. Raises UsageError.
    """
    found: dict[str, Value] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {setting}: write it as parameter=value")
        if name in found:
            raise UsageError(f"--set {name}: it is set twice")
        found[name] = text if name.endswith(RATIONALS) else _value(name, text)
    return found


def _value(name: str, text: str) -> Value:
    def no_decimals(number: str) -> Value:
        raise UsageError(f'--set {name}: {number} has decimals. Write it as "p/q"')

    try:
        value: Value = json.loads(text, parse_float=no_decimals, parse_constant=no_decimals)
    except ValueError:
        return text
    return value


def chosen_rule(
    envelope: Envelope, name: str | None, settings: Mapping[str, Value], unit: int = 1
) -> CountingRule:
    """The rule to count with: ``name`` is a rule or a variant of the comparison, None the file's.

    A rule starts from the parameters of its first variant that can count the file; a raise of
    budgets goes by ``unit`` minor units unless the settings say otherwise. Raises
    UsageError for a name or parameters that do not exist, Refused when the file's own rule is not
    ours.
    """
    known = {variant.id: variant.rule for variant in variants(unit)}
    base = envelope.rule
    if name is None:
        if base.name not in rules.ENVELOPE_RULES:
            raise Refused(
                f"its rule {base.name!r} is not one of ours. "
                f"Name one with --rule: {', '.join(rules.ENVELOPE_RULES)}"
            )
    elif name in known:
        base = known[name]
    elif name in rules.ENVELOPE_RULES:
        base = _first(envelope, name)
    else:
        listed = ", ".join(dict.fromkeys([*rules.ENVELOPE_RULES, *known]))
        raise UsageError(f"--rule {name}: there is no such rule. Write one of {listed}")
    parameters: dict[str, Value] = {**thawed(base), **settings}
    rule = CountingRule.of(base.name, parameters)
    faults = rules.check(replace(envelope, rule=rule))
    if faults:
        said = "\n".join(str(fault) for fault in faults)
        where = "--rule and --set" if name or settings else "the file's rule"
        raise UsageError(f"{where}: {rule.name} cannot count this file:\n{said}")
    return rule


def _first(envelope: Envelope, name: str) -> CountingRule:
    mine = [variant.rule for variant in variants() if variant.rule.name == name]
    able = (rule for rule in mine if not rules.check(replace(envelope, rule=rule)))
    return next(able, mine[0])


def thawed(rule: CountingRule) -> dict[str, Value]:
    """The parameters of a rule as plain values."""
    parameters: dict[str, Value] = thaw(rule.parameters)  # type: ignore[assignment]
    return parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Who wins here and not in the file's ``selected`` column (``more``), and the reverse."""

    more: tuple[str, ...]
    fewer: tuple[str, ...]

    def to_value(self) -> dict[str, Value]:
        """``{"same": bool, "more": [id], "fewer": [id]}``."""
        return {
            "same": not self.more and not self.fewer,
            "more": list(self.more),
            "fewer": list(self.fewer),
        }


def difference(instance: CountedInstance, winners: Sequence[str]) -> Difference | None:
    """The difference to the city's own winners (1 and 2 in the column); None if it names none.

    Raises PabulibError when the column cannot be read.
    """
    theirs = selected(instance.head)
    if theirs is None:
        return None
    won = {project for project, code in theirs.items() if code in {1, 2}}
    return Difference(
        more=tuple(file_id(project) for project in winners if project not in won),
        fewer=tuple(
            file_id(project) for project in theirs if project in won and project not in winners
        ),
    )


def say_remarks(path: Path, instance: CountedInstance) -> None:
    """What was read in a way somebody might read otherwise, on standard error."""
    for remark in instance.remarks:
        say(printable(f"{path}: {remark.message}"))


def title_of(envelope: Envelope, project: str, language: str) -> str:
    """A project's id in the file and its title."""
    title = envelope.project(project).title.in_language(language)
    name = file_id(project)
    return printable(name if title in {name, project} else f"{name}  {title}")


def ballots_line(instance: CountedInstance, voice: Voice) -> str:
    """How many ballots and projects there are."""
    profile = instance.profile
    ballots = voice.several(
        profile.ballots, voice.pick("bulletin", "ballot"), voice.pick("bulletins", "ballots")
    )
    projects = voice.several(
        len(instance.envelope.projects),
        voice.pick("projet", "project"),
        voice.pick("projets", "projects"),
    )
    rest = ""
    if profile.blank or profile.spoiled:
        blank, spoiled = voice.number(profile.blank), voice.number(sum(profile.spoiled.values()))
        rest = voice.pick(
            f" (dont {blank} blancs et {spoiled} nuls)",
            f" ({blank} blank and {spoiled} spoiled among them)",
        )
    return f"{projects}, {ballots}{rest}"
