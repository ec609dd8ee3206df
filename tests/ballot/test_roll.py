"""The roll: reading files with every fault at once, storing all or nothing, the salted tree."""

import csv
import io
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import EMPTY_ROOT
from audit.roll import RollStatementInvalid, verify_roll_statement
from ballot.roll import (
    NotOnRoll,
    Person,
    RollDiffers,
    RollFile,
    RollFrozen,
    RollInvalid,
    RollTree,
    freeze_roll,
    import_roll,
)
from ballot.rollfile import read_roll
from ballot.store.engine import open_engine
from ballot.store.registrar import RegistrarStore

STYLES = ("centre", "nord")
KEY = bytes(range(32))
E = bytes(32)


def read(text: str | bytes) -> RollFile:
    data = text if isinstance(text, bytes) else text.encode()
    return read_roll(data, styles=STYLES, languages=("fr", "en"))


def faults(text: str | bytes) -> RollInvalid:
    with pytest.raises(RollInvalid) as caught:
        read(text)
    return caught.value


@pytest.fixture
def store(tmp_path: Path) -> RegistrarStore:
    engine = open_engine(f"sqlite:///{tmp_path}/registrar.db")
    return RegistrarStore.create(engine, issuer="town", styles=STYLES)


def test_a_roll_with_addresses_is_read() -> None:
    file = read(
        "\ufeffID;Style;name;address1;address2;language;born\r\n"
        "1;centre;Zoé  Léger;1 rue\u00a0Haute;63000 Clermont;fr;1980\r\n"
        '2;nord;"Doe; ""Jo""";;Somewhere;;1990\r\n'
        ";;;;;;\r\n"
    )
    assert file.people == (
        Person(
            id="1",
            style="centre",
            name="Zoé Léger",
            address=("1 rue Haute", "63000 Clermont"),
            language="fr",
        ),
        Person(id="2", style="nord", name='Doe; "Jo"', address=("Somewhere",)),
    )
    assert file.lines == (2, 3)
    assert file.ignored == ("born",)


def test_an_address_may_be_one_cell_with_line_breaks_and_lines_are_counted_through_it() -> None:
    file = read('style,id,address\ncentre,1,"a\nb"\nnord,2,c\n')
    assert [person.address for person in file.people] == [("a", "b"), ("c",)]
    assert file.lines == (2, 4)


def test_every_fault_is_reported_with_line_field_and_remedy() -> None:
    error = faults(
        "id,style,name,language\n"
        "1,centre,,\n"
        ",nord,,\n"
        "1,nord,,\n"
        "3,sud,,de\n"
        "4,centre\n"
        "=5,,,\n"
        f"6,nord,{'x' * 201},\n"
        "7,nord,a\u202eb,\n"
    )
    assert [(fault.line, fault.field) for fault in error.faults] == [
        (3, "id"),
        (4, "id"),
        (5, "style"),
        (5, "language"),
        (6, ""),
        (7, "id"),
        (7, "style"),
        (8, "name"),
        (9, "name"),
    ]
    assert "line 4, id: 1 stands on line 2 already; remove one" in str(error)
    assert "line 5, style: 'sud' is not a style; write one of centre, nord" in str(error)
    assert "line 6: 2 cells, but the first line has 4" in str(error)
    assert all(fault.remedy for fault in error.faults)


def test_only_a_hundred_faults_are_shown_but_all_are_counted() -> None:
    error = faults("id,style\n" + "".join(f"{n},sud\n" for n in range(250)))
    assert (len(error.faults), error.total) == (100, 250)
    assert str(error).endswith("and 150 more")


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("id,style\n1,centre\n2,é\n".encode("latin-1"), 3, "0xe9 is not UTF-8; save it as"),
        ("id,style\n1,centre\n".encode("utf-16"), 1, "UTF-16"),
        (b"", 1, "id: there is no such column"),
        (b"number,style\n1,centre\n", 1, "id: there is no such column"),
        (b"id,style,ID\n1,centre,2\n", 1, "two columns have this name"),
        (b"id,style\n", 1, "nobody in this file"),
        (b'id,style,name\n1,centre,a\n2,nord,"b\n3,nord,c\n', 3, "double quotes"),
        (b'id,style,name\n1,centre,"a"b\n', 2, "double quotes"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, line: int, words: str) -> None:
    error = faults(data)
    assert error.faults[0].line == line
    assert words in str(error)


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs", "M", "Lm"]), max_size=20
)


