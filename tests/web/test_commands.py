"""The command line: statuses, streams and passphrases, and the officers' acts in order."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click
import pytest

from ballot.durable import replace_file
from tests.web.console import Console
from web.cli import cli
from web.clock import VARIABLE, read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.passphrase import variable_name

ID = "rehearsal-town"
TRUSTEES = ("Anne", "Bilal", "Chloé Élan")
OPENS = "2027-03-08T08:00:00Z"
CLOSES = "2027-03-28T18:00:00Z"
PEOPLE = 6


class Place:
    """A town on the machines of everybody: FOLDER, and what each keeps elsewhere."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "town"
        self.clock = root / "clock.txt"

    @property
    def place(self) -> ElectionFolder:
        return ElectionFolder(self.folder)

    def officer(self, name: str) -> Path:
        return self.root / "officers" / f"{name}.secret"

    def share(self, number: int) -> Path:
        return self.root / f"trustee-{number}" / f"trustee-{number}.share.secret"

    def set_clock(self, now: datetime) -> None:
        replace_file(self.clock, spell_time(now).encode())

    def before(self) -> None:
        self.set_clock(read_time(OPENS) - timedelta(days=1))

    def during(self) -> None:
        self.set_clock(read_time(OPENS))

    def after(self) -> None:
        self.set_clock(read_time(CLOSES))


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory, passphrase: str) -> Place:
    """Everything before the freeze, made by the commands themselves."""
    place = Place(tmp_path_factory.mktemp("commands"))
    capture = _NoCapture()
    console = Console(capture=capture)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(place.clock))
        patch.setenv("SCRUTIN_PASSPHRASE", passphrase)
        place.before()
        folder = place.folder
        console.done("new", folder)
        toml = folder / "election.toml"
        toml.write_text(toml.read_text().replace('id = "ma-ville-2027"', f'id = "{ID}"'))
        for name in ("a", "b", "c"):
            key = place.officer(name)
            console.done("officer", "new", folder, "--name", f"Officer {name}", "--out", key)
        console.done("box", "new", folder)
        console.done("registrar", "new", folder)
        trustees = [word for name in TRUSTEES for word in ("--trustee", name)]
        console.done("ceremony", folder, *trustees, "--threshold", "2")
        for step in ("commit", "reveal", "finish"):
            for number, name in enumerate(TRUSTEES, start=1):
                own = place.root / f"trustee-{number}"
                exchange = place.root / f"exchange-{number}"
                # Each on their own machine: only the exchange folder travels.
                shutil.copytree(folder / "ceremony", exchange, dirs_exist_ok=True)
                console.done("trustee", step, exchange, "--own", own, "--name", name)
                shutil.copytree(exchange, folder / "ceremony", dirs_exist_ok=True)
        style = re.findall(r'(?m)^\[\[style\]\]\s+id = "([^"]+)"', toml.read_text())[0]
        roll = place.root / "roll.csv"
        rows = "".join(f"person-{number},{style}\n" for number in range(PEOPLE))
        roll.write_text(f"id,style\n{rows}")
        console.done("roll", "import", folder, roll)
        console.done("roll", "codes", folder, place.root / "letters", "--website", "https://x.fr")
    return place


class _NoCapture:
    """Stands for pytest's capture where a session's fixture has none."""

    def readouterr(self) -> "_NoCapture":
        return self

    out = err = ""


