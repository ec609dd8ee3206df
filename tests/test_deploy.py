"""The examples for hosts: what they start, set and copy is there."""

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from web.cli import cli

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
VARIABLE = re.compile(r"\bSCRUTIN_[A-Z]+(?:_[A-Z]+)*")


def read(unit: Path) -> dict[str, list[str]]:
    """The settings of a unit's service, each as often as it stands there."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").partition("[Service]")[2].splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def check_command(words: list[str]) -> None:
    """Parse a command of ours as it would be, without running it."""
    group: click.Command = cli
    while isinstance(group, click.Group):
        group = group.commands[words.pop(0)]
    group.make_parser(click.Context(group)).parse_args(words)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    ConfigParser(strict=False, interpolation=None).read_string(unit.read_text("utf-8"))
    settings = read(unit)
    (start,) = settings["ExecStart"]
    program, *words = shlex.split(start)
    assert program.endswith("/scrutin")
    check_command(words)
    assert settings["Restart"] == ["always"]
    assert settings["LimitCORE"] == ["0"]
    assert settings["NoNewPrivileges"] == ["yes"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_no_secret_stands_in_a_unit(unit: Path) -> None:
    for line in unit.read_text("utf-8").splitlines():
        assert line.startswith("#") or "PASSPHRASE" not in line


def test_a_wrong_option_would_be_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        check_command(["serve", "folder", "--doors", "box"])


def test_every_variable_of_the_documents_is_read_somewhere() -> None:
    code = "".join(
        path.read_text("utf-8")
        for room in ("web", "ballot")
        for path in (ROOT / room).rglob("*.py")
    )
    known = set(VARIABLE.findall(code)) | {
        "SCRUTIN_PABULIB", "SCRUTIN_VECTORS", "SCRUTIN_SLOW", "SCRUTIN_POSTGRESQL_BIN",
    }  # fmt: skip
    for path in [*(ROOT / "docs").rglob("*"), ROOT / "README.md"]:
        if path.suffix in (".md", ".service", ".conf") or path.name == "Containerfile":
            for name in VARIABLE.findall(path.read_text("utf-8")):
                whole = name if not name.startswith("SCRUTIN_PASSPHRASE_") else "SCRUTIN_PASSPHRASE"
                assert whole in known, f"{path.name}: {name}"


def test_nginx_hands_on_to_the_ports_of_the_units() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert text.count("{") == text.count("}")
    assert "access_log off;" in text
    box = shlex.split(read(DEPLOY / "scrutin-box.service")["ExecStart"][0])
    assert f"server 127.0.0.1:{box[box.index('--port') + 1]};" in text
    for name in re.findall(r"include (?:/\S+/)?(\S+);", text):
        assert (DEPLOY / name).is_file()


def test_the_container_copies_what_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY")]
    names = {name for each in copied for name in each}
    assert names >= {"tally", "audit", "ballot", "web", "pyproject.toml", "README.md"}
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_it(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed here")
    text = unit.read_text("utf-8").replace("/opt/scrutin/.venv/bin/scrutin", "/bin/true")
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    ended = subprocess.run(
        [program, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert "Unknown" not in ended.stderr, ended.stderr
    assert "Failed to parse" not in ended.stderr, ended.stderr
