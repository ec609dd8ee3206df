"""The README's commands, the Makefile, and the demonstration as a newcomer meets it."""

import http.client
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journey.documents import blocks, typed
from tests.journey.terminal import ROOT, SCRUTIN, Run, Terminal, call, plain_environment
from tests.journey.test_rehearsal import contents
from web.commands.serve import STOP_SECONDS
from web.rehearsal.processes import free_port


def targets() -> set[str]:
    """The Makefile's commands."""
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    return set(phony[1].split())


def make(*words: str) -> Run:
    """Run make without what the make around this test, if there is one, hands down."""
    kept = {name: value for name, value in plain_environment().items() if "MAKE" not in name}
    kept.pop("MFLAGS", None)
    return call("make", "--no-print-directory", *words, env=kept)


def test_make_help_lists_every_command() -> None:
    run = make("help")
    assert run.status == 0, str(run)
    assert run.err == ""
    listed = re.findall(r"^  make (\S+) +(\S.*)$", run.out, re.MULTILINE)
    assert {name for name, _ in listed} == targets()
    assert {"setup", "run", "test", "lint", "bench", "rehearsal", "clean"} <= targets()
    assert make().out == run.out


def test_the_readmes_make_commands_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"`make ([a-z-]+)`", text))
    lines = [typed(line) for line in blocks("README.md")]
    named |= {words[1] for words in lines if words[0] == "make"}
    assert {"run", "test", "help", "rehearsal"} <= named <= targets()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("run", ("scrutin", "demo")),
        ("rehearsal", ("scrutin", "rehearse", "--out", "--voters")),
        ("bench", ("tests.bench",)),
        ("test", ("pytest",)),
    ],
)
def test_make_runs_what_it_says(target: str, words: tuple[str, ...]) -> None:
    run = make("--dry-run", "--always-make", target)
    assert run.status == 0, str(run)
    assert all(word in run.out for word in words), run.out


# -- the demonstration ------------------------------------------------------------------------


def get(port: int, path: str, language: str) -> tuple[int, str]:
    """A page as a browser with that language gets it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path, headers={"Accept-Language": language})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()


@contextmanager
def shown(folder: Path, port: int, *words: str) -> Iterator[Path]:
    """``scrutin demo`` at work, as ``make run`` starts it; gives the file of what it prints."""
    log = folder.with_name("demo.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SCRUTIN, "demo", folder, "--port", str(port), *words],
            cwd=folder.parent,
            env=plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 180
        while True:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < until, log.read_text("utf-8")
            try:
                if get(port, "/health", "en")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield log
        # As Ctrl-C does, which reaches the whole group: it ends in peace, and before it is killed.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=STOP_SECONDS - 2)
        assert "Traceback" not in log.read_text("utf-8")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def printed_words(text: str, command: str) -> list[str]:
    """The words of a command that the demonstration printed, whatever lines it took."""
    lines = text.replace("\\\n", " ").splitlines()
    (found,) = [line for line in lines if line.strip().startswith(f"scrutin {command} ")]
    return shlex.split(found)[1:]


def test_the_demonstration(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "demo-election"
    made = call(
        SCRUTIN, "demo", "demo-election", "--no-serve", "--residents", "20", folder=tmp_path
    )
    assert made.status == 0, str(made)
    assert made.out == ""
    port = free_port()
    with shown(folder, port) as log:
        french, english = get(port, "/", "fr"), get(port, "/", "en")
        assert french[0] == english[0] == 200
        assert 'lang="fr"' in french[1]
        assert 'lang="en"' in english[1]
        assert french[1] != english[1]
        assert "Clermont" in french[1]
        assert "Clermont" in english[1]

        # A newcomer types what was printed, word for word.
        text = log.read_text("utf-8")
        export = re.search(r"export (SCRUTIN_PASSPHRASE)=(\S+)", text)
        assert export is not None
        terminal.environment[export[1]] = export[2]
        vote = printed_words(text, "vote")
        first = terminal.done(*vote).data
        assert first["sequence"] == 1
        assert terminal.done(*vote).data["sequence"] == 2
        proof = [word.replace("RECEIPT", first["receipt"]) for word in printed_words(text, "proof")]
        until = time.monotonic() + 180
        while (run := terminal(*proof)).status:
            assert "pending" in run.err, str(run)
            assert time.monotonic() < until
            time.sleep(0.3)
        assert run.data["in_the_log"] is True
        finish = printed_words(text, "demo")

    assert finish == ["demo", "demo-election", "--finish"] or Path(finish[1]) == folder
    assert "exists, and is no demonstration" in terminal.refused(
        "demo", tmp_path, "--no-serve", status=2
    )
    done = terminal.done(*finish, "--no-serve")
    result = re.search(r"result hash ((?:[0-9a-f]{4} ?){16})", done.err)
    assert result is not None
    publication = folder / "publication"
    before = contents(publication)
    verified = call(SCRUTIN.with_name("python"), "-m", "audit", "verify", publication)
    assert verified.status == 0, str(verified)
    assert verified.out.splitlines()[-1] == f"VERIFIED {result[1].strip()}"
    assert '"counted":21' in before["results.json"].decode()
    with shown(folder, port, "--finish"):
        status, page = get(port, "/publication/index.html", "fr")
        assert status == 200
        assert page.encode() == before["index.html"]
        short = result[1][:19]
        assert short in page
        verified = terminal.done("verify", f"http://127.0.0.1:{port}/publication")
        assert verified.out.splitlines()[-1] == f"VERIFIED {result[1].strip()}"
    assert contents(publication) == before
