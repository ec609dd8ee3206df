"""``python -m audit``: what it prints, its exit status, and that it needs cryptography alone."""

import json
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from audit.bundle import publish
from audit.command import main
from audit.label import b64
from audit.merkle import leaf_hash, node_reader
from audit.proof import ProofFile
from audit.publication import CHECKPOINT
from audit.receipt import make_receipt, receipt_due
from audit.rendering import installed_renderer
from audit.result_hash import in_groups, in_words
from tests.audit.forger import RENDERER, published, relog, verified, write
from tests.town import town

ROOT = Path(__file__).parents[2]
TOWN = town()
CLERK = TOWN.clerk
DIGEST = verified(published()).result_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publish(TOWN.inputs, tmp_path / "publication", RENDERER, CLERK.sign)
    return tmp_path / "publication"


def test_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith(" 1. Rules: “Budget de la ville”")
    assert lines[-1] == f"VERIFIED {in_groups(DIGEST)}"
    assert f"In words: {in_words(DIGEST)}" in lines
    assert "    city: funded: fridge, trees, bench" in lines
    assert "    cars: adopted: nothing" in lines
    assert err == ""


def test_verify_as_json_with_progress(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect = ["--expect", in_words(DIGEST)]
    assert main(["verify", str(folder), "--json", "--progress", "--jobs", "1", *expect]) == 0
    out, err = capsys.readouterr()
    value = json.loads(out)
    assert value["verified"] is True
    assert value["result_hash"] == DIGEST.hex()
    assert value["manifest_hash"] == TOWN.manifest.hash.hex()
    assert [step["step"] for step in value["steps"]] == list(range(1, 15))
    assert "step 6 of 14, Entries: 100 %" in err


def test_verify_names_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "results.json").write_text("{}")
    assert main(["verify", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "NOT VERIFIED: step 3, Files: results.json: not the file that publication.json lists: its "
        "content was changed"
    )
    assert main(["verify", str(folder), "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert (value["verified"], value["step"], value["place"]) == (False, 3, "results.json")
    assert len(value["steps"]) == 2


def test_a_name_in_the_folder_cannot_act_on_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "\x1b[2JVERIFIED").write_text("")
    assert main(["verify", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b[2JVERIFIED: not a file of this publication" in out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["verify", "/nowhere"], "not a folder"),
        (["verify", "file:///x"], "not an address"),
        (["verify", "{folder}", "--expect", "12"], "64 hex digits"),
        (["verify", "{folder}", "--jobs", "-1"], "--jobs"),
        (["receipt", "{folder}", "/nowhere.json"], "No such file"),
        (["compare", "{folder}", "/nowhere"], "not a folder"),
    ],
)
def test_what_cannot_be_looked_at_is_status_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert main([each.replace("{folder}", str(folder)) for each in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert named in err


def test_a_wrong_argument_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["count"], ["verify"], ["verify", "x", "--jobs", "two"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_the_expected_hash(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder), "--expect", "0" * 64]) == 1
    assert "not the one expected" in capsys.readouterr().out


def test_compare(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = {
        path: data for path, data in published().items() if path.startswith(("manifest", "log/"))
    }
    earlier[CHECKPOINT] = CLERK.checkpoint(TOWN.entries[:5])
    write(earlier, tmp_path / "earlier")
    assert main(["compare", str(tmp_path / "earlier"), str(folder)]) == 0
    assert capsys.readouterr().out.startswith("CONTINUED: the log had 5 entries and has 13")
    assert main(["compare", str(folder), str(tmp_path / "earlier")]) == 1
    assert capsys.readouterr().out.startswith("FAILED: ")


def test_receipts(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = TOWN.ballots["gil"][0].entry
    receipt, proof = tmp_path / "receipt.json", tmp_path / "ballot.tlog-proof"
    receipt.write_bytes(make_receipt(TOWN.manifest, CLERK.receipt_key, leaf_hash(entry)))
    made = ProofFile.build(
        index=TOWN.entries.index(entry),
        size=len(TOWN.entries),
        node=node_reader([leaf_hash(each) for each in TOWN.entries]),
        note=TOWN.inputs.checkpoint,
    )
    proof.write_bytes(made.encode())
    assert main(["receipt", str(folder), str(receipt), "--proof", str(proof)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"the box promised ballot {b64(leaf_hash(entry))} for 2026-10-20")
    assert lines[-1] == "KEPT: the ballot is in the log"
    without = [each for each in TOWN.entries if each != entry]
    write(relog(TOWN, without), tmp_path / "cheat")
    assert main(["receipt", str(tmp_path / "cheat"), str(receipt)]) == 1
    assert "it is not in the log" in capsys.readouterr().out
    write(relog(TOWN, without[:-1]), tmp_path / "running")
    running = ["receipt", str(tmp_path / "running"), str(receipt)]
    due = receipt_due(TOWN.manifest)
    assert main(running, now=lambda: due) == 0
    assert "PENDING" in capsys.readouterr().out
    assert main(running, now=lambda: due + timedelta(seconds=1)) == 1
    assert "it is not in the log" in capsys.readouterr().out
    receipt.write_bytes(b"{}")
    assert main(["receipt", str(folder), str(receipt)]) == 1
    assert "FAILED: receipt" in capsys.readouterr().out


BLOCKER = """
    import sys
    class Only:
        allowed = {"audit", "tally", "cryptography", "_cffi_backend", "__future__"}
        def find_spec(self, name, path=None, target=None):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names or top in self.allowed:
                return None
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)
    sys.meta_path.insert(0, Only())
    from audit.command import main
    status = main(sys.argv[1:])
    loaded = {name.partition(".")[0] for name in sys.modules}
    foreign = loaded - sys.stdlib_module_names - Only.allowed - {"__main__"}
    foreign = {name for name in foreign if not name.startswith(("_", "sitecustomize"))}
    assert not foreign & {"matplotlib", "numpy", "gmpy2", "flask", "sqlmodel", "babel"}, foreign
    sys.exit(status)
"""


def test_an_observer_needs_cryptography_alone(tmp_path: Path) -> None:
    folder = tmp_path / "publication"
    publish(TOWN.inputs, folder, installed_renderer(), CLERK.sign)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(BLOCKER)]
    done = subprocess.run(
        [*command, "verify", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].startswith("VERIFIED ")
    assert "charts have the hashes that the officers signed" in done.stdout
    assert "3 pages and explanations were drawn again, byte by byte the same" in done.stdout
    # and with everything installed the charts are drawn again
    whole = subprocess.run(
        [sys.executable, "-m", "audit", "verify", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert whole.returncode == 0, whole.stderr
    assert "were not drawn again" not in whole.stdout
    assert whole.stdout.count("were drawn again, byte by byte the same") == 2
    assert whole.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
