"""Hostile bytes for everything that reads: a little in every test run, more by `make fuzz`."""
