"""Log lines: for people, or as JSON for programs (``SCRUTIN_LOG=json``).

Neither holds an address, nor what anybody sent; times are the business of whatever keeps the lines.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping

from web.errors import UsageError

VARIABLE = "SCRUTIN_LOG"


class JsonLines(logging.Formatter):
    """One JSON object a line: ``level``, ``part``, ``message``, and for failures the ``frames``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[2] is not None:
            # Places in the code alone: the message of an error may quote what was sent.
            line["frames"] = [
                f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=False)


def log_handler(environment: Mapping[str, str]) -> logging.Handler:
    """Where a process of the service writes its log: standard error. Raises UsageError."""
    kind = environment.get(VARIABLE, "text")
    handler = logging.StreamHandler(sys.stderr)
    if kind == "json":
        handler.setFormatter(JsonLines())
    elif kind == "text":
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    else:
        raise UsageError(f"{VARIABLE}: write text or json, not {kind[:40]!r}")
    return handler
