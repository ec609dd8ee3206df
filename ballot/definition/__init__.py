"""Elections as folders that officers edit: ``election.toml``, ``projects.csv`` and ``pictures/``.

What each key means, with examples: docs/election-folder.md.
"""

from ballot.definition.finding import DefinitionRefused, Finding, Place
from ballot.definition.folder import Definition, check, check_frozen, load
from ballot.definition.report import Report, format_report

__all__ = [
    "Definition",
    "DefinitionRefused",
    "Finding",
    "Place",
    "Report",
    "check",
    "check_frozen",
    "format_report",
    "load",
]
