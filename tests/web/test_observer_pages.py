"""What observers get: hashes in order, the log and its witnesses, the feed, the archive."""

import io
import re
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from audit.checkpoint import cosign
from audit.errors import AuditError
from audit.label import b64
from audit.merkle import leaf_hash, root
from audit.note import COSIGNATURE, VerifierKey, sign_note
from audit.result_hash import in_groups, in_words
from audit.source import FolderSource
from audit.tile import read_entries, tiles_for
from audit.verify import verify
from tests.town import clerk, drawn, town
from tests.web.desk import Desk, problem
from tests.web.test_public import Page
from web.app import create_app
from web.archive import archive
from web.audience import Door
from web.clock import read_time
from web.observed import LogDamaged, LogFolder
from web.observer import PublicFiles, observer_routes
from web.observer_feed import ATOM
from web.published import PublicationDamaged, PublishedFolder
from web.service import build
from web.settings import Settings
from web.wording import LANGUAGES, catalogue

PUBLIC = frozenset({Door.PUBLIC})
SHOWN = ("/observe", "/results", "/publication", "/log", "/manifest", "/api", "/openapi")


@pytest.fixture(scope="module")
def client(published_desk: Desk) -> FlaskClient:
    return published_desk.app(PUBLIC).test_client()


def text_of(page: str) -> str:
    return " ".join("".join(Page(page).text).split())


def entries_of(desk: Desk) -> list[bytes]:
    log = LogFolder(desk.manifest, desk.place.box / "log").get()
    assert log is not None
    return list(read_entries(FolderSource(desk.place.box / "log").read, log.size))


