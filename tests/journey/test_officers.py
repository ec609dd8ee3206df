"""docs/operations.md from the first line to the last, on separate machines, as a transcript."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from tests.journey.documents import blocks, shape, typed
from tests.journey.places import CODE, ID, OFFICERS, PEOPLE, TRUSTEES, Places
from tests.journey.terminal import SCRUTIN, Run, Terminal, call
from web.office.passphrase import variable_name
from web.rehearsal.processes import serving

GROUPED = re.compile(r"result hash ((?:[0-9a-f]{4} ){15}[0-9a-f]{4})\n")


@pytest.fixture
def town(tmp_path: Path) -> Places:
    place = Places(tmp_path)
    place.before()
    return place


@contextmanager
def doors(town: Places) -> Iterator[tuple[str, str]]:
    """The registrar's and the box's hosts at work; gives their addresses."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in town.environment().items():
            patch.setenv(name, value)
        with (
            serving(town.office, ["registrar"], town.root / "registrar.log") as registrar,
            serving(town.box, ["box", "public"], town.root / "box.log") as box,
        ):
            yield registrar, box


def test_an_election_command_by_command(terminal: Terminal, town: Places) -> None:
    terminal.environment.update(town.environment())
    define(terminal, town)
    keys(terminal, town)
    ceremony(terminal, town)
    roll(terminal, town)
    manifest = freeze(terminal, town)
    begin(terminal, town)
    receipts = vote(terminal, town, manifest)
    close(terminal, town)
    open_the_box(terminal, town)
    result = count_and_publish(terminal, town)
    look(terminal, town, receipts, result)
    the_documents_commands_were_typed(terminal)


# -- before the vote --------------------------------------------------------------------------


def define(terminal: Terminal, town: Places) -> None:
    run = terminal.done("new", town.office)
    assert run.out == ""
    assert "scrutin check" in run.err
    assert "not empty" in terminal.refused("new", town.office, status=2)
    for words in (("box", "new"), ("registrar", "new")):
        # Nothing is made for a definition that was not looked at: the keys carry its identifier.
        assert terminal(*words, town.root / "nowhere").status == 2
    town.edit()
    report = terminal.done("check", town.office, "--language", "fr").out
    assert "Budget participatif 2027" in report
    assert terminal.done("check", town.office, "--language", "fr").out == report
    assert terminal.done("check", town.office, "--json").data["ok"] is True
    toml = town.office / "election.toml"
    good = toml.read_text("utf-8")
    toml.write_text(good.replace('budget = "150 000,00"', 'budget = "much"'), "utf-8")
    wrong = terminal("check", town.office)
    assert wrong.status == 1
    line = 1 + good[: good.index('budget = "150 000,00"')].count("\n")
    assert re.search(rf"election\.toml\D+{line}\b.*budget", wrong.out), wrong.out
    toml.write_text(good, "utf-8")
    assert terminal.done("status", town.office, "--json").data == {
        "stage": "draft",
        "next": "freeze",
    }


def keys(terminal: Terminal, town: Places) -> None:
    for number, name in enumerate(OFFICERS, start=1):
        officer: tuple[str | Path, ...] = (
            "officer",
            "new",
            town.office,
            "--name",
            name,
            "--out",
            town.officer(number),
        )
        own = ("--passphrase-file", town.word(number))
        assert terminal.done(*officer, *own).out == ""
        kept = town.officer(number).read_bytes()
        terminal.done(*officer, *own)
        assert town.officer(number).read_bytes() == kept
        wrong = terminal.refused(*officer, env={"SCRUTIN_PASSPHRASE": "not mine"})
        assert "passphrase" in wrong
    assert "registrar new" in terminal.refused("roll", "import", town.office, town.word(1))
    assert "registrar new" in terminal.refused("freeze", town.office, *town.officer_words(1))
    made: tuple[tuple[str, tuple[str | Path, ...]], ...] = (
        ("box", ("box", "new", town.office, "--origin", "vote.example.fr/log")),
        ("issuers", ("registrar", "new", town.office, "--issuer", "city")),
    )
    for part, words in made:
        assert terminal.done(*words).out == ""
        secret = next((town.office / part).rglob("secret.*"))
        kept = secret.read_bytes()
        terminal.done(*words)
        assert secret.read_bytes() == kept


