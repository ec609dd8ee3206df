"""``scrutin rehearse`` as anybody runs it: real processes, HTTP, and a stranger's verification."""

import csv
import json
import os
import re
import shutil
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.journey.terminal import SCRUTIN, Run, call

VERIFIED = re.compile(r"VERIFIED ([0-9a-f]{64})")
STANFORD = "US_Stanford_Dataset_"
SEATTLE = "Parks_and_Streets-_Seattle_2019_District_1"
REFUSED = {
    "code that was used before: credential-refused",
    "credential of another pseudonym: ballot-refused",
    "forged credential: ballot-refused",
    "guessed code: credential-refused",
    "late ballot: closed",
    "old sequence, new content: conflict",
    "tested ballot: tested",
}
BEHAVIOURS = {
    "casts a ballot beyond the limits",
    "casts a copy of another's sealed ballot",
    "casts an old sequence again, with other content",
    "guesses a voting code",
    "loses each reply and asks again",
    "makes up a credential",
    "takes a credential for another pseudonym",
    "tests a sealed ballot, then votes",
    "uses a code that was used before",
    "votes blank first, then for real",
    "votes once",
}


def rehearse(out: Path, *words: str | Path, timeout: float = 240) -> tuple[Run, str]:
    """Rehearse into ``out``; gives the run and the result hash of its last line."""
    run = call(SCRUTIN, "rehearse", *words, "--out", out, timeout=timeout)
    assert run.status == 0, str(run)
    last = VERIFIED.fullmatch(run.out.splitlines()[-1])
    assert last is not None, str(run)
    assert "Traceback" not in run.err
    return run, last[1]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_report(out: Path) -> Any:
    """report.json of a rehearsal."""
    return json.loads((out / "report.json").read_bytes())


def grouped(result: str) -> str:
    """A hash as people read it."""
    return " ".join(re.findall("....", result))


