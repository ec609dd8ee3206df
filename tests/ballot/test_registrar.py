"""Issuing: one credential a person, the same answer again, one answer to every refused code."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from audit.credential import credential_message, load_issuer_key, verify_credential
from audit.label import labelled
from ballot.blind import Blinded, BlindSigner, blind, finalize
from ballot.code import Code, CodeInvalid, code_digest, new_code
from ballot.durable import FileDiffers
from ballot.errors import BallotError
from ballot.issuer import IssuerInvalid, IssuerKeys, create_issuer, open_issuer, read_issuer
from ballot.keyfile import (
    Cost,
    SecretFileExists,
    WrongElection,
    WrongPassphrase,
    write_secret,
)
from ballot.letters import CodeUsed
from ballot.registrar import (
    Closed,
    CredentialRefused,
    Decision,
    Holder,
    IssuanceStopped,
    Issued,
    NotYetOpen,
    OtherElection,
    Registrar,
    RegistrarInvalid,
    RegistrarState,
    RequestInvalid,
    StillOpen,
    decide,
)
from ballot.roll import Person, no_progress
from ballot.store.engine import open_engine
from ballot.store.registrar import RegistrarStore
from tally import canonical
from tests.postgres import Server

STYLES = ("centre", "nord")
E = bytes(range(32))
OPENS = datetime(2026, 10, 5, 8, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=14)
NOW = OPENS + timedelta(days=1)
PASSPHRASE = "five random words make it"
CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)
PSEUDONYM = b"\x07" * 32
UNKNOWN = new_code(0, b"\xff" * 10)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A registrar with three persons on the roll: 1 and 2 in centre, 3 in nord."""

    store: RegistrarStore
    registrar: Registrar
    keys: IssuerKeys
    codes: Mapping[str, Code]

    def blinded(self, style: str = "centre", seed: int = 3) -> Blinded:
        message = credential_message(self.keys.issuer, E, style, PSEUDONYM)
        key = load_issuer_key(self.keys.public().styles[style])
        return blind(key, message, prefix=bytes(32), salt=bytes(48), blinding=seed)

    def ask(self, code: Code, message: bytes, /, **change: object) -> bytes:
        request = {
            "election": E,
            "style": "centre",
            "code": code.grouped,
            "blinded_message": message,
            "now": NOW,
        }
        return self.registrar.issue(**(request | change))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("issuer")
    create_issuer(
        folder,
        issuer="town",
        election="clermont-2026",
        styles=STYLES,
        passphrase=PASSPHRASE,
        cost=CHEAP,
    )
    return folder


@pytest.fixture(scope="module")
def keys(folder: Path) -> IssuerKeys:
    return open_issuer(folder, issuer="town", election="clermont-2026", passphrase=PASSPHRASE)


def found_town(address: str, keys: IssuerKeys) -> Town:
    engine = open_engine(address)
    store = RegistrarStore.create(engine, issuer=keys.issuer, styles=STYLES)
    people = [
        Person(id="1", style="centre"),
        Person(id="2", style="centre"),
        Person(id="3", style="nord"),
    ]
    store.add_people(people, replace=False, progress=no_progress)
    codes = {
        person.id: new_code(STYLES.index(person.style), person.id.encode() * 10)
        for person in people
    }
    store.assign_codes(
        lambda _people: {
            person: code_digest(keys.pepper, keys.issuer, code) for person, code in codes.items()
        },
        replace=None,
    )
    store.freeze(E, lambda _counts, _everybody: None)
    registrar = Registrar(store=store, keys=keys, election=E, opens=OPENS, closes=CLOSES)
    return Town(store=store, registrar=registrar, keys=keys, codes=codes)


@pytest.fixture
def address(tmp_path: Path, server: Server | None) -> str:
    return f"sqlite:///{tmp_path}/registrar.db" if server is None else server.fresh()


@pytest.fixture
def town(address: str, keys: IssuerKeys) -> Iterator[Town]:
    town = found_town(address, keys)
    yield town
    town.store.dispose()


