"""Public texts, compressed for browsers that ask for it (RFC 9110 section 8.4.1.3).

Only what is the same for everybody is compressed: the answers of the other doors are not, so that
the length of what is sent tells nothing about a secret beside something that a stranger chose.
"""

import gzip
from functools import lru_cache
from typing import Final

from flask import Request, Response

SMALLEST: Final = 1_000
LARGEST: Final = 1_000_000
"""Bytes; a longer file is a download, and is sent as it is."""
LEVEL: Final = 6
TYPES: Final = ("text/", "application/json", "application/atom+xml", "image/svg+xml")


def compress(request: Request, response: Response) -> None:
    """Compress the body of ``response`` where that helps; says that the answer varies with it."""
    if not (response.mimetype or "").startswith(TYPES):
        return
    response.vary.add("Accept-Encoding")
    length = response.content_length
    # What is streamed without a length may be longer than memory.
    sized = response.is_sequence if length is None else SMALLEST <= length <= LARGEST
    if (
        request.method != "GET"
        or response.status_code != 200
        or response.content_encoding
        or request.accept_encodings["gzip"] <= 0
        or not sized
    ):
        return
    response.direct_passthrough = False
    body = response.get_data()
    if not SMALLEST <= len(body) <= LARGEST:
        return
    response.set_data(_packed(body))
    response.content_encoding = "gzip"
    etag, _ = response.get_etag()
    if etag is not None:
        # Two spellings of one content have a weak tag in common (RFC 9110 section 8.8.1).
        response.set_etag(etag, weak=True)


@lru_cache(maxsize=64)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)
