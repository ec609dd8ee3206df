"""Where everybody's things lie in the officers' journey: each host and person has an own folder."""

import csv
import io
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from ballot.durable import replace_file
from web.clock import VARIABLE, read_time, spell_time
from web.office.passphrase import variable_name

ID = "rehearsal-journey"
OPENS = "2027-03-08T08:00:00Z"
CLOSES = "2027-03-28T18:00:00Z"
OFFICERS = ("A. Martin", "B. Nguyên", "C. Okafor")
TRUSTEES = ("Anne", "Bilal", "Chloé")
PEOPLE = 16
CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}")


class Places:
    """The machines of a town. ``office`` is where the officers prepare and where the registrar
    runs, ``box`` the box's host; trustees and officers have their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.office = root / "office" / "journey"
        self.box = root / "box-host" / "journey"
        self.clock = root / "clock.txt"
        self.office.parent.mkdir()
        self.box.parent.mkdir()

    # -- people ---------------------------------------------------------------------------------

    def officer(self, number: int) -> Path:
        """An officer's key file, on their own stick."""
        return self.root / f"officer-{number}" / "key.secret"

    def officer_words(self, number: int) -> tuple[str | Path, ...]:
        """How an officer signs: key file and passphrase file."""
        return ("--officer", self.officer(number), "--passphrase-file", self.word(number))

    def word(self, number: int) -> Path:
        """The file with an officer's passphrase."""
        path = self.root / f"officer-{number}" / "word.txt"
        if not path.exists():
            path.parent.mkdir()
            path.write_text(f"officer word {number}\n", "utf-8")
        return path

    def trustee(self, number: int) -> Path:
        """A trustee's machine."""
        return self.root / f"trustee-{number}"

    def share(self, number: int) -> Path:
        """A trustee's share."""
        return self.trustee(number) / "own" / f"trustee-{number}.share.secret"

    def environment(self) -> dict[str, str]:
        """What the services and the trustees take from the environment, each another word."""
        words = {
            variable_name(who): f"word of the {who}"
            for who in ("box", "issuer city", "resident", *(f"trustee {name}" for name in TRUSTEES))
        }
        return {**words, VARIABLE: str(self.clock)}

    def secrets(self) -> set[str]:
        """What may never be seen on a screen: passphrases and voting codes."""
        words = {word for name, word in self.environment().items() if name != VARIABLE}
        words |= {f"officer word {number}" for number in range(1, len(OFFICERS) + 1)}
        return words | set(self.codes())

    # -- time -----------------------------------------------------------------------------------

    def set_clock(self, now: datetime) -> None:
        """Let every process know the time."""
        replace_file(self.clock, spell_time(now).encode())

    def before(self) -> None:
        """The day before the vote."""
        self.set_clock(read_time(OPENS) - timedelta(days=1))

    def during(self) -> None:
        """The vote."""
        self.set_clock(read_time(OPENS) + timedelta(hours=1))

    def after(self) -> None:
        """The moment it ends."""
        self.set_clock(read_time(CLOSES))

    # -- what is carried ------------------------------------------------------------------------

    def edit(self) -> None:
        """What an officer writes into the folder that ``scrutin new`` made."""
        toml = self.office / "election.toml"
        text = toml.read_text("utf-8")
        for old, new in (('id = "ma-ville-2027"', f'id = "{ID}"'), ("quorum = 100", "quorum = 3")):
            assert old in text
            text = text.replace(old, new)
        toml.write_text(text, "utf-8")

    def carry_ceremony(self, number: int, *, back: bool) -> None:
        """Bring the exchange folder to a trustee's machine, or home again."""
        here, there = self.office / "ceremony", self.trustee(number) / "exchange"
        source, target = (there, here) if back else (here, there)
        shutil.copytree(source, target, dirs_exist_ok=True)

    def split(self) -> None:
        """After the freeze: the box's part goes to its own host, and nothing secret is twice."""
        shutil.copytree(self.office, self.box, ignore=shutil.ignore_patterns("approvals"))
        shutil.rmtree(self.box / "issuers")
        shutil.rmtree(self.office / "box")

    def carry_public(self, number: int) -> Path:
        """What a trustee needs: the signed rules and the published log, no more."""
        there = self.trustee(number) / "journey"
        shutil.rmtree(there, ignore_errors=True)
        there.mkdir()
        for name in ("manifest.json", "manifest.signatures.json"):
            shutil.copy(self.office / name, there)
        if (self.box / "box" / "log").is_dir():
            shutil.copytree(self.box / "box" / "log", there / "box" / "log")
        return there

    def carry_back(self, folder: Path, name: str) -> None:
        """Bring a folder of small public files to the box's host."""
        shutil.copytree(folder / name, self.box / name, dirs_exist_ok=True)

    def codes(self) -> list[str]:
        """The voting codes that the mailing house got."""
        text = (self.root / "letters" / "codes.csv").read_text("utf-8-sig")
        codes = [row["code"] for row in csv.DictReader(io.StringIO(text))]
        assert len(codes) == PEOPLE
        assert all(CODE.fullmatch(code) for code in codes)
        return codes
