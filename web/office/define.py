"""The definition that lies in an election's folder, frozen or not."""

from dataclasses import replace
from pathlib import Path

from audit.policy import Policy
from audit.policy_words import describe_policy
from ballot.definition import check_frozen, load
from ballot.definition.readback import Section
from ballot.definition.report import Report
from tally.election import Election
from web.errors import Refused
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.policy import read_policy


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


def with_witnesses(report: Report, folder: ElectionFolder, path: Path | None) -> Report:
    """A check's report with who must see the log, read back: of the policy in ``path``, else of
    the frozen rules. Raises UsageError for a policy that cannot be frozen."""
    policy: Policy | None = None
    if path is not None:
        policy = Policy.parse(read_policy(path))
    elif folder.manifest_signatures.exists():
        policy = load_manifest(folder).policy
    if policy is None:
        return report
    section = Section(
        title="Témoins" if report.language == "fr" else "Witnesses",
        lines=describe_policy(policy, report.language),
    )
    return replace(report, sections=(*report.sections, section))


def require_unfrozen(folder: ElectionFolder) -> None:
    """Raise Refused once the rules are frozen."""
    if folder.manifest.exists():
        raise Refused(f"{folder.root}: is frozen; make a new election in a new folder")
