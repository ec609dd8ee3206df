"""The exceptions of this room."""


class BallotError(Exception):
    """Something given to the ballot room is refused: the message says what and what to do."""
