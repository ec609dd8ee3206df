"""Runs ``scrutin`` commands, each in a process of its own.

It has imported the program once and forks for every command, because a transcript has a hundred of
them and starting Python takes a second. Reads one JSON object a line from standard input, writes
the process id of the command at once and its exit status when it has ended.
"""

import json
import os
import sys
from typing import Any

from web.cli import main


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


def serve() -> None:
    """Run what is asked for until standard input ends. In a command's process: raises SystemExit,
    so that it ends as the program does."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
            main()
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
