"""The exceptions of this room."""


class WebError(Exception):
    """Something at the shell went wrong: the message says what and what to do."""


class UsageError(WebError):
    """The command or the setting makes no sense as given: exit status 2."""


class Refused(WebError):
    """The command was understood, checked, and is refused: exit status 1."""
