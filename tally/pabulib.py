"""Pabulib's .pb files: read, write, take as an election, and publish one.

The door to tally/pabulib_*.py. How files are read, every quirk and exception: docs/pabulib.md.
"""

from tally.pabulib_ballot import Ballot, votes_of
from tally.pabulib_election import (
    CountedInstance,
    Instance,
    read_counted,
    read_instance,
    selected,
    to_choices,
    to_election,
)
from tally.pabulib_id import file_id, our_id
from tally.pabulib_publication import publication
from tally.pabulib_syntax import parse
from tally.pabulib_table import PabulibError, PabulibFile, Remark, Row, Table, write

__all__ = [
    "Ballot",
    "CountedInstance",
    "Instance",
    "PabulibError",
    "PabulibFile",
    "Remark",
    "Row",
    "Table",
    "file_id",
    "our_id",
    "parse",
    "publication",
    "read_counted",
    "read_instance",
    "selected",
    "to_choices",
    "to_election",
    "votes_of",
    "write",
]