def ceremony(terminal: Terminal, town: Places) -> None:
    """Three trustees on three machines; the exchange folder is carried between them."""
    trustees = [word for name in TRUSTEES for word in ("--trustee", name)]
    words: tuple[str | Path, ...] = ("ceremony", town.office, *trustees, "--threshold", "2")
    assert terminal.done(*words).out == ""
    terminal.done(*words)

    def step(name: str, number: int) -> Run:
        town.carry_ceremony(number, back=False)
        exchange, own = town.trustee(number) / "exchange", town.trustee(number) / "own"
        run = terminal("trustee", name, exchange, "--own", own, "--name", TRUSTEES[number - 1])
        town.carry_ceremony(number, back=True)
        assert run.out == ""
        return run

    assert step("commit", 1).status == 0
    # Anne cannot go on alone: she is told whose commitments are missing, and finishing waits too.
    early = step("reveal", 1)
    assert early.status == 1
    assert "Bilal" in early.err
    assert "Chloé" in early.err
    early = step("finish", 1)
    assert early.status == 1
    assert "Bilal" in early.err
    for number in (2, 3):
        assert step("commit", number).status == 0
    for name in ("reveal", "finish"):
        for number in (1, 2, 3):
            assert step(name, number).status == 0, name
            again = step(name, number)
            assert again.status == 0
            assert "was done before" in again.err
    shown = terminal.done("trustee", "show", town.office / "ceremony").out
    assert "2 of 3" in shown
    for number in (1, 2, 3):
        run = step("finish", number)
        hashes = re.findall(r"(?:[0-9a-f]{4} ){15}[0-9a-f]{4}", run.err)
        assert hashes[-1] in shown
        assert step("forget", number).status == 0
        # Only the share is left of what the trustee drew.
        assert [path.name for path in (town.trustee(number) / "own").iterdir()] == [
            f"trustee-{number}.share.secret"
        ]


def roll(terminal: Terminal, town: Places) -> None:
    file = town.root / "roll.csv"
    rows = [f"person-{number},habitants,Name {number}" for number in range(PEOPLE)]
    wrong = [*rows[:4], "person-2,habitants,Twice", *rows[4:], "person-99,nobody,Stranger"]
    file.write_text("\n".join(("id,style,name", *wrong, "")), "utf-8")
    message = terminal.refused("roll", "import", town.office, file)
    assert "line 6" in message
    assert f"line {len(wrong) + 1}" in message
    assert "nothing was imported" in message
    assert "roll import" in terminal.refused("freeze", town.office, *town.officer_words(1))
    file.write_text("\n".join(("id,style,name", *rows, "")), "utf-8")
    run = terminal.done("roll", "import", town.office, file)
    assert run.data == {"roll": {"habitants": PEOPLE}}
    letters = town.root / "letters"
    run = terminal.done(
        "roll", "codes", town.office, letters, "--website", "https://vote.example.fr"
    )
    assert f"{PEOPLE} codes" in run.err
    assert run.out == ""
    assert len(set(town.codes())) == PEOPLE


