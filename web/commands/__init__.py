"""The commands of ``scrutin``, by the part of an election they belong to. Thin: they read options,
ask for passphrases, show progress and words, and leave the work to ``web.office``."""
