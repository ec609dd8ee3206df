"""Trust policy files (C2SP tlog-policy): which logs and witnesses are known, and which witnesses
together are enough.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <member>...
    quorum <name>|none
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.checkpoint import SignedCheckpoint, open_checkpoint
from audit.errors import AuditError
from audit.note import COSIGNATURE, ED25519, NoteInvalid, VerifierKey
from audit.spelling import read_decimal, shown

NONE = "none"
MOST_BYTES = 1_000_000

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")


class PolicyInvalid(AuditError):
    """A policy file that breaks the format; the message names the line."""


class QuorumMissing(AuditError):
    """Too few of the policy's witnesses cosigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A log or witness of the policy: its key and, if given, where it is reached."""

    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Witnesses when at least ``threshold`` of its members (witnesses or groups) do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A trust policy as ``parse`` reads it. Names mean something inside the policy only.

    ``groups`` is in the file's order: a group's members stand before it. ``quorum`` is the name of
    a witness or group, or NONE.
    """

    logs: tuple[Peer, ...]
    witnesses: Mapping[str, Peer]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """The policy that a file's ``text`` spells."""
        return _Reader().read(text)

    def check(self, cosigned: Iterable[str]) -> None:
        """Raise QuorumMissing unless the witnesses with these names (the policy's own) suffice."""
        given = set(cosigned)
        witnessed = {name for name in self.witnesses if name in given}
        if self.quorum == NONE:
            return
        seen = ", ".join(sorted(witnessed)) or NONE
        others = ", ".join(name for name in self.witnesses if name not in witnessed) or NONE
        for name, group in self.groups.items():
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(name)
        if self.quorum not in witnessed:
            raise QuorumMissing(
                f"quorum {shown(self.quorum)}: not reached by the witnesses that cosigned "
                f"({seen}); missing: {others}"
            )

    def open_checkpoint(self, data: bytes, origin: str, log_key: VerifierKey) -> SignedCheckpoint:
        """Open a signed checkpoint and raise QuorumMissing unless enough witnesses cosigned it.

        A policy without logs leaves the log to the caller; one with logs must list ``log_key``.
        """
        opened = self.read_checkpoint(data, origin, log_key)
        self.check(self.cosigned(opened))
        return opened

    def read_checkpoint(self, data: bytes, origin: str, log_key: VerifierKey) -> SignedCheckpoint:
        """The same, however many cosigned it."""
        if self.logs and all(log.key != log_key for log in self.logs):
            raise PolicyInvalid(f"log key {shown(log_key.name)}: not a log of the policy")
        return open_checkpoint(
            data, origin, log_key, [peer.key for peer in self.witnesses.values()]
        )

    def cosigned(self, opened: SignedCheckpoint) -> dict[str, int]:
        """The witnesses that cosigned, by the policy's own names and in its order, and when
        (POSIX seconds)."""
        times = {each.witness: each.timestamp for each in opened.cosignatures}
        return {name: times[peer.key] for name, peer in self.witnesses.items() if peer.key in times}


class _Reader:
    """Reads one policy line by line; holds what the lines so far have defined."""

    def __init__(self) -> None:
        self.logs: list[Peer] = []
        self.witnesses: dict[str, Peer] = {}
        self.groups: dict[str, Group] = {}
        self.grouped: set[str] = set()
        self.publics: set[bytes] = set()
        self.quorum: str | None = None

    def read(self, text: str) -> Policy:
        if len(text) > MOST_BYTES:
            raise PolicyInvalid(f"policy: more than {MOST_BYTES} characters")
        if text and not text.endswith("\n"):
            raise PolicyInvalid("policy: the last line does not end in a line feed")
        for number, line in enumerate(text.split("\n"), 1):
            try:
                self.line(line)
            except (PolicyInvalid, NoteInvalid) as error:
                raise PolicyInvalid(f"policy line {number}: {error}") from None
        if self.quorum is None:
            raise PolicyInvalid("policy: no quorum line; write 'quorum none' to ask for nobody")
        return Policy(
            logs=tuple(self.logs),
            witnesses=self.witnesses,
            groups=self.groups,
            quorum=self.quorum,
        )

    def line(self, line: str) -> None:
        if _CONTROL.search(line):
            raise PolicyInvalid("a control character other than tab and line feed")
        words = _BLANKS.split(line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            return
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(self.peer(key, url, ED25519))
            case ["witness", name, key, *url] if len(url) <= 1:
                self.new_name(name)
                self.witnesses[name] = self.peer(key, url, COSIGNATURE)
            case ["group", name, threshold, *members] if members:
                self.new_name(name)
                self.groups[name] = self.group(name, threshold, members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise PolicyInvalid("a second quorum line")
                if name != NONE:
                    self.known(name)
                self.quorum = name
            case _:
                raise PolicyInvalid(f"{shown(line)} is no log, witness, group or quorum line")

    def peer(self, key_text: str, url: list[str], kind: int) -> Peer:
        key = VerifierKey.parse(key_text)
        if key.kind != kind:
            raise PolicyInvalid(f"key {shown(key.name)}: type 0x{key.kind:02x}, not 0x{kind:02x}")
        if key.public in self.publics:
            raise PolicyInvalid(f"key {shown(key.name)}: this public key stood on a line before")
        self.publics.add(key.public)
        return Peer(key=key, url=url[0] if url else None)

    def group(self, name: str, threshold: str, members: list[str]) -> Group:
        for member in members:
            self.known(member)
            if member in self.grouped:
                raise PolicyInvalid(f"member {shown(member)}: already a member of a group")
            self.grouped.add(member)
        words = {"all": len(members), "any": 1}
        number = words.get(threshold) or read_decimal(threshold, "threshold", PolicyInvalid)
        if not 1 <= number <= len(members):
            raise PolicyInvalid(
                f"group {shown(name)}: threshold {number} of {len(members)} members"
            )
        return Group(threshold=number, members=tuple(members))

    def new_name(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise PolicyInvalid(f"name {shown(name)}: already has a meaning")

    def known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyInvalid(f"name {shown(name)}: not defined on a line before")
