"""Secrets and state: roll, credentials, the ballot box, keys and the opening.

Imports ``audit`` and ``tally``: the box may only write what the public can check.
"""