def test_a_rehearsal_with_two_issuers(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run, result = rehearse(out, "--voters", "40", "--issuers", "2")
    assert run.out.count("\n") == 1

    # What was tried and how it was refused stands in the report, and before people's eyes.
    report = read_report(out)
    assert set(report["refused"]) == REFUSED
    assert set(report["behaviours"]) == BEHAVIOURS
    assert sum(report["behaviours"].values()) == 40 + 5
    for what in REFUSED | BEHAVIOURS:
        assert re.search(rf"^ +[1-9][0-9]*  {re.escape(what)}$", run.err, re.MULTILINE), what
    assert {"does-not-open", "unused-bits", "unknown"} <= set(report["spoiled"])
    assert report["voters"] == 40
    assert report["result_hash"] == result
    # Everybody but the forger, the swapper and the guesser has a ballot; revoters have two.
    twice = report["behaviours"]["votes blank first, then for real"]
    twice += report["behaviours"]["casts an old sequence again, with other content"]
    assert report["ballots_in_log"] == 40 + twice + 2
    assert report["proofs_checked"] == report["ballots_in_log"]

    first, again = contents(out / "publication"), contents(out / "publication-again")
    assert first == again
    assert sha256(first["publication.json"]).hexdigest() == result
    results = json.loads(first["results.json"])
    assert sum(style["counted"] for style in results["styles"]) == 42
    assert sum(style["superseded"] for style in results["styles"]) == twice

    verified = call(SCRUTIN.with_name("python"), "-m", "audit", "verify", out / "publication")
    assert verified.status == 0, str(verified)
    assert verified.out.splitlines()[-1] == f"VERIFIED {grouped(result)}"

    wrong = out / "publication-again" / "ballots" / "young.json"
    data = bytearray(wrong.read_bytes())
    data[len(data) // 2] ^= 1
    wrong.write_bytes(data)
    refused = call(SCRUTIN, "verify", out / "publication-again")
    assert refused.status == 1, str(refused)
    assert "NOT VERIFIED" in refused.out
    assert "ballots/young.json" in refused.out
    assert "VERIFIED" not in refused.out.replace("NOT VERIFIED", "")

    # A folder of an earlier rehearsal is never written into.
    before = sha256((out / "report.json").read_bytes()).digest()
    second = call(SCRUTIN, "rehearse", "--out", out)
    assert second.status == 2
    assert "exists already" in second.err
    assert sha256((out / "report.json").read_bytes()).digest() == before


# -- real ballots -----------------------------------------------------------------------------


def pabulib(name: str) -> Path:
    """A file of the collection; skips where there is none."""
    folder = os.environ.get("SCRUTIN_PABULIB")
    if not folder:
        pytest.skip("real ballots: set SCRUTIN_PABULIB to a folder of Pabulib files")
    path = Path(folder) / name
    assert path.is_file(), path
    return path


def votes_of(path: Path, voters: int | None) -> tuple[int, Counter[str]]:
    """How many vote in a Pabulib file (the first ``voters``), and how many of them name each
    project. Read here anew, so that the program's own reader is no judge of itself."""
    lines = path.read_text("utf-8-sig").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().upper() == "VOTES")
    rows = list(csv.DictReader(lines[at + 1 :], delimiter=";"))[:voters]
    named: Counter[str] = Counter()
    for row in rows:
        projects = [each.strip() for each in row["vote"].split(",") if each.strip()]
        points = [each.strip() for each in (row.get("points") or "").split(",") if each.strip()]
        if points:
            projects = [
                each for each, given in zip(projects, points, strict=True) if float(given) > 0
            ]
        named.update(projects)
    return len(rows), named


def check_real(path: Path, out: Path, voters: int | None, timeout: float) -> Any:
    """Rehearse a real file; the published votes are those of the file. Gives the report."""
    # Charts are drawn in the rehearsal above, and looked at in tests/audit.
    number = () if voters is None else ("--voters", str(voters), "--no-charts")
    _, result = rehearse(out, path, *number, timeout=timeout)
    expected, named = votes_of(path, voters)
    results = json.loads((out / "publication" / "results.json").read_bytes())
    report = read_report(out)
    assert report["voters"] == expected
    assert set(report["refused"]) == REFUSED
    # Two more ballots are counted, and give nobody a vote: the spoiled one and the copied one.
    assert sum(style["counted"] for style in results["styles"]) == expected + 2
    (contest,) = results["contests"]
    votes = {each["id"]: each["votes"] for each in contest["projects"] if each["votes"]}
    assert votes == dict(named)
    assert sha256((out / "publication" / "publication.json").read_bytes()).hexdigest() == result
    shutil.rmtree(out)
    return report


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Poland_Zabrze_2020_Helenka.pb", "choose-1"),
        ("Poland_Czestochowa_2024_Podjasnogorska.pb", "cumulative"),
        (
            "US_Stanford_Dataset_Your_Voice_Your_Choice_Parks_and_Streets-_Seattle_2019_District_1_vote_rankings.pb",
            "ordinal",
        ),
        ("US_Stanford_Dataset_PB_Chicago_39th_Ward_2020_vote_knapsacks.pb", "approval"),
    ],
)
def test_real_ballots_of_every_form(name: str, form: str, tmp_path: Path) -> None:
    path = pabulib(name)
    assert f"vote_type;{form}" in path.read_text("utf-8-sig")
    check_real(path, tmp_path / "out", 60, 240)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_whole_city_in_under_ten_minutes(tmp_path: Path) -> None:
    path = pabulib("France_Toulouse_2022.pb")
    if os.environ.get("SCRUTIN_SLOW") != "1":
        pytest.skip("4,532 voters take minutes: set SCRUTIN_SLOW=1")
    report = check_real(path, tmp_path / "out", None, 800)
    assert report["voters"] == 4532
    assert sum(report["seconds"].values()) < 600
