"""The steps of a count of one envelope, noted as they come."""

from collections.abc import Iterable, Mapping

from tally.canonical import Value
from tally.election import Envelope
from tally.frozen import freeze_map
from tally.outcome import EXCLUDE, FUND, Step


class StepNotes:
    """Steps about projects, which are named by their place in the envelope. Stateful: knows what
    money is left, in minor units."""

    def __init__(self, envelope: Envelope, shared: Mapping[str, Value] | None = None) -> None:
        """``shared`` stands in the detail of every step."""
        self._envelope = envelope
        self._shared = dict(shared or {})
        self._steps: list[Step] = []
        self.left = envelope.budget

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was noted so far."""
        return tuple(self._steps)

    def exclude(self, bars: Iterable[tuple[int, tuple[str, int]]]) -> None:
        """Note the projects that a bar kept out: (place, (reason, the votes it would need))."""
        for place, (reason, needed) in bars:
            self.note(place, EXCLUDE, reason, {"phase": "admission", "needed": needed})

    def fund(self, place: int, reason: str, detail: Mapping[str, Value]) -> None:
        """Note a project that is paid from what is left."""
        cost = self._envelope.projects[place].cost
        self.note(place, FUND, reason, detail, cost)

    def note(
        self,
        place: int,
        action: str,
        reason: str,
        detail: Mapping[str, Value],
        cost: int = 0,
    ) -> None:
        """Note a step that costs ``cost``."""
        before, self.left = self.left, self.left - cost
        self._steps.append(
            Step(
                number=len(self._steps) + 1,
                project=self._envelope.projects[place].id,
                action=action,
                reason=reason,
                left_before=before,
                left_after=self.left,
                detail=freeze_map({**detail, **self._shared}),
            )
        )
