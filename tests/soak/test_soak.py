"""What the long run says: a ballot that is lost, doubled or of nobody ends it with status 1."""

import pytest

from tests.ballot.precinct import ballot, town
from tests.soak.__main__ import Judgment, Run, judge, report
from tests.soak.residents import Ledger
from web.office.town import Town

OWN = town()
ENTRIES = [ballot(OWN, person).entry for person in ("a", "b", "c")]


def ledger() -> Ledger:
    return Ledger(acknowledged=dict.fromkeys(ENTRIES[:2], b""), sent=set(ENTRIES))


def test_what_was_sent_may_be_in_the_log_and_what_was_acknowledged_must_be() -> None:
    good = Judgment(missing=0, unsent=0, twice=0)
    assert judge(ledger(), ENTRIES) == good
    assert judge(ledger(), ENTRIES[:2]) == good
    assert judge(ledger(), ENTRIES[1:]) == Judgment(missing=1, unsent=0, twice=0)
    assert judge(ledger(), [*ENTRIES, ENTRIES[0]]) == Judgment(missing=0, unsent=0, twice=1)
    other = ballot(OWN, "a", option="no").entry
    assert judge(ledger(), [*ENTRIES, other]) == Judgment(missing=0, unsent=1, twice=1)


@pytest.mark.parametrize(
    ("judgment", "wrong", "status"),
    [
        (Judgment(missing=0, unsent=0, twice=0), [], 0),
        (Judgment(missing=1, unsent=0, twice=0), [], 1),
        (Judgment(missing=0, unsent=1, twice=0), [], 1),
        (Judgment(missing=0, unsent=0, twice=1), [], 1),
        (Judgment(missing=0, unsent=0, twice=0), ["person 3: two receipts"], 1),
        (None, [], 1),
    ],
)
def test_what_is_told_at_the_end(
    judgment: Judgment | None, wrong: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ledger()
    own.wrong = wrong
    run = Run(database="SQLite", town=Town.__new__(Town), ledger=own, seconds=2.0)
    run.judgment = judgment
    run.kills["service"] = 3
    assert report([run]) == status
    told = capsys.readouterr().out.splitlines()
    assert "| SQLite | 2 s | 3 × service | 2 | 1 | 0 | 0 | 0 |" in told
    missing = judgment.missing if judgment else 0
    assert told[-1] == f"acknowledged and missing: {missing}"
    assert all(any(each in line for line in told) for each in wrong)
