"""The resident's modules in Chromium: published vectors, and the same bytes as Python both ways."""

import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from audit.ed25519 import SMALL_ORDER_Y, SignatureInvalid, verify
from audit.label import b64, unb64
from audit.manifest import Manifest
from ballot.code import RANDOM_BYTES, CodeInvalid, new_code, read_code
from ballot.reveal import open_reveal
from ballot.sheet import GROUPS, SheetInvalid, read_sheet, write_sheet
from tally import canonical
from tally.election import (
    ChooseOne,
    Election,
    Grades,
    Points,
    QuestionForm,
    Ranking,
    Scores,
)
from tally.vote import Spoiled, VoteInvalid, decode_vote, encode_vote, plaintext_length
from tests.browser import vectors
from tests.browser.every_form import election as every_form
from tests.browser.modules import Modules, modules_page
from tests.strategies import elections
from web.client_modules import client_hash, modules, page_modules

FEW = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KEPT = json.loads(vectors.PATH.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def js(browser: Browser) -> Iterator[Modules]:
    with modules_page(browser) as page:
        yield page


def published(name: str) -> Any:
    folder = os.environ.get("SCRUTIN_VECTORS")
    if not folder:
        pytest.skip("published vectors: set SCRUTIN_VECTORS to their folder")
    return json.loads((Path(folder) / name).read_text())


def test_this_browser_can_vote(js: Modules) -> None:
    assert js.run("ready", "return await m.ready.ready();") == []


def test_what_is_missing_is_named(js: Modules) -> None:
    source = """
      const verify = crypto.subtle.verify;
      SubtleCrypto.prototype.verify = async () => false;
      try { return await m.ready.ready(); } finally { SubtleCrypto.prototype.verify = verify; }"""
    assert js.run("ready", source) == ["ed25519"]


# -- published vectors --------------------------------------------------------------------------


def test_rfc_9474(js: Modules) -> None:
    vectors_ = published("rfc9474.json")
    for each in vectors_:
        each["r"] = hex(pow(int(each["inv"], 16), -1, int(each["n"], 16)))
    source = """
      const out = [];
      for (const each of argument) {
        const key = m.blind.rsaKey(BigInt(each.n), BigInt(each.e));
        const [message, prefix, salt] = [each.msg, each.msg_prefix, each.salt].map(m.unhex);
        const blinded = await m.blind.blind(key, message, { prefix, salt, r: BigInt(each.r) });
        const good = m.unhex(each.blind_sig);
        const options = { prefix, saltSize: salt.length };
        const signature = await m.blind.finalize(key, message, good, blinded.inverse, options);
        good[9] ^= 1;
        const bad = await m.caught(() =>
          m.blind.finalize(key, message, good, blinded.inverse, options));
        out.push([m.hex(blinded.message), m.hex(signature), bad.code]);
      }
      return out;"""
    found = js.run("blind", source, vectors_)
    assert found == [[each["blinded_msg"], each["sig"], "blind-signature"] for each in vectors_]
    assert len(found) == 4


def test_wycheproof_ed25519_and_points_of_small_order(js: Modules) -> None:
    cases: list[tuple[str, str, str]] = []
    for group in published("wycheproof_ed25519.json")["testGroups"]:
        cases += [(group["publicKey"]["pk"], t["sig"], t["msg"]) for t in group["tests"]]
    for y in SMALL_ORDER_Y:
        for key in (y, y + 2**255 - 19, y | 1 << 255):
            if key < 1 << 256:
                cases.append((key.to_bytes(32, "little").hex(), "00" * 64, "00"))
    expected = []
    for key_, signature, message in cases:
        try:
            verify(*(bytes.fromhex(each) for each in (key_, signature, message)))
            expected.append(True)
        except SignatureInvalid:
            expected.append(False)
    source = """return Promise.all(
      argument.map(([key, ...rest]) => m.ed25519.holds(m.unhex(key), ...rest.map(m.unhex))));"""
    assert js.run("ed25519", source, cases) == expected
    assert expected.count(True) > 50 < expected.count(False)


def test_the_public_half_of_a_seed_without_webcrypto(js: Modules) -> None:
    """Firefox does not show it; what is multiplied there is what every other library finds."""
    seeds = [sha256(b"seed %d" % number).digest() for number in range(60)]
    seeds += [bytes(32), bytes([255]) * 32]
    expected = [
        Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()
        for seed in seeds
    ]
    source = """
      const found = [];
      for (const seed of argument.map(m.unhex)) found.push(m.hex(await m.ed25519.multiplied(seed)));
      // As in Firefox: the private key imported, its public half refused.
      const { exportKey } = SubtleCrypto.prototype;
      SubtleCrypto.prototype.exportKey = async () => {
        throw new DOMException("", "OperationError");
      };
      const refused = (await m.ed25519.keyPair(m.unhex(argument[0]))).publicKey;
      SubtleCrypto.prototype.exportKey = exportKey;
      const shown = (await m.ed25519.keyPair(m.unhex(argument[0]))).publicKey;
      return [found, m.hex(refused), m.hex(shown)];"""
    assert js.run("ed25519", source, [seed.hex() for seed in seeds]) == [
        expected, expected[0], expected[0],
    ]  # fmt: skip


def test_wycheproof_ecdh(js: Modules) -> None:
    tests = [
        t
        for group in published("wycheproof_ecdh_p256_webcrypto.json")["testGroups"]
        for t in group["tests"]
        if {"x", "y"} <= t["public"].keys() and t["public"]["crv"] == "P-256"
    ]
    cases = []
    for t in tests:
        x, y = (unb64(t["public"][name], name) for name in "xy")
        cases.append({"private": t["private"], "point": (b"\x04" + x + y).hex()})
    source = """
      const curve = { name: "ECDH", namedCurve: "P-256" };
      return Promise.all(argument.map(async ({ private: jwk, point }) => {
        try {
          const key = await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]);
          return m.hex(await m.hpke.agree(key, m.unhex(point)));
        } catch (error) { return error.code; }
      }));"""
    found = js.run("hpke", source, cases)
    for t, got in zip(tests, found, strict=True):
        if t["result"] == "valid":
            assert got == t["shared"], t["comment"]
        elif t["result"] == "invalid":
            assert got == "bad-point", t["comment"]
    assert {t["result"] for t in tests} >= {"valid", "invalid"}


def test_rfc_9180(js: Modules) -> None:
    text = resources.files("cryptography_vectors").joinpath("HPKE", "test-vectors.json").read_text()
    (vector,) = [
        each
        for each in json.loads(text)
        if [each[name] for name in ("mode", "kem_id", "kdf_id", "aead_id")] == [0, 16, 1, 1]
    ]
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    plaintext = bytes.fromhex(vector["encryptions"][0]["pt"])
    # The published messages have an aad, ours has none: the same key and nonce, without it.
    nonce = bytes.fromhex(vector["base_nonce"])
    ciphertext = AESGCM(bytes.fromhex(vector["key"])).encrypt(nonce, plaintext, None)
    source = """
      const { skEm, enc, pkRm, info, plaintext } = argument;
      const pair = await m.hpke.keyPair(m.unhex(skEm), m.unhex(enc));
      const { sealed } = await m.hpke.seal(
        m.unhex(plaintext), m.unhex(pkRm), m.unhex(info), pair);
      const opened = await m.hpke.openWithEphemeral(
        sealed, m.unhex(skEm), m.unhex(pkRm), m.unhex(info));
      const other = await m.caught(() => m.hpke.keyPair(m.unhex(skEm), m.unhex(pkRm)));
      return [m.hex(sealed), m.hex(opened), other.code];"""
    found = js.run("hpke", source, {**vector, "plaintext": plaintext.hex()})
    assert found == [vector["enc"] + ciphertext.hex(), plaintext.hex(), "ephemeral-key"]


def test_rfc_6962_inclusion(js: Modules) -> None:
    published("rfc9474.json")
    folder = Path(os.environ["SCRUTIN_VECTORS"]) / "rfc6962" / "inclusion"
    cases = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    # What is too large for a number of JSON is too large for a log, too.
    source = """
      return Promise.all(argument.map(async (each) => {
        const [leaf, root, ...path] = [each.leafHash, each.root, ...(each.proof ?? [])].map(
          (hash) => m.bytes.unbase64(hash ?? ""));
        const { leafIdx, treeSize } = each;
        return (await m.caught(() =>
          m.merkle.verifyInclusion(leafIdx, treeSize, leaf, path, root))).code ?? null;
      }));"""
    expected = ["log-proof" if each["wantErr"] else None for each in cases]
    assert js.run("merkle bytes", source, cases) == expected
    assert set(expected) == {"log-proof", None}


# -- the same bytes as Python -------------------------------------------------------------------

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)


