"""Style sheets, modules and marks under an address that changes when one of them does.

What stands at such an address never changes, so a browser asks for it once; and a page never meets
the modules of another version, whose digests would not be those that it names.
"""

from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from tally import canonical

FOLDER = "/assets/"


@cache
def version() -> str:
    """Sixteen hex digits of the SHA-256 over every static file's name and digest."""
    static = resources.files("web").joinpath("static")
    digests = {name: sha256(file.read_bytes()).hexdigest() for name, file in _below(static, "")}
    return sha256(canonical.encode(digests)).hexdigest()[:16]


def _below(folder: Traversable, place: str) -> list[tuple[str, Traversable]]:
    found = []
    for each in sorted(folder.iterdir(), key=lambda file: file.name):
        if each.is_dir():
            found += _below(each, f"{place}{each.name}/")
        else:
            found.append((place + each.name, each))
    return found


def asset(name: str) -> str:
    """The address of the static file ``name``, for the pages of this version."""
    return f"{FOLDER}{version()}/{name}"