@given(st.lists(st.tuples(words, words), max_size=8), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_reads_back(names: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["id", "style", "name", "address1"])
    for number, (name, line) in enumerate(names, 1):
        writer.writerow([f"p{number}", "nord", name, line])
    if not names:
        assert "nobody" in str(faults(text.getvalue()))
        return
    file = read(text.getvalue())
    again = io.StringIO()
    writer = csv.writer(again, delimiter=";")
    writer.writerow(["id", "style", "name", "address1"])
    for person in file.people:
        writer.writerow([person.id, person.style, person.name, *(person.address or ("",))])
    assert read(again.getvalue()).people == file.people
    assert [person.id for person in file.people] == [f"p{n + 1}" for n in range(len(names))]


def test_an_import_is_all_or_nothing(store: RegistrarStore) -> None:
    first = read("id,style\n1,centre\n2,nord\n")
    assert import_roll(store, first) == {"centre": 1, "nord": 1}
    with pytest.raises(RollInvalid) as caught:
        import_roll(store, read("id,style\n3,nord\n\n2,nord\n"))
    assert [(fault.line, fault.field) for fault in caught.value.faults] == [(4, "id")]
    assert store.roll_counts() == {"centre": 1, "nord": 1}
    assert import_roll(store, read("id,style\n3,nord\n")) == {"centre": 1, "nord": 2}
    assert import_roll(store, first, replace=True) == {"centre": 1, "nord": 1}


def test_an_import_that_breaks_off_leaves_nothing(store: RegistrarStore) -> None:
    def unplugged(step: str, done: int, _total: int) -> None:
        if step == "store" and done > 5_000:
            raise KeyboardInterrupt

    people = read("id,style\n" + "".join(f"{n},nord\n" for n in range(12_000)))
    with pytest.raises(KeyboardInterrupt):
        import_roll(store, people, progress=unplugged)
    assert store.roll_counts() == {"centre": 0, "nord": 0}


def test_a_frozen_roll_changes_no_more(store: RegistrarStore) -> None:
    counts = import_roll(store, read("id,style\n1,centre\n2,nord\n"))
    root = RollTree(store.styles_by_person(), KEY).root

    def freeze(**change: object) -> None:
        given = {"election": E, "styles": STYLES, "counts": counts, "root": root, "key": KEY}
        freeze_roll(store, **(given | change))  # type: ignore[arg-type]

    for change, words in (
        ({"styles": ("nord", "centre")}, "another order"),
        ({"styles": ("nord",)}, "styles"),
        ({"counts": {"centre": 1, "nord": 3}}, r"roll\.counts\.nord: the manifest says 3, and 1"),
        ({"root": bytes(32)}, r"roll\.root"),
    ):
        with pytest.raises(RollDiffers, match=words):
            freeze(**change)
    assert store.state().election is None
    freeze()
    freeze()
    freeze(key=None, root=bytes(32))
    assert store.state().election == E
    with pytest.raises(RollFrozen, match="another election"):
        freeze(election=b"\x01" * 32)
    with pytest.raises(RollFrozen, match="manifest commits"):
        import_roll(store, read("id,style\n3,nord\n"))
    with pytest.raises(RollFrozen, match="manifest commits"):
        import_roll(store, read("id,style\n3,nord\n"), replace=True)


@given(st.dictionaries(words.filter(bool), st.sampled_from(STYLES), min_size=1, max_size=40))
def test_everybody_can_prove_to_be_on_the_roll(people: dict[str, str]) -> None:
    tree = RollTree(people.items(), KEY)
    assert tree.root == RollTree(reversed(people.items()), KEY).root
    for person, style in people.items():
        statement = tree.statement(person)
        assert statement.style == style
        verify_roll_statement(statement, root=tree.root, size=len(people))


def test_a_statement_that_was_changed_does_not_hold() -> None:
    people = {str(n): STYLES[n % 2] for n in range(11)}
    tree = RollTree(people.items(), KEY)
    good = tree.statement("4")
    for bad in (
        replace(good, style="nord"),
        replace(good, person="5"),
        replace(good, salt=bytes(32)),
        replace(good, salt=b""),
        replace(good, index=(good.index + 1) % 11),
        replace(good, size=12),
        replace(good, path=good.path[:-1]),
    ):
        with pytest.raises(RollStatementInvalid):
            verify_roll_statement(bad, root=tree.root, size=11)
    with pytest.raises(NotOnRoll, match="nobody on the roll"):
        tree.statement("11")


def test_the_root_hides_who_is_on_the_roll_and_shows_every_change() -> None:
    people = {"1": "centre", "2": "nord"}
    root = RollTree(people.items(), KEY).root
    assert RollTree(people.items(), bytes(32)).root != root
    assert RollTree((people | {"2": "centre"}).items(), KEY).root != root
    assert RollTree((people | {"3": "nord"}).items(), KEY).root != root
    assert RollTree([], KEY).root == EMPTY_ROOT


def test_150_000_people(store: RegistrarStore, capsys: pytest.CaptureFixture[str]) -> None:
    text = "id,style,name,address1,address2\n" + "".join(
        f"{n},{STYLES[n % 2]},Prénom Nom {n},{n} rue des Élections,63000 Clermont\n"
        for n in range(150_000)
    )
    steps: list[tuple[str, int, int]] = []
    times = [time.perf_counter()]
    file = read_roll(
        text.encode(), styles=STYLES, languages=("fr",), progress=lambda *step: steps.append(step)
    )
    times.append(time.perf_counter())
    counts = import_roll(store, file, progress=lambda *step: steps.append(step))
    times.append(time.perf_counter())
    tree = RollTree(store.styles_by_person(), KEY)
    times.append(time.perf_counter())
    assert counts == {"centre": 75_000, "nord": 75_000}
    assert tree.size == 150_000
    assert ("store", 150_000, 150_000) in steps
    assert {step for step, _, _ in steps} == {"read", "store"}
    read_s, store_s, tree_s = (b - a for a, b in pairwise(times))
    with capsys.disabled():
        print(f" [150,000 people: read {read_s:.1f} s, store {store_s:.1f} s, tree {tree_s:.1f} s]")
