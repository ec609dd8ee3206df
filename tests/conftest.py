"""How hypothesis looks for counterexamples.

`make test` draws the same examples every time, so that the same code gets the same verdict on any
machine. `HYPOTHESIS_PROFILE=search make test` draws new ones, and remembers what failed.
"""

import os

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))
