"""A whole election played with the real service: processes, HTTP, cryptography, count, verifier."""