def test_a_credential_is_issued_and_verifies(town: Town) -> None:
    for person, style in (("1", "centre"), ("3", "nord")):
        blinded = town.blinded(style)
        answer = town.ask(town.codes[person], blinded.message, style=style)
        key = load_issuer_key(town.keys.public().styles[style])
        message = credential_message("town", E, style, PSEUDONYM)
        signature = finalize(key, message, answer, blinded.inverse, prefix=bytes(32))
        verify_credential(key, bytes(32), signature, message)
    assert town.registrar.issued_counts() == {"centre": 1, "nord": 1}


def test_a_lost_reply_is_given_again_and_nothing_else(town: Town, address: str) -> None:
    message = town.blinded().message
    answer = town.ask(town.codes["1"], message)
    assert town.ask(town.codes["1"], message) == answer
    # After a restart of the registrar, too.
    again = RegistrarStore(open_engine(address))
    restarted = Registrar(store=again, keys=town.keys, election=E, opens=OPENS, closes=CLOSES)
    code = town.codes["1"].text.lower()
    assert (
        restarted.issue(election=E, style="centre", code=code, blinded_message=message, now=NOW)
        == answer
    )
    with pytest.raises(CredentialRefused):
        town.ask(town.codes["1"], town.blinded(seed=5).message)
    again.dispose()
    assert town.registrar.issued_counts() == {"centre": 1, "nord": 0}


def test_unknown_used_and_foreign_codes_get_one_answer_after_the_same_work(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.ask(town.codes["1"], town.blinded().message)
    work: list[str] = []

    def counted(owner: type, name: str) -> None:
        inner: Callable[..., object] = getattr(owner, name)

        def outer(*given: object, **named: object) -> object:
            work.append(name)
            return inner(*given, **named)

        monkeypatch.setattr(owner, name, outer)

    counted(BlindSigner, "sign")
    counted(RegistrarStore, "find")
    counted(RegistrarStore, "record")
    other = town.blinded(seed=5).message
    seen = []
    for code, message in (
        (UNKNOWN, other),
        (town.codes["1"], other),
        (town.codes["3"], other),  # of style nord, for a credential of centre
        (new_code(1, UNKNOWN.text.encode()[:10]), other),
    ):
        work.clear()
        with pytest.raises(CredentialRefused) as caught:
            town.ask(code, message)
        seen.append((str(caught.value), caught.value.args, tuple(work), caught.value.__cause__))
    assert set(seen) == {
        (
            "this voting code is not accepted",
            ("this voting code is not accepted",),
            ("find", "sign"),
            None,
        )
    }
    assert town.registrar.issued_counts() == {"centre": 1, "nord": 0}
    # Having been refused takes nothing away.
    town.ask(town.codes["3"], town.blinded("nord").message, style="nord")


def test_public_facts_are_refused_each_in_its_way(town: Town) -> None:
    message = town.blinded().message
    code = town.codes["1"]
    with pytest.raises(OtherElection):
        town.ask(code, message, election=bytes(32))
    with pytest.raises(NotYetOpen):
        town.ask(code, message, now=OPENS - timedelta(seconds=1))
    with pytest.raises(Closed):
        town.ask(code, message, now=CLOSES)
    with pytest.raises(CodeInvalid, match="too short by 1"):
        town.ask(code, message, code=code.text[:-1])
    for field, change in (
        ("style", {"style": "sud"}),
        ("blinded_message", {"blinded_message": message[:-1]}),
        ("blinded_message", {"blinded_message": b"\xff" * 384}),
        ("blinded_message", {"blinded_message": bytes(384)}),
    ):
        with pytest.raises(RequestInvalid) as caught:
            town.ask(code, message, **change)
        assert caught.value.field == field
    assert town.registrar.issued_counts() == {"centre": 0, "nord": 0}
    town.ask(code, message, now=OPENS)
    town.ask(code, message, now=CLOSES - timedelta(seconds=1))


def test_two_different_requests_at_once_give_one_credential(town: Town) -> None:
    messages = [town.blinded(seed=seed).message for seed in range(2, 10)]
    start = Barrier(len(messages))

    def race(message: bytes) -> bytes | None:
        start.wait()
        try:
            return town.ask(town.codes["2"], message)
        except CredentialRefused:
            return None

    with ThreadPoolExecutor(len(messages)) as pool:
        answers = list(pool.map(race, messages))
    won = [(m, a) for m, a in zip(messages, answers, strict=True) if a is not None]
    assert len(won) == 1
    assert town.ask(town.codes["2"], won[0][0]) == won[0][1]
    assert town.registrar.issued_counts() == {"centre": 1, "nord": 0}


def test_the_same_request_at_once_gives_the_same_answer(town: Town) -> None:
    message = town.blinded().message
    start = Barrier(6)

    def race(_number: int) -> bytes:
        start.wait()
        return town.ask(town.codes["2"], message)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(race, range(6)))) == 1
    assert town.registrar.issued_counts() == {"centre": 1, "nord": 0}


