"""Publications: derived from their inputs alone, written whole or not at all, twice the same."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit import recount
from audit.admission import AdmissionRefused
from audit.bundle import FolderDiffers, Prepared, all_files, complete, prepare, publish
from audit.derive import InputsInvalid, derive
from audit.drawing import Drawing
from audit.errors import AuditError
from audit.officers import SignaturesMissing
from audit.parallel import Workers
from audit.publication import (
    EXPLANATIONS,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
    ListInvalid,
)
from audit.recount import OpenedBallot, SealedInvalid, ballots_file
from audit.rendering import Publication, Renderer
from audit.source import FolderSource, PathInvalid
from audit.verify import verify
from tally import canonical
from tally.frozen import FrozenMap
from tally.vote import Choice, Spoiled, Vote
from tests.audit.forger import RENDERER, published
from tests.town import clerk, drawn, town

TOWN = town()
CLERK = TOWN.clerk
INPUTS = TOWN.inputs

DRAWING = Drawing(pages="p", charts="c")


def nothing(_publication: Publication, _charts: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return []


def content(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in FolderSource(folder).paths()}


def test_the_files_follow_from_the_inputs() -> None:
    files = dict(derive(INPUTS))
    assert list(files)[-1] == PUBLICATION
    with Workers(2) as workers:
        assert dict(derive(INPUTS, workers=workers)) == files
    assert {path: published()[path] for path in files} == files
    town.cache_clear()
    clerk.cache_clear()
    assert town().inputs == INPUTS
    for path, data in files.items():
        if path.endswith(".json"):
            canonical.parse(data)


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    list(derive(INPUTS, progress=lambda *each: told.append(each)))
    assert ("verify", 11, 11) in told
    assert ("open", 9, 9) in told


@pytest.mark.parametrize(
    ("inputs", "error", "named"),
    [
        (replace(INPUTS, manifest=b"{}"), AuditError, "manifest"),
        (replace(INPUTS, manifest_signatures=b"{}"), SignaturesMissing, "manifest signatures"),
        (replace(INPUTS, pictures=FrozenMap()), InputsInvalid, "pictures/tree.png: missing"),
        (
            replace(INPUTS, pictures=FrozenMap({"pictures/tree.png": b"x"})),
            InputsInvalid,
            "pictures/tree.png: not the picture",
        ),
        (
            replace(INPUTS, pictures=FrozenMap({**INPUTS.pictures, "pictures/b.png": b"x"})),
            InputsInvalid,
            "pictures/b.png: the definition names no such picture",
        ),
        (replace(INPUTS, entries=INPUTS.entries[:-1]), InputsInvalid, "checkpoint"),
        (
            replace(INPUTS, entries=INPUTS.entries[:0], checkpoint=CLERK.checkpoint([])),
            AdmissionRefused,
            "no open entry",
        ),
        (replace(INPUTS, checkpoint=b""), AuditError, "note"),
        (replace(INPUTS, opening=b"{}"), AuditError, "opening"),
        (replace(INPUTS, sealed=FrozenMap({"north": b""})), InputsInvalid, "one file for each"),
        (
            replace(INPUTS, sealed=FrozenMap({**INPUTS.sealed, "north": b"x"})),
            SealedInvalid,
            "for 5 ballots",
        ),
    ],
)
def test_inputs_that_do_not_hold_are_refused(
    inputs: object, error: type[Exception], named: str
) -> None:
    with pytest.raises(error) as caught:
        list(derive(inputs))  # type: ignore[arg-type]
    assert named in str(caught.value)


def test_publishing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        publish(INPUTS, folder, RENDERER, CLERK.sign)
    assert content(first) == content(second) == published()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    verify(FolderSource(first), renderer=lambda: RENDERER)
    # again over what is there: nothing changes
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    publish(INPUTS, first, RENDERER, CLERK.sign)
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*")} == before


class Crash(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("at", [1, 5, 17, 24, 28, 30])
def test_a_publication_interrupted_anywhere_is_not_there_and_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    folder = tmp_path / "publication"
    real = Path.replace
    done = 0

    def replace_or_crash(self: Path, target: str | os.PathLike[str]) -> Path:
        nonlocal done
        done += 1
        if done == at:
            raise Crash
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace_or_crash)
        with pytest.raises(Crash):
            publish(INPUTS, folder, RENDERER, CLERK.sign)
    assert not folder.exists()
    publish(INPUTS, folder, RENDERER, CLERK.sign)
    assert content(folder) == published()
    assert [path.name for path in tmp_path.iterdir()] == ["publication"]


def prepared_in(folder: Path) -> Prepared:
    return prepare(INPUTS, folder, RENDERER)


def test_officers_sign_what_each_derived(tmp_path: Path) -> None:
    mine, theirs = prepared_in(tmp_path / "mine"), prepared_in(tmp_path / "theirs")
    assert mine.publication_message == theirs.publication_message
    assert SIGNATURES not in content(tmp_path / "mine")
    publication = [
        *CLERK.sign(mine.publication_message)[:1],
        *CLERK.sign(theirs.publication_message)[1:],
    ]
    renderings = CLERK.sign(mine.renderings_message)
    with pytest.raises(SignaturesMissing, match="publication: signed by 1 officers"):
        complete(mine, tmp_path / "p", publication=publication[:1], renderings=renderings)
    with pytest.raises(SignaturesMissing, match="renderings: signed by 0 officers"):
        complete(mine, tmp_path / "p", publication=publication, renderings=())
    with pytest.raises(SignaturesMissing, match="not by this key"):
        complete(mine, tmp_path / "p", publication=renderings, renderings=renderings)
    assert not (tmp_path / "p").exists()
    complete(mine, tmp_path / "p", publication=reversed(publication), renderings=renderings)
    assert content(tmp_path / "p") == published()
    # done before: nothing happens
    complete(theirs, tmp_path / "p", publication=publication, renderings=renderings)


def test_another_publication_is_never_replaced(tmp_path: Path) -> None:
    own = town("another")
    publish(INPUTS, tmp_path / "p", RENDERER, CLERK.sign)
    prepared = prepare(own.inputs, tmp_path / "other", RENDERER)
    with pytest.raises(FolderDiffers, match="another publication is there"):
        complete(
            prepared,
            tmp_path / "p",
            publication=own.clerk.sign(prepared.publication_message),
            renderings=own.clerk.sign(prepared.renderings_message),
        )
    with pytest.raises(FolderDiffers, match="exists with other content"):
        publish(own.inputs, tmp_path / "p", RENDERER, own.clerk.sign)
    assert content(tmp_path / "p") == published()


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    prepared_in(folder)
    (folder / "notes.txt").write_text("x")
    with pytest.raises(FolderDiffers, match=r"notes\.txt: belongs to another publication"):
        prepared_in(folder)
    (folder / "notes.txt").unlink()
    (folder / f"{RESULTS}.partial").write_text("cut")
    prepared_in(folder)
    assert not (folder / f"{RESULTS}.partial").exists()
    (folder / RESULTS).write_text("x")
    with pytest.raises(FolderDiffers, match=r"results\.json: exists with other content"):
        prepared_in(folder)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("results.json", ListInvalid),
        ("../outside.svg", ListInvalid),
        ("charts/../../outside.svg", ListInvalid),
        ("charts/.svg", ListInvalid),
        ("charts/-x.svg", PathInvalid),
        ("charts/x.js", ListInvalid),
        ("index.php", ListInvalid),
    ],
)
def test_a_renderer_writes_charts_and_pages_only(
    tmp_path: Path, path: str, error: type[Exception]
) -> None:
    def draw(_publication: Publication) -> list[tuple[str, bytes]]:
        return [(path, b"x")]

    with pytest.raises(error):
        prepare(INPUTS, tmp_path / "p", Renderer(drawing=DRAWING, charts=draw, pages=nothing))
    assert not (tmp_path / "outside.svg").exists()


def test_pages_are_given_the_charts() -> None:
    seen: list[Mapping[str, bytes]] = []

    def pages(_publication: Publication, charts: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
        seen.append(charts)
        return [("index.html", b"x")]

    def charts(_publication: Publication) -> list[tuple[str, bytes]]:
        return [("charts/a.svg", b"<svg/>")]

    files = dict(all_files(INPUTS, Renderer(drawing=DRAWING, charts=charts, pages=pages)))
    assert seen == [{"charts/a.svg": b"<svg/>"}]
    listed: Any = canonical.parse(files[RENDERINGS])
    assert listed["files"].keys() == {"charts/a.svg", "index.html"}
    assert listed["drawing"] == {"pages": "p", "charts": "c"}


def test_a_renderer_draws_each_file_once_and_sees_what_is_decided() -> None:
    seen: list[Publication] = []

    def draw(publication: Publication) -> list[tuple[str, bytes]]:
        seen.append(publication)
        return [("index.fr.html", b"x"), ("index.fr.html", b"y")]

    with pytest.raises(FolderDiffers, match="drawn twice"):
        list(all_files(INPUTS, Renderer(drawing=DRAWING, charts=draw, pages=nothing)))
    (publication,) = seen
    files = published()
    assert publication.manifest == TOWN.manifest
    assert publication.results == canonical.parse(files[RESULTS])
    assert publication.checkpoint == CLERK.head(TOWN.entries)
    assert publication.figures == {
        path: data for path, data in files.items() if path.startswith("figures/")
    }
    assert publication.files.keys() == {
        path
        for path in files
        if not path.startswith(("charts/", "index"))
        and path not in (EXPLANATIONS, PUBLICATION, RENDERINGS, SIGNATURES)
    }


def test_ballots_are_spelled_as_the_general_encoder_does(monkeypatch: pytest.MonkeyPatch) -> None:
    choices: dict[str, Choice | Spoiled] = {
        "z": (("é/1", 2), ('"', 1)),
        "b": (),
        "c": Spoiled(reason="too-many"),
    }
    votes: list[Vote | Spoiled] = [
        Spoiled(reason="does-not-open"),
        Vote(style="a", choices=FrozenMap(choices)),
        Vote(style="a", choices=FrozenMap({"b": (), "z": ()})),
    ]
    opened = [OpenedBallot(leaf_hash=drawn(number), vote=vote) for number, vote in enumerate(votes)]
    data = ballots_file("a", opened)
    assert canonical.encode(canonical.parse(data)) == data
    value = canonical.parse(data)
    assert isinstance(value, dict)
    assert value["style"] == "a"
    assert value["ballots"][1]["contests"] == {
        "z": [["é/1", 2], ['"', 1]],
        "b": [],
        "c": {"spoiled": "too-many"},
    }
    assert ballots_file("a", []) == b'{"ballots":[],"style":"a"}'
    for portion in (1, 2):
        monkeypatch.setattr(recount, "_PORTION", portion)
        monkeypatch.setattr(recount, "_MOST_KNOWN", 0)
        assert ballots_file("a", opened) == data


def test_nobody_voted() -> None:
    entries = (CLERK.open_entry(), CLERK.close_entry({"centre": 0, "north": 0}))
    files = dict(derive(CLERK.inputs(entries, {})))
    assert files["sealed/north.bin"] == b""
    assert files["ballots/north.json"] == b'{"ballots":[],"style":"north"}'
