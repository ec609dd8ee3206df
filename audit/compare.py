"""Compare an earlier capture of an election with a later one: the later must continue it.

Two captures by two people who saw two histories prove, with the box's own signatures, that it
showed different logs. Of the earlier one nothing is needed but the rules and the signed checkpoint.
"""

from dataclasses import dataclass
from hashlib import sha256

from audit.capture import read_capture, read_head
from audit.errors import AuditError
from audit.merkle import leaf_hash, root
from audit.publication import CHECKPOINT, LARGEST_LIST, MANIFEST, PUBLICATION
from audit.result_hash import in_groups
from audit.source import Source


class ComparisonFailed(AuditError):
    """The two captures do not show one history; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued:
    """The later capture continues the earlier: numbers of log entries, and whether the earlier and
    the later have results (which are then the same)."""

    earlier: int
    later: int
    results: bool


def compare(earlier: Source, later: Source) -> Continued:
    """Raise ComparisonFailed unless both have the same rules, the later log begins with the
    earlier one, and a result that stood in the earlier one stands in the later one too.

    Raises AuditError when one of the two does not hold by itself, SourceFailed when it cannot be
    read.
    """
    # Not asking for witnesses: a log that was hidden from them is what this is to find.
    manifest, old = read_head(earlier, witnessed=False)
    capture = read_capture(later, witnessed=False)
    if manifest.hash != capture.manifest.hash:
        raise ComparisonFailed(
            f"{MANIFEST}: the rules are not the same; their hashes are "
            f"{in_groups(manifest.hash)} and {in_groups(capture.manifest.hash)}"
        )
    new = capture.checkpoint
    if old.size > new.size:
        raise ComparisonFailed(
            f"{CHECKPOINT}: the log had {old.size} entries and now has {new.size}. Unless the two "
            "were given in the wrong order, entries were taken out; both checkpoints together "
            "prove it"
        )
    if root(leaf_hash(entry) for entry in capture.entries[: old.size]) != old.root:
        raise ComparisonFailed(
            f"{CHECKPOINT}: the first {old.size} entries are not those of the earlier capture: the "
            "box signed two histories, and both checkpoints together prove it"
        )
    before, after = (source.read(PUBLICATION, limit=LARGEST_LIST) for source in (earlier, later))
    if before is not None and before != after:
        found = "none" if after is None else in_groups(sha256(after).digest())
        raise ComparisonFailed(
            f"{PUBLICATION}: the result hash was {in_groups(sha256(before).digest())} and is now "
            f"{found}; a published result never changes"
        )
    return Continued(earlier=old.size, later=new.size, results=before is not None)
