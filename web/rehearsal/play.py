"""The rehearsal itself: found a town, serve, vote, close, open, count, publish, verify."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from audit.manifest import Manifest
from audit.receipt import read_receipt, verify_proof
from audit.record import parse_entry
from audit.rendering import installed_renderer, pages_renderer
from ballot.code import RANDOM_BYTES, new_code
from ballot.durable import replace_file
from ballot.roll import Person
from tally.election import Election
from tally.vote import Choice
from web.client import Client
from web.clock import read_time, spell_time
from web.office.folder import ElectionFolder
from web.office.freeze import FreezeOptions
from web.office.parts import box_keys, box_store, open_sequencer
from web.office.result import count_votes, open_ballot_box, publish_results, release_share
from web.office.town import THRESHOLD, Town, found_town, rehearsal_environment
from web.office.vote import close_vote, open_vote, stop_issuing
from web.progress import Progress
from web.rehearsal.processes import serving
from web.rehearsal.report import Report, compare_counts, digests
from web.rehearsal.residents import (
    Behaviour,
    Deed,
    RehearsalFailed,
    Resident,
    Visit,
    behaviour_of,
    play_all,
    seed_of,
)
from web.rehearsal.spoiling import spoiled_plaintext

Result = TypeVar("Result")

CHUNK = 25
EXTRAS = (
    Behaviour.SPOIL,
    Behaviour.COPY,
    Behaviour.FORGE,
    Behaviour.SWAP,
    Behaviour.GUESS,
)
PROOFS = 500


class Rehearsal:
    """One rehearsal of ``election`` with ``votes`` (one a resident: style and choices);
    ``spoiled`` are the numbers of those whose choices break the form's limits."""

    def __init__(
        self,
        *,
        election: Election,
        votes: Sequence[tuple[str, Mapping[str, Choice]]],
        spoiled: frozenset[int] = frozenset(),
        out: Path,
        jobs: int,
        issuers: Sequence[str] = ("city",),
        charts: bool = True,
        progress: Progress,
        say: Callable[[str], None],
    ) -> None:
        self._election = election
        self._votes = votes
        self._spoiled = spoiled
        self._out = out
        self._jobs = jobs
        self._issuers = issuers
        self._renderer = installed_renderer if charts else pages_renderer
        self._progress = progress
        self._say = say
        self._seed = sha256(b"rehearsal" + election.id.encode()).digest()
        self.report = Report(voters=len(votes))

    # -- the whole play -------------------------------------------------------------------------

    def play(self) -> Report:
        """Play everything. Raises RehearsalFailed, or what a part raises, if something is wrong."""
        self._out.mkdir(parents=True)
        clock = self._out / "clock.txt"
        self._set_clock(clock, read_time(self._election.opens) + timedelta(minutes=1))
        with rehearsal_environment(clock) as drawn:
            self._timed("set up", lambda: self._found(drawn))
            with (
                serving(self._place.root, ["registrar"], self._out / "registrar.log") as registrar,
                serving(self._place.root, ["box", "public"], self._out / "box.log") as box,
            ):
                deeds = self._timed("vote", lambda: self._vote(registrar, box))
                self._timed("close", lambda: self._close(clock, registrar, box))
                self._timed("proofs", lambda: self._prove(box, deeds))
            self._timed("open", self._open)
            self._timed("count and publish", self._publish)
            self._timed("verify", self._verify)
            compare_counts(self._results(), self._election, self._counted(), deeds, self.report)
        (self._out / "report.json").write_text(
            json.dumps(self.report.to_value(), ensure_ascii=False, indent=2, sort_keys=True) + "\n",
            "utf-8",
        )
        return self.report

    def _timed(self, step: str, action: Callable[[], Result]) -> Result:
        self._say(f"{step} …")
        begin = time.monotonic()
        result = action()
        self.report.seconds[step] = time.monotonic() - begin
        return result

    @staticmethod
    def _set_clock(path: Path, now: object) -> None:
        replace_file(path, spell_time(now).encode())  # type: ignore[arg-type]

    # -- before the vote ------------------------------------------------------------------------

    def _found(self, drawn: str) -> None:
        self._place = ElectionFolder(self._out / "election")
        style = self._election.styles[0].id
        people = [
            Person(id=f"voter-{number:07d}", style=own)
            for number, (own, _) in enumerate(self._votes)
        ]
        people += [Person(id=f"extra-{each.name.lower()}", style=style) for each in EXTRAS]
        people.append(Person(id="extra-late", style=style))
        people.append(Person(id="extra-absent", style=style))
        self._town: Town = found_town(
            self._place,
            self._election,
            people,
            drawn=drawn,
            issuers=self._issuers,
            options=FreezeOptions(batch_seconds=1, batch_minimum=min(20, len(self._votes))),
            progress=self._progress,
        )
        manifest = self._town.manifest
        keys, store = box_keys(self._place, self._election.id), box_store(self._place, manifest)
        try:
            now = read_time(self._election.opens)
            sequencer = open_sequencer(self._place, manifest, keys, store, lambda: now)
            if open_vote(self._place, manifest, sequencer, self._town.officers).entry is None:
                raise RehearsalFailed("open: the officers' signatures did not suffice")
        finally:
            store.dispose()

    # -- the vote -------------------------------------------------------------------------------

    def _resident(self, number: int, person: str, behaviour: Behaviour) -> Resident:
        style, choices = (
            self._votes[number]
            if number < len(self._votes)
            else (self._election.styles[0].id, dict[str, Choice]())
        )
        return Resident(
            number=number,
            behaviour=behaviour,
            style=style,
            codes=self._town.codes[person],
            choices=choices,
            seed=seed_of(self._seed, number),
        )

    def _vote(self, registrar: str, box: str) -> list[Deed]:
        residents = [
            self._resident(number, f"voter-{number:07d}", behaviour_of(number))
            for number in range(len(self._votes))
        ]
        encoded = self._town.manifest.encoded
        deeds: list[Deed] = []
        with ProcessPoolExecutor(self._jobs, mp_context=get_context("spawn")) as pool:
            chunks = [
                pool.submit(play_all, encoded, registrar, box, residents[at : at + CHUNK])
                for at in range(0, len(residents), CHUNK)
            ]
            for done in as_completed(chunks):
                deeds += done.result()
                self._progress("vote", len(deeds), len(residents))
        deeds.sort(key=lambda deed: deed.number)
        doors = Client(registrar), Client(box)
        deeds += self._extras(doors, deeds)
        late = self._visit(doors, len(self._votes) + len(EXTRAS), "extra-late", Behaviour.PLAIN)
        self._late = (late, late.credentials())
        for deed in deeds:
            self.report.behaviours[deed.behaviour.value] += 1
            self.report.requests += deed.requests
            for what, code in deed.refused:
                self.report.refused[f"{what}: {code}"] += 1
        return deeds

    def _visit(
        self, doors: tuple[Client, Client], number: int, person: str, behaviour: Behaviour
    ) -> Visit:
        resident = self._resident(number, person, behaviour)
        return Visit(self._town.manifest, doors[0], doors[1], resident)

    def _extras(self, doors: tuple[Client, Client], deeds: Sequence[Deed]) -> list[Deed]:
        """The residents beyond the file: one who spoils, and those who cheat."""
        manifest = self._town.manifest
        style = self._election.styles[0].id
        number = len(self._votes)
        visits = {
            each: self._visit(doors, number + place, f"extra-{each.name.lower()}", each)
            for place, each in enumerate(EXTRAS)
        }
        guessed = new_code(0, sha256(self._seed).digest()[:RANDOM_BYTES]).grouped
        return [
            visits[Behaviour.SPOIL].spoil(spoiled_plaintext(self._election, style)),
            visits[Behaviour.COPY].copy(self._sealed_of_another(manifest, deeds)),
            visits[Behaviour.FORGE].forge(),
            visits[Behaviour.SWAP].swap(),
            visits[Behaviour.GUESS].guess(guessed),
        ]

    def _sealed_of_another(self, manifest: Manifest, deeds: Sequence[Deed]) -> bytes:
        """What somebody who taps the line would have: another resident's sealed bytes."""
        wanted = next(deed.leaf_hash for deed in deeds if deed.leaf_hash is not None)
        store = box_store(self._place, manifest)
        try:
            with store.reading() as transaction:
                sealed = transaction.sealed([wanted]).get(wanted)
                if sealed is None:
                    for portion in transaction.pending():
                        for each in portion:
                            if each.leaf_hash == wanted:
                                sealed = each.sealed
        finally:
            store.dispose()
        if sealed is None:
            raise RehearsalFailed("a ballot with a receipt is not in the box")
        return sealed

    # -- after the vote -------------------------------------------------------------------------

    def _close(self, clock: Path, registrar: str, box: str) -> None:
        closes = read_time(self._election.closes)
        self._set_clock(clock, closes)
        manifest, place = self._town.manifest, self._place
        visit, credentials = self._late
        deed = visit.late(credentials)
        for issuer in self._issuers:
            stop_issuing(place, issuer, manifest, lambda: closes)
        keys, store = box_keys(place, self._election.id), box_store(place, manifest)
        try:
            sequencer = open_sequencer(place, manifest, keys, store, lambda: closes)
            for officer in self._town.officers:
                act = close_vote(place, manifest, sequencer, [officer], lambda: closes)
            if act.entry is None:
                raise RehearsalFailed("close: the officers' signatures did not suffice")
            with store.reading() as transaction:
                size = transaction.head().size
                kinds = Counter(
                    type(parse_entry(entry)).__name__ for _, entry in transaction.entries(0, size)
                )
        finally:
            store.dispose()
        self.report.ballots_in_log = kinds["BallotEntry"]
        visit.late(credentials)
        for what, code in deed.refused:
            self.report.refused[f"{what}: {code}"] += 1

    def _prove(self, box: str, deeds: Sequence[Deed]) -> None:
        """Ask for inclusion proofs of receipts, and check them as a resident would."""
        manifest, client = self._town.manifest, Client(box)
        held = [receipt for deed in deeds for receipt in deed.receipts]
        step = max(1, len(held) // PROOFS)
        for receipt in held[::step]:
            read = read_receipt(receipt, manifest)
            verify_proof(manifest, read, client.proof(read.leaf_hash))
            self.report.proofs += 1

    def _open(self) -> None:
        for path in self._town.shares[:THRESHOLD]:
            release_share(self._place, self._town.manifest, path)
        open_ballot_box(self._place, self._town.manifest)

    def _publish(self) -> None:
        place, manifest = self._place, self._town.manifest
        count_votes(place, manifest, jobs=self._jobs, progress=self._progress)
        first = self._out / "publication"
        again = self._out / "publication-again"
        for folder in (first, again):
            published = publish_results(
                place,
                manifest,
                folder,
                self._town.officers,
                jobs=self._jobs,
                progress=self._progress,
                renderer=self._renderer,
            )
            if not isinstance(published, bytes):
                raise RehearsalFailed("publish: the officers' signatures did not suffice")
            self.report.result_hash = published.hex()
        if digests(first) != digests(again):
            raise RehearsalFailed("publish: the second publication differs from the first")

    def _verify(self) -> None:
        """As a stranger: another process, the publication alone."""
        arguments = [sys.executable, "-m", "audit", "verify", str(self._out / "publication")]
        arguments += ["--json", "--jobs", str(self._jobs)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise RehearsalFailed(f"verify: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        if self.report.result_hash not in done.stdout:
            raise RehearsalFailed("verify: another result hash than was published")

    def _results(self) -> Any:
        return json.loads((self._out / "publication" / "results.json").read_bytes())

    def _counted(self) -> list[Mapping[str, Choice]]:
        """The choices that shall count: all but the spoiled."""
        return [
            choices
            for number, (_, choices) in enumerate(self._votes)
            if number not in self._spoiled
        ]
