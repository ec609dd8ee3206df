"""A terminal for transcripts: every command is a process, with its own streams and exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRUTIN = Path(sys.executable).with_name("scrutin")


def plain_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything of an election's, and ``more``."""
    ours = ("SCRUTIN_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command left."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"$ {' '.join(self.words)}\n{self.out}{self.err}[{self.status}]"


def call(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    timeout: float = 240,
) -> Run:
    """Run any program to its end."""
    spelled = tuple(str(word) for word in words)
    done = subprocess.run(
        spelled,
        env=dict(env) if env is not None else plain_environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(words=spelled, status=done.returncode, out=done.stdout, err=done.stderr)


@contextmanager
def station() -> "Iterator[subprocess.Popen[str]]":
    """The process that starts a terminal's commands, while the ``with`` lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.journey.station"],
        cwd=ROOT,
        env=plain_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@dataclass(slots=True, kw_only=True)
class Terminal:
    """Types ``scrutin`` commands in ``folder``. ``typed`` is everything that was."""

    station: "subprocess.Popen[str]"
    folder: Path
    environment: dict[str, str] = field(default_factory=plain_environment)
    typed: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Run:
        """Run ``scrutin`` with these words to its end."""
        return self._start(words, env or {}).end()

    def done(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Run:
        """The same, for a command that must succeed."""
        run = self(*words, env=env)
        assert run.status == 0, str(run)
        return run

    def refused(
        self, *words: str | Path, status: int = 1, env: Mapping[str, str] | None = None
    ) -> str:
        """What a command that must not succeed says; it prints no data then."""
        run = self(*words, env=env)
        assert run.status == status, str(run)
        assert run.out == "", str(run)
        assert "Traceback" not in run.err, str(run)
        assert run.err.strip(), str(run)
        return run.err

    def killed(self, *words: str | Path, when: Callable[[], bool]) -> bool:
        """Start a command and SIGKILL it as soon as ``when`` holds; gives whether it was still at
        work then."""
        child = self._start(words, {})
        while not when() and child.alive():
            time.sleep(0.001)
        child.kill()
        return child.end().status == -signal.SIGKILL

    def _start(self, words: tuple[str | Path, ...], env: Mapping[str, str]) -> "_Child":
        assert self.station.stdin is not None
        spelled = tuple(str(word) for word in words)
        self.typed.append(spelled)
        out, err = self.folder / ".out", self.folder / ".err"
        out.write_bytes(b"")
        err.write_bytes(b"")
        order = {
            "words": spelled,
            "environment": {**self.environment, **env},
            "folder": str(self.folder),
            "out": str(out),
            "err": str(err),
        }
        self.station.stdin.write(json.dumps(order) + "\n")
        self.station.stdin.flush()
        pid = int(_line(self.station))
        return _Child(station=self.station, pid=pid, words=spelled, out=out, err=err)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    """A command at work."""

    station: "subprocess.Popen[str]"
    pid: int
    words: tuple[str, ...]
    out: Path
    err: Path

    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> Run:
        status = int(_line(self.station))
        return Run(
            words=("scrutin", *self.words),
            status=status,
            out=self.out.read_text("utf-8"),
            err=self.err.read_text("utf-8"),
        )


def _line(station: "subprocess.Popen[str]") -> str:
    assert station.stdout is not None
    line = station.stdout.readline()
    assert line, "the station ended"
    return line
