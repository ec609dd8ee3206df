"""The exceptions of this room."""


class TallyError(Exception):
    """Something given to the tally does not mean anything: the message says what and where."""
