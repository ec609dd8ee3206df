"""``scrutin compare``: one .pb file under all rules, or two captures of one publication."""

import string
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from audit.command import main as audit
from tally.canonical import Value
from tally.comparison import Compared, Comparison, compare
from tally.explain import voice
from tally.money import NO_BREAK, Voice
from tally.pabulib import CountedInstance, file_id
from web.commands.pabulib_file import (
    ballots_line,
    printable,
    read_file,
    say_remarks,
    title_of,
    wrapped,
)
from web.commands.shell import json_option, language_option, put
from web.errors import Refused, UsageError
from web.progress import Progress

LETTERS = string.ascii_uppercase


@click.command("compare")
@click.argument("given", nargs=-1, required=True, metavar="FILE.pb | EARLIER LATER")
@json_option
@language_option
def compare_command(given: tuple[str, ...], as_json: bool, language: str) -> None:
    """Compare counting rules on one file, or two captures of one publication.

    \b
    scrutin compare FILE.pb         what each rule makes of the ballots of a Pabulib file:
                                    winners, money spent, satisfied voters, categories
    scrutin compare EARLIER LATER   does the later capture (folder or address) continue
                                    the earlier one? as python -m audit compare
    """
    if len(given) == 2:
        if as_json:
            raise UsageError("--json goes with one FILE.pb, not with two captures")
        # What both are, a folder or an address, is the observers' program's to say.
        sys.exit(audit(["compare", "--", *given]))
    if len(given) != 1:
        raise UsageError("give one FILE.pb, or the two captures EARLIER LATER")
    file = Path(given[0])
    if file.is_dir():
        raise UsageError(f"{file} is a folder. Give a second capture to compare it with")
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file")
    _compare_rules(file, as_json, language)


def _compare_rules(file: Path, as_json: bool, language: str) -> None:
    with Progress() as progress:
        instance = read_file(file)
        found = compare(
            instance.envelope, instance.profile, b"", progress=progress.for_step("count")
        )
    if not found.compared:
        raise Refused(
            f"{file}: no rule can count ballots of the form {instance.envelope.form.type!r}"
        )
    say_remarks(file, instance)
    if as_json:
        put(comparison_value(file, instance, found))
    else:
        _print(instance, found, language)


def comparison_value(file: Path, instance: CountedInstance, found: Comparison) -> dict[str, Value]:
    """The object of ``--json``: ``Comparison.to_value`` with the file's own project ids, and
    ``file``, ``currency``, ``exponent`` and ``titles`` of the projects."""

    def ids(names: Sequence[str]) -> list[Value]:
        return [file_id(name) for name in names]

    value = found.to_value()
    value["compared"] = [
        {
            **each.to_value(),
            "winners": ids(each.winners),
            "gained": ids(each.gained),
            "lost": ids(each.lost),
        }
        for each in found.compared
    ]
    value["differing"] = ids(found.differing)
    value |= {
        "file": file.name,
        "currency": instance.election.currency,
        "exponent": instance.election.exponent,
        "titles": {
            file_id(project.id): project.title.in_language("en")
            for project in instance.envelope.projects
        },
    }
    return value


def _percent(part: int, whole: int, words: Voice) -> str:
    tenths = (2000 * part + whole) // (2 * whole) if whole else 0
    return words.pick(f"{tenths // 10},{tenths % 10}{NO_BREAK}%", f"{tenths // 10}.{tenths % 10}%")


def _print(instance: CountedInstance, found: Comparison, language: str) -> None:
    envelope = instance.envelope
    words = voice(instance.election, language)
    letters = [
        LETTERS[n] if n < len(LETTERS) else f"{LETTERS[n // 26 - 1]}{LETTERS[n % 26]}"
        for n in range(len(found.compared))
    ]
    click.echo(printable(envelope.title.in_language(language)))
    budget = words.money(envelope.budget)
    click.echo(f"{ballots_line(instance, words)}, {words.pick('enveloppe', 'envelope')} {budget}")
    click.echo()
    for letter, each in zip(letters, found.compared, strict=True):
        own = words.pick(" [la règle du fichier]", " [the file’s own rule]") if each.own else ""
        title = each.variant.title.in_language(language)
        click.echo(f"{letter:>2}  {title} ({each.variant.id}){own}")
        click.echo(f"    {_line(each, found, words)}")
    _differing(instance, found, letters, language, words)
    for field, heading in (
        ("by_category", words.pick("Part de l’enveloppe par catégorie :", "Share by category:")),
        ("by_district", words.pick("Part de l’enveloppe par quartier :", "Share by district:")),
    ):
        _shares(found, letters, field, heading, words)
    click.echo()
    click.echo(
        wrapped(
            words.pick(
                "Seule la règle annoncée avant le vote en donne le résultat : sous une autre, on "
                "aurait peut-être voté autrement.",
                "Only the rule announced before the vote gives its result: under another one "
                "people might have voted otherwise.",
            ),
            "",
        )
    )


def _line(each: Compared, found: Comparison, words: Voice) -> str:
    winners = words.several(
        len(each.winners),
        words.pick("projet retenu", "winner"),
        words.pick("projets retenus", "winners"),
    )
    spent, share = words.money(each.spent), _percent(each.spent, found.budget, words)
    satisfied = _percent(each.satisfied, found.ballots, words)
    number = words.several(
        each.satisfied, words.pick("bulletin", "ballot"), words.pick("bulletins", "ballots")
    )
    line = words.pick(
        f"{winners} ; dépensé {spent} ({share}) ; au moins un projet retenu pour {number} "
        f"({satisfied})",
        f"{winners}; spent {spent} ({share}); at least one winner for {number} ({satisfied})",
    )
    if each.outcome.added:
        added = words.money(each.outcome.added)
        line += words.pick(f" ; {added} d’ailleurs", f"; {added} from elsewhere")
    return line


def _differing(
    instance: CountedInstance,
    found: Comparison,
    letters: Sequence[str],
    language: str,
    words: Voice,
) -> None:
    click.echo()
    if not found.differing:
        click.echo(
            words.pick(
                "Les mêmes projets l’emportent sous toutes ces règles.",
                "The same projects win under all of these rules.",
            )
        )
        return
    click.echo(
        words.pick(
            "Projets que ces règles ne décident pas toutes de même (* : retenu) :",
            "Projects on which these rules differ (* wins):",
        )
    )
    won = [frozenset(each.winners) for each in found.compared]
    click.echo("  " + " ".join(f"{letter:>2}" for letter in letters))
    for project in found.differing:
        marks = " ".join(" *" if project in winners else " ." for winners in won)
        click.echo(f"  {marks}  {title_of(instance.envelope, project, language)}")


def _shares(
    found: Comparison, letters: Sequence[str], field: str, heading: str, words: Voice
) -> None:
    columns = [getattr(each, field) for each in found.compared]
    if not columns[0]:
        return
    click.echo()
    click.echo(heading)
    click.echo("  " + " ".join(f"{letter:>7}" for letter in letters))
    for name in columns[0]:
        cells = " ".join(
            f"{_percent(c[name].numerator, c[name].denominator, words):>7}" for c in columns
        )
        click.echo(f"  {cells}  {printable(name)}")