@FEW
@given(values=st.lists(_VALUES, min_size=20, max_size=20))
def test_canonical_json_is_the_same(js: Modules, values: list[Any]) -> None:
    texts = [canonical.encode(value).decode() for value in values]
    source = """return argument.map((text) => {
      const bytes = new TextEncoder().encode(text);
      return new TextDecoder().decode(m.canonical.encode(m.canonical.parse(bytes)));
    });"""
    assert js.run("canonical", source, texts) == texts


def test_other_spellings_are_refused(js: Modules) -> None:
    spellings = [
        '{"a":1,"a":1}', '{"b":1,"a":2}', "[1 ]", "1.0", "1e2", "-0", "9007199254740992",
        '"\\u0041"', '"\\/"', '"\\u001F"', '"\\ud800"', "[" * 34 + "]" * 34, "", "nul", "\ufeff1",
    ]  # fmt: skip
    for spelling in spellings:
        with pytest.raises(canonical.CanonicalError):
            canonical.parse(spelling.encode())
    source = """return Promise.all(argument.map(async (text) => (await m.caught(() =>
      m.canonical.parse(new TextEncoder().encode(text)))).code));"""
    assert js.run("canonical", source, spellings) == ["not-canonical"] * len(spellings)


def test_the_kept_vectors_are_what_python_makes() -> None:
    assert vectors.text() == vectors.PATH.read_text(encoding="utf-8"), (
        "run python -m tests.browser.vectors if the format changed on purpose"
    )


