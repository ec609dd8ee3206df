"""The modules that run in residents' browsers: what they are, their digests, and one hash for all.

The officers sign the hash with the manifest (``client.sha256``). A service whose modules are others
does not start, and the digest of each stands in the pages, where browsers enforce it (W3C
Subresource Integrity).
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

from audit.manifest import Manifest
from tally import canonical
from web.assets import asset
from web.errors import UsageError, WebError

FOLDER = "/static/js/"
"""Where the modules are served."""

_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?"\./([a-z0-9-]+\.js)";', re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./([a-z0-9-]+\.js)"\)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module as it is served at ``path``; ``imports`` are the names of those it needs to run,
    ``later`` of those that it asks for when somebody acts."""

    name: str
    content: bytes
    imports: tuple[str, ...]
    later: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where it is served under the name that the officers' hash gives it."""
        return FOLDER + self.name

    @property
    def address(self) -> str:
        """Where the pages of this version load it from: the same bytes."""
        return asset(f"js/{self.name}")

    @property
    def sha256(self) -> str:
        """Of the bytes served, in hex, as ``sha256sum`` prints it."""
        return sha256(self.content).hexdigest()

    @property
    def integrity(self) -> str:
        """The digest as an ``integrity`` attribute takes it."""
        return "sha256-" + b64encode(sha256(self.content).digest()).decode("ascii")


@cache
def modules() -> Mapping[str, Module]:
    """Every module by name, in the order of names. Raises WebError when one needs another that is
    not there."""
    folder = resources.files("web").joinpath("static/js")
    found: dict[str, Module] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".js"):
            content = file.read_bytes()
            text = content.decode()
            found[file.name] = Module(
                name=file.name,
                content=content,
                imports=tuple(dict.fromkeys(_IMPORT.findall(text))),
                later=tuple(dict.fromkeys(_LATER.findall(text))),
            )
    for module in found.values():
        for name in (*module.imports, *module.later):
            if name not in found:
                raise WebError(f"{module.path}: imports {name}, which is not there")
    return found


@cache
def page_modules(entry: str) -> tuple[Module, ...]:
    """What a page loads to run ``entry``: every module that it needs, itself last."""
    known = modules()
    if entry not in known:
        raise WebError(f"{FOLDER}{entry}: there is no such module")
    needed: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = None
            waiting += known[name].imports
    return tuple(known[name] for name in [*sorted(needed.keys() - {entry}), entry])


@cache
def later_modules(entry: str, *following: str) -> tuple[Module, ...]:
    """What a page fetches once it can be used: what ``entry`` and what it needs ask for then, and
    all that the pages need which follow, run by the entries ``following``."""
    here = page_modules(entry)
    wanted: dict[str, Module] = {}
    waiting = [name for module in here for name in module.later]
    waiting += following
    while waiting:
        for module in page_modules(waiting.pop(0)):
            if module not in here and module.name not in wanted:
                wanted[module.name] = module
                waiting += module.later
    return tuple(wanted.values())


@cache
def client_hash() -> bytes:
    """SHA-256 of the canonical object from each module's path to its SHA-256 in hex."""
    return sha256(
        canonical.encode({module.path: module.sha256 for module in modules().values()})
    ).digest()


def require_client(manifest: Manifest) -> None:
    """Raise UsageError unless the modules here are those that the officers signed. A manifest that
    names none lets any be served."""
    if manifest.client is not None and manifest.client != client_hash():
        raise UsageError(
            f"the browser's modules (hash {client_hash().hex()}) are not those that the officers "
            f"signed (client.sha256 {manifest.client.hex()}): serve this election with the version "
            "of Scrutin that it was frozen with, or freeze it again before it opens"
        )
