"""Progress bars on standard error for whatever takes more than two seconds."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm


class Progress:
    """Bars by step name. Use it in a ``with``; call it with (step, done, total)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done in ``step``; a new step ends the one before."""
        if self._quiet:
            return
        bar: Any = self._bar
        if bar is None or step != self._step or bar.total != total:
            self._end()
            # Shown only when the step takes longer than two seconds, and only on a terminal.
            bar = tqdm(
                total=total,
                desc=step,
                delay=2,
                file=sys.stderr,
                dynamic_ncols=True,
                leave=False,
                disable=None,
            )
            self._step, self._bar = step, bar
        bar.update(done - bar.n)

    def for_step(self, step: str) -> Callable[[int, int], None]:
        """The same for functions that report (done, total) alone."""
        return lambda done, total: self(step, done, total)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
