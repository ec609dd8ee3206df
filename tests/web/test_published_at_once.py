"""Two officers publish at the same moment."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from audit.source import FolderSource
from audit.verify import verify
from tests.audit.forger import RENDERER
from web.office.folder import ElectionFolder
from web.office.result import publish_results
from web.office.town import Town
from web.progress import Progress


def test_one_publication_comes_of_two_commands_at_once(
    frozen_town: Town, published_folder: Path, tmp_path: Path
) -> None:
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    shutil.rmtree(folder.approvals)
    out = folder.root / "again"
    together = Barrier(3)

    def publish(_number: int) -> object:
        together.wait(30)
        quiet = Progress(quiet=True)
        return publish_results(
            folder, frozen_town.manifest, out, frozen_town.officers,
            jobs=1, progress=quiet, renderer=lambda: RENDERER,
        )  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        hashes = list(pool.map(publish, range(3)))
    assert len(set(hashes)) == 1
    assert isinstance(hashes[0], bytes)
    assert not list(folder.root.glob("*.unsigned*"))
    assert verify(FolderSource(out), renderer=lambda: RENDERER).result_hash == hashes[0]
