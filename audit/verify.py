"""Verify a publication: numbered steps from the signed rules to a full recount.

Nothing derived is trusted: every such file is made again from the rules, the log, the sealed
ballots and the opening, and compared byte by byte. The first thing that is wrong ends it, with the
step and the place. What it cannot show: that the officers' keys in the manifest are theirs, and
that the publication is the one everybody else sees. Compare the hash of the rules and the result
hash with those posted elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from audit import verify_count, verify_lists
from audit.check import Check
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.parallel import Workers
from audit.rendering import Renderer, installed_renderer
from audit.source import Source, SourceFailed
from tally.count import Result
from tally.errors import TallyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step: its title, and the function that carries it out and says what it showed."""

    title: str
    run: Callable[[Check], str]


STEPS: tuple[Step, ...] = (
    Step(title="Rules", run=verify_lists.rules),
    Step(title="Lists", run=verify_lists.lists),
    Step(title="Files", run=verify_lists.files),
    Step(title="Pictures", run=verify_lists.pictures),
    Step(title="Log", run=verify_count.log),
    Step(title="Entries", run=verify_count.entries),
    Step(title="Opening", run=verify_count.opening),
    Step(title="Sealed ballots", run=verify_count.sealed),
    Step(title="Opened ballots", run=verify_count.ballots),
    Step(title="Results", run=verify_count.results),
    Step(title="Figures", run=verify_count.figures),
    Step(title="Pabulib", run=verify_count.pabulib),
    Step(title="Publication", run=verify_lists.publication),
    Step(title="Drawings", run=verify_lists.drawings),
)


class VerificationFailed(AuditError):
    """A publication that is not what it claims. ``number`` and ``title`` name the step, ``place``
    the file, ``reason`` what is wrong with it."""

    def __init__(self, number: int, title: str, place: str, reason: str) -> None:
        super().__init__(f"step {number}, {title}: {place}: {reason}")
        self.number = number
        self.title = title
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A step that is done: what it showed."""

    number: int
    title: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A publication that holds. ``result_hash`` has 32 bytes."""

    manifest: Manifest
    result: Result
    result_hash: bytes
    steps: tuple[Shown, ...]


def _no_step(_shown: Shown) -> None:
    pass


def _no_progress(_number: int, _title: str, _done: int, _total: int) -> None:
    pass


def verify(
    source: Source,
    *,
    jobs: int = 1,
    expected: bytes | None = None,
    renderer: Callable[[], Renderer] = installed_renderer,
    on_step: Callable[[Shown], None] = _no_step,
    on_progress: Callable[[int, str, int, int], None] = _no_progress,
) -> Verified:
    """Verify the publication at ``source``; ``jobs`` processes do the heavy steps (0: one a core).

    ``expected`` is the result hash it must have (32 bytes). ``on_step`` is told of each step that
    is done, ``on_progress`` (number, title, done, total) within one. Raises VerificationFailed,
    or SourceFailed when something could not be read, which says nothing about the publication.
    """
    steps: list[Shown] = []
    with Workers(jobs) as workers:
        check = Check(
            source=source,
            workers=workers,
            renderer=renderer,
            expected=expected,
            progress=lambda done, total: on_progress(
                len(steps) + 1, STEPS[len(steps)].title, done, total
            ),
        )
        for number, step in enumerate(STEPS, start=1):
            try:
                shown = step.run(check)
            except SourceFailed:
                raise
            except (AuditError, TallyError) as error:
                raise VerificationFailed(number, step.title, check.place, str(error)) from error
            steps.append(Shown(number=number, title=step.title, shown=shown))
            on_step(steps[-1])
    return Verified(
        manifest=check.manifest,
        result=check.recount.result,
        result_hash=check.result_hash,
        steps=tuple(steps),
    )
