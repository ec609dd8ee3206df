"""What is kept on another disk, where ``SCRUTIN_SECOND_COPY`` names one, and taken from there."""

import logging
import os
from contextlib import suppress
from pathlib import Path

from audit.manifest import Manifest
from ballot.secondcopy import SecondCopy
from ballot.store.box import BoxStore
from ballot.store.engine import StoreBusy
from ballot.takenagain import TakenAgain, let_go, take_again
from ballot.waitingcopy import WaitingCopy

log = logging.getLogger("scrutin.office")


def second_copy(election_id: str) -> SecondCopy | None:
    """Where sealed bytes are kept a second time: ``SCRUTIN_SECOND_COPY``, if that is set."""
    folder = os.environ.get("SCRUTIN_SECOND_COPY", "")
    return SecondCopy(Path(folder) / election_id) if folder else None


def waiting_copy(election_id: str) -> WaitingCopy | None:
    """Where what waits is kept a second time: beside the sealed bytes, if these are kept."""
    folder = os.environ.get("SCRUTIN_SECOND_COPY", "")
    return WaitingCopy(Path(folder) / election_id / "waiting") if folder else None


def take_waiting_again(manifest: Manifest, store: BoxStore) -> TakenAgain | None:
    """Take again what was acknowledged, stands in the second copy and is in the database no more,
    and say so in the log; None where no second copy is kept."""
    copy = waiting_copy(manifest.election.id)
    if copy is None:
        return None
    found = take_again(manifest, store, copy)
    if found.ballots or found.tests:
        log.warning(
            "the database lacked %s acknowledged ballots and %s tests: taken again from the "
            "second copy. Was an old copy of it restored?",
            found.ballots,
            found.tests,
        )
    if found.outside:
        log.critical(
            "%s acknowledged ballots in the second copy are not in the log, which is not open or "
            "closed without them: keep that folder, and say so in public",
            len(found.outside),
        )
    tidy_waiting(manifest, store)
    return found


def tidy_waiting(manifest: Manifest, store: BoxStore) -> None:
    """Remove from the second copy what stands in the log, as far as that can be done now."""
    copy = waiting_copy(manifest.election.id)
    if copy is not None:
        with suppress(StoreBusy):
            let_go(store, copy)