_DEVICE = """
  const { election: electionModule, bytes, ballot, credential, seed, receipt, vote, hpke } = m;
  const E = await electionModule.readElection(bytes.utf8(argument.manifest), argument.election);
  const out = [];
  for (const each of argument.devices) {
    const device = await ballot.makeDevice(E, each.style, bytes.unb64(each.seed));
    const issued = [];
    for (const { issuer, blind_signature: signed } of each.issued) {
      const own = await credential.credential(device, issuer, bytes.unb64(signed));
      issued.push({ ...own, blind_signature: signed,
        blinded_message: bytes.b64(await credential.blindedMessage(device, issuer)) });
    }
    const plaintext = vote.encodeVote(E, each.style, each.choices);
    const pair = await hpke.keyPair(bytes.unb64(each.ephemeral), bytes.unb64(each.enc));
    const info = bytes.labelled("seal", E.hash, bytes.utf8(each.style), device.pseudonym,
      bytes.u16(each.sequence));
    const key = bytes.unb64(E.manifest.trustees.election_key);
    const { sealed } = await hpke.seal(plaintext, key, info, pair);
    const entry = JSON.parse(each.entry);
    const own = await ballot.sealBallot(device, each.choices, issued.map(
      ({ issuer, prefix, signature }) => ({ issuer, prefix, signature })), each.sequence);
    const opened = await ballot.openTest(E, bytes.utf8(each.reveal));
    const leaf = await ballot.leafHash(bytes.utf8(each.entry));
    const read = await receipt.readReceipt(bytes.utf8(each.receipt), E, leaf);
    const sheet = await seed.writeSheet(device.seed, E.definition.styles.findIndex(
      ({ id }) => id === each.style), E.hash);
    out.push({
      pseudonym: bytes.b64(device.pseudonym), issued, plaintext: bytes.b64(plaintext), sheet,
      sealed: bytes.b64(sealed), choices: opened.choices, due: read.due.toISOString(),
      test_signature: bytes.b64(await ballot.testSignature(device, entry.header)),
      mine: { entry: bytes.text(own.entry), sealed: bytes.b64(own.sealed),
        reveal: bytes.text(ballot.testMaterial(own, bytes.utf8(JSON.stringify(
          JSON.parse(each.reveal).receipt)))) },
    });
  }
  return out;"""


