"""``python -m audit chart``: the published charts again, and nothing from figures that are not."""

import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit.bundle import publish
from audit.charts import png, svg, typeface
from audit.command import main
from audit.result_hash import short
from audit.sheets import sheets
from tally.canonical import encode, parse
from tests.audit.forger import RENDERER, published, relist, verified
from tests.audit.test_command import BLOCKER, ROOT
from tests.town import town

TOWN = town()
DIGEST = verified(published()).result_hash
ENVELOPES = ("city", "centre")
NAMES = ("turnout", "question-cars", *(f"{n}-{e}" for n in ("votes", "filling") for e in ENVELOPES))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication that no test changes."""
    folder = tmp_path_factory.mktemp("signed") / "publication"
    publish(TOWN.inputs, folder, RENDERER, TOWN.clerk.sign)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publish(TOWN.inputs, tmp_path / "publication", RENDERER, TOWN.clerk.sign)
    return tmp_path / "publication"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_all_charts_of_a_publication(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "charts"
    assert main(["chart", str(signed), "--out", str(out), "--format", "svg"]) == 0
    assert names(out) == {f"{name}.{language}.svg" for name in NAMES for language in ("fr", "en")}
    printed, err = capsys.readouterr()
    assert set(printed.splitlines()) == {str(path) for path in out.iterdir()}
    assert err == ""
    figures = {
        path: data for path, data in published().items() if path.startswith("figures/votes-")
    }
    laid = dict(sheets(TOWN.manifest.election, figures, DIGEST, typeface()))
    for name, sheet in laid.items():
        assert (out / f"{name}.svg").read_bytes() == svg(sheet, DIGEST.hex())


def test_one_chart_in_one_language_as_png(signed: Path, tmp_path: Path) -> None:
    chosen = ["chart", str(signed), "votes-city", "figures/turnout.json", "--out", str(tmp_path)]
    assert main([*chosen, "--format", "png", "--language", "fr"]) == 0
    assert names(tmp_path) == {"votes-city.fr.png", "turnout.fr.png"}
    data = {"figures/turnout.json": published()["figures/turnout.json"]}
    laid = dict(sheets(TOWN.manifest.election, data, DIGEST, typeface()))
    assert (tmp_path / "turnout.fr.png").read_bytes() == png(laid["turnout.fr"])


def test_a_chart_is_drawn_twice_but_overwrites_nothing(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["chart", str(signed), "turnout", "--out", str(tmp_path), "--language", "en"]
    chosen += ["--format", "svg"]
    assert main(chosen) == 0
    assert main(chosen) == 0
    (tmp_path / "turnout.en.svg").write_text("mine")
    assert main(chosen) == 2
    assert "give another --out" in capsys.readouterr().err
    assert (tmp_path / "turnout.en.svg").read_text() == "mine"


def test_one_figure_alone_shows_its_own_hash(signed: Path, tmp_path: Path) -> None:
    file = signed / "figures" / "votes-city.json"
    chosen = ["chart", str(file), "--out", str(tmp_path), "--language", "en", "--format", "svg"]
    assert main(chosen) == 0
    data = (tmp_path / "votes-city.en.svg").read_bytes()
    digest = sha256(file.read_bytes()).digest()
    shown = ["".join(each.itertext()) for each in ET.fromstring(data).iter()]  # noqa: S314
    assert short(digest) in shown
    assert "Hash of the numbers" in shown
    assert "Result hash" not in shown
    assert short(DIGEST) not in shown


def test_other_rules_are_drawn_from_the_opened_ballots(signed: Path, tmp_path: Path) -> None:
    chosen = ["chart", str(signed), "--compare", "city", "--out", str(tmp_path), "--format", "svg"]
    assert main(chosen) == 0
    assert names(tmp_path) == {"comparison-city.fr.svg", "comparison-city.en.svg"}
    data = (tmp_path / "comparison-city.en.svg").read_bytes()
    assert data.count(b"This is not the result</text>") == 2
    assert short(DIGEST).encode() in data


def relisted(folder: Path, path: str, data: bytes) -> None:
    """As officers who hold their keys would publish another file."""
    files = relist(TOWN.clerk, {**published(), path: data})
    for name in (path, "publication.json", "renderings.json", "publication.signatures.json"):
        (folder / name).write_bytes(files[name])


def test_ballots_that_give_other_winners_are_not_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results: Any = parse(published()["results.json"])
    city = next(each for each in results["contests"] if each["contest"] == "city")
    city["winners"].reverse()
    relisted(folder, "results.json", encode(results))
    out = tmp_path / "out"
    assert main(["chart", str(folder), "--compare", "city", "--out", str(out)]) == 1
    assert "the ballots give other winners" in capsys.readouterr().out
    assert not out.exists()


def edit(path: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def edited(folder: Path) -> None:
        value: Any = parse((folder / path).read_bytes())
        change(value)
        (folder / path).write_bytes(encode(value))

    return edited


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "a vote more": (
        edit("figures/votes-city.json", lambda figure: figure["projects"][0].update(votes=99)),
        "figures/votes-city.json: not the file that publication.json lists",
    ),
    "another list": (
        edit("publication.json", lambda lists: lists["files"].pop("figures/turnout.json")),
        "publication",
    ),
    "other rules": (edit("manifest.json", lambda rules: rules.update(version=2)), "version"),
    "no figure": (lambda folder: (folder / "figures/turnout.json").unlink(), "turnout.json: miss"),
    "no signatures": (
        lambda folder: (folder / "publication.signatures.json").unlink(),
        "publication.signatures.json: missing",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_figures_that_were_not_signed_are_not_drawn(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    change, told = WRONG[name]
    change(folder)
    assert main(["chart", str(folder), "--out", str(tmp_path / "out")]) == 1
    out, _ = capsys.readouterr()
    assert out.startswith("FAILED: ")
    assert told in out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{}", "KeyError"),
        (b"[]", "not a figure"),
        (b'{"figure":"votes"}', "KeyError"),
        (b'{"exponent":99,"figure":"turnout","title":{"en":"x"}}', "exponent"),
        (b'{"figure":"turnout","title":{"en":7}}', "not a figure"),
        (b"not json", "not a figure"),
    ],
)
def test_a_file_that_is_no_figure_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, told: str
) -> None:
    file = tmp_path / "figure.json"
    file.write_bytes(text)
    assert main(["chart", str(file), "--out", str(tmp_path / "out")]) == 1
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["{folder}", "votes-nowhere"], 1, "it has filling-centre, filling-city, question-cars, t"),
        (["{folder}", "--language", "de"], 2, "--language: there is en and fr"),
        (["/nowhere"], 2, "not a folder"),
        (["{folder}/figures/turnout.json", "votes-city"], 2, "is one figure"),
        (["{folder}/figures/turnout.json", "--compare", "city"], 2, "is one figure"),
        (["{folder}", "votes-city", "--compare", "city"], 2, "either names"),
        (["{folder}", "--compare", "cars"], 1, "no envelope 'cars'; it has city, centre"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    signed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    told: str,
) -> None:
    given = [each.replace("{folder}", str(signed)) for each in arguments]
    assert main(["chart", *given, "--out", str(tmp_path / "out")]) == status
    out, err = capsys.readouterr()
    assert told in (out if status == 1 else err)
    assert not (tmp_path / "out").exists()


def test_without_matplotlib_it_says_what_to_install(signed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(BLOCKER)]
    done = subprocess.run(
        [*command, "chart", str(signed), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot draw: charts need matplotlib" in done.stderr
    assert "scrutin[charts]" in done.stderr
