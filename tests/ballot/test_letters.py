"""Codes and letters: made once, whole or not at all, harmless to spreadsheets and browsers."""

import csv
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballot.code import Code, code_digest, new_code, read_code
from ballot.letterpage import LetterTexts, letter_page
from ballot.letters import CodesExist, LettersFolderInvalid, LettersMade, make_letters
from ballot.roll import NotOnRoll, Person, RollFrozen, no_progress
from ballot.store.engine import open_engine
from ballot.store.registrar import RegistrarStore

STYLES = ("centre", "nord")
PEPPER = b"p" * 32
TEXTS = LetterTexts(
    languages=("fr", "en"),
    title={"fr": "Budget <participatif>", "en": "Participatory & shared"},
    organiser={"fr": "Ville", "en": "Town"},
    styles={"centre": {"fr": "Quartier Centre", "en": "Centre"}, "nord": {"fr": "Nord"}},
    website="https://vote.example/?a=1&b=2",
    help={"fr": "Appelez le 01.", "en": "Call 01."},
    period={"fr": "du 5 au 19 octobre"},
)
PEOPLE = (
    Person(id="1", style="centre", name="Zoé", address=("1 rue A", "63000 B"), language="fr"),
    Person(id="2", style="nord", name='=HYPERLINK("x")', address=("@home",), language="en"),
    Person(id="3", style="nord", name="<script>alert(1)</script>"),
)


@pytest.fixture
def store(tmp_path: Path) -> RegistrarStore:
    engine = open_engine(f"sqlite:///{tmp_path}/registrar.db")
    store = RegistrarStore.create(engine, issuer="town", styles=STYLES)
    store.add_people(PEOPLE, replace=False, progress=no_progress)
    return store


def letters(store: RegistrarStore, folder: Path, replace: str | None = None) -> LettersMade:
    return make_letters(store, pepper=PEPPER, folder=folder, texts=TEXTS, replace=replace)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "codes.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def holder(store: RegistrarStore, code: str) -> str | None:
    found = store.find(code_digest(PEPPER, "town", read_code(code)))
    return found.person if found else None


def test_everybody_gets_a_code_of_their_style(store: RegistrarStore, tmp_path: Path) -> None:
    made = letters(store, tmp_path / "letters")
    assert (made.count, made.resumed) == (3, False)
    written = rows(made.folder)
    assert [holder(store, row["code"]) for row in written] == ["1", "2", "3"]
    assert [read_code(row["code"]).style_index for row in written] == [0, 1, 1]
    assert len({row["code"] for row in written}) == 3
    assert written[0]["name"] == "Zoé"
    assert written[0]["address"] == "1 rue A\n63000 B"
    assert sorted(path.name for path in made.folder.iterdir()) == ["codes.csv", "letters-001.html"]
    assert made.folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.folder.iterdir())


def test_no_cell_is_a_formula(store: RegistrarStore, tmp_path: Path) -> None:
    letters(store, tmp_path / "letters")
    second = rows(tmp_path / "letters")[1]
    assert second["name"] == '\'=HYPERLINK("x")'
    assert second["address"] == "'@home"


def test_codes_are_made_once(store: RegistrarStore, tmp_path: Path) -> None:
    letters(store, tmp_path / "letters")
    first = rows(tmp_path / "letters")
    with pytest.raises(CodesExist, match="replace a lost one"):
        letters(store, tmp_path / "again")
    assert not list(tmp_path.glob("again*"))
    assert [holder(store, row["code"]) for row in first] == ["1", "2", "3"]
    with pytest.raises(LettersFolderInvalid, match="exists already"):
        letters(store, tmp_path / "letters")
    with pytest.raises(LettersFolderInvalid, match="no such folder"):
        letters(store, tmp_path / "nowhere" / "letters")


def test_who_comes_later_gets_a_code_and_the_others_keep_theirs(
    store: RegistrarStore, tmp_path: Path
) -> None:
    letters(store, tmp_path / "letters")
    store.add_people([Person(id="4", style="centre")], replace=False, progress=no_progress)
    assert letters(store, tmp_path / "more").count == 1
    assert rows(tmp_path / "more")[0]["id"] == "4"
    assert holder(store, rows(tmp_path / "letters")[0]["code"]) == "1"


def test_a_lost_code_is_replaced_and_dies(store: RegistrarStore, tmp_path: Path) -> None:
    letters(store, tmp_path / "letters")
    old = rows(tmp_path / "letters")
    assert letters(store, tmp_path / "letter-2", replace="2").count == 1
    (new,) = rows(tmp_path / "letter-2")
    assert holder(store, old[1]["code"]) is None
    assert holder(store, new["code"]) == "2"
    assert holder(store, old[0]["code"]) == "1"
    with pytest.raises(NotOnRoll, match="9: nobody"):
        letters(store, tmp_path / "letter-9", replace="9")


def test_nothing_is_kept_in_clear(store: RegistrarStore, tmp_path: Path) -> None:
    letters(store, tmp_path / "letters")
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("registrar.db*"))
    for row in rows(tmp_path / "letters"):
        assert row["code"].encode() not in stored
        assert row["code"].replace("-", "").encode() not in stored


