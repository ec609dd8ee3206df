"""The lists of a publication: which files it has, their hashes, and the officers' signatures.

``publication.json`` lists everything that is decided, and its SHA-256 is the result hash;
``renderings.json`` lists what is drawn from it. Source: docs/formats.md section 9.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from audit.drawing import Drawing
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.manifest import Manifest
from audit.merkle import HASH_SIZE
from audit.officers import OfficerSignature, read_signatures
from audit.shape import mapping, members, words
from audit.source import check_path
from audit.spelling import shown
from tally import canonical
from tally.canonical import CanonicalError

MANIFEST = "manifest.json"
MANIFEST_SIGNATURES = "manifest.signatures.json"
LOG = "log/"
CHECKPOINT = "log/checkpoint"
PICTURES = "pictures/"
SEALED = "sealed/"
OPENING = "opening.json"
BALLOTS = "ballots/"
RESULTS = "results.json"
FIGURES = "figures/"
PABULIB = "pabulib/"
PUBLICATION = "publication.json"
EXPLANATIONS = "explanations.json"
CHARTS = "charts/"
RENDERINGS = "renderings.json"
SIGNATURES = "publication.signatures.json"

LARGEST_LIST = 64_000_000

_DRAWN = re.compile(
    r"index(?:\.[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)?\.html|explanations\.json"
    r"|charts/[A-Za-z0-9._-]+\.(?:svg|png)",
    re.ASCII,
)


class ListInvalid(AuditError):
    """One of the publication's lists that breaks the format or does not belong to it."""


def sealed_path(style: str) -> str:
    """Where the sealed ballots of a style lie."""
    return f"{SEALED}{style}.bin"


def ballots_path(style: str) -> str:
    """Where the opened ballots of a style lie."""
    return f"{BALLOTS}{style}.json"


def pabulib_path(contest: str) -> str:
    """Where a contest's votes in Pabulib format lie."""
    return f"{PABULIB}{contest}.pb"


def chart_name(figure_path: str, language: str) -> str:
    """``figures/votes-centre.json`` in ``fr`` is drawn as ``votes-centre.fr``."""
    return f"{figure_path.removeprefix(FIGURES).removesuffix('.json')}.{language}"


