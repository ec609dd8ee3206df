"""Who has seen the end of a log, as a verifier names it."""

import pytest

from audit.checkpoint import cosign, sign_checkpoint
from audit.derive import open_final_checkpoint, open_witnessed
from audit.policy import QuorumMissing
from audit.verify_count import _spelled
from tests.audit.test_policy import KEYS, NAMES, PRIVATE
from tests.town import clerk

LINES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
OWN = clerk(witness_policy=f"{LINES}group g 2 {' '.join(NAMES)}\nquorum g\n")
HEAD = OWN.head([OWN.open_entry()])


def note(*names: str, time: int = 5) -> bytes:
    lines = [
        cosign(HEAD, key=KEYS[name], sign=PRIVATE[name].sign, timestamp=time) for name in names
    ]
    return sign_checkpoint(HEAD, OWN.log) + "".join(f"{line}\n" for line in lines).encode()


def test_witnesses_are_named_in_the_policys_order() -> None:
    checkpoint, witnesses = open_witnessed(OWN.manifest, note("Y3", "X1"))
    assert checkpoint == HEAD == open_final_checkpoint(OWN.manifest, note("Y3", "X1"))
    assert list(witnesses.items()) == [("X1", 5), ("Y3", 5)]


@pytest.mark.parametrize("names", [(), ("X1",), ("X1", "X1")])
def test_those_that_are_missing_are_named(names: tuple[str, ...]) -> None:
    with pytest.raises(QuorumMissing, match=r"missing: (X1, )?X2, X3, Y1, Y2, Y3$"):
        open_witnessed(OWN.manifest, note(*names))


def test_an_election_without_a_policy() -> None:
    own = clerk()
    head = own.head([own.open_entry()])
    assert open_witnessed(own.manifest, sign_checkpoint(head, own.log)) == (head, {})


def test_a_time_that_no_calendar_has_is_shown_all_the_same() -> None:
    last = 2**63 - 1
    _, witnesses = open_witnessed(OWN.manifest, note("X1", "X2", time=last))
    assert [_spelled(when) for when in witnesses.values()] == [f"{last} s"] * 2
    assert _spelled(0) == "1970-01-01T00:00:00Z"
    assert _spelled(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert _spelled(253_402_300_800) == "253402300800 s"