def freeze(terminal: Terminal, town: Places) -> str:
    """Two of three officers; gives the manifest's hash."""
    options = ("--batch-seconds", "1", "--batch-minimum", "1")
    for words in (
        ("open", town.office, *town.officer_words(1)),
        ("close", town.office, *town.officer_words(1)),
        ("trustee", "adopt", town.office, "--share", town.share(1), "--name", "Anne"),
        ("registrar", "stop", town.office),
        ("serve", town.office),
        ("open-box", town.office),
        ("count", town.office),
        ("publish", town.office, town.root / "early", *town.officer_words(1)),
    ):
        assert "scrutin freeze" in terminal.refused(*words), words
    first = terminal.done("freeze", town.office, *town.officer_words(1), *options)
    assert first.out == ""
    assert "another officer must sign" in first.err
    frozen = terminal.done("freeze", town.office, *town.officer_words(2), *options).data
    assert frozen["officers"] == list(OFFICERS[:2])
    again = terminal.done("freeze", town.office, *town.officer_words(3), *options).data
    assert again == frozen
    manifest = (town.office / "manifest.json").read_bytes()
    assert frozen["frozen"] == sha256(manifest).hexdigest()

    # Whatever is edited now is refused with the reason, and changes nothing.
    csv = town.office / "projects.csv"
    kept = csv.read_text("utf-8")
    csv.write_text(kept.replace("18 000,00", "18 000,01"), "utf-8")
    assert csv.read_text("utf-8") != kept
    assert "frozen" in terminal.refused("freeze", town.office, *town.officer_words(1), *options)
    checked = terminal("check", town.office)
    assert checked.status == 1
    assert "projects.csv" in checked.out
    csv.write_text(kept, "utf-8")
    terminal.done("check", town.office)
    late = town.root / "late.csv"
    late.write_text("id,style\nlate-person,habitants\n", "utf-8")
    assert "frozen" in terminal.refused("roll", "import", town.office, late)
    statement = terminal.done("roll", "statement", town.office, "person-3").data
    assert statement["root"] == json.loads(manifest)["roll"]["root"]
    assert (town.office / "manifest.json").read_bytes() == manifest

    for number, name in enumerate(TRUSTEES, start=1):
        there = town.carry_public(number)
        words = ("trustee", "adopt", there, "--share", town.share(number), "--name", name)
        assert terminal.done(*words).out == ""
        terminal.done(*words)
    return str(frozen["frozen"])


def begin(terminal: Terminal, town: Places) -> None:
    town.split()
    assert terminal.done("status", town.box, "--json").data["stage"] == "frozen"
    early = terminal.refused("open", town.box, *town.officer_words(1))
    assert "2027-03-08T08:00:00Z" in early
    town.during()
    assert terminal.done("status", town.box, "--json").data["next"] == "open"
    never = terminal.refused("close", town.box, *town.officer_words(1))
    assert "open" in never
    # The registrar's host has no box to open.
    assert "box/secret.json: no such file" in terminal.refused(
        "open", town.office, *town.officer_words(1)
    )
    first = terminal.done("open", town.box, *town.officer_words(1))
    assert first.out == ""
    opened = terminal.done("open", town.box, *town.officer_words(3)).data
    assert opened["officers"] == [OFFICERS[0], OFFICERS[2]]
    again = terminal.done("open", town.box, *town.officer_words(3)).data
    assert again == opened
    assert "close" in terminal.refused("close", town.box, *town.officer_words(1))
    there = town.carry_public(1)
    words = ("trustee", "release", there, "--share", town.share(1), "--name", "Anne")
    assert "scrutin close" in terminal.refused(*words)
    assert "first close the vote" in terminal.refused("open-box", town.box)


# -- the vote ---------------------------------------------------------------------------------


