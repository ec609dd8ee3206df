"""The witness policy before the freeze: whether an election may be frozen with it."""

from pathlib import Path

from audit.errors import AuditError
from audit.policy import NONE, Policy
from web.errors import UsageError
from web.witness_client import check_witness_address

MOST_WITNESSES = 15
"""Verifiers need not read more than 16 signature lines (C2SP signed-note), and one is the log's."""


def read_policy(path: Path) -> str:
    """The text of a tlog-policy file. Raises UsageError for one that no election may be frozen
    with: an election that asks for what cannot be had would never be opened."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text in UTF-8") from None
    try:
        policy = Policy.parse(text)
        policy.check(policy.witnesses)
    except AuditError as error:
        raise UsageError(f"{path}: {error}") from None
    if policy.quorum == NONE:
        raise UsageError(
            f"{path}: quorum none asks for nobody. Name a witness or a group whose cosignatures "
            "are needed, or leave the policy out"
        )
    if len(policy.witnesses) > MOST_WITNESSES:
        raise UsageError(
            f"{path}: {len(policy.witnesses)} witnesses, more than {MOST_WITNESSES}: not every "
            "verifier reads so many signatures"
        )
    for name, peer in policy.witnesses.items():
        if peer.url is not None:
            try:
                check_witness_address(peer.url)
            except UsageError as error:
                raise UsageError(f"{path}: witness {name}: {error}") from None
    return text


def check_policy(text: str, log_key: str) -> None:
    """Raise UsageError unless a policy that lists logs lists the one with this key (vkey text).
    No policy is an empty text."""
    logs = Policy.parse(text).logs if text else ()
    if logs and log_key not in {str(log.key) for log in logs}:
        raise UsageError(
            f"witness policy: lists logs, but not this election's. Add the line 'log {log_key}', "
            "or leave log lines out"
        )
