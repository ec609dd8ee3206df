"""The shape of the house: import order, purity of the tally, names, and who owns our names."""

import ast
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tally", "audit", "ballot", "web")
STANDARD = frozenset(sys.stdlib_module_names)
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

# What a room may take from outside the standard library.
ALLOWED = {
    "tally": {"gmpy2", "numpy"},
    "audit": {"cryptography"},
    "ballot": {
        "cryptography",
        "gmpy2",
        "sqlmodel",
        "sqlalchemy",
        "alembic",
        "Crypto",
        "pydantic",
        "segno",
    },
    "web": None,
}
# The exceptions, each with its reason.
ALSO = {"audit/charts.py": {"matplotlib", "numpy", "PIL"}}
IMPURE = {
    "random",
    "time",
    "datetime",
    "os",
    "pathlib",
    "socket",
    "secrets",
    "io",
    "threading",
    "subprocess",
    "uuid",
    "locale",
    "tempfile",
    "sqlite3",
    "urllib",
    "logging",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno


def test_there_are_modules_in_every_room() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_import_goes_down(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    below = set(ROOMS[: ROOMS.index(room) + 1])
    allowed = ALLOWED[room]
    also = ALSO.get(str(path.relative_to(ROOT)), set())
    for name, line in imports(path):
        top = name.split(".")[0]
        if top in ROOMS or top == "tests":
            assert top in below, f"{path}:{line}: {room} imports {name}, which lies above it"
        elif top not in STANDARD and allowed is not None:
            assert top in allowed | also, f"{path}:{line}: {room} may not import {top}"


def test_no_circles() -> None:
    known = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
        for p in MODULES
    }
    graph = {
        name: {n for n, _ in imports(path) if n in known and n != name}
        for name, path in known.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"circular import: {' -> '.join((*trail, name))}"
        if name not in done:
            for inner in graph[name]:
                visit(inner, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tally").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_tally_is_pure_and_exact(path: Path) -> None:
    for name, line in imports(path):
        assert name.split(".")[0] not in IMPURE, f"{path}:{line}: the tally imports {name}"
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), f"{where}: a float in the tally"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"float", "open", "hash", "id", "input", "print"}, (
                f"{where}: {node.func.id}() in the tally"
            )
        if isinstance(node, ast.BinOp | ast.AugAssign):
            # Fractions divide exactly; a "/" between integers would make a float.
            assert not isinstance(node.op, ast.Div) or "Fraction" in path.read_text(), (
                f"{where}: true division without Fraction"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_nouns_of_the_election(path: Path) -> None:
    parts = set(path.relative_to(ROOT).with_suffix("").parts)
    assert not parts & FORBIDDEN_NAMES


def test_packages_are_listed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(settings["tool"]["setuptools"]["packages"])
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in MODULES if p.name == "__init__.py"}
    assert listed == found


def test_nothing_else_installed_owns_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, ["scrutin"])) <= {"scrutin"}, f"{room} is also {owners[room]}"
