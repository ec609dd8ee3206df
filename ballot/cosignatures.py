"""The witnesses' cosignatures under the newest signed checkpoint: who is missing, and keeping them.

They stand in the same note as the log's signature, in the database and in the published file, so
that proofs, the closing checkpoint and the publication carry them. No private key is needed.

When the log is closed and the quorum reached, the note is final: a cosignature that came later
would change the bytes of what officers sign and, with them, the result hash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from audit.errors import AuditError
from audit.manifest import Manifest
from audit.merkle import consistency_proof
from audit.note import Note, Signature
from audit.policy import Peer, Policy, QuorumMissing
from audit.witness import AddCheckpoint, line_of, read_lines
from ballot import tree
from ballot.errors import BallotError
from ballot.release import LogFolder
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import Head


class CosignaturesInvalid(BallotError):
    """What was given brings no cosignature that is missing, or asks for what cannot be shown."""


class LogNotSigned(BallotError):
    """There is no signed checkpoint yet that a witness could cosign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Who has cosigned the newest checkpoint, by the policy's names and in its order.

    ``enough``: the quorum is reached. ``final``: that, and the log is closed. ``faults`` says why
    a witness that was asked did not cosign.
    """

    size: int
    cosigned: tuple[str, ...]
    missing: tuple[str, ...]
    enough: bool
    final: bool
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest signed checkpoint: ``text`` is what is signed, ``note`` has all lines."""

    text: str
    note: bytes
    seen: Seen


class Cosignatures:
    """Those of one log. Safe to use beside a sequencer, in this process or another."""

    def __init__(self, *, manifest: Manifest, store: BoxStore, folder: LogFolder) -> None:
        """``folder`` is where the log is published."""
        self._key = manifest.box.verifier_key
        self._policy = manifest.policy or Policy.parse("quorum none\n")
        self._store = store
        self._folder = folder

    @property
    def witnesses(self) -> Mapping[str, Peer]:
        """The policy's witnesses, by its names."""
        return self._policy.witnesses

    def newest(self) -> Newest:
        """The newest signed checkpoint and who cosigned it. Raises LogNotSigned."""
        with self._store.reading() as transaction:
            return self._read(transaction.head())

    def _read(self, head: Head) -> Newest:
        if not head.signed_size:
            raise LogNotSigned("log: nothing is signed yet; open the vote first")
        opened = self._policy.read_checkpoint(head.checkpoint, self._key.name, self._key)
        cosigned = tuple(self._policy.cosigned(opened))
        try:
            self._policy.check(cosigned)
            enough = True
        except QuorumMissing:
            enough = False
        return Newest(
            text=opened.checkpoint.text(),
            note=head.checkpoint,
            seen=Seen(
                size=opened.checkpoint.size,
                cosigned=cosigned,
                missing=tuple(name for name in self.witnesses if name not in cosigned),
                enough=enough,
                final=enough and head.closed and head.signed_size == head.size,
            ),
        )

    def request(self, old: int, newest: Newest | None = None) -> bytes:
        """What shows the newest checkpoint to a witness that cosigned ``old`` entries.

        Raises CosignaturesInvalid when the log has fewer.
        """
        newest = newest or self.newest()
        size = newest.seen.size
        if old > size:
            raise CosignaturesInvalid(
                f"{old} entries: the log has {size}. A witness that saw more saw another log of "
                "this box, or the database is an old copy: find out which"
            )
        proof: tuple[bytes, ...] = ()
        if 0 < old < size:
            with self._store.reading() as transaction:
                proof = consistency_proof(old, size, tree.stored_nodes(transaction, size))
        # The witness wants the log's line; others' would only make the request longer.
        own = line_of(self._key, Note.parse(newest.note).signatures, newest.text)
        lines = () if own is None else (own,)
        note = Note(text=newest.text, signatures=lines).encode()
        return AddCheckpoint(old=old, proof=proof, note=note).encode()

    def add(self, data: bytes) -> Seen:
        """Keep the cosignatures in a file: lines as a witness gives them, or a whole note.

        Raises CosignaturesInvalid unless one is of a missing witness, under the newest checkpoint.
        """
        newest = self.newest()
        if newest.seen.final:
            return newest.seen
        try:
            given = read_lines(data)
        except AuditError as error:
            raise CosignaturesInvalid(f"cosignatures: {error}") from None
        found = []
        for name in newest.seen.missing:
            try:
                line = line_of(self.witnesses[name].key, given, newest.text)
            except AuditError as error:
                raise CosignaturesInvalid(
                    f"witness {name}: {error}. It is not for the newest checkpoint, of "
                    f"{newest.seen.size} entries: ask the witness again (scrutin cosign --request)"
                ) from None
            if line is not None:
                found.append(line)
        if not found:
            raise CosignaturesInvalid(
                f"cosignatures: none of a witness that is missing "
                f"({', '.join(newest.seen.missing) or 'nobody is'})"
            )
        return self.keep(newest.text, found)

    def adopt_published(self) -> None:
        """Take over the cosignatures of the published checkpoint if it is the database's newest.

        A copy of the database from before they came lacks them, and publishing its note would take
        back what everybody has seen.
        """
        if not self.witnesses:
            return
        published = self._folder.note()
        if published is None:
            return
        try:
            newest = self.newest()
        except LogNotSigned:
            return
        note = Note.parse(published)
        if note.text != newest.text:
            return
        found = []
        for name in newest.seen.missing:
            try:
                line = line_of(self.witnesses[name].key, note.signatures, newest.text)
            except AuditError:  # not a witness's: publishing writes the file anew
                continue
            if line is not None:
                found.append(line)
        if found:
            self._store_lines(newest.text, found)

    def keep(self, text: str, lines: Iterable[Signature]) -> Seen:
        """Put verified lines of witnesses under the checkpoint ``text``, if that is still the
        newest and not final, and publish it; gives who has cosigned the newest then."""
        given = tuple(lines)
        if given:
            self._store_lines(text, given)
        with self._store.reading() as transaction:
            self._folder.publish(transaction)
        self._store.forget_history()
        return self.newest().seen

    def _store_lines(self, text: str, lines: Iterable[Signature]) -> None:
        with self._store.writing() as transaction:
            head = transaction.head()
            newest = self._read(head)
            if newest.text == text and not newest.seen.final:
                note = self._arranged(newest, lines)
                transaction.set_checkpoint(head, size=head.signed_size, checkpoint=note)
                if self._read(replace(head, checkpoint=note)).seen.enough:
                    transaction.set_witnessed(head.signed_size, note)

    def _arranged(self, newest: Newest, lines: Iterable[Signature]) -> bytes:
        """The note with these lines too: the log's first, then the witnesses' in the policy's
        order, so that the same cosignatures give the same bytes."""
        of: dict[tuple[str, bytes], Signature] = {}
        for line in (*Note.parse(newest.note).signatures, *lines):
            of.setdefault((line.name, line.key_id), line)
        keys = [self._key, *(peer.key for peer in self.witnesses.values())]
        arranged = [of[key.name, key.key_id] for key in keys if (key.name, key.key_id) in of]
        return Note(text=newest.text, signatures=tuple(arranged)).encode()
