"""The registrar's door: one credential a code, one answer for whoever may not have one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from audit.label import b64, unb64
from ballot.base32 import ALPHABET
from ballot.code import RANDOM_BYTES, new_code
from tests.web.desk import ISSUERS, Desk, problem
from web.audience import Door


def test_the_same_request_gets_the_same_answer(desk: Desk) -> None:
    first = desk.ask(desk.request("north-0"))
    again = desk.ask(desk.request("north-0"))
    assert first.status_code == 200
    assert first.data == again.data
    assert first.headers["Cache-Control"] == "no-store"
    signature = unb64(first.get_json()["blind_signature"], "blind_signature")
    desk.device("north-0").credential(ISSUERS[0], signature)  # raises if it is none


def test_at_the_same_moment_too(desk: Desk) -> None:
    app = desk.app(frozenset({Door.REGISTRAR}), requests_factor=100)
    body = desk.request("north-1")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.ask(body, client=app.test_client()), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_unknown_used_and_other_style_get_one_answer(desk: Desk, language: str) -> None:
    assert desk.ask(desk.request("north-0")).status_code == 200
    other = desk.device("north-0", "another device")
    message = b64(other.blinded_message(ISSUERS[0]))
    unknown = new_code(1, b"\x00" * RANDOM_BYTES).grouped
    bodies = [
        desk.request("north-0", blinded_message=message),  # used
        desk.request("north-1", code=unknown),
        desk.request("centre-0", code=desk.code("north-2")),  # another style's
        desk.request("north-3", code=desk.code("north-3", ISSUERS[1])),  # another issuer's
    ]
    answers = [desk.ask(body, headers={"Accept-Language": language}) for body in bodies]
    assert {problem(answer) for answer in answers} == {"credential-refused"}
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.data for answer in answers}) == 1
    kept = ("Content-Type", "Content-Length", "Cache-Control", "Content-Language", "Vary")
    assert len({tuple(answer.headers[name] for name in kept) for answer in answers}) == 1
    assert {frozenset(answer.headers.keys()) for answer in answers} == {
        frozenset(answers[0].headers.keys())
    }


def test_a_refused_code_still_works_for_its_holder(desk: Desk) -> None:
    assert desk.ask(desk.request("centre-0", code=desk.code("north-2"))).status_code == 403
    assert desk.ask(desk.request("north-2")).status_code == 200


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "groupe 3, position 2"), ("en", "group 3, position 2")]
)
def test_a_typing_error_names_the_group(desk: Desk, language: str, words: str) -> None:
    symbols = list(desk.code("north-0"))
    place = 5 * 2 + 1
    symbols[place] = ALPHABET[(ALPHABET.index(symbols[place]) + 1) % 32]
    typed = "".join(symbols)
    answer = desk.ask(desk.request("north-0", code=typed), headers={"Accept-Language": language})
    assert problem(answer) == "code-misread"
    (fault,) = answer.get_json()["errors"]
    assert fault["field"] == "code"
    assert words in fault["message"]
    assert typed not in answer.text
    assert desk.code("north-0") not in answer.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda code: code[:-2], "code-too-short"),
        (lambda code: code + "AA", "code-too-long"),
        (lambda code: code[:-1] + "#", "code-unknown-character"),
        (lambda code: code[1] + code[0] + code[2:], "code-"),
    ],
)
def test_every_typing_error_has_words(desk: Desk, change: object, code: str) -> None:
    assert callable(change)
    for language in ("fr", "en"):
        typed = change(desk.code("north-0"))
        answer = desk.ask(
            desk.request("north-0", code=typed), headers={"Accept-Language": language}
        )
        assert problem(answer) == "code-misread"
        (fault,) = answer.get_json()["errors"]
        assert fault["code"].startswith(code)
        assert "{" not in fault["message"]


def test_small_letters_blanks_and_lookalikes_are_the_same_code(desk: Desk) -> None:
    code = desk.code("north-0")
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert (
        desk.ask(desk.request("north-0", code=typed)).data == desk.ask(desk.request("north-0")).data
    )


def test_before_the_opening_and_after_the_close(desk: Desk) -> None:
    desk.early()
    answer = desk.ask(desk.request("north-0"), headers={"Accept-Language": "fr"})
    assert problem(answer) == "not-open"
    assert "5 octobre 2026, 10:00 (heure : Paris)" in answer.get_json()["detail"]
    desk.late()
    assert problem(desk.ask(desk.request("north-0"))) == "closed"


def test_wrong_election_and_unknown_issuer(desk: Desk) -> None:
    answer = desk.ask(desk.request("north-0", election=b64(bytes(32))))
    assert problem(answer) == "wrong-election"
    answer = desk.ask(desk.request("north-0"), issuer="nobody")
    assert problem(answer) == "not-found"
    assert "nobody" not in answer.text


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"style": "south"}, "style", "style"),
        ({"blinded_message": "AAAA"}, "blinded_message", "blinded-message"),
        ({"blinded_message": b64(b"\xff" * 384)}, "blinded_message", "blinded-message"),
        ({"blinded_message": "A"}, "blinded_message", "base64url"),
        ({"blinded_message": "A="}, "blinded_message", "base64url"),
        ({"election": "A" * 42 + "B"}, "election", "base64url"),
        ({"election": "A" * 42}, "election", "base64url"),
        ({"code": ""}, "code", "empty"),
        ({"code": "A" * 65}, "code", "long"),
        ({"code": 7}, "code", "text"),
        ({"more": 1}, "", "unknown"),
    ],
)
def test_a_field_at_fault_is_named(
    desk: Desk, changed: dict[str, Any], field: str, code: str
) -> None:
    answer = desk.ask(desk.request("north-0", **changed))
    assert problem(answer) == "malformed"
    (fault,) = answer.get_json()["errors"]
    assert (fault["field"], fault["code"]) == (field, code)


def test_a_credential_of_each_issuer(desk: Desk) -> None:
    found = desk.credentials("centre-0")
    assert [credential.issuer for credential in found] == list(ISSUERS)
    cast = desk.cast(desk.ballot("centre-0", credentials=found))
    assert cast.status_code == 200, cast.text
    # One issuer alone makes no vote.
    twice = replace(found[0], issuer=ISSUERS[1])
    other = desk.ballot("centre-0", 2, credentials=(found[0], twice))
    assert problem(desk.cast(other)) == "ballot-refused"


def test_a_process_serves_the_issuers_it_is_told(desk: Desk) -> None:
    app = desk.app(frozenset({Door.REGISTRAR}), issuers=(ISSUERS[1],))
    client = app.test_client()
    first, second = ISSUERS
    assert problem(desk.ask(desk.request("north-0"), first, client)) == "not-found"
    assert desk.ask(desk.request("north-0", second), second, client).status_code == 200


def test_only_refusals_count_against_an_address(desk: Desk) -> None:
    client = desk.app(frozenset({Door.REGISTRAR}), refusals_per_minute=2).test_client()
    unknown = new_code(1, b"\x07" * RANDOM_BYTES).grouped
    for _ in range(5):
        assert desk.ask(desk.request("north-0"), client=client).status_code == 200
    for _ in range(2):
        body = desk.request("north-1", code=unknown)
        assert problem(desk.ask(body, client=client)) == "credential-refused"
    full = desk.ask(desk.request("north-2"), client=client)
    assert problem(full) == "too-many-requests"
    assert 1 <= int(full.headers["Retry-After"]) <= 61
    assert full.headers["Retry-After"] in full.get_json()["detail"]
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert (
        desk.ask(desk.request("north-2"), client=client, environ_base=elsewhere).status_code == 200
    )


def test_a_typing_error_is_no_refusal(desk: Desk) -> None:
    client = desk.app(frozenset({Door.REGISTRAR}), refusals_per_minute=1).test_client()
    for _ in range(3):
        body = desk.request("north-0", code="AAAA-AAAA-AAAA-AAAA-AAAB")
        assert problem(desk.ask(body, client=client)) == "code-misread"
    assert desk.ask(desk.request("north-0"), client=client).status_code == 200


def test_an_address_of_a_proxy_is_believed_only_when_told(desk: Desk) -> None:
    unknown = new_code(1, b"\x07" * RANDOM_BYTES).grouped
    body = desk.request("north-1", code=unknown)
    for proxies, codes in ((0, {"too-many-requests"}), (1, {"credential-refused"})):
        app = desk.app(frozenset({Door.REGISTRAR}), refusals_per_minute=1, trusted_proxies=proxies)
        client = app.test_client()
        answers = [
            desk.ask(body, client=client, headers={"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(3)
        ]
        assert {problem(answer) for answer in answers[1:]} == codes


def test_the_plain_limit_of_a_route(desk: Desk) -> None:
    client = desk.app(frozenset({Door.REGISTRAR})).test_client()
    codes = [
        problem(client.post("/registrar/city/credentials", data=b"{", content_type="text/plain"))
        for _ in range(121)
    ]
    assert set(codes[:120]) == {"unsupported-media-type"}
    assert codes[120] == "too-many-requests"
    # Asking what is allowed is no request to the registrar.
    assert client.options("/registrar/city/credentials").status_code == 200
