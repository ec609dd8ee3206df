"""A log as somebody has it: a published folder, or what was fetched while the vote ran."""

from dataclasses import dataclass, field

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.derive import open_final_checkpoint
from audit.errors import AuditError
from audit.manifest import LARGEST_MANIFEST, LARGEST_SIGNATURES, Manifest, verify_manifest
from audit.merkle import leaf_hash, root
from audit.note import MOST_BYTES
from audit.publication import CHECKPOINT, LOG, MANIFEST, MANIFEST_SIGNATURES
from audit.record import CloseEntry, parse_entry
from audit.source import Source
from audit.tile import read_entries


class CaptureInvalid(AuditError):
    """A log that does not hold together; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A log whose entries have the root that its box signed."""

    manifest: Manifest
    checkpoint: Checkpoint
    entries: tuple[bytes, ...] = field(repr=False)

    @property
    def leaves(self) -> frozenset[bytes]:
        """The leaf hashes of all entries."""
        return frozenset(leaf_hash(entry) for entry in self.entries)

    @property
    def final(self) -> bool:
        """Whether the log was closed: nothing can be added to it."""
        return bool(self.entries) and isinstance(parse_entry(self.entries[-1]), CloseEntry)


def read_file(source: Source, path: str, limit: int) -> bytes:
    """A file that must be there. Raises CaptureInvalid."""
    data = source.read(path, limit=limit)
    if data is None:
        raise CaptureInvalid(f"{path}: missing")
    return data


def read_head(source: Source, *, witnessed: bool = True) -> tuple[Manifest, Checkpoint]:
    """The rules, signed by the officers, and the log's state, signed by the box and, if it must be
    ``witnessed``, by as many witnesses as the rules ask for.

    Raises AuditError naming the file.
    """
    place = MANIFEST
    try:
        manifest = Manifest.parse(read_file(source, MANIFEST, LARGEST_MANIFEST))
        place = MANIFEST_SIGNATURES
        verify_manifest(manifest, read_file(source, place, LARGEST_SIGNATURES))
        place = CHECKPOINT
        note = read_file(source, place, MOST_BYTES)
        if witnessed:
            return manifest, open_final_checkpoint(manifest, note)
        key = manifest.box.verifier_key
        return manifest, open_checkpoint(note, key.name, key).checkpoint
    except CaptureInvalid:
        raise
    except AuditError as error:
        raise CaptureInvalid(f"{place}: {error}") from None


def read_capture(source: Source, *, witnessed: bool = True) -> Capture:
    """The log at ``source``; see ``read_head``. Raises AuditError naming the file."""
    manifest, checkpoint = read_head(source, witnessed=witnessed)
    entries = tuple(read_entries(lambda path: source.read(LOG + path), checkpoint.size))
    if root(leaf_hash(entry) for entry in entries) != checkpoint.root:
        raise CaptureInvalid(
            f"{CHECKPOINT}: the {checkpoint.size} entries have another root than was signed"
        )
    return Capture(manifest=manifest, checkpoint=checkpoint, entries=entries)