# -- the page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hash_that_there_is(client: FlaskClient, published_desk: Desk, language: str) -> None:
    answer = client.get(f"/observe?lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    shown = text_of(answer.text)
    entries = entries_of(published_desk)
    published = PublishedFolder(published_desk.manifest, published_desk.place.publication).get()
    assert published is not None
    digests = [
        published_desk.manifest.hash,
        leaf_hash(entries[0]),
        root(map(leaf_hash, entries[:10])),
        leaf_hash(entries[-1]),
        root(map(leaf_hash, entries)),
        published.decided["opening.json"],
        published.result_hash,
    ]
    places = [shown.index(in_groups(digest)) for digest in digests]
    assert places == sorted(places), "not in the order in which they came"
    assert in_words(published.result_hash) in shown
    assert catalogue(language, "results")["observe.to_come"] not in shown
    note = (published_desk.place.box / "log" / "checkpoint").read_text()
    assert " ".join(note.split()) in shown
    assert f"python -m audit verify {published_desk.manifest.election.id}" in shown


def test_before_anything_happened(frozen_desk: Desk) -> None:
    frozen_desk.early()
    client = frozen_desk.app(PUBLIC).test_client()
    shown = text_of(client.get("/observe?lang=en").text)
    assert in_groups(frozen_desk.manifest.hash) in shown
    assert len(re.findall(r"[0-9a-f]{4}(?: [0-9a-f]{4}){15}", shown)) == 1
    assert shown.count("To come") == 5
    assert catalogue("en", "results")["observe.log.none"] in shown
    page = Page(client.get("/observe").text)
    links = {each.get("href") for each in page.tags("a")}
    assert "/log/checkpoint" not in links
    assert "/observe/publication.tar" not in links
    assert problem(client.get("/observe/publication.tar")) == "not-published"


def test_while_the_vote_runs(desk: Desk) -> None:
    client = desk.app(PUBLIC).test_client()
    shown = text_of(client.get("/observe?lang=en").text)
    (entry,) = entries_of(desk)
    assert in_groups(leaf_hash(entry)) in shown
    assert shown.count("To come") == 4
    assert catalogue("en", "results")["observe.today.witness"] in shown
    assert catalogue("en", "results")["observe.verify.later"] in shown


def test_no_time_but_those_of_the_rules(client: FlaskClient) -> None:
    shown = text_of(client.get("/observe?lang=en").text)
    told = set(re.findall(r"[A-Z][a-z]+ \d+, \d{4}, \d\d:\d\d [(\w]", shown))
    assert {each[: each.index(",")] for each in told} == {"October 5", "October 19"}


def test_every_link_leads_somewhere(client: FlaskClient) -> None:
    ids = {a.get("id") for _, a in Page(client.get("/observe").text).elements}
    for each in Page(client.get("/observe").text).tags("a"):
        address = each["href"]
        assert address is not None
        if address.startswith("#"):
            assert address[1:] in ids
        elif address.startswith(SHOWN):
            assert client.get(address).status_code == 200, address


# -- witnesses ----------------------------------------------------------------------------------


class Watched:
    """A log of 300 entries, and the witness that must have seen it."""

    def __init__(self, folder: Path) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(drawn("witness"))
        public = self.private.public_key().public_bytes_raw()
        self.key = VerifierKey(name="library.example/w", kind=COSIGNATURE, public=public)
        policy = f"witness library {self.key} https://library.example\nquorum library\n"
        self.own = clerk("watched", witness_policy=policy)
        self.log = folder / "log"
        self.entries = [self.own.open_entry()] * 300
        self.write(dict(tiles_for(self.entries)))
        self.write({"checkpoint": self.own.checkpoint(self.entries)})
        files = PublicFiles(
            manifest=folder / "manifest.json",
            manifest_signatures=folder / "signatures.json",
            log=self.log,
            publication=folder / "publication",
            pictures=folder / "pictures",
        )
        opens = read_time(self.own.manifest.election.opens)
        app = create_app(
            Settings(folder=folder, doors=PUBLIC),
            observer_routes(self.own.manifest, files, lambda: opens),
        )
        self.client = app.test_client()

    def write(self, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            (self.log / path).parent.mkdir(parents=True, exist_ok=True)
            (self.log / path).write_bytes(data)

    def cosigned(self, time: int) -> None:
        head = self.own.head(self.entries)
        line = cosign(head, key=self.key, sign=self.private.sign, timestamp=time)
        note = sign_note(head.text(), [self.own.log], others=[line])
        self.write({"checkpoint": note})


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_witnesses_that_did_and_did_not_see_the_log(watched: Watched) -> None:
    words = catalogue("en", "results")
    shown = text_of(watched.client.get("/observe?lang=en").text)
    assert words["observe.witnesses.too_few"] in shown
    assert f"library {words['observe.witnesses.waiting']}" in shown
    assert watched.client.get("/api/v1/log").get_json()["witnessed"] is False
    watched.cosigned(1_791_190_800)
    shown = text_of(watched.client.get("/observe?lang=en").text)
    assert words["observe.witnesses.enough"] in shown
    assert "library cosigned this state on October 5, 2026, 11:00 (Paris Time)" in shown
    told = watched.client.get("/api/v1/log").get_json()
    assert told["witnesses"] == [{"name": "library", "time": 1_791_190_800}]
    assert (told["waiting"], told["witnessed"]) == ([], True)


def test_milestones_are_roots_of_the_first_entries(watched: Watched) -> None:
    leaves = [leaf_hash(entry) for entry in watched.entries]
    told = watched.client.get("/api/v1/log").get_json()
    assert told["milestones"] == [
        {"size": size, "root": root(leaves[:size]).hex()} for size in (10, 100)
    ]
    assert (told["size"], told["root"]) == (300, root(leaves).hex())
    assert (told["opened"], told["closed"]) == (leaves[0].hex(), None)


def test_a_log_whose_entries_are_gone_is_not_shown(watched: Watched) -> None:
    (watched.log / "tile/entries/001.p/44").unlink()
    with pytest.raises(LogDamaged, match="entry 299"):
        LogFolder(watched.own.manifest, watched.log).get()
    assert problem(watched.client.get("/observe")) == "internal"


def test_a_checkpoint_of_another_log_is_not_shown(watched: Watched) -> None:
    watched.write({"checkpoint": clerk("other").checkpoint(watched.entries)})
    assert problem(watched.client.get("/observe")) == "internal"


# -- the feed -----------------------------------------------------------------------------------


def atom(feed: bytes) -> list[dict[str, str]]:
    found = []
    whole = ET.fromstring(feed)  # noqa: S314  (what this service made)
    for entry in whole.findall(f"{{{ATOM}}}entry"):
        told = {child.tag.removeprefix(f"{{{ATOM}}}"): child.text or "" for child in entry}
        link = entry.find(f"{{{ATOM}}}link")
        assert link is not None
        found.append({**told, "link": link.attrib["href"]})
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_feed(client: FlaskClient, published_desk: Desk, language: str) -> None:
    answer = client.get(f"/observe/feed.atom?lang={language}")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.data)  # noqa: S314
    for name in ("title", "id", "updated", "author", "link"):
        assert feed.find(f"{{{ATOM}}}{name}") is not None, name
    assert feed.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == language
    title = feed.findtext(f"{{{ATOM}}}title")
    assert published_desk.manifest.election.title.in_language(language) in (title or "")
    entries = atom(answer.data)
    names = [each["id"].rpartition(":")[2] for each in entries]
    assert names == ["result", "opening", "root", "closed", "milestone-10", "opened", "rules"]
    assert all(f":{b64(published_desk.manifest.hash)}:" in each["id"] for each in entries)
    election = published_desk.manifest.election
    assert {each["updated"] for each in entries} == {election.opens, election.closes}
    assert [each["updated"] for each in entries] == sorted(
        (each["updated"] for each in entries), reverse=True
    )
    assert entries[-1]["content"].startswith(in_groups(published_desk.manifest.hash))
    for each in entries:
        assert client.get(each["link"]).status_code == 200


def test_entries_keep_their_ids_and_times(desk: Desk, client: FlaskClient) -> None:
    """What stood in the feed while the vote ran stands in it at the end, word for word."""
    while_open = atom(desk.app(PUBLIC).test_client().get("/observe/feed.atom").data)
    in_the_end = atom(client.get("/observe/feed.atom").data)
    assert while_open == in_the_end[-2:]


def test_the_feed_has_the_same_bytes_from_every_host(client: FlaskClient) -> None:
    one = client.get("/observe/feed.atom", base_url="https://one.example")
    other = client.get("/observe/feed.atom", base_url="http://other.example:8000")
    assert one.data == other.data
    again = client.get("/observe/feed.atom", headers={"If-None-Match": one.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


# -- the archive --------------------------------------------------------------------------------


def test_the_archive_is_the_publication(
    client: FlaskClient, published_desk: Desk, tmp_path: Path
) -> None:
    answer = client.get("/observe/publication.tar")
    assert answer.content_type == "application/x-tar"
    assert len(answer.data) == int(answer.headers["Content-Length"])
    assert "demo-town.tar" in answer.headers["Content-Disposition"]
    with tarfile.open(fileobj=io.BytesIO(answer.data)) as archive:
        assert {each.mtime for each in archive} == {0}
        archive.extractall(tmp_path, filter="data")
    folder = published_desk.place.publication
    there = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    got = {
        path.relative_to(tmp_path / "demo-town").as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert got == there
    verify(FolderSource(tmp_path / "demo-town"))


def test_the_archive_is_the_same_from_every_copy(
    client: FlaskClient, published_desk: Desk, published_folder: Path
) -> None:
    first = client.get("/observe/publication.tar")
    files = PublicFiles(
        manifest=published_folder / "manifest.json",
        manifest_signatures=published_folder / "manifest.signatures.json",
        log=published_folder / "box" / "log",
        publication=published_folder / "publication",
        pictures=published_folder / "pictures",
    )
    app = create_app(
        Settings(folder=published_folder, doors=PUBLIC),
        observer_routes(published_desk.manifest, files, lambda: published_desk.closes),
    )
    other = app.test_client().get("/observe/publication.tar")
    assert first.data == other.data
    assert first.headers["ETag"] == other.headers["ETag"]
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/observe/publication.tar", headers=tag).status_code == 304


def test_nothing_is_shown_that_was_not_signed(
    published_folder: Path, published_desk: Desk, tmp_path: Path
) -> None:
    manifest, folder = published_desk.manifest, tmp_path / "publication"

    def fresh() -> PublishedFolder:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(published_folder / "publication", folder)
        return PublishedFolder(manifest, folder)

    assert fresh().get() is not None
    for path in ("results.json", "explanations.json", "figures/turnout.json"):
        publication = fresh()
        data = (folder / path).read_bytes()
        (folder / path).write_bytes(data.replace(b"1", b"2", 1))
        with pytest.raises(PublicationDamaged, match=path):
            publication.get()
        (folder / path).unlink()
        with pytest.raises(PublicationDamaged, match="missing"):
            publication.get()
    for path in ("publication.json", "renderings.json", "publication.signatures.json"):
        publication = fresh()
        data = (folder / path).read_bytes()
        (folder / path).write_bytes(data.replace(b'"version":1', b'"version": 1') + b" ")
        with pytest.raises(AuditError):
            publication.get()
    publication = fresh()
    (folder / "sealed/north.bin").unlink()
    with pytest.raises(PublicationDamaged, match="north"):
        publication.get()
    publication = fresh()
    published = publication.get()
    assert published is not None
    (folder / "opening.json").write_bytes(b"{}")
    with pytest.raises(PublicationDamaged, match="opening"):
        list(archive(published))
    with pytest.raises(PublicationDamaged, match="neither"):
        published.read("secret.txt")
    # A publication of another election is not this one's.
    with pytest.raises(AuditError):
        PublishedFolder(town().manifest, folder).get()


def test_a_copy_of_the_public_files_shows_the_same(
    client: FlaskClient, published_folder: Path, tmp_path: Path, published_desk: Desk
) -> None:
    for name in ("manifest.json", "manifest.signatures.json"):
        shutil.copy(published_folder / name, tmp_path / name)
    for name in ("box/log", "publication", "pictures"):
        shutil.copytree(published_folder / name, tmp_path / name)
    with ExitStack() as parts:
        copy = build(Settings(folder=tmp_path, doors=PUBLIC), parts).test_client()
        for path in ("/observe", "/observe/feed.atom", "/results", "/results/city/compare"):
            assert copy.get(path).data == client.get(path).data, path
