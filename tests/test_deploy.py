"""The examples for hosts: what they start, set and copy is there."""

import math
import re
import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from tests.journey.test_front import certificate
from tests.programs import required
from web.cli import cli
from web.observer import PUBLICATION_POLICY

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


def test_nginx_says_of_the_publication_what_the_service_says() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert f'add_header Content-Security-Policy "{PUBLICATION_POLICY}" always;' in text
    # A place with headers of its own inherits none.
    for place in re.findall(r"location [^{]+{\n(.*?)\n    }", text, re.DOTALL):
        assert ("add_header" in place) == ("add_header Strict-Transport-Security" in place)


def test_the_registrars_nginx_keeps_the_address_that_the_one_in_front_wrote() -> None:
    text = (DEPLOY / "nginx-registrar.conf").read_text("utf-8")
    unit = read(DEPLOY / "scrutin-registrar.service")
    words = shlex.split(unit["ExecStart"][0])
    assert f"proxy_pass http://127.0.0.1:{words[words.index('--port') + 1]};" in text
    assert "SCRUTIN_TRUSTED_PROXIES=1" in unit["Environment"]
    assert "X-Forwarded-For $http_x_forwarded_for;" in text
    assert "ssl_verify_client on;" in text
    front = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert front.count("X-Forwarded-For $remote_addr;") == front.count("proxy_pass") == 2
    assert "proxy_ssl_verify on;" in front


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-registrar.conf"])
def test_nginx_reads_it(name: str, tmp_path: Path) -> None:
    program = required("nginx", "nginx")
    certificate(tmp_path)
    text = (DEPLOY / name).read_text("utf-8")
    text = re.sub(r"/etc/ssl/\S+key\.pem", str(tmp_path / "key.pem"), text)
    text = re.sub(r"/etc/ssl/\S+\.pem", str(tmp_path / "certificate.pem"), text)
    text = re.sub(r"include /etc/nginx/(\w+\.conf)", rf"include {DEPLOY}/\1", text)
    text = re.sub(r"/var/log/nginx", str(tmp_path), text)
    # Ports and a name that not every machine lets us have.
    text = re.sub(r"listen (\[::\]:)?\d+", "listen 127.0.0.1:48443", text)
    text = text.replace("listen 127.0.0.1:48443;\n    listen", "listen 127.0.0.1:48080;\n    #")
    text = re.sub(r"(listen 127.0.0.1:48443 ssl.*;\n)    listen .*\n", r"\1", text)
    text = text.replace("https://registrar.internal:8443", "https://127.0.0.1:8443")
    # Whoever may not write to nginx's own folders lets it write here.
    folders = "".join(
        f"{kind}_temp_path {tmp_path / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "whole.conf"
    whole.write_text(
        f"pid {tmp_path / 'pid'};\nerror_log {tmp_path / 'errors'};\nevents {{ }}\n"
        f"http {{\naccess_log off;\n{folders}{text}}}\n",
        "utf-8",
    )
    words = [program, "-t", "-p", str(tmp_path), "-c", str(whole)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_what_larger_votes_need_is_reckoned_right() -> None:
    """The table of docs/hosting.md from the costs that stand above it."""
    text = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    cast, sign, verify, entry, stored = 0.0015, 0.004, 0.00031, 1_000, 2_000
    told = "about 1.5 ms of a core to cast .* 4 ms to sign a credential, 0.31 ms to verify"
    assert re.search(told, text)
    assert "1.0 kB in the log" in text
    assert "about 2 kB in the database" in text
    rows = {
        cells[0]: cells[1:]
        for line in text.splitlines()
        if line.startswith("| ") and len(cells := [c.strip() for c in line[2:-2].split("|")]) == 4
    }
    seconds = {"s": 1, "min": 60}
    sizes = {"MB": 10**6, "GB": 10**9}
    for at, ballots in enumerate((13_000, 500_000, 100_000_000)):
        busy = ballots / 10 / 3600

        def number(row: str, at: int = at, units: dict[str, int] | None = None) -> float:
            digits, _, unit = next(rows[name] for name in rows if name.startswith(row))[
                at
            ].partition(" ")
            return float(digits.replace(",", "")) * (units or {}).get(unit, 1)

        assert number("busiest hour") == pytest.approx(busy, rel=0.12)
        assert number("cores to cast") == math.ceil(2 * busy * cast)
        assert number("cores to sign") == math.ceil(2 * busy * sign)
        assert number("batch of a minute") == pytest.approx(60 * busy, rel=0.02)
        assert number("log", units=sizes) == pytest.approx(ballots * entry, rel=0.02)
        assert number("database", units=sizes) == pytest.approx(ballots * stored, rel=0.02)
        assert number("proof of a ballot") == math.ceil(math.log2(ballots))
        if at:
            whole = number("verify everything", units=seconds)
            assert whole == pytest.approx(ballots * verify / 16, rel=0.05)
        else:
            assert ballots * verify / 16 < 1


def test_the_container_copies_what_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY")]
    names = {name for each in copied for name in each}
    assert names >= {"tally", "audit", "ballot", "web", "pyproject.toml", "README.md"}
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_it(unit: Path, tmp_path: Path) -> None:
    program = required("systemd-analyze", "systemd")
    text = unit.read_text("utf-8").replace("/opt/scrutin/.venv/bin/scrutin", "/bin/true")
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    ended = subprocess.run(
        [program, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert "Unknown" not in ended.stderr, ended.stderr
    assert "Failed to parse" not in ended.stderr, ended.stderr
