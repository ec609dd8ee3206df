"""Before the freeze: a policy that could never be met, or means another log, is refused."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.note import COSIGNATURE, ED25519, VerifierKey
from ballot.definition.report import Report
from tests.web.desk import found
from web.errors import UsageError
from web.office.define import with_witnesses
from web.office.folder import ElectionFolder
from web.office.policy import MOST_WITNESSES, check_policy, read_policy
from web.office.town import Town


def key(number: int, kind: int = COSIGNATURE) -> VerifierKey:
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    public = private.public_key().public_bytes_raw()
    return VerifierKey(name=f"w{number}.example", kind=kind, public=public)


ONE = f"witness one {key(1)} https://w1.example\n"
TWO = f"witness two {key(2)}\n"
GOOD = f"# who\n{ONE}{TWO}group both all one two\nquorum both\n"
REPORT = Report(folder="x", language="fr", findings=())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.txt"


def test_a_policy_that_can_be_met(file: Path) -> None:
    for text in (GOOD, f"{ONE}quorum one\n", f"{ONE}{TWO}group g any one two\nquorum g\n"):
        file.write_text(text)
        assert read_policy(file) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no quorum line"),
        (ONE, "no quorum line"),
        ("quorum none\n", "asks for nobody"),
        (f"{ONE}quorum none\n", "asks for nobody"),
        (f"{ONE}quorum two\n", "not defined"),
        (f"{ONE}group g 2 one\nquorum g\n", "threshold 2 of 1 members"),
        (f"{ONE}group g all one two\nquorum g\n", "not defined"),
        (f"{ONE}{ONE.replace('one', 'two')}quorum one\n", "stood on a line before"),
        (f"witness one {key(1, ED25519)}\nquorum one\n", "type 0x01"),
        (f"witness one {key(1)} http://w1.example\nquorum one\n", "witness one: .*over https"),
        (f"witness one {key(1)} w1.example\nquorum one\n", "not an address"),
        (
            "".join(f"witness w{n} {key(n)}\n" for n in range(1, MOST_WITNESSES + 2))
            + "quorum w1\n",
            "16 witnesses, more than 15",
        ),
    ],
)
def test_a_policy_that_cannot_be_frozen(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=rf"policy\.txt: .*{message}"):
        read_policy(file)


def test_a_policy_that_is_no_text(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not a text in UTF-8"):
        read_policy(file)


def test_a_policy_that_lists_logs_lists_this_one() -> None:
    own, other = str(key(7, ED25519)), str(key(8, ED25519))
    for fine in ("", GOOD, f"log {own}\n{GOOD}", f"log {other}\nlog {own} https://x\n{GOOD}"):
        check_policy(fine, own)
    with pytest.raises(UsageError) as caught:
        check_policy(f"log {other}\n{GOOD}", own)
    assert f"Add the line 'log {own}'" in str(caught.value)


def test_the_freeze_refuses_another_log(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(UsageError, match="not this election's"):
        found(tmp_path / "town", passphrase, f"log {key(8, ED25519)}\n{GOOD}")
    assert not (tmp_path / "town" / "manifest.json").exists()


def test_the_check_reads_the_policy_back(
    file: Path, frozen_town: Town, tmp_path: Path, passphrase: str
) -> None:
    nowhere = ElectionFolder(tmp_path)
    assert with_witnesses(REPORT, nowhere, None) is REPORT
    file.write_text(GOOD)
    (section,) = with_witnesses(REPORT, nowhere, file).sections
    assert section.title == "Témoins"
    assert "les 2 que voici\u00a0: one, two." in section.lines[0]
    # Of a frozen folder the rules are read, which may have none.
    assert with_witnesses(REPORT, frozen_town.place, None) is REPORT
    place = found(tmp_path / "town", passphrase, GOOD).place
    (again,) = with_witnesses(REPORT, place, None).sections
    assert again == section
    file.write_text("quorum none\n")
    with pytest.raises(UsageError, match="asks for nobody"):
        with_witnesses(REPORT, nowhere, file)
