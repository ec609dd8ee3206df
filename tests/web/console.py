"""Running ``scrutin`` in this process, as a shell would see it."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from web.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command left: exit status, data, words."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A terminal without a keyboard."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path, env: dict[str, str] | None = None) -> Run:
        """Run ``scrutin`` with these words."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["scrutin", *(str(word) for word in words)])
            for name, value in (env or {}).items():
                patch.setitem(os.environ, name, value)
            self.capture.readouterr()
            with pytest.raises(SystemExit) as left:
                main()
        printed = self.capture.readouterr()
        code = left.value.code
        return Run(status=code if isinstance(code, int) else 1, out=printed.out, err=printed.err)

    def done(self, *words: str | Path, env: dict[str, str] | None = None) -> Run:
        """The same, for a command that must succeed."""
        run = self(*words, env=env)
        assert run.status == 0, run.err
        return run

    def refused(
        self, *words: str | Path, env: dict[str, str] | None = None, status: int = 1
    ) -> str:
        """What a command that must not succeed says; it prints no data then."""
        run = self(*words, env=env)
        assert run.status == status, run.err or "was done"
        assert run.out == ""
        assert "Traceback" not in run.err
        return run.err
