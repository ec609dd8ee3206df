"""The exceptions of this room."""


class AuditError(Exception):
    """Something published does not hold: the message names the field and what is wrong with it."""
