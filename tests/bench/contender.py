"""One contender counts one file under one rule, in a process of its own: time and memory.

``python -m tests.bench.contender WHO RULE FILE LIMIT`` prints one JSON object: seconds for ``read``
(from the file to what the rule takes) and ``count``, the most memory of the process in KiB
(``peak``), how much of it was there before the file was read (``idle``), and the ``winners``, or
``cut`` when LIMIT seconds were over. What the contender imports is not timed. WHO ``ours`` finds
the winners alone, as the others do; ``whole`` every margin and what each tie decides besides.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tally import pabulib, rules
from tally.election import Envelope
from tally.rules.variants import variants
from tally.tiebreak import lot_keys

Reader = Callable[[Path], Any]
Counter = Callable[[Any], list[str]]

OURS: Final[Mapping[str, str]] = {
    "greedy": "greedy-skip",
    "phragmen": "phragmen-stop",
    "equal-shares": "equal-shares",
    "equal-shares-add1": "equal-shares-add1",
    "knapsack-optimum": "knapsack-optimum",
}
"""By rule of the bench, the id of the same in ``tally.rules.variants``."""


class Cut(Exception):
    """The time is over."""


class Absent(Exception):
    """The contender is not installed, or lacks the rule."""


def _ours(rule: str, *, whole: bool = False) -> tuple[Reader, Counter]:
    ours = next(variant.rule for variant in variants() if variant.id == OURS[rule])

    def read(path: Path) -> Any:
        text = path.read_bytes().decode()
        return pabulib.read_counted(text, rule=ours, widen=True)

    def count(read: Any) -> list[str]:
        envelope: Envelope = read.envelope
        counted = rules.envelope_rule(envelope)
        action = counted.count if whole or counted.decide is None else counted.decide
        outcome = action(envelope, read.profile, lot_keys(bytes(32), envelope.id))
        return [pabulib.file_id(winner) for winner in outcome.winners]

    return read, count


def _pabutools(rule: str) -> tuple[Reader, Counter]:
    try:
        from pabutools import election as theirs
        from pabutools import rules as their_rules
    except ImportError:
        raise Absent("pabutools is not installed") from None

    def satisfaction(profile: Any) -> Any:
        if isinstance(profile, theirs.AbstractOrdinalProfile):
            return theirs.Additive_Borda_Sat
        if isinstance(profile, theirs.AbstractCardinalProfile):
            return theirs.Additive_Cardinal_Sat
        return theirs.Cost_Sat

    def count(read: Any) -> list[str]:
        instance, profile = read
        if rule == "phragmen":
            chosen = their_rules.sequential_phragmen(instance, profile)
        elif rule == "greedy":
            chosen = their_rules.greedy_utilitarian_welfare(
                instance, profile, sat_class=satisfaction(profile)
            )
        elif rule == "knapsack-optimum":
            chosen = their_rules.max_additive_utilitarian_welfare(
                instance, profile, sat_class=theirs.Cardinality_Sat
            )
        else:
            chosen = their_rules.method_of_equal_shares(
                instance,
                profile,
                sat_class=satisfaction(profile),
                voter_budget_increment=1 if rule == "equal-shares-add1" else None,
            )
        return [project.name for project in chosen]

    return lambda path: theirs.parse_pabulib(str(path)), count


def _pabumeasures(rule: str) -> tuple[Reader, Counter]:
    try:
        pabumeasures: Any = import_module("pabumeasures")
        from pabutools import election as theirs
    except ImportError:
        raise Absent("pabumeasures is not installed (it needs OR-Tools for C++)") from None
    functions = {
        "greedy": pabumeasures.greedy,
        "phragmen": pabumeasures.phragmen,
        "equal-shares": pabumeasures.mes_cost,
    }
    if rule not in functions:
        raise Absent(f"pabumeasures has no {rule}")

    def count(read: Any) -> list[str]:
        return [project.name for project in functions[rule](*read)]

    return lambda path: theirs.parse_pabulib(str(path)), count


CONTENDERS: Final[Mapping[str, Callable[[str], tuple[Reader, Counter]]]] = {
    "ours": _ours,
    "whole": lambda rule: _ours(rule, whole=True),
    "pabutools": _pabutools,
    "pabumeasures": _pabumeasures,
}


def memory() -> int:
    """The most memory of this process so far, in KiB."""
    # Not getrusage: what it says of a process begins with what the one that started it had.
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def _over(*_: object) -> None:
    raise Cut


def run(who: str, rule: str, path: Path, limit: int) -> dict[str, Any]:
    """What this module prints."""
    try:
        read, count = CONTENDERS[who](rule)
    except Absent as reason:
        return {"absent": str(reason)}
    found: dict[str, Any] = {"idle": memory()}
    signal.signal(signal.SIGALRM, _over)
    signal.alarm(limit)
    try:
        begin = time.perf_counter()
        instance = read(path)
        found["read"] = time.perf_counter() - begin
        begin = time.perf_counter()
        found["winners"] = count(instance)
        found["count"] = time.perf_counter() - begin
    except Cut:
        found["cut"] = True
    signal.alarm(0)
    return {**found, "peak": memory()}


def main(arguments: Sequence[str]) -> None:
    """Run one contender."""
    who, rule, path, limit = arguments
    print(json.dumps(run(who, rule, Path(path), int(limit))))


if __name__ == "__main__":
    main(sys.argv[1:])
