"""Whatever is sent, the doors read it in one way or refuse it, and never break."""

import json
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.label import b64
from tests.web.desk import JSON, Desk, cast_body, problem

DOORS = {
    "/registrar/city/credentials": 8 * 1024,
    "/box/ballots": 128 * 1024,
    "/box/tests": 128 * 1024,
}
FUZZ = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
doors = pytest.mark.parametrize("path", DOORS)


@pytest.fixture(scope="module")
def client(shared_desk: Desk) -> FlaskClient:
    return shared_desk.app(requests_factor=1_000_000, refusals_per_minute=1_000_000).test_client()


@pytest.fixture(scope="module")
def bodies(shared_desk: Desk) -> dict[str, Any]:
    """A valid request for each door."""
    ballot = shared_desk.ballot("north-0")
    cast = cast_body(ballot)
    other = shared_desk.ballot("north-1")
    header = cast_body(other)["entry"]["header"]
    signature = b64(shared_desk.device("north-1").test_signature(other))
    return {
        "/registrar/city/credentials": shared_desk.request("north-0"),
        "/box/ballots": cast,
        "/box/tests": {"header": header, "signature": signature},
    }


@doors
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{",
        b"{}{}",
        b'{"a":1,"a":1}',
        b'{"code":1.5}',
        b'{"code":1e2}',
        b'{"code":NaN}',
        b'{"code":Infinity}',
        b'{"code":' + b"9" * 5000 + b"}",
        b'{"code":-9007199254740993}',
        b"[" * 4000,
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"code":"\xff"}',
        b'{"code":"\\ud800"}',
        b'{"code":"\x00"}',
        b"{'code':1}",
        b'{"code":1,}',
        b"// comment\n{}",
    ],
)
def test_what_is_not_strict_json(client: FlaskClient, path: str, body: bytes) -> None:
    length = {"CONTENT_LENGTH": str(len(body))}
    answer = client.post(path, data=body, content_type=JSON, environ_overrides=length)
    assert problem(answer) == "malformed"
    assert answer.get_json()["errors"]