def test_a_device_makes_the_same_messages_in_both(js: Modules) -> None:
    names = "election bytes ballot credential seed receipt vote hpke"
    made = js.run(names, _DEVICE, KEPT)
    manifest = Manifest.parse(KEPT["manifest"].encode())
    for each, kept in zip(made, KEPT["devices"], strict=True):
        for name in ("pseudonym", "issued", "plaintext", "sheet", "sealed", "choices"):
            assert each[name] == kept[name], name
        # Ed25519 of this browser is deterministic; a signature need only hold.
        assert each["test_signature"] == kept["test_signature"]
        assert each["due"] == "2026-10-20T18:00:00.000Z"
        own, theirs = json.loads(each["mine"]["entry"]), json.loads(kept["entry"])
        assert each["mine"]["entry"].encode() == canonical.encode(own)
        sealed = unb64(each["mine"]["sealed"], "sealed")
        assert own["header"]["sealed_hash"] == b64(sha256(sealed).digest())
        # A fresh ephemeral key each time: nothing else differs.
        assert sealed[:65] != unb64(kept["sealed"], "sealed")[:65]
        assert own["header"] | {"sealed_hash": ""} == theirs["header"] | {"sealed_hash": ""}
        shown = open_reveal(manifest, kept["reveal"].encode())
        assert not isinstance(shown, Spoiled)
        assert _plain(shown.choices) == kept["choices"]


def test_a_test_file_with_anything_changed_is_refused(js: Modules) -> None:
    kept = KEPT["devices"][0]
    reveal = json.loads(kept["reveal"])
    other = json.loads(KEPT["devices"][1]["reveal"])
    files = [
        reveal | {"ephemeral": other["ephemeral"]},
        reveal | {"sealed": other["sealed"]},
        reveal | {"receipt": other["receipt"]},
        reveal | {"header": reveal["header"] | {"sequence": 3}},
        reveal | {"header": reveal["header"] | {"election": b64(bytes(32))}},
        reveal | {"more": 1},
    ]
    source = """
      const E = await m.election.readElection(m.bytes.utf8(argument.manifest));
      return Promise.all(argument.files.map(async (file) => (await m.caught(() =>
        m.ballot.openTest(E, m.bytes.utf8(file)))).code));"""
    texts = [canonical.encode(file).decode() for file in files]
    found = js.run("election ballot bytes", source, {"manifest": KEPT["manifest"], "files": texts})
    assert found == [
        "ephemeral-key", "test-form", "receipt-other-ballot", "does-not-open", "test-election",
        "test-form",
    ]  # fmt: skip


def _plain(choices: Mapping[str, Any]) -> dict[str, Any]:
    return {
        contest: {"spoiled": choice.reason}
        if isinstance(choice, Spoiled)
        else list(map(list, choice))
        for contest, choice in choices.items()
    }


# -- choices ------------------------------------------------------------------------------------

_ENCODE = """
  const E = new m.election.Election({ definition: argument.definition }, new Uint8Array(32));
  return Promise.all(argument.cases.map(async ([style, choices]) => {
    const { code, reason, contest, value } = await m.caught(() =>
      m.vote.encodeVote(E, style, choices));
    return code ? [code, contest, reason] : m.hex(value);
  }));"""
_DECODE = """
  const E = new m.election.Election({ definition: argument.definition }, new Uint8Array(32));
  return argument.cases.map(([style, digits]) => m.vote.decodeVote(E, style, m.unhex(digits)));"""
# Marks below a scale have no place in the bytes; the browser names them as those above it.
_SAME = {"layout": "out-of-range"}


def _drawn_choice(draw: random.Random, election: Election, style: str, contest: str) -> Any:
    """Some choice, within the limits or beyond."""
    form = election.form(style, contest)
    ids = [each.id for each in election.contest(contest).choices]
    named = draw.sample(ids, draw.randint(0, min(len(ids), 6)))
    if isinstance(form, Ranking):
        ranks = list(range(1, len(named) + 1))
        if ranks and draw.random() < 0.2:
            ranks[-1] += 1
        return [[id_, rank] for id_, rank in zip(named, ranks, strict=True)]
    if isinstance(form, Points | Scores):
        least, most = (1, 4) if isinstance(form, Points) else (0, 6)
        return [[id_, draw.randint(least, most)] for id_ in named]
    if isinstance(form, Grades):
        return [[id_, draw.randint(0, 4)] for id_ in named]
    if isinstance(form, ChooseOne | QuestionForm) and draw.random() < 0.8:
        named = named[:1]
    return [[id_, 1] for id_ in named]


