"""What README.md and docs/operations.md tell people to type."""

import re
import shlex

from tests.journey.terminal import ROOT

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(name: str, heading: str = "") -> list[str]:
    """The lines of the shell blocks of a document, or of one part of it."""
    text = (ROOT / name).read_text("utf-8")
    if heading:
        text = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for block in _BLOCK.findall(text) for line in block.splitlines() if line.strip()]


def typed(line: str) -> tuple[str, ...]:
    """The words of a line, without its remark."""
    return tuple(shlex.split(line, comments=True))


def shape(words: tuple[str, ...], known: set[tuple[str, ...]]) -> tuple[tuple[str, ...], set[str]]:
    """The command that ``words`` name, out of ``known``, and the options given."""
    command = max((each for each in known if words[: len(each)] == each), key=len, default=())
    return command, {word for word in words if word.startswith("--")}
