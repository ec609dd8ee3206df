"""Asking a witness over HTTP (C2SP tlog-witness): what the box's process sends out.

Only https, or http on this machine: answers are signed, so nothing could be forged on the way, but
a silent stranger in between could keep the witness away from the log. No redirection is followed,
since the policy names the address, and a witness on this machine is never asked through a proxy.
"""

import http.client
from ipaddress import ip_address
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ballot.cosigning import Answer, WitnessSilent
from web.errors import UsageError

SECONDS = 10
LARGEST_ANSWER = 64 * 1024


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirection as the answer."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req: Request, fp, code: int, msg: str, headers, newurl: str
    ) -> None:
        return None


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises for a port that is none)
    except ValueError:
        return None
    return parts


def _local(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_witness_address(url: str) -> None:
    """Raise UsageError unless a witness may be asked at ``url``."""
    parts = _parts(url)
    if (
        parts is None
        or not url.isascii()
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise UsageError(f"{url}: not an address such as https://witness.example.org/scrutin")
    if parts.scheme != "https" and not (parts.scheme == "http" and _local(parts)):
        raise UsageError(f"{url}: a witness is asked over https, or over http on this machine only")


def _opener(parts: SplitResult) -> OpenerDirector:
    return build_opener(_NoRedirect, ProxyHandler({}) if _local(parts) else ProxyHandler())


def ask_witness(url: str, request: bytes) -> Answer:
    """Send an add-checkpoint request to the witness at ``url``. Raises WitnessSilent."""
    try:
        check_witness_address(url)
    except UsageError as error:
        raise WitnessSilent(str(error)) from None
    address = f"{url.rstrip('/')}/add-checkpoint"
    made = Request(  # noqa: S310  (checked above)
        address, data=request, headers={"Content-Type": "text/plain; charset=utf-8"}
    )
    try:
        try:
            with _opener(urlsplit(url)).open(made, timeout=SECONDS) as answer:
                status, body = answer.status, answer.read(LARGEST_ANSWER + 1)
        except HTTPError as error:
            with error:
                status, body = error.code, error.read(LARGEST_ANSWER + 1)
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise WitnessSilent(f"{address}: no answer ({reason})") from None
    if len(body) > LARGEST_ANSWER:
        raise WitnessSilent(f"{address}: an answer of more than {LARGEST_ANSWER} bytes")
    return Answer(status=status, body=body)