def test_an_empty_roll_has_no_letters(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/empty.db")
    empty = RegistrarStore.create(engine, issuer="town", styles=STYLES)
    with pytest.raises(CodesExist, match="import it first"):
        letters(empty, tmp_path / "letters")


class PowerCut(BaseException):
    pass


def test_cut_before_the_commit_the_codes_are_made_anew(
    store: RegistrarStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_people: Sequence[tuple[Person, Code]], _texts: LetterTexts) -> str:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("ballot.letters.letter_page", cut)
        with pytest.raises(PowerCut):
            letters(store, tmp_path / "letters")
    dead = rows(tmp_path / "letters.part")
    assert [holder(store, row["code"]) for row in dead] == [None, None, None]
    assert letters(store, tmp_path / "letters").resumed is False
    assert [holder(store, row["code"]) for row in rows(tmp_path / "letters")] == ["1", "2", "3"]
    assert not (tmp_path / "letters.part").exists()


def test_cut_after_the_commit_the_letters_are_finished(
    store: RegistrarStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_part: Path, _folder: Path) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("ballot.letters._finish", cut)
        with pytest.raises(PowerCut):
            letters(store, tmp_path / "letters")
    assert not (tmp_path / "letters").exists()
    made = letters(store, tmp_path / "letters")
    assert (made.count, made.resumed) == (3, True)
    assert [holder(store, row["code"]) for row in rows(made.folder)] == ["1", "2", "3"]


def test_other_peoples_files_are_never_removed(store: RegistrarStore, tmp_path: Path) -> None:
    (tmp_path / "letters.part").mkdir()
    (tmp_path / "letters.part" / "diary.txt").write_text("mine")
    with pytest.raises(LettersFolderInvalid, match="remove it yourself"):
        letters(store, tmp_path / "letters")
    assert (tmp_path / "letters.part" / "diary.txt").read_text() == "mine"


def test_many_letters_are_spread_over_files(
    store: RegistrarStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ballot.letters.LETTERS_PER_FILE", 2)
    letters(store, tmp_path / "letters")
    pages = sorted((tmp_path / "letters").glob("letters-*.html"))
    assert [path.name for path in pages] == ["letters-001.html", "letters-002.html"]
    assert [path.read_text().count("<section") for path in pages] == [2, 1]


# -- the printed page -----------------------------------------------------------------------------


class Page(HTMLParser):
    """The sections of a page with their language and words, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]
        if tag == "section":
            self.sections.append((dict(attrs)["lang"] or "", ""))

    def handle_data(self, data: str) -> None:
        if self.sections:
            language, words = self.sections[-1]
            self.sections[-1] = (language, words + data)


def test_letters_speak_their_readers_language_and_load_nothing() -> None:
    codes = [new_code(0, bytes([n]) * 10) for n in range(3)]
    page = Page(letter_page(zip(PEOPLE, codes, strict=True), TEXTS))
    assert [language for language, _ in page.sections] == ["fr", "en", "fr"]
    french, english, third = (words for _, words in page.sections)
    for said in ("Budget <participatif>", "Zoé", "63000 B", "Quartier Centre", "Appelez le 01."):
        assert said in french
    assert "du 5 au 19 octobre" in french
    for said in ("Participatory & shared", '=HYPERLINK("x")', "Call 01.", "https://vote.example/"):
        assert said in english
    assert "<script>alert(1)</script>" in third
    for code, (_, words) in zip(codes, page.sections, strict=True):
        assert code.grouped in words
    assert not page.tags & {"script", "img", "link", "iframe", "object", "a"}
    assert page.links == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_or_address_can_write_html(name: str, line: str) -> None:
    person = Person(id="1", style="centre", name=name, address=(line,), language="en")
    plain = Person(id="1", style="centre", name="n", address=("l",), language="en")
    code = new_code(0, bytes(10))
    page, usual = (Page(letter_page([(each, code)], TEXTS)) for each in (person, plain))
    assert page.tags == usual.tags
    assert len(page.sections) == 1


def test_random_bytes_are_asked_for_each_letter(store: RegistrarStore, tmp_path: Path) -> None:
    numbers = count(1)
    made = make_letters(
        store,
        pepper=PEPPER,
        folder=tmp_path / "letters",
        texts=TEXTS,
        random=lambda size: next(numbers).to_bytes(size),
    )
    expected = [new_code(style, n.to_bytes(10)).grouped for style, n in ((0, 1), (1, 2), (1, 3))]
    assert [row["code"] for row in rows(made.folder)] == expected


def test_a_roll_with_codes_is_added_to_but_not_replaced(
    store: RegistrarStore, tmp_path: Path
) -> None:
    letters(store, tmp_path / "letters")
    with pytest.raises(RollFrozen, match="codes were made"):
        store.add_people([Person(id="9", style="nord")], replace=True, progress=no_progress)
    assert store.roll_counts() == {"centre": 1, "nord": 2}
