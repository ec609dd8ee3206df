"""What the service consists of is pinned by hash, named in full, and told the same each time."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-server.lock")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def test_everything_is_pinned_by_hash_and_no_index_is_named() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text()
        assert "://" not in text, f"{name} names an address"
        parts = re.split(r"\n(?=[a-z0-9])", text)
        assert len(parts) > 20
        for part in parts:
            assert PINNED.match(part), part[:80]
            assert "--hash=sha256:" in part, f"{part[:60]}: no hash"


def test_the_service_needs_nothing_that_the_tests_do_not_have() -> None:
    every, server = (dict(PINNED.findall((ROOT / name).read_text())) for name in LOCKS)
    assert server.items() <= every.items()
    assert not {"pabutools", "gurobipy", "playwright", "atheris"} & set(server)


def test_what_makes_the_package_is_pinned_too() -> None:
    """An isolated build would fetch whatever is newest, and run it."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {re.split(r"[^a-z-]", each)[0] for each in table["build-system"]["requires"]}
    assert needed
    for name in LOCKS:
        assert needed <= set(dict(PINNED.findall((ROOT / name).read_text())))
    told = [
        line
        for name in ("Makefile", "docs/hosting.md", "docs/deploy/Containerfile")
        for line in (ROOT / name).read_text().splitlines()
        if "pip install" in line
    ]
    assert len(told) >= 6
    for line in told:
        # Without --no-deps pip looks for extras anew, and older ones then stumble over whatever
        # has been released since the lock was written.
        assert re.search("--no-deps (--require-hashes|--no-build-isolation)", line), line


def test_the_lock_is_whole() -> None:
    """It is installed without asking what its parts need: each need has to be in it, and fit."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"],
        check=False, capture_output=True, timeout=120, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bill_of_materials_names_all_and_no_moment(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    subprocess.run(
        [
            Path(sys.executable).with_name("cyclonedx-py"),
            "requirements", "--pyproject", ROOT / "pyproject.toml", "--output-reproducible",
            "--validate", "--of", "JSON", "-o", out, ROOT / "requirements-server.lock",
        ],
        check=True, capture_output=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    bill = json.loads(out.read_bytes())
    named = {(part["name"], part["version"]) for part in bill["components"]}
    assert named == set(PINNED.findall((ROOT / "requirements-server.lock").read_text()))
    assert bill["metadata"]["component"]["name"] == "scrutin"
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
