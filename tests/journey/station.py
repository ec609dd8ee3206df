"""Runs ``scrutin`` commands, each in a process of its own.

It has imported the program once and forks for every command, because a transcript has a hundred of
them and starting Python takes a second. Reads one JSON object a line from standard input, writes
the process id of the command at once and its exit status when it has ended.
"""

import atexit
import json
import os
import sys
import traceback
from typing import Any, NoReturn, cast

from tests.web.conftest import COSTED
from web.cli import main
from web.office.town import CHEAP


def _become(order: dict[str, Any]) -> None:
    """Take the place of a shell's child: words, environment, folder, streams."""
    streams = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        os.open(order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    )
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["scrutin", *order["words"]]


def _run() -> NoReturn:
    """Run the command and end this process, with what was registered for the end, but without
    taking apart every module that the station has imported: that takes a third of a second."""
    status = 70
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve() -> None:
    """Run what is asked for until standard input ends."""
    # What makes a guess slow makes a transcript slow; tests/ballot/test_keyfile.py has the cost.
    for function in COSTED:
        cast("dict[str, Any]", function.__kwdefaults__)["cost"] = CHEAP
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
            _run()
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
