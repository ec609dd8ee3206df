"""The description is true: all routes and no others, and every answer looks as described."""

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

import web
from audit.label import b64
from audit.merkle import leaf_hash
from ballot import intake
from ballot.box import Box, Busy
from ballot.code import RANDOM_BYTES, new_code
from ballot.registrar import Registrar
from ballot.store.box import BoxStore
from ballot.store.engine import StoreBusy
from tests.web.desk import ALL, ISSUERS, Desk, cast_body, problem
from web.assets import asset
from web.audience import Door
from web.openapi import GATEWAY
from web.problem import problems
from web.public_record import PublicRecord
from web.wording import LANGUAGES, catalogue

WEB = Path(web.__file__).parent
DOOR_SETS = [
    frozenset(doors) for doors in chain.from_iterable(combinations(Door, n) for n in (1, 2, 3))
]


def described(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.get_json()
    return document


@pytest.mark.parametrize("doors", DOOR_SETS, ids=lambda doors: "+".join(sorted(doors)))
def test_exactly_the_routes_of_the_process(desk: Desk, doors: frozenset[Door]) -> None:
    app = desk.app(doors)
    document = described(app)
    validate(document)
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    said = {
        (path, method.upper(), operation["operationId"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert said == there
    tags = {
        operation["tags"][0] for path in document["paths"].values() for operation in path.values()
    }
    assert tags == {door.value for door in doors}


def test_the_schemas_refuse_what_is_not_described(desk: Desk) -> None:
    for name, schema in described(desk.app())["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name


class Described:
    """Checks answers against the description, and remembers which of it was seen."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.seen: set[tuple[str, str]] = set()
        self.codes: dict[str, set[str]] = {}
        self._paths = {
            path: re.compile(re.sub(r"\\{(\w+)\\}", self._part, re.escape(path)))
            for path in document["paths"]
        }

    @staticmethod
    def _part(match: "re.Match[str]") -> str:
        return ".+" if match[1] == "path" else "[^/]+"

    def operation(self, method: str, path: str) -> dict[str, Any]:
        found = [name for name, pattern in self._paths.items() if pattern.fullmatch(path)]
        # A literal address goes before one with places (OpenAPI 3.1, paths object).
        template = min(found, key=lambda name: name.count("{"))
        operation: dict[str, Any] = self.document["paths"][template][method.lower()]
        return operation

    def check(self, answer: TestResponse) -> None:
        request = answer.request
        operation = self.operation(request.method, request.path)
        status = str(answer.status_code)
        assert status in operation["responses"], f"{operation['operationId']} answers {status}"
        said = operation["responses"][status]
        self.seen.add((operation["operationId"], status))
        if answer.status_code >= 400:
            code = problem(answer)
            assert f"{code}: " in said["description"], f"{operation['operationId']}: {code}"
            self.codes.setdefault(operation["operationId"], set()).add(code)
        for name, header in said.get("headers", {}).items():
            value = int(answer.headers[name])
            jsonschema.validate(value, header["schema"])
        if "content" not in said:
            assert answer.data == b""
            return
        assert answer.content_type in said["content"]
        schema = said["content"][answer.content_type].get("schema")
        if schema is not None:
            whole = {**schema, "components": self.document["components"]}
            jsonschema.Draft202012Validator(whole).validate(answer.get_json())

    def all(self) -> Iterator[tuple[str, str]]:
        for operations in self.document["paths"].values():
            for operation in operations.values():
                for status, said in operation["responses"].items():
                    # What comes from before the application is seen in test_gateway.py.
                    if codes_of(said) - set(said.get(GATEWAY, ())) or int(status) < 400:
                        yield operation["operationId"], status

    def all_codes(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for operations in self.document["paths"].values():
            for operation in operations.values():
                for said in operation["responses"].values():
                    if "application/problem+json" in said.get("content", {}):
                        codes = codes_of(said) - set(said.get(GATEWAY, ()))
                        found.setdefault(operation["operationId"], set()).update(codes)
        return found


def codes_of(said: Mapping[str, Any]) -> set[str]:
    """The problems of a described answer."""
    return set(re.findall(r"(?:^|; )([a-z-]+): ", said["description"]))


def broken(*_given: object, **_more: object) -> Any:
    raise RuntimeError("out of order")


def busy(*_given: object, **_more: object) -> Any:
    raise StoreBusy("busy")


def failing(error: Exception) -> Any:
    """A box that examined a ballot and cannot take it."""

    def put(self: Box, _found: object, _arrived: object, receipt: Future[bytes]) -> None:
        self._gathering.leave()
        receipt.set_exception(error)

    return put


OBSERVED = (
    "/observe",
    "/observe/feed.atom",
    "/observe/publication.tar",
    "/results",
    "/results/city",
    "/results/city/1",
    "/results/city/steps",
    "/results/city/compare",
    "/results/city/compare.svg",
    "/results/city/results.csv",
    "/api/v1/election",
    "/api/v1/status",
    "/api/v1/log",
    "/api/v1/contests",
    "/api/v1/contests/city/projects",
    "/api/v1/results",
    "/api/v1/results/city",
    "/api/v1/results/cars",
    "/api/v1/results/city/comparison",
)

READ = (
    "/",
    "/projects?order=a",
    "/projects/city/1",
    "/help",
    "/privacy",
    "/accessibility",
    "/integrity",
    "/vote",
    "/vote/north",
    "/receipt",
    "/test",
)


def test_every_answer_is_as_described_and_every_described_answer_occurs(
    desk: Desk, published_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = desk.place
    place.publication.mkdir()
    (place.publication / "results.json").write_text("{}")
    app = desk.app(ALL, refusals_per_minute=2)
    client = app.test_client()
    plain = desk.app(ALL).test_client()
    book = Described(described(app))

    def get(path: str, **more: Any) -> None:
        book.check(client.get(path, **more))

    for path in OBSERVED:
        get(path)
        get(path.replace("city", "nothing"))
    tile = "/log/tile/0/000.p/1"
    for path in READ:
        get(path)
        get(path, headers={"If-None-Match": client.get(path).headers["ETag"]})
    for path in ("/projects", "/projects/nothing/1", "/vote/nothing"):
        get(path)
    for path in ("/status", "/health", "/openapi.json", "/static/scrutin.css"):
        get(path)
    for path in ("/manifest.json", "/manifest.signatures.json", "/log/checkpoint", tile):
        get(path)
    for path in ("/publication/results.json", "/pictures/tree.png", "/static/mark.svg"):
        get(path)
    named = f"/manifest/{desk.manifest.hash.hex()}"
    for path in (asset("mark.svg"), asset("x"), "/assets/another/mark.svg", named, "/manifest/x"):
        get(path)
    for path in (
        named,
        asset("scrutin.css"),
        "/manifest.json",
        "/manifest.signatures.json",
        "/log/checkpoint",
        tile,
        "/publication/results.json",
        "/pictures/tree.png",
        "/static/scrutin.css",
    ):
        tag = client.get(path).headers["ETag"]
        get(path, headers={"If-None-Match": tag})
    for path in ("/log/tile/x", "/publication/x", "/pictures/x", "/static/x"):
        get(path)

    # the registrar
    issue = "/registrar/city/credentials"

    def ask(body: Any, issuer: str = ISSUERS[0], **more: Any) -> None:
        book.check(desk.ask(body, issuer, client, **more))

    ask(desk.request("north-0"))
    ask(desk.request("north-0"), "nobody")
    ask(desk.request("north-0", election=b64(bytes(32))))
    ask(desk.request("north-0", code="AAAA"))
    ask(desk.request("north-0", style=1))
    ask(desk.request("north-0", code="A" * 9000))
    book.check(client.post(issue, data=b"{}", content_type="text/plain"))
    book.check(client.post(issue, environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked"}))
    with monkeypatch.context() as patch:
        patch.setattr(Registrar, "issue", busy)
        ask(desk.request("north-0"))
        patch.setattr(Registrar, "issue", broken)
        ask(desk.request("north-0"))

    # the box
    credentials = [desk.credentials(f"north-{number}") for number in range(3)]
    ballots = [desk.ballot(f"north-{n}", 1, own) for n, own in enumerate(credentials)]
    others = [desk.ballot(f"north-{n}", 1, own) for n, own in enumerate(credentials)]

    def cast(body: Any) -> None:
        book.check(client.post("/box/ballots", json=body))

    def test(ballot: Any, person: str) -> None:
        signature = b64(desk.device(person).test_signature(ballot))
        header = cast_body(ballot)["entry"]["header"]
        book.check(client.post("/box/tests", json={"header": header, "signature": signature}))

    first, second, third = ballots
    desk.early()
    cast(cast_body(first))
    test(first, "north-0")
    ask(desk.request("north-0"))
    desk.set_clock(desk.opens)
    get(f"/box/proofs/{b64(leaf_hash(first.entry))}")
    cast(cast_body(first))
    get(f"/box/proofs/{b64(leaf_hash(first.entry))}")
    cast(cast_body(others[0]))
    test(others[2], "north-2")
    cast(cast_body(others[2]))
    test(first, "north-0")
    wrong = cast_body(second)
    cast({**wrong, "sealed": b64(bytes(40))})
    cast({**wrong, "sealed": ""})
    other = json.loads(json.dumps(wrong))
    other["entry"]["header"]["election"] = b64(bytes(32))
    cast(other)
    client_test = {"header": other["entry"]["header"], "signature": b64(bytes(64))}
    book.check(client.post("/box/tests", json=client_test))
    client_test["header"] = wrong["entry"]["header"]
    book.check(client.post("/box/tests", json=client_test))
    for path in ("/box/ballots", "/box/tests"):
        book.check(client.post(path, data=b"{}", content_type="text/plain"))
        book.check(client.post(path, environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked"}))
        book.check(client.post(path, data=b" " * 200_000, content_type="application/json"))
        book.check(client.post(path, data=b"{", content_type="application/json"))
    cast(cast_body(second))
    for _ in range(100):
        answer = client.get(f"/box/proofs/{b64(leaf_hash(first.entry))}")
        book.check(answer)
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    with monkeypatch.context() as patch:
        # The sequencer beside the box reads the same store: one that is busy it asks again, and one
        # that breaks ends the process. So what breaks here is the box alone.
        for state in (busy, broken):
            if state is busy:
                patch.setattr(BoxStore, "reading", busy)
            else:
                patch.setattr("ballot.box.Box.proof", broken)
            error = Busy() if state is busy else RuntimeError("out of order")
            patch.setattr(Box, "_put", failing(error))
            get(f"/box/proofs/{b64(leaf_hash(first.entry))}")
            cast(cast_body(third))
            test(third, "north-2")
    desk.late()
    cast(cast_body(third))
    test(third, "north-2")
    ask(desk.request("north-0"))
    desk.set_clock(desk.opens)
    for _ in range(3):
        ask(desk.request("north-0", code=new_code(1, b"\x03" * RANDOM_BYTES).grouped))
    # more than the limits, at a door of their own that has no factor
    for path, limit in ((issue, 120), ("/box/ballots", 120), ("/box/tests", 60)):
        for _ in range(limit):
            plain.post(path, data=b"", content_type="text/plain")
        book.check(plain.post(path, data=b"", content_type="text/plain"))
    for _ in range(240):
        plain.get("/box/proofs/A")
    book.check(plain.get("/box/proofs/A"))
    for _ in range(30):
        plain.head("/observe/publication.tar")
    book.check(plain.get("/observe/publication.tar"))
    # what the publication adds, and what is shown of it where something breaks
    shutil.rmtree(place.publication)
    shutil.copytree(published_folder / "publication", place.publication)
    for path in OBSERVED:
        get(path)
        get(path, headers={"If-None-Match": client.get(path).headers["ETag"]})
    with monkeypatch.context() as patch:
        patch.setattr("web.results.ComparisonCharts.get", lambda *_given, **_more: None)
        get("/results/city/compare.svg")
    with monkeypatch.context() as patch:
        for name in ("contest", "published"):
            patch.setattr(PublicRecord, name, broken)
        patch.setattr("web.observed.LogFolder.get", broken)
        patch.setattr("web.published.PublishedFolder.get", broken)
        for name in ("election_shown", "contest_shown"):
            patch.setattr(f"web.observer_api.{name}", broken)
        for path in OBSERVED:
            get(path)
    # what is missing, and what breaks
    monkeypatch.setattr("web.resident.reader", broken)
    monkeypatch.setattr("web.voting.reader_language", broken)
    for path in READ:
        get(path)
    monkeypatch.setattr("web.observer.Status", broken)
    get("/status")
    monkeypatch.setattr("web.health.Health", broken)
    get("/health")
    monkeypatch.setattr("web.openapi.describe", broken)
    get("/openapi.json")
    monkeypatch.setattr("web.observer.send_from_directory", broken)
    for path in ("/log/tile/x", "/publication/x", "/pictures/x", "/static/x", asset("x")):
        get(path)
    desk.parts.close()  # the sequencer would stumble over a folder in its checkpoint's place
    files = (place.manifest, place.manifest_signatures, place.box / "log" / "checkpoint")
    for one, name in zip(
        files, ("manifest.json", "manifest.signatures.json", "log/checkpoint"), strict=True
    ):
        one.unlink()
        get(f"/{name}")
        one.mkdir()
        get(f"/{name}")
    get(named)
    assert set(book.all()) - book.seen == set()
    never = {name: codes - book.codes.get(name, set()) for name, codes in book.all_codes().items()}
    assert {name: codes for name, codes in never.items() if codes} == {}


def test_the_catalogues_of_problems_agree() -> None:
    french, english = (problems(language) for language in LANGUAGES)
    assert french.keys() == english.keys()
    for code, entry in french.items():
        other = english[code]
        assert entry.keys() == other.keys() == {"status", "title", "detail"}
        assert entry["status"] == other["status"]
        places = [
            sorted(re.findall(r"{\w+}", str(each["title"]) + str(each["detail"])))
            for each in (entry, other)
        ]
        assert places[0] == places[1]
        assert not re.search(r" [:;?!»]|« ", str(entry["detail"])), code


def test_the_catalogues_of_fields_agree() -> None:
    french, english = (catalogue(language, "fields") for language in LANGUAGES)
    assert french.keys() == english.keys()
    for code in french:
        assert sorted(re.findall(r"{\w+}", french[code])) == sorted(
            re.findall(r"{\w+}", english[code])
        )
        assert not re.search(r" [:;?!»]|« ", french[code]), code


def test_no_code_is_missing_and_none_is_left_over() -> None:
    source = "\n".join(path.read_text("utf-8") for path in WEB.glob("*.py"))
    used = set(re.findall(r'Problem\(\s*"([a-z-]+)"', source))
    used |= set(re.findall(r'\d{3}: "([a-z-]+)"', source)) | {"malformed"}
    assert intake.__file__ is not None
    decided = Path(intake.__file__).read_text("utf-8")
    used |= set(re.findall(r'(?:code|_refused)\(?=?"([a-z-]+)"', decided))
    used |= {"wrong-election", "not-open", "closed"}
    assert used == set(problems("en"))
