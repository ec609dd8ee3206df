"""What an outsider runs: the log, the proofs, the publication and its verification.

Imports ``tally`` and ``cryptography``, and nothing else, except ``charts`` (matplotlib).
"""
