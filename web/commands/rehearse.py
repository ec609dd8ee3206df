"""``scrutin rehearse``: a whole election with the real service, on real or invented ballots."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from tally.count import check as count_faults
from tally.election import CountingRule, Election
from tally.pabulib import parse, read_instance
from tally.vote import Choice
from web.clock import spell_time, system_clock
from web.commands.shell import put, say
from web.errors import UsageError
from web.progress import Progress
from web.rehearsal.invented import invented_election, invented_votes
from web.rehearsal.play import Rehearsal

Votes = list[tuple[str, Mapping[str, Choice]]]
INVENTED_VOTERS = 60


@click.command("rehearse")
@click.argument(
    "file", required=False, type=click.Path(dir_okay=False, path_type=Path, exists=True)
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="A new folder for everything the rehearsal leaves.",
)
@click.option("--voters", type=click.IntRange(1), help="Only so many; default: all of FILE.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Residents at the same time; default: one a core."
)
@click.option("--issuers", default=1, show_default=True, type=click.IntRange(1, 4))
@click.option(
    "--charts/--no-charts",
    default=True,
    show_default=True,
    help="Draw the charts, which take most of the time of a small rehearsal.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def rehearse(
    file: Path | None,
    out: Path,
    voters: int | None,
    jobs: int | None,
    issuers: int,
    charts: bool,
    as_json: bool,
) -> None:
    """Play a whole election over HTTP, one simulated resident for each ballot of FILE (.pb).

    Registrar and box run as separate processes. Some residents vote again, lose replies, test or
    spoil a ballot; some cheat, and must be refused. Ends in VERIFIED and the result hash, exit
    status 0, or says what failed, exit status 1. Without FILE an invented town votes.
    """
    if out.exists():
        raise UsageError(f"{out}: exists already; name a new folder, or remove it")
    election, votes, spoiled = _of_file(file) if file else _invented(voters or INVENTED_VOTERS)
    if voters is not None:
        votes = votes[:voters]
    say(f"{election.title.in_language('en')}: {len(votes)} residents")
    with Progress() as progress:
        rehearsal = Rehearsal(
            election=election,
            votes=votes,
            spoiled=spoiled,
            out=out,
            jobs=jobs or os.cpu_count() or 1,
            issuers=[f"issuer-{chr(ord('a') + number)}" for number in range(issuers)],
            charts=charts,
            progress=progress,
            say=say,
        )
        report = rehearsal.play()
    value = report.to_value()
    if as_json:
        put(value)
    else:
        _print(value, report.seconds)
    click.echo(f"VERIFIED {report.result_hash}", err=as_json)


def _dates() -> tuple[str, str]:
    now = system_clock()
    return spell_time(now - timedelta(days=1)), spell_time(now + timedelta(days=20))


def _of_file(file: Path) -> tuple[Election, Votes, frozenset[int]]:
    # read_text would turn the file's own line ends into others.
    text = parse(file.read_bytes().decode())
    # Widened: a real ballot beyond the limits that the file states was counted by its city.
    instance = read_instance(text, widen=True)
    if count_faults(instance.election):
        say(f"{file}: its own rule is not known to this version; counted by greedy, skipping")
        instance = read_instance(
            text, widen=True, rule=CountingRule.of("greedy", {"on_misfit": "skip"})
        )
    opens, closes = _dates()
    election = replace(
        instance.election, id=f"rehearsal-{instance.election.id}"[:64], opens=opens, closes=closes
    )
    style, contest = election.styles[0].id, election.contests[0].id
    votes: Votes = []
    spoiled = set()
    for number, ballot in enumerate(instance.ballots):
        if ballot.reason is not None:
            say(f"{file}: line {ballot.line}: will be spoiled: {ballot.reason}")
            spoiled.add(number)
        votes.append((style, {contest: ballot.choice}))
    for remark in instance.remarks:
        say(f"{file}: {remark.message}")
    return election, votes, frozenset(spoiled)


def _invented(voters: int) -> tuple[Election, Votes, frozenset[int]]:
    election = invented_election(*_dates())
    return election, invented_votes(election, voters), frozenset()


def _print(value: Mapping[str, object], seconds: Mapping[str, float]) -> None:
    say()
    for step, taken in seconds.items():
        say(f"  {step:<20}{taken:>9.1f} s")
    vote = max(seconds.get("vote", 0.0), 0.001)
    requests = value["requests"]
    say(f"  {requests} requests while voting, {float(str(requests)) / vote:.0f} a second")
    say(f"  {value['ballots_in_log']} ballots in the log, {value['proofs_checked']} proofs checked")
    for title in ("behaviours", "refused", "spoiled"):
        entries = value[title]
        say(f"{title}:")
        if isinstance(entries, Mapping):
            for name, number in entries.items():
                say(f"  {number:>6}  {name}")
