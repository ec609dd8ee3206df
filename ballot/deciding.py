"""Decisions about a group of ballots and tests, within one transaction of the box."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard

from audit.manifest import Manifest
from ballot.intake import Accepted, Candidate, Decision, decide
from ballot.lifecycle import Facts, moment
from ballot.store.boxtransaction import BoxTransaction, StoredEntry


class Deciding:
    """What decides about groups for one election."""

    def __init__(self, manifest: Manifest) -> None:
        self._opens = moment(manifest.election.opens)
        self._closes = moment(manifest.election.closes)

    @property
    def opens(self) -> datetime:
        """When the vote opens: whoever arrived then is neither early nor late by the clock."""
        return self._opens

    def decide(
        self, transaction: BoxTransaction, arrivals: Sequence[tuple[Candidate, datetime]]
    ) -> list[Decision]:
        """Decide one after the other about candidates and when they arrived, and store what
        follows; durable once the transaction is."""
        candidates = [candidate for candidate, _ in arrivals]
        head = transaction.head()
        held = transaction.held(c.leaf_hash for c in candidates if c.leaf_hash is not None)
        before = transaction.holdings(c.pseudonym for c in candidates)
        after = dict(before)
        accepted: list[StoredEntry] = []
        decisions: list[Decision] = []
        for candidate, arrived in arrivals:
            facts = Facts(
                now=arrived,
                opens=self._opens,
                closes=self._closes,
                frozen=True,
                open_entry=head.size > 0,
                close_entry=head.closed,
            )
            decision = decide(candidate, facts, after[candidate.pseudonym], held)
            decisions.append(decision)
            if not is_new(decision):
                continue
            after[candidate.pseudonym] = decision.holding
            if candidate.leaf_hash is not None:
                held.add(candidate.leaf_hash)
                accepted.append(
                    StoredEntry(
                        leaf_hash=candidate.leaf_hash,
                        entry=candidate.entry,
                        sealed=candidate.sealed,
                    )
                )
        changed = {key: holding for key, holding in after.items() if holding != before[key]}
        transaction.accept(accepted, before, changed)
        return decisions


def is_new(decision: Decision) -> TypeGuard[Accepted]:
    """Whether something was accepted that the box did not have."""
    return isinstance(decision, Accepted) and not decision.again