def check_drawn(path: str) -> None:
    """Raise ListInvalid unless ``path`` may be a chart's, a page's or the explanations'."""
    if not _DRAWN.fullmatch(path):
        raise ListInvalid(f"{shown(path)}: not the path of a chart, a page or explanations")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationList:
    """``publication.json``: hashes (32 bytes) of the checkpoint's text, the results, each file."""

    election: bytes
    checkpoint: bytes
    results: bytes
    files: Mapping[str, bytes]

    def to_bytes(self) -> bytes:
        """The file; its SHA-256 is the result hash."""
        return canonical.encode(
            {
                "type": "publication",
                "version": 1,
                "election": b64(self.election),
                "checkpoint": b64(self.checkpoint),
                "results": b64(self.results),
                "files": {path: b64(digest) for path, digest in self.files.items()},
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingsList:
    """``renderings.json``: what was drawn and worded for the result hash ``publication``, and
    with what."""

    publication: bytes
    drawing: Drawing
    files: Mapping[str, bytes]

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical.encode(
            {
                "type": "renderings",
                "version": 1,
                "publication": b64(self.publication),
                "drawing": {"pages": self.drawing.pages, "charts": self.drawing.charts},
                "files": {path: b64(digest) for path, digest in self.files.items()},
            }
        )


def _members(data: bytes, kind: str, names: tuple[str, ...]) -> Mapping[str, object]:
    try:
        value = canonical.parse(data, limit=LARGEST_LIST)
    except CanonicalError as error:
        raise ListInvalid(f"{kind}: {error}") from None
    read = members(value, kind, ("type", *names), ListInvalid)
    if read["type"] != kind:
        raise ListInvalid(f"{kind}: another type")
    if "version" in names and read["version"] != 1:
        raise ListInvalid(f"{kind}: another version")
    return read


def _hashes(value: object, kind: str) -> dict[str, bytes]:
    files = {}
    for path, digest in mapping(value, f"{kind}: files", ListInvalid).items():
        check_path(path)
        files[path] = unb64(digest, f"{kind}: hash of {path}", size=HASH_SIZE)
    return files


def read_publication(data: bytes) -> PublicationList:
    """The list in ``publication.json``. Raises AuditError."""
    kind = "publication"
    read = _members(data, kind, ("version", "election", "checkpoint", "results", "files"))
    return PublicationList(
        election=unb64(read["election"], f"{kind}: election", size=HASH_SIZE),
        checkpoint=unb64(read["checkpoint"], f"{kind}: checkpoint", size=HASH_SIZE),
        results=unb64(read["results"], f"{kind}: results", size=HASH_SIZE),
        files=_hashes(read["files"], kind),
    )


def read_renderings(data: bytes) -> RenderingsList:
    """The list in ``renderings.json``. Raises AuditError."""
    kind = "renderings"
    read = _members(data, kind, ("version", "publication", "drawing", "files"))
    drawing = members(read["drawing"], f"{kind}: drawing", ("pages", "charts"), ListInvalid)
    charts = drawing["charts"]
    files = _hashes(read["files"], kind)
    for path in files:
        check_drawn(path)
        if charts is None and path.startswith(CHARTS):
            raise ListInvalid(f"{kind}: {path}: a chart, and nothing says what drew it")
    return RenderingsList(
        publication=unb64(read["publication"], f"{kind}: publication", size=HASH_SIZE),
        drawing=Drawing(
            pages=words(drawing["pages"], f"{kind}: drawing: pages", ListInvalid),
            charts=(
                None if charts is None else words(charts, f"{kind}: drawing: charts", ListInvalid)
            ),
        ),
        files=files,
    )


def publication_message(publication: bytes) -> bytes:
    """What the officers sign about ``publication.json`` (its bytes)."""
    return labelled("publication", sha256(publication).digest())


def renderings_message(renderings: bytes) -> bytes:
    """What the officers sign about ``renderings.json`` (its bytes)."""
    return labelled("renderings", sha256(renderings).digest())


def signatures_file(
    manifest: Manifest,
    publication: Iterable[OfficerSignature],
    renderings: Iterable[OfficerSignature],
) -> bytes:
    """The content of ``publication.signatures.json``. Verifies nothing."""
    arrange = manifest.officers.arrange
    return canonical.encode(
        {
            "type": "publication-signatures",
            "election": b64(manifest.hash),
            "publication": [each.to_value() for each in arrange(publication)],
            "renderings": [each.to_value() for each in arrange(renderings)],
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSignatures:
    """Officers' signatures under the two lists, from ``publication.signatures.json``."""

    publication: tuple[OfficerSignature, ...]
    renderings: tuple[OfficerSignature, ...]

    def check_publication(self, manifest: Manifest, publication: bytes) -> None:
        """Raise SignaturesMissing unless enough officers signed ``publication.json``."""
        message = publication_message(publication)
        manifest.officers.check(self.publication, message, f"{SIGNATURES}: publication")

    def check_renderings(self, manifest: Manifest, renderings: bytes) -> None:
        """Raise SignaturesMissing unless enough officers signed ``renderings.json``."""
        message = renderings_message(renderings)
        manifest.officers.check(self.renderings, message, f"{SIGNATURES}: renderings")


def read_list_signatures(manifest: Manifest, data: bytes) -> ListSignatures:
    """The signatures in ``publication.signatures.json``; not verified. Raises ListInvalid."""
    kind = "publication-signatures"
    read = _members(data, kind, ("election", "publication", "renderings"))
    if unb64(read["election"], f"{kind}: election") != manifest.hash:
        raise ListInvalid(f"{kind}: are for another election")
    return ListSignatures(
        publication=read_signatures(read["publication"], f"{kind}: publication", ListInvalid),
        renderings=read_signatures(read["renderings"], f"{kind}: renderings", ListInvalid),
    )