def test_both_pass_the_first_look_and_the_lock_decides(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interleaving that the race test may miss: both have read before either writes."""
    first, second = town.blinded(seed=2).message, town.blinded(seed=3).message
    inner = RegistrarStore.find
    nested: list[bytes] = []

    def find_and_be_overtaken(store: RegistrarStore, digest: bytes) -> Holder | None:
        found = inner(store, digest)
        if not nested:
            nested.append(b"")
            nested[0] = town.ask(town.codes["1"], second)
        return found

    monkeypatch.setattr(RegistrarStore, "find", find_and_be_overtaken)
    with pytest.raises(CredentialRefused):
        town.ask(town.codes["1"], first)
    assert town.ask(town.codes["1"], second) == nested[0]


@pytest.mark.parametrize("crash", ["sign", "record", "commit"])
def test_a_crash_leaves_nothing_or_the_answer(
    town: Town, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_given: object, **_named: object) -> bytes:
        raise PowerCut

    first, second = town.blinded(seed=2).message, town.blinded(seed=3).message
    inner = RegistrarStore.record

    def record_and_die(store: RegistrarStore, *given: bytes, **named: object) -> Holder | None:
        inner(store, *given, **named)  # type: ignore[arg-type]
        raise PowerCut

    with monkeypatch.context() as patch:
        if crash == "sign":
            patch.setattr(BlindSigner, "sign", cut)
        elif crash == "record":
            patch.setattr("ballot.store.registrar.insert", cut)
        else:
            patch.setattr(RegistrarStore, "record", record_and_die)
        with pytest.raises(PowerCut):
            town.ask(town.codes["1"], first)
    if crash == "commit":
        assert town.registrar.issued_counts()["centre"] == 1
        town.ask(town.codes["1"], first)
        with pytest.raises(CredentialRefused):
            town.ask(town.codes["1"], second)
    else:
        assert town.registrar.issued_counts()["centre"] == 0
        town.ask(town.codes["1"], second)


def test_stopping_signs_the_counts_and_ends_it(town: Town) -> None:
    message = town.blinded().message
    town.ask(town.codes["1"], message)
    with pytest.raises(StillOpen):
        town.registrar.stop(now=CLOSES - timedelta(seconds=1))
    issued = town.registrar.stop(now=CLOSES)
    assert issued.counts == {"centre": 1, "nord": 0}
    signed = labelled("issued", E, b"town", b'{"centre":1,"nord":0}')
    Ed25519PublicKey.from_public_bytes(town.keys.public().key).verify(issued.signature, signed)
    assert town.registrar.stop(now=CLOSES + timedelta(days=1)) == issued
    assert canonical.encode(issued.to_value()).startswith(
        b'{"counts":{"centre":1,"nord":0},"issuer":"town","signature":"'
    )
    # Even a process whose clock is behind can issue no more.
    with pytest.raises(Closed):
        town.ask(town.codes["2"], message)
    with pytest.raises(IssuanceStopped):
        town.store.assign_codes(lambda _people: {}, replace="2")
    assert town.store.issued_counts() == issued.counts


def test_what_is_known_of_people_can_be_erased_for_good(town: Town, address: str) -> None:
    first = town.blinded().message
    town.ask(town.codes["1"], first)
    with pytest.raises(RegistrarInvalid, match="issuing has not stopped"):
        town.store.erase()
    assert town.store.roll_counts() == {"centre": 2, "nord": 1}
    issued = town.registrar.stop(now=CLOSES)
    assert town.store.erase() == 3
    assert town.store.erase() == 0
    assert set(town.store.roll_counts().values()) == {0}
    assert set(town.store.issued_counts().values()) == {0}
    # What the close and the publication need stays.
    assert town.store.state().issued == issued
    if address.startswith("sqlite"):
        town.store.dispose()
        held = b"".join(path.read_bytes() for path in Path(address[10:]).parent.glob("*"))
        assert first not in held
        for code in town.codes.values():
            assert code_digest(town.keys.pepper, "town", code) not in held


def test_counts_cannot_change_between_counting_and_stopping(town: Town, address: str) -> None:
    message = town.blinded().message
    refused: list[str] = []
    impatient = open_engine(address, busy_milliseconds=50)
    registrar = Registrar(
        store=RegistrarStore(impatient), keys=town.keys, election=E, opens=OPENS, closes=CLOSES
    )

    def sign_slowly(_counts: Mapping[str, int]) -> bytes:
        try:
            registrar.issue(
                election=E,
                style="centre",
                code=town.codes["1"].text,
                blinded_message=message,
                now=NOW,
            )
        except BallotError as error:
            refused.append(type(error).__name__)
        return b"s" * 64

    issued = town.store.stop(sign_slowly)
    assert refused == ["StoreBusy"]
    assert issued.counts == town.store.issued_counts() == {"centre": 0, "nord": 0}
    impatient.dispose()


def test_a_replaced_code_dies_and_a_used_one_is_not_replaced(town: Town) -> None:
    fresh = new_code(0, b"fresh code")
    digest = code_digest(town.keys.pepper, "town", fresh)
    town.store.assign_codes(lambda people: {people[0].id: digest}, replace="1")
    with pytest.raises(CredentialRefused):
        town.ask(town.codes["1"], town.blinded().message)
    town.ask(fresh, town.blinded().message)
    with pytest.raises(CodeUsed, match="would not give another vote"):
        town.store.assign_codes(lambda _people: {}, replace="1")


def test_two_issuers_each_check_their_own_code(
    tmp_path: Path, keys: IssuerKeys, town: Town
) -> None:
    (tmp_path / "region").mkdir()
    public = create_issuer(
        tmp_path / "region",
        issuer="region",
        election="clermont-2026",
        styles=STYLES,
        passphrase=PASSPHRASE,
        roll_key=keys.roll_key,
        cost=CHEAP,
    )
    others = open_issuer(
        tmp_path / "region", issuer="region", election="clermont-2026", passphrase=PASSPHRASE
    )
    assert others.public() == public
    assert others.roll_key == keys.roll_key
    assert others.pepper != keys.pepper
    region = found_town(f"sqlite:///{tmp_path}/region.db", others)
    # Both printed codes from the same random bytes, and yet neither database knows the other's.
    digests = [code_digest(each.keys.pepper, each.keys.issuer, UNKNOWN) for each in (town, region)]
    assert digests[0] != digests[1]
    for each in (town, region):
        blinded = each.blinded()
        answer = each.ask(each.codes["1"], blinded.message)
        key = load_issuer_key(each.keys.public().styles["centre"])
        message = credential_message(each.keys.issuer, E, "centre", PSEUDONYM)
        signature = finalize(key, message, answer, blinded.inverse, prefix=bytes(32))
        verify_credential(key, bytes(32), signature, message)
    for store, wrong in ((town.store, others), (region.store, keys)):
        with pytest.raises(RegistrarInvalid, match="the database is of issuer"):
            Registrar(store=store, keys=wrong, election=E, opens=OPENS, closes=CLOSES)


def test_a_registrar_starts_only_on_what_belongs_together(
    tmp_path: Path, keys: IssuerKeys, town: Town, server: Server | None
) -> None:
    with pytest.raises(RegistrarInvalid, match="another election"):
        Registrar(store=town.store, keys=keys, election=bytes(32), opens=OPENS, closes=CLOSES)
    engine = open_engine(server.fresh() if server else f"sqlite:///{tmp_path}/fresh.db")
    with pytest.raises(RegistrarInvalid, match="holds no registrar"):
        RegistrarStore(engine)
    fresh = RegistrarStore.create(engine, issuer="town", styles=STYLES)
    with pytest.raises(RegistrarInvalid, match="not frozen"):
        Registrar(store=fresh, keys=keys, election=E, opens=OPENS, closes=CLOSES)
    with pytest.raises(RegistrarInvalid, match="use a new database"):
        RegistrarStore.create(engine, issuer="town", styles=("nord", "centre"))
    with pytest.raises(RegistrarInvalid, match="style 'sud'"):
        fresh.add_people([Person(id="1", style="sud")], replace=False, progress=no_progress)
    fresh.dispose()


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_once_issuing_has_stopped_postgresql_has_forgotten_the_order(
    town: Town, address: str, server: Server
) -> None:
    for person in ("2", "1"):
        town.ask(town.codes[person], town.blinded().message)

    def rows(statement: str) -> list[tuple[object, ...]]:
        with server.connect(server.name(address)) as connection:
            return connection.execute(statement.encode()).fetchall()

    order = "SELECT person FROM registrar_issuance ORDER BY ctid"
    assert rows(order) == [("2",), ("1",)]
    issued = town.store.stop(lambda _counts: b"s" * 64)
    assert rows(order) == [("1",), ("2",)]
    for table in ("registrar_issuance", "registrar_person"):
        assert len(set(rows(f"SELECT xmin::text FROM {table}"))) == 1  # noqa: S608
    # The lock that each look-up once left on its person is gone: only the copying's own is there.
    locks = rows("SELECT DISTINCT xmax::text FROM registrar_person WHERE xmax::text NOT IN ('0')")
    assert locks == rows("SELECT DISTINCT xmin::text FROM registrar_person")
    assert town.store.issued_counts() == issued.counts == {"centre": 2, "nord": 0}


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_the_database_holds_no_code_no_time_and_no_order(town: Town, tmp_path: Path) -> None:
    for person in ("2", "1"):
        town.ask(town.codes[person], town.blinded().message)
    with sqlite3.connect(tmp_path / "registrar.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tables = dict(
            connection.execute("SELECT name, lower(sql) FROM sqlite_master WHERE sql > ''")
        )
        order = connection.execute("SELECT person FROM registrar_issuance").fetchall()
    connection.close()
    data = (tmp_path / "registrar.db").read_bytes()
    for code in town.codes.values():
        assert code.text.encode() not in data
        assert code.grouped.encode() not in data
    assert order == [("1",), ("2",)]
    assert "without rowid" in tables["registrar_issuance"]
    assert not any("time" in sql or "date" in sql for sql in tables.values())


holders = st.none() | st.builds(
    lambda style, message: Holder(
        person="1", style=style, blinded_message=message, blind_signature=message and b"s"
    ),
    st.sampled_from(STYLES),
    st.none() | st.binary(min_size=1, max_size=2),
)


@given(holders, st.sampled_from(STYLES), st.binary(min_size=1, max_size=2))
def test_the_decision(found: Holder | None, style: str, message: bytes) -> None:
    decision = decide(found, style=style, blinded_message=message)
    own = found is not None and found.style == style
    assert (decision is Decision.ISSUE) == (
        own and found is not None and found.blinded_message is None
    )
    assert (decision is Decision.REPEAT) == (
        own and found is not None and found.blinded_message == message
    )


# -- keys -----------------------------------------------------------------------------------------


def test_keys_come_back_from_their_file(folder: Path, keys: IssuerKeys) -> None:
    public = read_issuer((folder / "issuer.json").read_bytes(), election="clermont-2026")
    assert public == keys.public()
    assert list(public.to_value()) == ["id", "key", "styles"]
    assert len({*public.styles.values()}) == 2
    assert (folder / "secret.json").stat().st_mode & 0o777 == 0o600
    assert PASSPHRASE not in repr(keys)
    assert "RSA" not in repr(keys)
    with pytest.raises(SecretFileExists):
        create_issuer(
            folder, issuer="town", election="e", styles=STYLES, passphrase="x", cost=CHEAP
        )
    with pytest.raises(WrongPassphrase):
        open_issuer(folder, issuer="town", election="clermont-2026", passphrase="wrong")
    with pytest.raises(WrongElection):
        open_issuer(folder, issuer="town", election="toulouse-2022", passphrase=PASSPHRASE)
    with pytest.raises(IssuerInvalid, match="belong to issuer 'town'"):
        open_issuer(folder, issuer="region", election="clermont-2026", passphrase=PASSPHRASE)


def test_a_missing_public_file_is_put_back_and_a_wrong_one_is_noticed(
    folder: Path, keys: IssuerKeys
) -> None:
    path = folder / "issuer.json"
    good = path.read_bytes()

    def open_again() -> IssuerKeys:
        return open_issuer(folder, issuer="town", election="clermont-2026", passphrase=PASSPHRASE)

    try:
        path.unlink()
        open_again()
        assert path.read_bytes() == good
        path.write_bytes(good.replace(b'"id":"town"', b'"id":"tows"'))
        with pytest.raises(FileDiffers):
            open_again()
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"type":"issuer"', b'"type":"issuez"', "fields missing or more"),
        (b'"version":1', b'"version":2', "fields missing or more"),
        (b'"key":"', b'"key":"A', "issuer file: key"),
        (b'"nord":"', b'"nord":"AAAA', "issuer key"),
        (b"clermont-2026", b"clermont-2027", "election is 'clermont-2027'"),
        (b'{"election"', b'{ "election"', "canonical"),
    ],
)
def test_a_public_file_is_read_strictly(folder: Path, old: bytes, new: bytes, words: str) -> None:
    data = (folder / "issuer.json").read_bytes()
    assert old in data
    with pytest.raises(IssuerInvalid, match=words):
        read_issuer(data.replace(old, new, 1), election="clermont-2026")


@pytest.mark.parametrize("styles", [(), ("a", "a")])
def test_styles_of_an_issuer_are_distinct(tmp_path: Path, styles: tuple[str, ...]) -> None:
    with pytest.raises(IssuerInvalid, match="styles"):
        create_issuer(tmp_path, issuer="town", election="e", styles=styles, passphrase="x")
    assert not list(tmp_path.iterdir())


def test_the_state_is_told(town: Town) -> None:
    assert town.store.state() == RegistrarState(issuer="town", styles=STYLES, election=E)
    issued = town.registrar.stop(now=CLOSES)
    assert isinstance(issued, Issued)
    assert town.store.state().issued == issued


def test_a_secret_of_another_shape_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    for secret in (b"no keys", b'{"pepper":"abc"}'):
        path = tmp_path / "secret.json"
        path.unlink(missing_ok=True)
        write_secret(path, secret, PASSPHRASE, purpose="issuer", election="e", cost=CHEAP)
        with pytest.raises(IssuerInvalid, match="does not hold an issuer's keys") as caught:
            open_issuer(tmp_path, issuer="town", election="e", passphrase=PASSPHRASE)
        assert "abc" not in str(caught.value)
        assert caught.value.__suppress_context__
    with pytest.raises(IssuerInvalid, match="roll key: 3 bytes"):
        create_issuer(
            tmp_path, issuer="t", election="e", styles=STYLES, passphrase="x", roll_key=b"abc"
        )