def vote(terminal: Terminal, town: Places, manifest: str) -> list[str]:
    """Residents at two separate processes; gives the receipts of the ballots that count."""
    codes = town.codes()
    device = town.root / "resident"
    device.mkdir()
    receipts = []
    with doors(town) as (registrar, box):

        def cast(person: int, *choices: str, more: tuple[str | Path, ...] = ()) -> Run:
            chosen = [word for choice in choices for word in ("--choose", choice)]
            words = ("--registrar", registrar, "--code", codes[person])
            own = ("--recovery", device / f"{person}.secret", "--manifest-hash", manifest)
            return terminal("vote", box, *words, *own, *chosen, *more)

        # Ana tests a ballot on a second device, votes, and votes again from her recovery file.
        tested = cast(0, "ville=1,2", "rue-aux-ecoles=non", more=("--test",))
        assert tested.status == 0, str(tested)
        file = town.root / "second-device.json"
        file.write_text(tested.out, "utf-8")
        frozen = town.office / "manifest.json"
        shown = terminal.done("show-test", file, "--manifest", frozen).data
        assert shown == {"ville": [["1", 1], ["2", 1]], "rue-aux-ecoles": [["non", 1]]}
        receipt = device / "receipt.json"
        first = cast(0, "ville=1,2", "rue-aux-ecoles=non", more=("--receipt", receipt))
        assert first.data["sequence"] == 1
        second = cast(0, "ville=2,3", "rue-aux-ecoles=oui", more=("--receipt", receipt))
        assert second.data["sequence"] == 2
        receipts.append(str(second.data["receipt"]))

        # Her code is used up for anybody else's device.
        (device / "0.secret").rename(device / "ana.secret")
        stolen = cast(0, "ville=4")
        assert stolen.status == 1
        assert stolen.out == ""
        for person, choices in ((1, ("ville=2", "rue-aux-ecoles=oui")), (2, ("ville=1",))):
            run = cast(person, *choices)
            assert run.status == 0, str(run)
            receipts.append(str(run.data["receipt"]))
        for choice, status in (
            ("ville=1,2,3,4", 1),
            ("ville=none", 2),
            ("mayor=1", 2),
        ):
            refused = cast(3, choice)
            assert refused.status == status, str(refused)
            assert refused.out == ""
        wrong = codes[4][:-1] + ("0" if codes[4][-1] != "0" else "1")
        own: tuple[str | Path, ...] = ("--recovery", device / "x.secret")
        mistyped = terminal.refused("vote", box, "--registrar", registrar, "--code", wrong, *own)
        assert "code" in mistyped
        other = ("--registrar", registrar, "--code", codes[4], *own)
        message = terminal.refused("vote", box, *other, "--manifest-hash", "00" * 32)
        assert "other rules" in message

        for code in (receipts[1], receipts[2], receipt):
            until = time.monotonic() + 180
            while (proof := terminal("proof", code, "--url", box)).status:
                # Receipts are promises; each batch has its time.
                assert "pending" in proof.err, str(proof)
                assert time.monotonic() < until
                time.sleep(0.2)
            assert proof.data["in_the_log"] is True
        assert terminal("proof", receipts[1][:-1] + "_", "--url", box).status in (1, 2)

        # An observer takes a copy now, to hold against what comes later.
        earlier = town.root / "earlier"
        earlier.mkdir()
        for name in ("manifest.json", "manifest.signatures.json"):
            shutil.copy(town.box / name, earlier)
        shutil.copytree(town.box / "box" / "log", earlier / "log")
        assert "CONTINUED" in terminal.done("compare", earlier, box).out
    return receipts


# -- after the vote ---------------------------------------------------------------------------


def close(terminal: Terminal, town: Places) -> None:
    assert "2027-03-28T18:00:00Z" in terminal.refused("close", town.box, *town.officer_words(1))
    town.after()
    # The issuer's counts are signed on its own host and brought.
    assert "registrar stop" in terminal.refused("close", town.box, *town.officer_words(1))
    stopped = terminal.done("registrar", "stop", town.office).data
    assert stopped["counts"] == {"habitants": 4}
    assert terminal.done("registrar", "stop", town.office).data == stopped
    town.carry_back(town.office, "issued")
    assert terminal.done("close", town.box, *town.officer_words(1)).out == ""
    closed = terminal.done("close", town.box, *town.officer_words(2)).data
    assert closed["officers"] == list(OFFICERS[:2])
    assert terminal.done("close", town.box, *town.officer_words(2)).data == closed
    assert "open-box" in terminal.refused("count", town.box)


def open_the_box(terminal: Terminal, town: Places) -> None:
    """Two of three trustees, each on their own machine with nothing but public files."""
    for number, name in ((3, "Chloé"), (1, "Anne")):
        early = terminal.refused("open-box", town.box)
        missing = [each for each in TRUSTEES if each != "Chloé" or number == 3]
        assert all(each in early for each in missing), early
        there = town.carry_public(number)
        words = ("trustee", "release", there, "--share", town.share(number), "--name", name)
        other = {variable_name(f"trustee {name}"): "not mine"}
        wrong = terminal.refused(*words, env=other)
        assert "passphrase" in wrong
        assert terminal.done(*words).out == ""
        terminal.done(*words)
        town.carry_back(there, "releases")
    run = terminal.done("open-box", town.box)
    assert run.out == ""
    opening = (town.box / "opening.json").read_bytes()
    terminal.done("open-box", town.box)
    assert (town.box / "opening.json").read_bytes() == opening