@doors
def test_a_key_twice_is_refused_even_if_both_say_the_same(
    client: FlaskClient, bodies: dict[str, Any], path: str
) -> None:
    text = json.dumps(bodies[path])
    name = next(iter(bodies[path]))
    twice = f"{{{json.dumps(name)}:{json.dumps(bodies[path][name])},{text[1:]}"
    assert problem(client.post(path, data=twice, content_type=JSON)) == "malformed"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value."""
    found = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = json.loads(json.dumps(value))
    inner = value
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = new
    return value


@doors
def test_a_field_more_is_refused_at_every_level(
    client: FlaskClient, bodies: dict[str, Any], path: str
) -> None:
    for place in places(bodies[path]):
        inner = bodies[path]
        for part in place:
            inner = inner[part]
        if isinstance(inner, dict):
            more = put(bodies[path], place, {**inner, "pin-4711": "pin-4712"})
            answer = client.post(path, json=more)
            assert problem(answer) == "malformed"
            (fault,) = answer.get_json()["errors"]
            assert fault["code"] == "unknown"
            assert "pin-471" not in answer.text


@doors
def test_a_field_less_is_named(client: FlaskClient, bodies: dict[str, Any], path: str) -> None:
    for place in places(bodies[path]):
        if not place or isinstance(place[-1], int):
            continue
        body = json.loads(json.dumps(bodies[path]))
        inner = body
        for part in place[:-1]:
            inner = inner[part]
        del inner[place[-1]]
        answer = client.post(path, json=body)
        assert problem(answer) == "malformed"
        assert answer.get_json()["errors"] == [
            {
                "code": "missing",
                "field": ".".join(str(part) for part in place),
                "message": answer.get_json()["errors"][0]["message"],
            }
        ]


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.text(max_size=90),
    st.binary(max_size=400).map(b64),
    st.just([]),
    st.just({}),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(0, 3), max_size=3),
)


@doors
@given(data=st.data())
@FUZZ
def test_changed_requests_never_break_a_door(
    client: FlaskClient, bodies: dict[str, Any], path: str, data: st.DataObject
) -> None:
    body = bodies[path]
    for _ in range(data.draw(st.integers(1, 3))):
        body = put(body, data.draw(st.sampled_from(places(body))), data.draw(WRONG))
    answer = client.post(path, data=json.dumps(body), content_type=JSON)
    assert answer.status_code < 500
    if answer.status_code != 200:
        problem(answer)


@doors
@given(body=st.binary(max_size=300))
@example(body=b'{"entry":{"header":{"credentials":[' + b"{}," * 50 + b"{}]}}}")
@FUZZ
def test_arbitrary_bytes_never_break_a_door(client: FlaskClient, path: str, body: bytes) -> None:
    length = {"CONTENT_LENGTH": str(len(body))}
    answer = client.post(path, data=body, content_type=JSON, environ_overrides=length)
    assert problem(answer) == "malformed"


@doors
@given(position=st.integers(0, 10_000), byte=st.integers(0, 255))
@FUZZ
def test_one_changed_byte_never_breaks_a_door(
    client: FlaskClient, bodies: dict[str, Any], path: str, position: int, byte: int
) -> None:
    text = bytearray(json.dumps(bodies[path]).encode())
    text[position % len(text)] = byte
    answer = client.post(path, data=bytes(text), content_type=JSON)
    assert answer.status_code < 500
    if answer.status_code != 200:
        problem(answer)


PATHS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(path=PATHS, query=PATHS, language=st.text(st.characters(max_codepoint=255), max_size=30))
@FUZZ
def test_arbitrary_addresses_never_break_a_door(
    client: FlaskClient, path: str, query: str, language: str
) -> None:
    header = "".join(each for each in language if each.isprintable())
    for place in (f"/{path}", f"/publication/{path}", f"/registrar/{path}/credentials"):
        answer = client.get(
            "/",
            query_string={"lang": query, query: path},
            headers={"Accept-Language": header},
            environ_overrides={"PATH_INFO": place.encode().decode("latin-1")},
        )
        assert answer.status_code in (200, 404, 405), place
        assert "Location" not in answer.headers


@doors
def test_too_large_is_refused_without_reading(
    client: FlaskClient, bodies: dict[str, Any], path: str
) -> None:
    limit = DOORS[path]
    padded = json.dumps(bodies[path]).encode()
    padded += b" " * (limit - len(padded))
    assert client.post(path, data=padded, content_type=JSON).status_code == 200
    answer = client.post(path, data=padded + b" ", content_type=JSON)
    assert problem(answer) == "too-large"
    assert str(limit) in answer.get_json()["detail"]

    class Unread(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("was read")

    answer = client.post(
        path,
        input_stream=Unread(),
        content_type=JSON,
        environ_overrides={"CONTENT_LENGTH": str(10**12)},
    )
    assert problem(answer) == "too-large"


@doors
def test_a_length_must_be_said(client: FlaskClient, bodies: dict[str, Any], path: str) -> None:
    """Also of a body in chunks, which would have no end that anybody has checked."""
    text = json.dumps(bodies[path]).encode()
    answer = client.post(
        path,
        input_stream=BytesIO(text),
        content_type=JSON,
        environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
    )
    assert problem(answer) == "length-required"
    assert answer.status_code == 411
    for length in ("", "-1", "x", "1 2"):
        answer = client.post(
            path,
            input_stream=BytesIO(text),
            content_type=JSON,
            environ_overrides={"CONTENT_LENGTH": length},
        )
        assert problem(answer) in ("length-required", "malformed")


@doors
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "x"]
)
def test_another_content_type(
    client: FlaskClient, bodies: dict[str, Any], path: str, media_type: str
) -> None:
    answer = client.post(path, data=json.dumps(bodies[path]), content_type=media_type)
    assert problem(answer) == "unsupported-media-type"
    assert answer.status_code == 415


@doors
def test_a_charset_beside_the_content_type_changes_nothing(
    client: FlaskClient, bodies: dict[str, Any], path: str
) -> None:
    text = json.dumps(bodies[path])
    answers = {
        client.post(path, data=text, content_type=media_type).data
        for media_type in (JSON, f"{JSON}; charset=utf-8", "Application/JSON; charset=latin-1")
    }
    assert len(answers) == 1


@doors
def test_blanks_and_order_are_the_senders_business(
    client: FlaskClient, bodies: dict[str, Any], path: str
) -> None:
    usual = client.post(path, json=bodies[path])
    assert usual.status_code == 200
    turned = json.dumps(dict(reversed(bodies[path].items())), indent=3, ensure_ascii=True)
    assert client.post(path, data=turned, content_type=JSON).data == usual.data


def test_a_body_where_none_belongs_is_ignored(client: FlaskClient) -> None:
    answer = client.get("/status", data=b"x" * 1000, content_type=JSON)
    assert answer.status_code == 200


def test_methods_that_no_route_has(client: FlaskClient) -> None:
    for path in (*DOORS, "/", "/status"):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"):
            answer = client.open(path, method=method)
            assert problem(answer) == "method-not-allowed"
            assert "OPTIONS" in answer.headers["Allow"]
    assert problem(client.get("/box/ballots")) == "method-not-allowed"
