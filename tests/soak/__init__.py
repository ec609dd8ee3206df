"""A long run under load, with kills: `make soak`."""