def count_and_publish(terminal: Terminal, town: Places) -> str:
    """Gives the result hash, in groups."""
    out = town.box / "publication"
    words = ("publish", town.box, out)
    assert "scrutin count" in terminal.refused(*words, *town.officer_words(1))
    counted = terminal.done("count", town.box).data
    votes = {each["id"]: each["votes"] for each in counted["contests"][0]["projects"]}
    assert {name: number for name, number in votes.items() if number} == {"1": 1, "2": 2, "3": 1}
    assert counted["contests"][1]["adopted"] == "oui"  # a blank part is for the quorum of three
    assert counted["styles"][0]["counted"] == 3
    assert counted["styles"][0]["superseded"] == 1
    assert counted["styles"][0]["issued"] == {"city": 4}
    assert terminal.done("count", town.box).data == counted

    assert "no such folder" in terminal.refused(
        "publish", town.box, town.root / "no" / "where", *town.officer_words(1), status=2
    )
    first = terminal.done(*words, *town.officer_words(2))
    assert first.out == ""
    assert "another officer must sign" in first.err
    assert not out.exists()
    second = terminal.done(*words, *town.officer_words(3))
    found = GROUPED.fullmatch(second.out)
    assert found is not None, str(second)
    kept = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    as_data = terminal.done(*words, *town.officer_words(3), "--json").data
    assert as_data["result_hash"] == found[1].replace(" ", "")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == kept
    assert terminal.done("status", town.box, "--json").data["stage"] == "published"
    return found[1]


def look(terminal: Terminal, town: Places, receipts: list[str], result: str) -> None:
    """What anybody does with the publication, and who may see what."""
    out = town.box / "publication"
    verified = call(SCRUTIN.with_name("python"), "-m", "audit", "verify", out)
    assert verified.status == 0, str(verified)
    assert verified.out.splitlines()[-1] == f"VERIFIED {result}"
    assert result in terminal.done("verify", out, "--expect", result).out
    terminal_says = terminal("verify", out, "--expect", "0" * 64)
    assert terminal_says.status == 1
    assert "CONTINUED" in terminal.done("compare", town.root / "earlier", out).out
    assert terminal("compare", out, town.root / "earlier").status == 1
    with doors(town) as (_, box):
        assert terminal.done("verify", f"{box}/publication").out.endswith(f"VERIFIED {result}\n")
        for receipt in receipts:
            assert terminal.done("proof", receipt, "--url", box).data["in_the_log"] is True
        late = terminal(
            "vote", box, "--registrar", box, "--code", town.codes()[5], "--choose", "ville=1",
            "--recovery", town.root / "resident" / "late.secret",
        )  # fmt: skip
        assert late.status == 1
    hidden = town.secrets()
    for log in town.root.glob("*.log"):
        text = log.read_text("utf-8")
        assert not any(word in text for word in hidden), log
    for path in (*out.rglob("*"), *(town.box / "box").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word.encode() in data for word in hidden), path


def the_documents_commands_were_typed(terminal: Terminal) -> None:
    """Every line of the document was, with its options; so the document is true."""
    known = {words[:length] for words in terminal.typed for length in (1, 2)}
    done = [shape(words, known) for words in terminal.typed]
    lines = [
        typed(line) for line in blocks("docs/operations.md", "An election, command by command")
    ]
    ours = [words[1:] for words in lines if words[0] == "scrutin"]
    assert len(ours) >= 19
    for words in ours:
        command = max((each for each in known if words[: len(each)] == each), key=len, default=())
        assert command, f"docs/operations.md: scrutin {' '.join(words)}: was not typed here"
        options = {word for word in words if word.startswith("--")}
        assert any(command[0] == each[0] and options <= given for each, given in done), words
    assert ID.startswith("rehearsal-")
    assert not any(CODE.search(" ".join(words)) for words in lines)
