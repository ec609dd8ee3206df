"""``scrutin tally FILE.pb``: count a file alone, without an election or a server."""

from collections.abc import Mapping
from pathlib import Path

import click

from tally import rules
from tally.canonical import Value
from tally.contest import Envelope
from tally.count import EnvelopeResult, Result, count_profile
from tally.explain import voice
from tally.outcome import Standing
from tally.pabulib import CountedInstance, PabulibError, file_id
from web.commands.pabulib_file import (
    Difference,
    ballots_line,
    chosen_rule,
    difference,
    printable,
    read_file,
    read_settings,
    say_remarks,
    thawed,
    title_of,
    with_rule,
    wrapped,
)
from web.commands.shell import json_option, language_option, put, say
from web.errors import Refused
from web.progress import Progress


@click.command("tally")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, exists=True))
@click.option(
    "--rule",
    "name",
    help="A rule of docs/rules.md (or a variant that compare names); default: the file's own.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PARAMETER=VALUE",
    help="A parameter of the rule, as docs/rules.md spells it (amounts in minor units).",
)
@click.option(
    "--lot", default="", help="The seed of the public lot, if 'lot' breaks ties; default: none."
)
@json_option
@language_option
def tally_command(
    file: Path, name: str | None, settings: tuple[str, ...], lot: str, as_json: bool, language: str
) -> None:
    """Count a Pabulib FILE: winners, steps and reasons.

    Needs nothing but the file. Without --rule it is counted by the file's own rule. What the
    file's own column of winners says otherwise is told.
    """
    given = read_settings(settings)
    with Progress() as progress:
        progress("read", 0, 1)
        instance = read_file(file)
        progress("read", 1, 1)
        try:
            rule = chosen_rule(instance.envelope, name, given, 10**instance.election.exponent)
        except Refused as error:
            raise Refused(f"{file}: {error}") from None
        instance = with_rule(instance, rule)
        envelope = instance.envelope
        progress("count", 0, 1)
        counted = count_profile(instance.election, envelope, instance.profile, lot.encode())
        result = Result(contests=(counted,)).envelope(envelope.id)
        progress("count", 1, 1)
    say_remarks(file, instance)
    try:
        differs = difference(instance, result.outcome.winners)
    except PabulibError as error:
        raise Refused(f"{file}: {error}") from None
    if as_json:
        put(tally_value(file, instance, result, differs))
    else:
        _print(instance, result, language)
        _tell(file, differs)


def _ids(value: Mapping[str, Value], *names: str) -> dict[str, Value]:
    """An object with the ids in these members as the file writes them."""
    changed = dict(value)
    for name in names:
        found = changed.get(name)
        if isinstance(found, str):
            changed[name] = file_id(found)
        elif isinstance(found, list):
            changed[name] = [file_id(one) if isinstance(one, str) else one for one in found]
    return changed


def _project(envelope: Envelope, standing: Standing, result: EnvelopeResult) -> dict[str, Value]:
    place = [project.id for project in envelope.projects].index(standing.project)
    project, score = envelope.projects[place], standing.score
    return {
        "id": file_id(project.id),
        "title": project.title.in_language("en"),
        "cost": project.cost,
        "votes": standing.votes,
        "score": score.numerator if score.denominator == 1 else str(score),
        "position": standing.position,
        "won": standing.won,
        "funded": standing.funded,
        "step": standing.step,
        "reason": standing.reason,
        "margin": None if standing.margin is None else standing.margin.to_value(),
        "explanation": dict(result.sentences[place].to_value()),
    }


def tally_value(
    file: Path, instance: CountedInstance, result: EnvelopeResult, differs: Difference | None
) -> dict[str, Value]:
    """The object of ``--json`` (docs/pabulib.md section 4). Project ids are the file's own."""
    envelope, outcome, profile = instance.envelope, result.outcome, instance.profile
    steps: list[Value] = []
    for step in outcome.steps:
        value = _ids(step.to_value(), "project")
        detail = value["detail"]
        if isinstance(detail, dict):
            value["detail"] = _ids(detail, "other")
        steps.append(value)
    return {
        "file": file.name,
        "title": envelope.title.in_language("en"),
        "currency": instance.election.currency,
        "exponent": instance.election.exponent,
        "rule": envelope.rule.name,
        "parameters": thawed(envelope.rule),
        "tie_break": list(envelope.tie_break),
        "budget": outcome.budget,
        "spent": outcome.spent,
        "left": outcome.left,
        "added": outcome.added,
        "ballots": profile.ballots,
        "blank": profile.blank,
        "spoiled": dict(profile.spoiled),
        "expressed": profile.expressed,
        "winners": [file_id(winner) for winner in outcome.winners],
        "projects": [_project(envelope, standing, result) for standing in outcome.standings],
        "steps": steps,
        "ties": [_ids(tie.to_value(), "projects", "order") for tie in outcome.ties],
        "summary": dict(result.summary.to_value()),
        "selected": None if differs is None else differs.to_value(),
        "remarks": [remark.message for remark in instance.remarks],
    }


def _print(instance: CountedInstance, result: EnvelopeResult, language: str) -> None:
    envelope, outcome = instance.envelope, result.outcome
    words = voice(instance.election, language)
    click.echo(printable(envelope.title.in_language(language)))
    click.echo(ballots_line(instance, words))
    click.echo()
    click.echo(words.pick(f"Règle : {envelope.rule.name}", f"Rule: {envelope.rule.name}"))
    for sentence in rules.describe(envelope, instance.election, language):
        click.echo(wrapped(sentence, "  "))
    click.echo()
    click.echo(wrapped(result.summary.in_language(language), ""))
    places = {standing.project: place for place, standing in enumerate(outcome.standings)}
    digits = len(str(len(outcome.winners)))
    for number, winner in enumerate(outcome.winners, start=1):
        money = words.money(outcome.standings[places[winner]].funded)
        title = title_of(envelope, winner, language)
        click.echo(f"  {number:>{digits}}. {title}  ({money})")
    click.echo()
    click.echo(words.pick("Projet par projet, dans l’ordre :", "Project by project, in order:"))
    for standing in sorted(outcome.standings, key=lambda standing: standing.position):
        place = places[standing.project]
        cost = words.money(envelope.projects[place].cost)
        mark = "+" if standing.won else "-"
        click.echo(f"\n{mark} {title_of(envelope, standing.project, language)}  ({cost})")
        click.echo(wrapped(result.sentences[place].in_language(language), "    "))


def _tell(file: Path, differs: Difference | None) -> None:
    if differs is None:
        return
    for projects, words in (
        (differs.more, "wins here and not in the file's column 'selected'"),
        (differs.fewer, "wins in the file's column 'selected' and not here"),
    ):
        for project in projects:
            say(printable(f"{file}: project {project} {words}"))