def _python_encodes(election: Election, style: str, choices: Mapping[str, Any]) -> Any:
    try:
        marks = {name: tuple(map(tuple, choice)) for name, choice in choices.items()}
        return encode_vote(election, style, marks).hex()
    except VoteInvalid as error:
        return ["choice", error.contest, _SAME.get(error.reason, error.reason)]


def _same_both_ways(js: Modules, election: Election, seed: int, rounds: int) -> list[Any]:
    draw = random.Random(seed)  # noqa: S311
    cases = []
    for _ in range(rounds):
        style = draw.choice(election.styles)
        cases.append(
            (
                style.id,
                {name: _drawn_choice(draw, election, style.id, name) for name in style.contests},
            )
        )
    definition = election.to_value()
    expected = [_python_encodes(election, *case) for case in cases]
    assert js.run("election vote", _ENCODE, {"definition": definition, "cases": cases}) == expected
    plain = [
        (style, result) for (style, _), result in zip(cases, expected, strict=True)
        if isinstance(result, str)
    ]  # fmt: skip
    for style in election.styles:
        size = plaintext_length(election, style.id)
        for _ in range(rounds // 4):
            raw = bytes([1]) + bytes(draw.choice((0, 0, 1, 2, 4, 128)) for _ in range(size - 1))
            plain += [
                (style.id, raw.hex()),
                (style.id, draw.choice((raw[1:], b"\2" + raw[1:])).hex()),
            ]
    read = []
    for style_id, digits in plain:
        vote = decode_vote(election, style_id, bytes.fromhex(digits))
        read.append({"spoiled": vote.reason} if isinstance(vote, Spoiled) else _plain(vote.choices))
    assert js.run("election vote", _DECODE, {"definition": definition, "cases": plain}) == read
    return expected


def test_choices_of_every_form_are_the_same_both_ways(js: Modules) -> None:
    election = every_form("2026-10-05T08:00:00Z", "2026-12-19T18:00:00Z")
    # Alone, so that one contest beyond its limits does not hide the others.
    value = json.loads(json.dumps(election.to_value()))
    value["styles"] = [
        {"id": each["id"], "title": each["title"], "contests": [each["id"]], "forms": {}}
        for each in value["contests"]
    ]
    expected = _same_both_ways(js, Election.from_value(value), 7, 800)
    reasons = {each[2] for each in expected if isinstance(each, list)}
    assert reasons >= {"too-many", "over-cap", "over-total", "over-budget", "out-of-range", "gap"}
    assert sum(isinstance(each, str) for each in expected) > 200
    _same_both_ways(js, election, 8, 60)


@FEW
@given(election=elections(), seed=st.integers(0, 2**32))
def test_choices_of_any_election_are_the_same_both_ways(
    js: Modules, election: Election, seed: int
) -> None:
    _same_both_ways(js, election, seed, 20)


def test_every_broken_limit_is_named(js: Modules) -> None:
    source = """
      const contest = { projects: [{ id: "a", cost: 5 }, { id: "b", cost: 5 }] };
      const points = { type: "points", total: 4, cap: 3, minimum_projects: 1,
        maximum_projects: 1, minimum_total: 0, blank: false };
      return [
        m.vote.check(points, contest, [["a", 4], ["b", 1]]),
        m.vote.check(points, contest, []),
        m.vote.check(points, contest, [["c", 1]]),
        m.vote.check({ type: "knapsack", budget: 9, minimum: 1, maximum: null, blank: true },
          contest, [["a", 1], ["b", 1]]),
        m.vote.check(points, contest, [["a", 3]]),
      ];"""
    assert js.run("vote", source) == [
        ["too-many", "over-cap", "over-total"], ["blank"], ["unknown"], ["over-budget"], [],
    ]  # fmt: skip


# -- codes and sheets ---------------------------------------------------------------------------


def _mistyped(draw: random.Random, text: str) -> str:
    symbols = list(text)
    kind = draw.randrange(7)
    at = draw.randrange(len(symbols) - 1)
    if kind == 1:
        symbols[at] = draw.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZilouIé!*")
    elif kind == 2:
        symbols[at], symbols[at + 1] = symbols[at + 1], symbols[at]
    elif kind == 3:
        del symbols[at]
    elif kind == 4:
        symbols.insert(at, draw.choice("A7 \u2013\u00a0_\ufeff"))
    elif kind == 5:
        symbols = list("".join(symbols).lower().replace("0", "o").replace("1", "l"))
    elif kind == 6:
        for place in draw.sample(range(len(symbols)), 2):
            symbols[place] = draw.choice("ABCDEFGH23456789")
    return "".join(symbols)


def test_codes_are_read_alike(js: Modules) -> None:
    draw = random.Random(3)  # noqa: S311
    typed = [
        _mistyped(draw, new_code(draw.randrange(1024), draw.randbytes(RANDOM_BYTES)).grouped)
        for _ in range(600)
    ] + ["", "A" * 201, " \t\n"]
    expected: list[Any] = []
    for text in typed:
        try:
            code = read_code(text)
            expected.append([code.style_index, code.text, code.grouped])
        except CodeInvalid as error:
            expected.append([error.reason, [list(place) for place in error.places], error.count])
    source = """return Promise.all(argument.map(async (typed) => {
      const { value, reason, places, count } = await m.caught(() => m.code.readCode(typed));
      return value ? [value.styleIndex, value.text, value.grouped] : [reason, places, count];
    }));"""
    assert js.run("code", source, typed) == expected
    kinds = {each[0] for each in expected if isinstance(each[0], str)}
    assert kinds == {"too-short", "too-long", "unknown-character", "does-not-add-up"}


def test_sheets_are_written_and_read_alike(js: Modules) -> None:
    draw = random.Random(4)  # noqa: S311
    election = draw.randbytes(32)
    drawn = [(draw.randbytes(32), draw.randrange(1024)) for _ in range(40)]
    sheets = [write_sheet(seed, style, election) for seed, style in drawn]
    typed = sheets + [_mistyped(draw, draw.choice(sheets)) for _ in range(400)]
    typed += [write_sheet(bytes(32), 0, bytes(32)), "-".join(sheets[0].split("-")[::-1]), ""]
    expected: list[Any] = []
    for text in typed:
        try:
            sheet = read_sheet(text, election)
            expected.append([sheet.style_index, sheet.seed.hex()])
        except SheetInvalid as error:
            expected.append([error.reason, list(error.groups)])
    source = """
      const E = m.unhex(argument.election);
      const written = await Promise.all(argument.drawn.map(
        ([seed, style]) => m.seed.writeSheet(m.unhex(seed), style, E)));
      const read = await Promise.all(argument.typed.map(async (typed) => {
        const { value, reason, groups } = await m.caught(() => m.seed.readSheet(typed, E));
        return value ? [value.styleIndex, m.hex(value.seed)] : [reason, groups];
      }));
      return [written, read];"""
    argument = {
        "election": election.hex(),
        "typed": typed,
        "drawn": [[seed.hex(), style] for seed, style in drawn],
    }
    assert js.run("seed", source, argument) == [sheets, expected]
    assert {each[0] for each in expected if isinstance(each[0], str)} == {
        "too-short", "too-long", "unknown-character", "does-not-add-up", "other-election",
    }  # fmt: skip


def test_every_wrong_symbol_of_a_sheet_names_its_group() -> None:
    election = bytes(32)
    sheet = write_sheet(b"\x17" * 32, 5, election).replace("-", "")
    for at, symbol in enumerate(sheet):
        wrong = "7" if symbol != "7" else "9"
        with pytest.raises(SheetInvalid) as caught:
            read_sheet(sheet[:at] + wrong + sheet[at + 1 :], election)
        assert caught.value.groups == (at // 5 + 1,)
    assert len(sheet) == 5 * GROUPS


# -- the set ------------------------------------------------------------------------------------


def test_what_a_page_loads_is_all_it_needs() -> None:
    needed = page_modules("voter.js")
    names = [module.name for module in needed]
    assert names[-1] == "voter.js"
    assert {name for module in needed for name in module.imports} <= set(names)
    assert sum(len(module.content) for module in needed) < 72_000


def test_the_hash_covers_every_module() -> None:
    listed = {module.path: sha256(module.content).hexdigest() for module in modules().values()}
    assert client_hash() == sha256(canonical.encode(listed)).digest()
    assert all(path.startswith("/static/js/") for path in listed)


def test_modules_hold_no_words_and_no_markup() -> None:
    own: Sequence[str] = [m.content.decode() for m in page_modules("voter.js")]
    for text in own:
        for forbidden in ("innerHTML", "eval(", "document.", "console.", "http://", "https://"):
            assert forbidden not in text
