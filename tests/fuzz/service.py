"""Strange requests for a running service with an open election, as long as there is time.

A part of `make fuzz`, in a process of its own; ``--seed`` sends the same requests again.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.described import ask_all
from tests.journey.killed import OPENS, found, service, set_clock
from tests.journey.terminal import SCRUTIN, call


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.service", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    given = parser.parse_args()
    print(f"--seed {given.seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        town, environment = found(Path(folder))
        private = town.place.root / "private"
        officers = ("--officer", private / "a.secret", "--officer", private / "b.secret")
        set_clock(Path(folder), OPENS, minutes=1)
        opened = call(SCRUTIN, "open", town.place.root, *officers, env=environment)
        if opened.status:
            print(opened.err, file=sys.stderr)
            return 1
        with service(town.place.root, environment) as running:
            asked = ask_all(running.address, given.seconds, given.seed)
    print(f"stat::number_of_executed_units: {asked.total()}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
