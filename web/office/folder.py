"""Where the parts of one election lie on a host.

A folder may hold everything (demo, rehearsal, a small town) or one part only: the registrar's
host has ``issuers/``, the box's has ``box/``, each trustee and officer keeps the own key file
elsewhere. Everything here is public except ``issuers/*/secret.json``, ``box/secret.json``, the
databases, and key files, which are encrypted.
"""

from dataclasses import dataclass
from pathlib import Path

from web.errors import Refused


@dataclass(frozen=True, slots=True)
class ElectionFolder:
    """The layout of an election's folder; nothing is read or written by looking up a path."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def manifest_signatures(self) -> Path:
        return self.root / "manifest.signatures.json"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def officers(self) -> Path:
        """Public officer files, one JSON a person."""
        return self.root / "officers"

    @property
    def ceremony(self) -> Path:
        """The public messages of the trustees' key ceremony and their releases."""
        return self.root / "ceremony"

    @property
    def trustees(self) -> Path:
        """Trustees' private folders, only where one machine plays all parts."""
        return self.root / "trustees"

    @property
    def issuers(self) -> Path:
        return self.root / "issuers"

    @property
    def box(self) -> Path:
        return self.root / "box"

    @property
    def approvals(self) -> Path:
        """Officers' signatures gathered for an act that needs several of them."""
        return self.root / "approvals"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def issued(self) -> Path:
        """Issuers' signed counts, made when they stop issuing."""
        return self.root / "issued"

    @property
    def opening(self) -> Path:
        return self.root / "opening.json"

    @property
    def results(self) -> Path:
        return self.root / "results.json"

    @property
    def publication(self) -> Path:
        return self.root / "publication"

    def require(self, path: Path, remedy: str) -> bytes:
        """The bytes of ``path``. Raises Refused that says what to run when it is not there."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise Refused(f"{path}: not there; {remedy}") from None
