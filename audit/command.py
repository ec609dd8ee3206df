"""The observer's commands: ``python -m audit verify|compare|receipt|chart``.

Results go to standard output, everything else to standard error. Exit status 0: it holds; 1: it
does not; 2: it could not be looked at (a wrong argument, a file or an address that cannot be read).
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from audit.capture import read_capture
from audit.chart_command import add_chart, draw_charts
from audit.compare import compare
from audit.errors import AuditError
from audit.label import b64
from audit.receipt import check_promise, read_receipt, spell_time, verify_proof
from audit.result_hash import ResultHashInvalid, in_groups, in_words, read_hash
from audit.source import FolderSource, SourceFailed, WebSource, open_source
from audit.verify import STEPS, Shown, VerificationFailed, Verified, verify
from tally import canonical
from tally.outcome import Outcome

HOLDS, FAILS, UNREADABLE = 0, 1, 2

_RECEIPT_LIMIT = 2_000_000


def _printable(text: str) -> str:
    """``text`` without anything that a terminal would act on."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def _say(text: str) -> None:
    sys.stdout.write(_printable(text) + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(_printable(text) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit",
        description="Check an election from what was published. Needs no network but for URLs.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("verify", help="recount a publication from its signed rules on")
    check.add_argument("publication", help="its folder, or its address (https://…)")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.add_argument("--progress", action="store_true", help="show progress")
    check.add_argument(
        "--jobs", type=int, default=0, metavar="N", help="processes (default: one a core)"
    )
    check.add_argument("--expect", metavar="HASH", help="the result hash it must have")
    both = commands.add_parser("compare", help="does a later capture continue an earlier one?")
    both.add_argument(
        "earlier", help="folder or address with the manifest, its signatures and log/"
    )
    both.add_argument("later", help="folder or address with the log")
    receipt = commands.add_parser("receipt", help="was the promise of a receipt kept?")
    receipt.add_argument(
        "publication", help="folder or address with the manifest, its signatures and log/"
    )
    receipt.add_argument("receipt", type=Path, help="the receipt's file")
    receipt.add_argument("--proof", type=Path, help="a proof file (.tlog-proof) to check with it")
    add_chart(commands)
    return parser


def _now() -> datetime:
    return datetime.now(UTC)


def main(arguments: Sequence[str] | None = None, *, now: Callable[[], datetime] = _now) -> int:
    """Run one command (without arguments: the process's); gives the exit status. ``now`` tells the
    time, which decides whether a receipt is due."""
    chosen = _parser().parse_args(arguments)
    try:
        with ExitStack() as stack:
            if chosen.command == "verify":
                return _verify(chosen, stack)
            if chosen.command == "compare":
                return _compare(chosen, stack)
            if chosen.command == "chart":
                draw_charts(chosen, lambda where: _source(where, stack), _say)
                return HOLDS
            return _receipt(chosen, stack, now())
    except (SourceFailed, ResultHashInvalid, OSError) as error:
        doing = "draw" if chosen.command == "chart" else "check"
        _complain(f"cannot {doing}: {error}")
        return UNREADABLE
    except AuditError as error:
        _say(f"FAILED: {error}")
        return FAILS
    except KeyboardInterrupt:
        _complain("interrupted")
        return UNREADABLE


def _source(where: str, stack: ExitStack) -> FolderSource | WebSource:
    source = open_source(where)
    return stack.enter_context(source) if isinstance(source, WebSource) else source


class _Bar:
    """A line of progress on standard error: renewed at each hundredth on a terminal, a new line at
    each tenth elsewhere."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._terminal = sys.stderr.isatty()
        self._last = ""

    def __call__(self, number: int, title: str, done: int, total: int) -> None:
        part = 100 * done // max(total, 1)
        part -= 0 if self._terminal else part % 10
        line = f"step {number} of {len(STEPS)}, {title}: {part} %"
        if self._wanted and line != self._last:
            self._last = line
            sys.stderr.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._terminal and self._last:
            sys.stderr.write("\r\x1b[K")
            self._last = ""


def _verify(chosen: argparse.Namespace, stack: ExitStack) -> int:
    if chosen.jobs < 0:
        _complain("--jobs: give 0 or more")
        return UNREADABLE
    expected = None if chosen.expect is None else read_hash(chosen.expect)
    bar = _Bar(chosen.progress)
    steps: list[Shown] = []

    def done(shown: Shown) -> None:
        steps.append(shown)
        bar.clear()
        if not chosen.json:
            _say(f"{shown.number:2}. {shown.title}: {shown.shown}")

    try:
        verified = verify(
            _source(chosen.publication, stack),
            jobs=chosen.jobs,
            expected=expected,
            on_step=done,
            on_progress=bar,
        )
    except VerificationFailed as failed:
        bar.clear()
        _say(_failure(failed, steps) if chosen.json else f"NOT VERIFIED: {failed}")
        return FAILS
    if chosen.json:
        _say(_success(verified))
        return HOLDS
    client = verified.manifest.client
    if client is not None:
        _say(f"    browser modules that the officers signed: {client.hex()}")
    for line in _winners(verified):
        _say(line)
    _say(f"In words: {in_words(verified.result_hash)}")
    _say(f"VERIFIED {in_groups(verified.result_hash)}")
    return HOLDS


def _winners(verified: Verified) -> list[str]:
    lines = []
    for counted in verified.result.contests:
        contest = counted.to_value()
        outcome = getattr(counted, "outcome", None)
        if isinstance(outcome, Outcome):
            won = ", ".join(outcome.winners) or "nothing"
            lines.append(f"    {contest['contest']}: funded: {won}")
        else:
            lines.append(f"    {contest['contest']}: adopted: {contest['adopted'] or 'nothing'}")
    return lines


def _steps(steps: Sequence[Shown]) -> list[canonical.Value]:
    return [{"step": each.number, "title": each.title, "shown": each.shown} for each in steps]


def _success(verified: Verified) -> str:
    client = verified.manifest.client
    return canonical.encode(
        {
            "verified": True,
            "election": verified.manifest.election.id,
            "manifest_hash": verified.manifest.hash.hex(),
            "client_hash": None if client is None else client.hex(),
            "result_hash": verified.result_hash.hex(),
            "steps": _steps(verified.steps),
        }
    ).decode()


def _failure(failed: VerificationFailed, steps: Sequence[Shown]) -> str:
    return canonical.encode(
        {
            "verified": False,
            "step": failed.number,
            "title": failed.title,
            "place": _printable(failed.place),
            "reason": _printable(failed.reason),
            "steps": _steps(steps),
        }
    ).decode()


def _compare(chosen: argparse.Namespace, stack: ExitStack) -> int:
    continued = compare(_source(chosen.earlier, stack), _source(chosen.later, stack))
    _say(
        f"CONTINUED: the log had {continued.earlier} entries and has {continued.later}, which "
        "begin with the same; the rules are the same"
        + (", and so are the results" if continued.results else "")
    )
    return HOLDS


def _receipt(chosen: argparse.Namespace, stack: ExitStack, now: datetime) -> int:
    capture = read_capture(_source(chosen.publication, stack))
    manifest = capture.manifest
    receipt = read_receipt(_file(chosen.receipt), manifest)
    _say(f"the box promised ballot {b64(receipt.leaf_hash)} for {spell_time(receipt.due)}")
    if chosen.proof is not None:
        opened = verify_proof(manifest, receipt, _file(chosen.proof))
        _say(f"the proof shows it in the log of {opened.checkpoint.size} entries that it signed")
    leaves = capture.leaves
    check_promise(receipt, leaves, final=capture.final, now=now)
    if receipt.leaf_hash in leaves:
        _say("KEPT: the ballot is in the log")
    else:
        _say("PENDING: the ballot is not in the log yet, and is not due yet")
    return HOLDS


def _file(path: Path) -> bytes:
    if path.stat().st_size > _RECEIPT_LIMIT:
        raise SourceFailed(f"{path}: larger than any receipt or proof")
    return path.read_bytes()
