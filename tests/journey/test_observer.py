"""A stranger: two rooms of the program, Python, the cryptography package, and nothing else."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

from audit.bundle import publish
from audit.rendering import installed_renderer
from tests.journey.terminal import ROOT, Run, call
from tests.town import Town, town

ABSENT = (
    "babel", "click", "Crypto", "flask", "gmpy2", "granian", "matplotlib", "numpy",
    "pabutools", "PIL", "segno", "sqlalchemy", "sqlmodel", "tqdm", "web", "ballot", "tests",
)  # fmt: skip
NEEDED = ("cryptography", "cffi", "pycparser")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``audit`` and ``tally``, and a real virtual environment beside them."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", folder / "environment"], check=True
    )
    (packages,) = (folder / "environment").glob("lib/python3*/site-packages")
    # The packages as they are installed here: a test may not depend on a download.
    for name in NEEDED:
        here = distribution(name)
        for part in {each.parts[0] for each in here.files or () if each.parts[0] != ".."}:
            source = Path(str(here.locate_file(part)))
            (packages / part).symlink_to(source, target_is_directory=source.is_dir())
    for room in ("audit", "tally"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def own_town() -> Town:
    return town()


@pytest.fixture(scope="module")
def publication(own_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "publication"
    publish(own_town.inputs, folder, installed_renderer(), own_town.clerk.sign)
    return folder


def observe(stranger: Path, *words: str | Path) -> Run:
    """Run the stranger's Python in their folder."""
    python = stranger / "environment" / "bin" / "python"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return call(python, *words, env=environment, folder=stranger)


def test_nothing_else_is_installed(stranger: Path) -> None:
    for name in ABSENT:
        if name not in ("web", "ballot", "tests"):
            assert find_spec(name) is not None, f"{name}: is not here either, so proves nothing"
        run = observe(stranger, "-c", f"import {name}")
        assert run.status == 1, name
        assert f"No module named '{name}'" in run.err
    assert observe(stranger, "-c", "import cryptography").status == 0


def test_a_stranger_verifies(stranger: Path, publication: Path, own_town: Town) -> None:
    run = observe(stranger, "-W", "error", "-m", "audit", "verify", publication)
    assert run.status == 0, str(run)
    lines = run.out.splitlines()
    assert lines[-1].startswith("VERIFIED ")
    assert [line for line in lines if line.startswith("14. ")]
    assert "city: funded: " in run.out
    found = observe(stranger, "-m", "audit", "verify", publication, "--json", "--jobs", "2")
    assert found.status == 0, str(found)
    assert own_town.manifest.hash.hex() in found.out


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "log/checkpoint",
        "sealed/centre.bin",
        "opening.json",
        "ballots/north.json",
        "results.json",
        "figures/turnout.json",
        "pabulib/city.pb",
        "publication.json",
        "index.html",
        "charts/turnout.fr.svg",
        "charts/turnout.fr.png",
        "publication.signatures.json",
    ],
)
def test_one_bit_is_wrong(stranger: Path, publication: Path, tmp_path: Path, name: str) -> None:
    wrong = tmp_path / "publication"
    shutil.copytree(publication, wrong)
    data = bytearray((wrong / name).read_bytes())
    data[len(data) // 2] ^= 1
    (wrong / name).write_bytes(data)
    run = observe(stranger, "-m", "audit", "verify", wrong)
    assert run.status == 1, str(run)
    assert "NOT VERIFIED: step " in run.out
    assert name in run.out.splitlines()[-1]
    assert "\nVERIFIED" not in run.out
