import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, cosign
from audit.note import COSIGNATURE, ED25519, Ed25519Signer, NoteInvalid, VerifierKey, sign_note
from audit.policy import MOST_BYTES, Policy, PolicyInvalid, QuorumMissing
from tests.audit import worked_example as example

LOG = VerifierKey.parse(example.LOG_KEY)
CHECKPOINT = Checkpoint(origin=example.ORIGIN, size=300, root=example.ROOT)
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
PRIVATE = {name: Ed25519PrivateKey.from_private_bytes(name.encode() * 16) for name in NAMES}
KEYS = {
    name: VerifierKey(
        name=f"{name.lower()}.example.net",
        kind=COSIGNATURE,
        public=private.public_key().public_bytes_raw(),
    )
    for name, private in PRIVATE.items()
}
WITNESSES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
# The example of the specification.
TEXT = (
    f"log {example.LOG_KEY}\n"
    f"{WITNESSES}"
    "group X-witnesses 2 X1 X2 X3\n"
    "group Y-witnesses any Y1 Y2 Y3\n"
    "\n"
    "group X-and-Y all X-witnesses Y-witnesses\n"
    "quorum X-and-Y\n"
)
POLICY = Policy.parse(TEXT)


def note_cosigned_by(names: set[str]) -> bytes:
    lines = [
        cosign(CHECKPOINT, key=KEYS[name], sign=PRIVATE[name].sign, timestamp=1)
        for name in sorted(names)
    ]
    signer = Ed25519Signer(name=example.ORIGIN, private=example.LOG_PRIVATE)
    return sign_note(CHECKPOINT.text(), [signer], others=lines)


@given(st.sets(st.sampled_from(NAMES)))
def test_the_quorum_of_the_specifications_example(names: set[str]) -> None:
    enough = len(names & {"X1", "X2", "X3"}) >= 2 and len(names & {"Y1", "Y2", "Y3"}) >= 1
    note = note_cosigned_by(names)
    if enough:
        POLICY.check(names)
        opened = POLICY.open_checkpoint(note, example.ORIGIN, LOG)
        assert opened.checkpoint == CHECKPOINT
        assert {cosignature.witness for cosignature in opened.cosignatures} == {
            KEYS[name] for name in names
        }
    else:
        with pytest.raises(QuorumMissing, match="'X-and-Y': not reached"):
            POLICY.check(names)
        with pytest.raises(QuorumMissing, match="'X-and-Y': not reached"):
            POLICY.open_checkpoint(note, example.ORIGIN, LOG)


def test_only_witnesses_count_not_names_of_groups_or_strangers() -> None:
    for names in (["X-and-Y"], ["X-witnesses", "Y-witnesses"], ["Z1"], ["none"], []):
        with pytest.raises(QuorumMissing):
            POLICY.check(names)


def test_a_repeated_name_counts_once() -> None:
    with pytest.raises(QuorumMissing, match=r"cosigned \(X1, Y1\)"):
        POLICY.check(["X1", "X1", "Y1"])


def test_quorum_of_one_witness_and_of_none() -> None:
    single = Policy.parse(f"{WITNESSES}quorum X2\n")
    single.check(["X2"])
    with pytest.raises(QuorumMissing):
        single.check(["X1", "X3"])
    nobody = Policy.parse("quorum none\n")
    nobody.check([])
    assert nobody.open_checkpoint(note_cosigned_by(set()), example.ORIGIN, LOG).checkpoint


@pytest.mark.parametrize(("word", "least"), [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)])
def test_thresholds(word: str, least: int) -> None:
    policy = Policy.parse(f"{WITNESSES}group g {word} X1 X2 X3\nquorum g\n")
    for count in range(4):
        if count >= least:
            policy.check(NAMES[:count])
        else:
            with pytest.raises(QuorumMissing):
                policy.check(NAMES[:count])


def test_what_the_file_holds() -> None:
    policy = Policy.parse(
        f"# comment\n \t# comment \x80\n \t\n log\t{LOG}  https://log.example \n"
        f"witness é {KEYS['X1']} https://w.example\nquorum é\t\n"
    )
    assert [(peer.key, peer.url) for peer in policy.logs] == [(LOG, "https://log.example")]
    assert policy.witnesses["é"].key == KEYS["X1"]
    assert policy.witnesses["é"].url == "https://w.example"
    assert (dict(policy.groups), policy.quorum) == ({}, "é")
    policy.check(["é"])


def test_a_log_the_policy_does_not_list_is_refused() -> None:
    other = VerifierKey(name=example.ORIGIN, kind=ED25519, public=KEYS["X1"].public)
    with pytest.raises(PolicyInvalid, match="not a log of the policy"):
        POLICY.open_checkpoint(note_cosigned_by(set(NAMES)), example.ORIGIN, other)


