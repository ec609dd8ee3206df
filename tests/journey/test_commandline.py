"""The command tree from outside: help, usage errors, and words that look like options."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from tests.journey.documents import blocks, typed
from tests.journey.terminal import ROOT, SCRUTIN, Terminal, call
from web.cli import cli


def tree(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the program."""
    yield path
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from tree(each, (*path, name))


def test_every_command_explains_itself(terminal: Terminal) -> None:
    paths = list(tree(cli))
    assert len(paths) > 30
    for path in paths:
        run = terminal.done(*path, "--help")
        assert run.err == ""
        assert re.search("usage:", run.out, re.IGNORECASE), path
        # A sentence on what it does, not only a list of options.
        assert len(run.out.split("ptions:", 1)[0].split()) > 8, path


def test_the_console_script_is_the_same_program(terminal: Terminal) -> None:
    run = call(SCRUTIN, "--version")
    assert run.status == 0
    assert run.out == terminal.done("--version").out
    assert re.fullmatch(r"scrutin, version [0-9.]+\n", run.out)


def test_what_makes_no_sense_is_a_usage_error(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    for words in (
        ("nonsense",),
        ("--nonsense",),
        ("trustee", "nonsense"),
        ("new",),
        ("new", "a", "b"),
        ("check", "nowhere"),
        ("status", "nowhere"),
        ("freeze", "town"),
        ("freeze", "town", "--officer", "nobody.secret"),
        ("freeze", "town", "--officer", ".err", "--batch-seconds", "0"),
        ("open", "town", "--officer", "nobody.secret"),
        ("ceremony", "town", "--trustee", "A"),
        ("ceremony", "town", "--trustee", "A", "--threshold", "0"),
        ("registrar", "new", "town", "--issuer", "../city"),
        ("serve", "town", "--port", "0"),
        ("serve", "town", "--door", "back"),
        ("check", "town", "--language", "de"),
        ("vote", "no-address", "--recovery", "x"),
        ("proof", "x"),
        ("rehearse", "--out", "town"),
        ("rehearse", "--out", "new", "--voters", "0"),
        ("rehearse", "nothing.pb", "--out", "new"),
        ("demo", "town", "--no-serve"),
        ("demo", "new", "--residents", "-1"),
    ):
        message = terminal.refused(*words, status=2)
        assert len(message) < 1000, words
    assert sorted(path.name for path in tmp_path.iterdir()) == [".err", ".out", "town"]
    assert not list((tmp_path / "town").iterdir())


def test_a_folder_without_an_election_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    (tmp_path / "key").write_text("{}")
    for words in (
        ("officer", "new", "town", "--name", "A", "--out", "a.secret"),
        ("box", "new", "town"),
        ("registrar", "new", "town"),
        ("ceremony", "town", "--trustee", "A", "--threshold", "1"),
        ("roll", "import", "town", "key"),
        ("roll", "codes", "town", "letters", "--website", "https://x.fr"),
        ("freeze", "town", "--officer", "key"),
    ):
        assert "election.toml" in terminal.refused(*words), words
    for later in (
        ("open", "town", "--officer", "key"),
        ("close", "town", "--officer", "key"),
        ("registrar", "stop", "town"),
        ("serve", "town"),
        ("trustee", "adopt", "town", "--share", "key", "--name", "A"),
        ("trustee", "release", "town", "--share", "key"),
        ("open-box", "town"),
        ("count", "town"),
        ("publish", "town", "out", "--officer", "key"),
    ):
        assert "scrutin freeze" in terminal.refused(*later), later
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".err", ".out", "key", "town"]


def test_a_receipts_code_may_begin_with_a_hyphen(terminal: Terminal) -> None:
    for code in (
        "-UUTjCK9hapl5U-Uux_J3kZL0VIa_8rDPbaJ1Jihlek",
        "--hTjCK9hapl5U-Uux_J3kZL0VIa_8rDPbaJ1Jihlec",
    ):
        for words in ((code, "--url", "http://127.0.0.1:1"), ("--url", "http://127.0.0.1:1", code)):
            assert "no answer" in terminal.refused("proof", *words)


def test_the_readmes_commands_are_real() -> None:
    known = set(tree(cli))
    lines = [typed(line) for line in blocks("README.md")]
    ours = [words[1:] for words in lines if words[0] == "scrutin"]
    assert ours
    table = re.findall(r"`scrutin ([a-z -]+)`", (ROOT / "README.md").read_text("utf-8"))
    assert len(table) > 15
    for words in (*ours, *(tuple(each.split()) for each in table)):
        assert any(words[: len(path)] == path for path in known if path), words
