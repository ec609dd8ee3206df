"""The box's side of the witnesses: asking them, and saying who has cosigned."""

from audit.manifest import Manifest
from ballot.cosignatures import Cosignatures, Seen
from ballot.cosigning import Cosigning
from ballot.release import LogFolder
from ballot.store.box import BoxStore
from web.office.folder import ElectionFolder
from web.witness_client import ask_witness


def open_cosignatures(folder: ElectionFolder, manifest: Manifest, store: BoxStore) -> Cosignatures:
    """The cosignatures of the log in the folder. Needs no passphrase."""
    key = manifest.box.verifier_key
    return Cosignatures(manifest=manifest, store=store, folder=LogFolder(folder.box / "log", key))


def open_cosigning(folder: ElectionFolder, manifest: Manifest, store: BoxStore) -> Cosigning:
    """Whoever asks the witnesses, over HTTP."""
    return Cosigning(open_cosignatures(folder, manifest, store), ask_witness)


def told(seen: Seen) -> list[str]:
    """Who has seen the log and who is missing, in sentences."""
    lines = [f"log of {seen.size} entries: cosigned by {', '.join(seen.cosigned) or 'nobody'}"]
    lines += [
        f"missing: witness {name}" + (f": {seen.faults[name]}" if name in seen.faults else "")
        for name in seen.missing
    ]
    if seen.final:
        lines.append("enough for the rules, and the log is closed: nothing is added any more")
    elif seen.enough:
        lines.append("enough for the rules")
    else:
        lines.append("not enough for the rules: the box cannot be opened with this alone")
    return lines
