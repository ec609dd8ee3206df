"""The report of a check: faults, warnings, and the rules read back."""

import textwrap
from dataclasses import dataclass

from ballot.definition.finding import Finding
from ballot.definition.readback import Section
from tally.canonical import Value
from tally.election import Election

WIDTH = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What there is to say about a folder, in ``language`` ("fr" or "en").

    ``election`` is None where there is a fault; ``sections`` read the rules back where there is
    none; ``frozen`` is the manifest's hash in hex where the folder is frozen.
    """

    folder: str
    language: str
    findings: tuple[Finding, ...]
    election: Election | None = None
    sections: tuple[Section, ...] = ()
    frozen: str | None = None

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What must be mended."""
        return tuple(finding for finding in self.findings if finding.fault)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may stay, but is seldom meant."""
        return tuple(finding for finding in self.findings if not finding.fault)

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def to_value(self) -> dict[str, Value]:
        """For programs: ``scrutin check --json``."""
        return {
            "type": "definition-report",
            "version": 1,
            "folder": self.folder,
            "language": self.language,
            "ok": self.ok,
            "frozen": self.frozen,
            "election": None if self.election is None else self.election.id,
            "faults": [finding.to_value(self.language) for finding in self.faults],
            "warnings": [finding.to_value(self.language) for finding in self.warnings],
            "rules": [section.to_value() for section in self.sections],
        }


def _wrapped(words: str, indent: str, hang: str) -> str:
    # Line breaks never fall on a no-break space: textwrap takes these for letters.
    return textwrap.fill(
        words,
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(number: int, french: tuple[str, str], english: tuple[str, str], language: str) -> str:
    if language == "fr":
        return f"{number} {french[number > 1]}"
    return f"{number} {english[number != 1]}"


def format_report(report: Report) -> str:
    """The report as text for a terminal or a file, ending in a line end."""
    language = report.language
    french = language == "fr"
    parts: list[str] = [_findings(report.faults, language), _findings(report.warnings, language)]
    for section in report.sections:
        lines = [section.title, "─" * min(len(section.title), WIDTH)]
        lines += [
            _wrapped(line.strip(), "  " if line[:1] != " " else "      ", "    ")
            for line in section.lines
        ]
        if section.example:
            lines.append("")
            lines += [_wrapped(line, "  │ ", "  │   ") for line in section.example]
        parts.append("\n".join(lines))
    if report.frozen is not None and report.ok:
        grouped = " ".join(report.frozen[at : at + 4] for at in range(0, 16, 4))
        parts.append(
            f"Les règles sont figées (manifeste {grouped}…) et le dossier leur correspond."
            if french
            else f"The rules are frozen (manifest {grouped}…) and the folder agrees with them."
        )
    faults = _count(len(report.faults), ("faute", "fautes"), ("fault", "faults"), language)
    warnings = _count(
        len(report.warnings),
        ("avertissement", "avertissements"),
        ("warning", "warnings"),
        language,
    )
    colon = "\u00a0: " if french else ": "
    parts.append(f"{report.folder}{colon}{faults}, {warnings}.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _findings(findings: tuple[Finding, ...], language: str) -> str:
    words = {
        True: "FAUTE" if language == "fr" else "FAULT",
        False: "AVERTISSEMENT" if language == "fr" else "WARNING",
    }
    blocks = []
    for finding in findings:
        first, *rest = finding.words(language).split("\n")
        lines = [f"{words[finding.fault]}  {first}"]
        lines += [_wrapped(line.strip(), "    ", "      ") for line in rest]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)
