"""What a vote means and who wins.

This room is pure: no clock, no randomness, no input or output. It imports nothing of the
other rooms. Everything that decides is an integer or a rational.
"""
