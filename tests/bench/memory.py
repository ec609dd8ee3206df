"""How much memory a stranger's verification takes at most: a process of its own."""

import subprocess
import sys
from pathlib import Path

# Not getrusage: what it says of a process begins with what the one that started it had.
_PEAK = """
import sys
{work}
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""
_VERIFY = """
from audit.command import main
if main(["verify", sys.argv[1], "--jobs", "1"]):
    sys.exit("not verified")
"""


def _peak(work: str, *words: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PEAK.format(work=work), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.splitlines()[-1])


def verification_peaks(publication: Path) -> tuple[int, int]:
    """The most memory, in KiB, of verifying ``publication``, and of only loading the program."""
    return _peak(_VERIFY, str(publication)), _peak("import audit.command")
