"""Whether database, signer and checkpoint tell one history: asked before anything is signed."""

from audit.checkpoint import open_checkpoint
from audit.errors import AuditError
from audit.merkle import Frontier
from audit.note import VerifierKey
from ballot.errors import BallotError
from ballot.signer import Mark
from ballot.store.boxtransaction import BoxTransaction, Head
from ballot.store.engine import StoreDamaged
from ballot.tree import stored_nodes


class DatabaseBehind(BallotError):
    """The database is older than what was signed, or tells another history."""


class SignerBehind(BallotError):
    """The signer is not the log's, or its file is older than what the database shows was signed."""


def check_signed(transaction: BoxTransaction, head: Head, key: VerifierKey) -> None:
    """Raise StoreDamaged unless the recorded checkpoint is the log's, of the entries it covers."""
    if head.signed_size == 0:
        return
    try:
        signed = open_checkpoint(head.checkpoint, key.name, key).checkpoint
    except AuditError as error:
        raise StoreDamaged(f"checkpoint: {error}") from None
    nodes = stored_nodes(transaction, head.size)
    root = Frontier.read(head.signed_size, nodes).root()
    if (signed.size, signed.root) != (head.signed_size, root):
        raise StoreDamaged("checkpoint: is not of the entries it stands beside")


def compare_signer(transaction: BoxTransaction, head: Head, last: Mark, key: VerifierKey) -> None:
    """Raise DatabaseBehind, SignerBehind or StoreDamaged unless the head continues what the signer
    signed ``last``, and the signer remembers everything that was signed."""
    if last.size > head.size:
        raise DatabaseBehind(
            f"database: has {head.size} entries, but {last.size} were signed. It is an old copy: "
            "bring back the newest one; never sign over it. If that is lost, say so in public and "
            "begin a successor log (scrutin open --succeeds)"
        )
    if last.size < head.signed_size:
        raise SignerBehind(
            f"signer: remembers {last.size} entries, but {head.signed_size} were signed. Its file "
            "is an old copy: bring back the newest one, or write it from the newest published "
            "checkpoint"
        )
    nodes = stored_nodes(transaction, head.size)
    if Frontier.read(last.size, nodes).root() != last.root:
        raise DatabaseBehind(
            f"database: its first {last.size} entries are not those that were signed. It is "
            "another history: bring back the newest copy of the right one; never sign over it"
        )
    check_signed(transaction, head, key)