@pytest.fixture
def town(ready: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of the town before the freeze, for one test."""
    shutil.copytree(ready.root, tmp_path / "town", dirs_exist_ok=True)
    place = Place(tmp_path / "town")
    monkeypatch.setenv(VARIABLE, str(place.clock))
    place.before()
    return place


def freeze(console: Console, town: Place) -> str:
    """Freeze with two officers; gives the manifest's hash."""
    run = console.done(
        "freeze", town.folder, "--officer", town.officer("a"), "--officer", town.officer("b")
    )
    return str(run.data["frozen"])


def both(town: Place) -> tuple[str | Path, ...]:
    return ("--officer", town.officer("a"), "--officer", town.officer("b"))


# -- the tree of commands ---------------------------------------------------------------------


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


def test_every_command_explains_itself(console: Console) -> None:
    found = list(commands(cli))
    assert len(found) > 30
    for path, command in found:
        run = console.done(*path, "--help")
        assert run.err == ""
        assert command.help, path
        assert "usage: " in run.out.lower()


def test_the_overview_names_every_command(console: Console) -> None:
    overview = console.done("--help").out
    for name in cli.commands:
        assert re.search(rf"\b{name}\b", overview.partition("Options:")[0]), name


def test_no_option_takes_a_passphrase(console: Console) -> None:
    for path, command in commands(cli):
        for option in command.params:
            for name in option.opts:
                assert not re.search("pass|secret|pin|password", name) or name == (
                    "--passphrase-file"
                ), path


def test_what_makes_no_sense_has_status_two(console: Console, town: Place) -> None:
    for words in (
        ("vanish",),
        ("freeze",),
        ("freeze", "/nowhere"),
        ("freeze", town.folder),
        ("freeze", town.folder, "--officer", "/nowhere"),
        ("freeze", town.folder, *both(town), "--batch-seconds", "0"),
        ("serve", town.folder, "--door", "cellar"),
        ("new", town.folder),
        ("registrar", "new", town.folder, "--issuer", "../etc"),
        ("vote", "nowhere", "--code", "x", "--recovery", town.root / "r"),
    ):
        message = console.refused(*words, status=2)
        assert message.strip()


def test_a_version(console: Console) -> None:
    assert console.done("--version").out.startswith("scrutin, version ")


# -- passphrases ------------------------------------------------------------------------------


def test_a_passphrase_comes_from_a_file_or_the_environment(
    console: Console, town: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = town.root / "d.secret"
    words = ("officer", "new", town.folder, "--name", "D", "--out", out)
    monkeypatch.delenv("SCRUTIN_PASSPHRASE")
    message = console.refused(*words, status=2)
    assert "SCRUTIN_PASSPHRASE_OFFICER_D" in message
    assert "--passphrase-file" in message
    assert not out.exists()
    file = town.root / "word.txt"
    for content in ("", "\nsecond line\n"):
        file.write_text(content)
        assert "first line" in console.refused(*words, "--passphrase-file", file, status=2)
    file.write_bytes(b"\xff\xfe")
    assert "cannot be read" in console.refused(*words, "--passphrase-file", file, status=2)
    file.write_text("plum tractor violin café\nignored\n", "utf-8")
    console.done(*words, "--passphrase-file", file)
    # The same again, from the environment, finds the same key.
    console.done(*words, env={"SCRUTIN_PASSPHRASE_OFFICER_D": "plum tractor violin café"})
    message = console.refused(*words, env={"SCRUTIN_PASSPHRASE": "another"})
    assert "passphrase is wrong" in message
    assert "another" not in message
    assert "plum" not in message


def test_a_new_passphrase_is_asked_for_twice(
    console: Console, town: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCRUTIN_PASSPHRASE")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    typed = iter(["one", "two", "same", "same", "same"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    out = town.root / "d.secret"
    words = ("officer", "new", town.folder, "--name", "D", "--out", out)
    assert "not the same twice" in console.refused(*words, status=2)
    assert not out.exists()
    console.done(*words)
    console.done(*words)  # there already: asked for once
    assert list(typed) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("trustee Chloé Élan", "SCRUTIN_PASSPHRASE_TRUSTEE_CHLOE_ELAN"),
        ("officer_a-martin", "SCRUTIN_PASSPHRASE_OFFICER_A_MARTIN"),
        ("issuer_city.2", "SCRUTIN_PASSPHRASE_ISSUER_CITY_2"),
        ("box", "SCRUTIN_PASSPHRASE_BOX"),
    ],
)
def test_variables_that_a_shell_can_set(words: str, name: str) -> None:
    assert variable_name(words) == name


# -- officers and keys ------------------------------------------------------------------------


def test_an_officers_key_is_never_written_over(console: Console, town: Place) -> None:
    public = {path: path.read_bytes() for path in town.place.officers.glob("*.json")}
    for name in ("Officer a", "officer-A"):
        message = console.refused(
            "officer", "new", town.folder, "--name", name, "--out", town.root / "x.secret", status=2
        )
        assert "another officer's already" in message
        assert not (town.root / "x.secret").exists()
    message = console.refused(
        "officer", "new", town.folder, "--name", "Z", "--out", town.officer("a"), status=2
    )
    assert "is the key of Officer a" in message
    assert {path: path.read_bytes() for path in town.place.officers.glob("*.json")} == public


def test_keys_can_be_made_again_after_a_crash(console: Console, town: Place) -> None:
    box, officer = town.place.box / "box.json", town.place.officers / "officer-a.json"
    issuer = town.place.issuers / "city" / "issuer.json"
    before = [path.read_bytes() for path in (box, officer)]
    box.unlink()
    officer.unlink()
    console.done("box", "new", town.folder)
    words = ("--name", "Officer a", "--out", town.officer("a"))
    console.done("officer", "new", town.folder, *words)
    assert [path.read_bytes() for path in (box, officer)] == before
    message = console.refused("box", "new", town.folder, "--origin", "x.fr/log", status=2)
    assert "is the box of" in message
    assert issuer.exists()


def test_the_ceremony_on_three_machines(console: Console, town: Place) -> None:
    shown = console.done("trustee", "show", town.folder / "ceremony").out
    assert "2 of 3" in shown
    for name in TRUSTEES:
        assert name in shown
    exchange = {path.name for path in (town.folder / "ceremony").iterdir()}
    assert exchange == {"ceremony.json"} | {
        f"{step}-{number}.json" for step in ("commit", "reveal", "confirm") for number in (1, 2, 3)
    }
    for number, name in enumerate(TRUSTEES, start=1):
        words = (town.folder / "ceremony", "--own", town.root / f"trustee-{number}", "--name", name)
        run = console.done("trustee", "finish", *words)
        assert "was done before" in run.err
        console.done("trustee", "forget", *words)
        assert [path.name for path in (town.root / f"trustee-{number}").iterdir()] == [
            town.share(number).name
        ]
    message = console.refused(
        "trustee", "finish", town.folder / "ceremony", "--own", town.root / "x", "--name", "Zoé"
    )
    assert "Zoé" in message


def test_another_ceremony_in_the_same_folder(console: Console, town: Place) -> None:
    words = ("--trustee", "Zoé", "--threshold", "1")
    assert "another ceremony" in console.refused("ceremony", town.folder, *words)


def test_a_ceremony_played_by_one_machine(console: Console, town: Place) -> None:
    shutil.rmtree(town.folder / "ceremony")
    words = ("--trustee", "X", "--trustee", "Y", "--threshold", "1", "--local")
    console.done("ceremony", town.folder, *words)
    assert "1 of 2" in console.done("trustee", "show", town.folder / "ceremony").out


# -- freeze -----------------------------------------------------------------------------------


def test_two_officers_freeze(console: Console, town: Place) -> None:
    run = console.done("freeze", town.folder, "--officer", town.officer("a"))
    assert run.out == ""
    assert "another officer must sign the manifest" in run.err
    assert not town.place.manifest.exists()
    again = console.done("freeze", town.folder, "--officer", town.officer("a"))
    assert again.err == run.err
    run = console.done("freeze", town.folder, "--officer", town.officer("b"))
    manifest = load_manifest(town.place)
    assert run.data == {"frozen": manifest.hash.hex(), "officers": ["Officer a", "Officer b"]}
    assert manifest.trustees.threshold == 2
    # Again, with whoever: the same manifest and the same signatures.
    signed = town.place.manifest_signatures.read_bytes()
    assert console.done("freeze", town.folder, "--officer", town.officer("c")).data == run.data
    assert town.place.manifest_signatures.read_bytes() == signed


def test_a_changed_definition_asks_for_both_signatures_again(console: Console, town: Place) -> None:
    first = console.done("freeze", town.folder, "--officer", town.officer("a"))
    toml = town.folder / "election.toml"
    toml.write_text(toml.read_text().replace('"150 000,00"', '"140 000,00"'))
    second = console.done("freeze", town.folder, "--officer", town.officer("b"))
    assert "another officer must sign" in second.err
    assert first.err != second.err
    assert not town.place.manifest.exists()
    assert freeze(console, town) == load_manifest(town.place).hash.hex()


def test_other_options_are_another_manifest(console: Console, town: Place) -> None:
    console.done("freeze", town.folder, "--officer", town.officer("a"))
    words = ("--officer", town.officer("b"), "--batch-minimum", "3")
    assert console.done("freeze", town.folder, *words).out == ""
    freeze(console, town)
    message = console.refused("freeze", town.folder, *both(town), "--batch-minimum", "3")
    assert "frozen with other rules or keys" in message


def test_after_the_freeze_nothing_can_be_edited(console: Console, town: Place) -> None:
    freeze(console, town)
    manifest = town.place.manifest.read_bytes()
    for name in ("election.toml", "projects.csv"):
        file = town.folder / name
        kept = file.read_text()
        changed = kept.replace("150 000,00", "150 001,00").replace("18 000,00", "18 001,00")
        assert changed != kept
        file.write_text(changed)
        for words in (("freeze", town.folder, *both(town)), ("check", town.folder)):
            run = console(*words)
            assert run.status == 1
            assert "Traceback" not in run.err
            assert name in run.err + run.out
        file.write_text(kept)
    more = town.root / "more.csv"
    more.write_text("id,style\nnew-person,habitants\n")
    run = console("roll", "import", town.folder, more)
    assert run.status == 1
    assert town.place.manifest.read_bytes() == manifest
    freeze(console, town)


def test_an_outsiders_signature_is_refused(console: Console, town: Place) -> None:
    words = ("--name", "Officer a", "--out", town.root / "fake" / "a.secret")
    other = town.root / "other"
    shutil.copytree(town.folder, other)
    (other / "officers" / "officer-a.json").unlink()
    console.done("officer", "new", other, *words)  # the same name, another key
    fake = town.root / "fake" / "a.secret"
    message = console.refused("freeze", town.folder, "--officer", fake)
    assert "Officer a: not an officer of this election, or another key" in message
    assert not (town.place.approvals / "freeze.json").exists()
    # With a true one at the same desk it is refused as well, and nothing of it is kept.
    console.refused("freeze", town.folder, "--officer", town.officer("b"), "--officer", fake)
    assert not town.place.manifest.exists()


def test_gathered_signatures_that_are_forged_or_damaged(console: Console, town: Place) -> None:
    console.done("freeze", town.folder, "--officer", town.officer("a"))
    path = town.place.approvals / "freeze.json"
    value = json.loads(path.read_text())
    value["signatures"] = {"Officer b": value["signatures"]["Officer a"], "Nobody": "AAAA"}
    path.write_text(json.dumps(value, sort_keys=True, separators=(",", ":")))
    assert console.done("freeze", town.folder, "--officer", town.officer("a")).out == ""
    for damaged in ("{", "[]", '{"signatures":[]}', ""):
        path.write_text(damaged)
        message = console.refused("freeze", town.folder, "--officer", town.officer("a"), status=2)
        assert "freeze.json: damaged; remove it" in message
    path.unlink()
    freeze(console, town)


def test_a_freeze_that_comes_too_late(console: Console, town: Place) -> None:
    town.during()
    message = console.refused("freeze", town.folder, *both(town))
    assert "should have opened" in message


def test_a_freeze_without_a_part_says_which(console: Console, town: Place) -> None:
    for path, words in (
        (town.place.box / "box.json", "scrutin box new"),
        (town.place.issuers / "city" / "secret.json", "scrutin registrar new"),
        (town.place.ceremony / "confirm-2.json", "confirm"),
        (town.place.officers / "officer-a.json", ""),
    ):
        kept = path.read_bytes()
        path.unlink()
        run = console("freeze", town.folder, *both(town))
        assert run.status in (1, 2), path
        assert words in run.err
        assert "Traceback" not in run.err
        path.write_bytes(kept)
    freeze(console, town)


def test_one_officer_is_not_two(console: Console, town: Place) -> None:
    twice = ("--officer", town.officer("a"), "--officer", town.officer("a"))
    assert console.done("freeze", town.folder, *twice).out == ""
    assert not town.place.manifest.exists()


def test_who_must_see_the_log_is_read_back_and_frozen(console: Console, town: Place) -> None:
    line = console.done("witness", "new", town.root / "witness", "--name", "w.example").out
    policy = town.root / "policy.txt"
    policy.write_text(f"{line}quorum none\n")
    words = ("--witness-policy", policy)
    for command in (("check", town.folder), ("freeze", town.folder, *both(town))):
        message = console.refused(*command, *words, status=2)
        assert "policy.txt: quorum none asks for nobody" in message
    policy.write_text(f"{line}quorum w.example\n")
    sentence = "the end of the log must have been seen by w.example."
    checked = console.done("check", town.folder, *words).out
    assert sentence in " ".join(checked.split())
    assert sentence in console.done("freeze", town.folder, *both(town), *words).err
    again = console.done("check", town.folder, "--json").data["rules"][-1]
    assert again["title"] == "Witnesses"
    assert sentence in again["lines"][0]
    assert load_manifest(town.place).witness_policy == policy.read_text()


# -- open and close ---------------------------------------------------------------------------


def test_the_vote_opens_after_the_freeze_and_within_its_dates(
    console: Console, town: Place
) -> None:
    town.during()
    message = console.refused("open", town.folder, *both(town))
    assert "scrutin freeze" in message
    town.before()
    freeze(console, town)
    for words in (both(town), both(town)[:2]):
        message = console.refused("open", town.folder, *words)
        assert "opens at 2027-03-08T08:00:00Z" in message
    assert not (town.place.approvals / "open.json").exists()
    told = console.done("status", town.folder)
    assert re.search(r"^opens +March 8, 2027, 09:00 \(.+\)$", told.out, re.MULTILINE), told.out
    spelled = console.done("status", town.folder, "--json").data
    assert (spelled["stage"], spelled["opens"]) == ("frozen", "2027-03-08T08:00:00Z")
    town.after()
    assert "should have closed" in console.refused("open", town.folder, *both(town))
    town.during()
    run = console.done("open", town.folder, "--officer", town.officer("a"))
    assert "another officer must sign" in run.err
    first = console.done("open", town.folder, "--officer", town.officer("b")).data
    assert first["officers"] == ["Officer a", "Officer b"]
    again = console.done("open", town.folder, "--officer", town.officer("c")).data
    assert again["open"] == first["open"]


def test_the_vote_closes_at_its_date_and_not_before(console: Console, town: Place) -> None:
    freeze(console, town)
    town.during()
    console.done("open", town.folder, *both(town))
    message = console.refused("close", town.folder, *both(town))
    assert "close" in message
    assert not (town.place.issued / "city.json").exists()
    message = console.refused("registrar", "stop", town.folder)
    assert "close" in message
    message = console.refused("registrar", "erase", town.folder, "--yes")
    assert "scrutin registrar stop" in message
    town.after()
    stopped = console.done("registrar", "stop", town.folder).data
    assert stopped["issuer"] == "city"
    assert set(stopped["counts"].values()) == {0}
    assert console.done("registrar", "stop", town.folder).data == stopped
    assert console.done("close", town.folder, "--officer", town.officer("c")).out == ""
    closed = console.done("close", town.folder, "--officer", town.officer("a")).data
    assert closed["officers"] == ["Officer a", "Officer c"]
    assert console.done("close", town.folder, *both(town)).data["close"] == closed["close"]
    # When nobody can appeal any more.
    erased = console.done("registrar", "erase", town.folder, "--yes").data
    assert erased["people"] > 0
    assert erased["files"] == ["issuers/city/secret.json"]
    again = console.done("registrar", "erase", town.folder, "--yes").data
    assert again == {"files": [], "issuer": "city", "people": 0}
    assert (town.place.issuers / "city" / "issuer.json").exists()
    assert (town.place.issued / "city.json").exists()


def test_a_vote_that_was_not_opened_is_not_closed(console: Console, town: Place) -> None:
    freeze(console, town)
    town.after()
    message = console.refused("close", town.folder, *both(town))
    assert "open" in message


def test_an_issuers_counts_that_were_changed_are_refused(console: Console, town: Place) -> None:
    freeze(console, town)
    town.during()
    console.done("open", town.folder, *both(town))
    town.after()
    console.done("registrar", "stop", town.folder)
    path = town.place.issued / "city.json"
    signed = json.loads(path.read_text())
    style = next(iter(signed["counts"]))

    def write(value: object) -> None:
        path.write_text(json.dumps(value, sort_keys=True, separators=(",", ":")))

    changes: list[dict[str, object]] = [
        {"counts": {style: 5}},
        {"counts": {}},
        {"counts": {style: -1}},
        {"counts": {style: "5"}},
        {"issuer": "prefecture"},
        {"signature": "A" * 86},
        {"more": 1},
    ]
    for change in changes:
        write({**signed, **change})
        message = console.refused("close", town.folder, *both(town), status=2)
        assert "issued/city.json" in message, change
    path.write_text("{")
    assert "issued/city.json" in console.refused("close", town.folder, *both(town), status=2)
    # Without the issuer's keys on this machine, its file must be brought.
    path.unlink()
    (town.place.issuers / "city" / "secret.json").rename(town.root / "away")
    message = console.refused("close", town.folder, *both(town))
    assert "registrar stop --issuer city" in message
    write(signed)
    console.done("close", town.folder, *both(town))


def test_a_trustee_adopts_one_manifest_only(console: Console, town: Place) -> None:
    other = town.root / "other"
    shutil.copytree(town.folder, other)
    words = ("--share", town.share(1), "--name", TRUSTEES[0])
    assert "freeze the election first" in console.refused("trustee", "adopt", town.folder, *words)
    found = freeze(console, town)
    run = console.done("trustee", "adopt", town.folder, *words)
    assert found in run.err
    console.done("trustee", "adopt", town.folder, *words)
    console.done("freeze", other, *both(town), "--batch-minimum", "7")
    message = console.refused("trustee", "adopt", other, *words)
    assert "one election, one set of keys" in message
    wrong = console.refused(
        "trustee", "adopt", town.folder, *words, env={"SCRUTIN_PASSPHRASE_TRUSTEE_ANNE": "x"}
    )
    assert "passphrase is wrong" in wrong


def test_a_key_of_another_election_is_named(console: Console, town: Place) -> None:
    other = town.root / "other"
    shutil.copytree(town.folder, other)
    toml = other / "election.toml"
    toml.write_text(toml.read_text().replace(f'id = "{ID}"', 'id = "rehearsal-other"'))
    message = console.refused("freeze", other, *both(town), status=1)
    assert "rehearsal-town" in message


def test_a_real_election_refuses_the_rehearsal_clock(console: Console, town: Place) -> None:
    toml = town.folder / "election.toml"
    toml.write_text(toml.read_text().replace(f'id = "{ID}"', 'id = "real-town"'))
    run = console("freeze", town.folder, *both(town))
    assert run.status in (1, 2)
    assert not town.place.manifest.exists()


# -- the roll ---------------------------------------------------------------------------------


def test_faults_of_a_roll_are_all_named_and_nothing_is_kept(console: Console, town: Place) -> None:
    file = town.root / "bad.csv"
    file.write_text("id,style\nnew-1,habitants\nnew-1,habitants\nnew-2,nobody\n,x\n")
    message = console.refused("roll", "import", town.folder, file)
    for line in ("line 3", "line 4", "line 5"):
        assert line in message
    assert "nothing was imported" in message
    counts = freeze_counts(console, town)
    assert sum(counts.values()) == PEOPLE


def freeze_counts(console: Console, town: Place) -> dict[str, int]:
    freeze(console, town)
    return dict(load_manifest(town.place).roll.counts)


def test_a_person_can_be_shown_that_they_are_on_the_roll(console: Console, town: Place) -> None:
    freeze(console, town)
    statement = console.done("roll", "statement", town.folder, "person-3").data
    assert statement["person"] == "person-3"
    assert statement["size"] == PEOPLE
    message = console.refused("roll", "statement", town.folder, "nobody")
    assert "nobody" in message


def test_codes_are_on_the_letters_and_not_on_the_screen(console: Console, town: Place) -> None:
    code = re.search(
        r"[0-9A-Z]{4}(-[0-9A-Z]{4}){4}", (town.root / "letters" / "codes.csv").read_text("utf-8")
    )
    assert code is not None
    out = town.root / "more-letters"
    run = console(
        "roll", "codes", town.folder, out, "--website", "https://x.fr", "--replace", "person-1"
    )
    assert run.status == 0, run.err
    for text in (run.out, run.err):
        assert not re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){4}", text)
    for path in town.folder.rglob("*"):
        if path.is_file():
            assert code[0].encode() not in path.read_bytes(), path
    assert list(out.iterdir())
