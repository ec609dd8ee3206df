"""An installed Scrutin has every file that the program reads, and every package."""

import re
import tomllib
from glob import glob
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tally", "audit", "ballot", "web")
IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache"}
READ = {
    "web/static", "web/templates", "web/locale", "web/demo", "audit/locale",
    "ballot/definition/template", "ballot/store/migrations",
}  # fmt: skip


def setuptools_table() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)["tool"]["setuptools"]
    return table


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not IGNORED & set(path.parts) and path.suffix != ".pyc"
    }


def shipped() -> set[str]:
    """The modules of the packages that are named, and what the patterns of package-data find
    beside them, as setuptools does it: a glob from the package's folder, ``**`` through folders."""
    table = setuptools_table()
    found: set[str] = set()
    for package in table["packages"]:
        folder = ROOT / package.replace(".", "/")
        found |= {path.relative_to(ROOT).as_posix() for path in folder.glob("*.py")}
    for package, patterns in table["package-data"].items():
        folder = ROOT / package.replace(".", "/")
        for pattern in patterns:
            # As setuptools does it: only this glob's "**" finds files in every Python.
            names = glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
            matches = [folder / name for name in names if (folder / name).is_file()]
            assert matches, f"{package}: {pattern} finds nothing"
            found |= {path.relative_to(ROOT).as_posix() for path in matches}
    return found


def test_every_file_of_every_room_is_shipped() -> None:
    everything = set().union(*(files_below(ROOT / room) for room in ROOMS))
    for folder in READ:
        assert any(path.startswith(f"{folder}/") for path in everything), folder
    assert sorted(everything - shipped()) == []


def test_a_pattern_less_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    table = setuptools_table()
    table["package-data"]["web"].remove("locale/*.json")
    monkeypatch.setattr("tests.test_packaging.setuptools_table", lambda: table)
    missing = files_below(ROOT / "web") - shipped()
    assert missing
    assert all(path.startswith("web/locale/") for path in missing)


def test_a_package_is_named_for_every_folder_of_modules_that_is_imported() -> None:
    named = {package.replace(".", "/") for package in setuptools_table()["packages"]}
    folders = {
        path.parent.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert folders == named


def test_every_folder_that_the_program_reads_is_looked_at() -> None:
    """What is read by its name through ``resources.files`` stands in ``READ`` or a room itself."""
    read: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text("utf-8")
            for package, name in re.findall(
                r'files\("([a-z.]+)"\)\s*\.joinpath\(f?"([a-z]+)[/"{]', text
            ):
                read.add(f"{package.replace('.', '/')}/{name}")
    assert {"web/locale", "web/static", "web/demo", "ballot/definition/template"} <= read <= READ
