"""The definition that lies in an election's folder, frozen or not."""

from ballot.definition import check_frozen, load
from tally.election import Election
from web.errors import Refused
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest


def load_election(folder: ElectionFolder) -> Election:
    """The election of a folder: the signed manifest's once it is frozen, else the officers' files.

    Raises DefinitionRefused with every fault, and for a frozen folder whose files were edited.
    """
    if not folder.manifest_signatures.exists():
        return load(folder.root).election
    manifest = load_manifest(folder)
    if (folder.root / "election.toml").exists():
        check_frozen(folder.root)
    return manifest.election


def require_unfrozen(folder: ElectionFolder) -> None:
    """Raise Refused once the rules are frozen."""
    if folder.manifest.exists():
        raise Refused(f"{folder.root}: is frozen; make a new election in a new folder")
