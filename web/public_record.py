"""What the public door reads: rules, log, publication and the state of the vote, as files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from audit.manifest import Manifest
from tally.election import Contest, Envelope
from web.clock import Clock, read_time
from web.comparisons import Comparisons
from web.observed import LogFolder
from web.problem import Problem
from web.published import Published, PublishedFolder

STATES: Final = ("frozen", "open", "closed", "published")


class PublicRecord:
    """One election's public files, read when asked and kept while they are the same."""

    def __init__(self, manifest: Manifest, log: Path, publication: Path, clock: Clock) -> None:
        self.manifest = manifest
        self.election = manifest.election
        self.log = LogFolder(manifest, log)
        self.publication = PublishedFolder(manifest, publication)
        self.comparisons = Comparisons()
        self._clock: Callable[[], datetime] = clock

    def state(self) -> str:
        """One of STATES."""
        if self.publication.exists:
            return "published"
        now = self._clock()
        if now >= read_time(self.election.closes):
            return "closed"
        log = self.log.get()
        begun = log is not None and log.size > 0
        return "open" if begun and now >= read_time(self.election.opens) else "frozen"

    def published(self) -> Published:
        """The publication. Raises Problem before there is one."""
        published = self.publication.get()
        if published is None:
            raise Problem("not-published")
        return published

    def contest(self, contest_id: str) -> Contest:
        """A contest. Raises Problem for an unknown one."""
        for contest in self.election.contests:
            if contest.id == contest_id:
                return contest
        raise Problem("not-found")

    def envelope(self, contest_id: str) -> Envelope:
        """An envelope. Raises Problem for an unknown contest, and for a question."""
        contest = self.contest(contest_id)
        if not isinstance(contest, Envelope):
            raise Problem("not-found")
        return contest
