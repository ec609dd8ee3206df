"""What officers see of a count, and that it looks at each ballot once."""

import shutil
from pathlib import Path

import pytest

import audit.derive
import web.office.result
from audit.admission import Admitted, admit
from tests.audit.forger import RENDERER
from web.office.folder import ElectionFolder
from web.office.result import count_votes, publish_results
from web.office.town import Town
from web.progress import Progress


class Told(Progress):
    """Keeps how far each step came."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.steps: dict[str, tuple[int, int]] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        self.steps[step] = done, total


def test_each_ballot_is_looked_at_once(
    frozen_town: Town, published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(manifest: object, entries: object, **more: object) -> Admitted:
        looked.append(len(entries))  # type: ignore[arg-type]
        return admit(manifest, entries, **more)  # type: ignore[arg-type]

    for module in (web.office.result, audit.derive):
        monkeypatch.setattr(module, "admit", counted)
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    counting, publishing = Told(), Told()
    results = count_votes(folder, frozen_town.manifest, jobs=1, progress=counting)
    assert results == folder.results.read_bytes()
    ballots = looked[0] - 2
    assert ballots > 2
    assert counting.steps["check the log"] == (ballots, ballots)
    opened, of = counting.steps["open the ballots"]
    assert 0 < opened == of <= ballots
    out = folder.root / "again"
    publish_results(
        folder, frozen_town.manifest, out, frozen_town.officers,
        jobs=1, progress=publishing, renderer=lambda: RENDERER,
    )  # fmt: skip
    assert publishing.steps["check the log"] == (ballots, ballots)
    assert publishing.steps["open"] == (opened, of)
    assert (out / "publication.json").read_bytes() == (
        published_folder / "publication" / "publication.json"
    ).read_bytes()
    assert looked == [ballots + 2, ballots + 2]