def test_a_bad_cosignature_is_refused_though_the_others_suffice() -> None:
    line = cosign(CHECKPOINT, key=KEYS["Y3"], sign=PRIVATE["Y3"].sign, timestamp=1)
    note = note_cosigned_by({"X1", "X2", "Y1", "Y3"})
    text = str(line).encode()
    bad = note.replace(text, text[:-8] + b"AAAA" + text[-4:])
    assert bad != note
    with pytest.raises(NoteInvalid, match=r"y3\.example\.net"):
        POLICY.open_checkpoint(bad, example.ORIGIN, LOG)


def as_kind(kind: int, name: str) -> VerifierKey:
    return VerifierKey(name="k", kind=kind, public=KEYS[name].public)


ONE = f"witness X1 {KEYS['X1']}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no quorum line"),
        (ONE, "no quorum line"),
        ("quorum none", "does not end in a line feed"),
        (f"{ONE}quorum none\nquorum none\n", "line 3: a second quorum line"),
        ("quorum X1\n", "line 1: name 'X1': not defined"),
        (f"quorum X1\n{ONE}", "line 1: name 'X1': not defined"),
        ("quorum\n", "no log, witness, group or quorum line"),
        ("quorum none none\n", "no log, witness, group or quorum line"),
        ("Quorum none\n", "no log, witness, group or quorum line"),
        ("log\n", "no log, witness, group or quorum line"),
        (f"log {LOG} a b\nquorum none\n", "no log, witness, group or quorum line"),
        (f"log {LOG} # comment\nquorum none\n", "no log, witness, group or quorum line"),
        (f"witness X1\u00a0{KEYS['X1']}\n", "no log, witness, group or quorum line"),
        ("witness X1\n", "no log, witness, group or quorum line"),
        (f"witness X1 {KEYS['X1']} a b\n", "no log, witness, group or quorum line"),
        ("group g any\n", "no log, witness, group or quorum line"),
        ("log junk\n", "line 1: verifier key: 'junk'"),
        (f"log {str(LOG)[:-1]}\n", "line 1: verifier key"),
        (f"log {as_kind(COSIGNATURE, 'X1')}\n", "line 1: key 'k': type 0x04, not 0x01"),
        (f"witness X1 {as_kind(ED25519, 'X1')}\n", "line 1: key 'k': type 0x01, not 0x04"),
        (f"log {LOG}\nlog {LOG}\n", "line 2: .* stood on a line before"),
        (f"{ONE}witness X2 {KEYS['X1']}\n", "line 2: .* stood on a line before"),
        (f"{ONE}witness X2 {as_kind(COSIGNATURE, 'X1')}\n", "line 2: .* stood on a line before"),
        (f"{ONE}log {as_kind(ED25519, 'X1')}\n", "line 2: .* stood on a line before"),
        (f"{ONE}witness X1 {KEYS['X2']}\n", "line 2: name 'X1': already has a meaning"),
        (f"{ONE}group X1 any X1\n", "line 2: name 'X1': already has a meaning"),
        (f"{ONE}group g any X1\nwitness g {KEYS['X2']}\n", "line 3: name 'g': already"),
        (f"witness none {KEYS['X1']}\n", "name 'none': already has a meaning"),
        (f"{ONE}group none any X1\n", "name 'none': already has a meaning"),
        (f"{ONE}group g any X2\n", "line 2: name 'X2': not defined"),
        (f"{ONE}group g any g\n", "line 2: member 'g'|line 2: name 'g': not defined"),
        (f"{ONE}group g any none\n", "line 2: name 'none': not defined"),
        (f"{ONE}group g all X1 X1\n", "line 2: member 'X1': already a member"),
        (f"{ONE}group g any X1\ngroup h any X1\n", "line 3: member 'X1': already a member"),
        (f"{WITNESSES}group g 0 X1 X2\n", "threshold 0 of 2 members"),
        (f"{WITNESSES}group g 3 X1 X2\n", "threshold 3 of 2 members"),
        *(
            (f"{WITNESSES}group g {k} X1 X2\n", "threshold: .* is not a decimal number")
            for k in ("+1", "01", "one", "-1", "ANY", "１")
        ),
        ("quorum none\r\n", "control character"),
        ("quorum\x0bnone\n", "control character"),
        ("quorum none\x7f\n", "control character"),
        ("# \x00\nquorum none\n", "line 1: a control character"),
        ("#" * MOST_BYTES + "\n", "more than 1000000"),
    ],
)
def test_faulty_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyInvalid, match=message):
        Policy.parse(text)
