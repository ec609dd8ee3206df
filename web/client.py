"""Speaking to the doors from Python: the kiosk, the rehearsal and the tests use it.

One connection a thread and door, kept open; every request may be repeated, since the same request
gets the same answer.
"""

import http.client
import json
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from audit.errors import AuditError
from audit.label import b64, unb64
from tally import canonical
from web.errors import UsageError, WebError

TIMEOUT_SECONDS = 60


class DoorRefused(WebError):
    """A door answered with a problem (RFC 9457): ``code`` is its stable name."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code


class DoorSilent(WebError):
    """No answer, or one that cannot be read. The same request may be sent again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a door."""

    status: int
    body: bytes


class Client:
    """The doors at ``base`` (``http://host:port``, or https). Safe to share between threads."""

    def __init__(self, base: str, *, language: str = "en") -> None:
        wrong = UsageError(f"{base}: not an address of the form http://host:port")
        try:
            parts = urlsplit(base)
            port = parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise wrong
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._language = language
        self._local = threading.local()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            connection = kind(self._host, self._port, timeout=TIMEOUT_SECONDS)
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def ask(self, method: str, path: str, value: canonical.Value = None) -> Reply:
        """One request. Raises DoorSilent when nothing readable came back, DoorRefused for any
        status other than 200."""
        body = None if value is None else canonical.encode(value)
        headers = {"Accept-Language": self._language}
        if body is not None:
            headers["Content-Type"] = "application/json"
        for attempt in (1, 2):
            try:
                connection = self._connection()
                connection.request(method, self._prefix + path, body=body, headers=headers)
                response = connection.getresponse()
                reply = Reply(response.status, response.read())
                break
            except (OSError, http.client.HTTPException) as error:
                # A kept connection may have been closed meanwhile: once more on a new one.
                self.close()
                if attempt == 2:
                    raise DoorSilent(
                        f"{method} {path}: no answer ({type(error).__name__}); send it again"
                    ) from None
        if reply.status != 200:
            raise _refusal(reply)
        return reply

    def credential(
        self, issuer: str, *, election: bytes, style: str, code: str, blinded_message: bytes
    ) -> bytes:
        """The blind signature of ``issuer`` for the holder of ``code``."""
        reply = self.ask(
            "POST",
            f"/registrar/{issuer}/credentials",
            {
                "election": b64(election),
                "style": style,
                "code": code,
                "blinded_message": b64(blinded_message),
            },
        )
        try:
            answer = canonical.read(reply.body)
            if not isinstance(answer, dict):
                raise DoorSilent("registrar: the answer is not an object")
            return unb64(answer.get("blind_signature"), "blind_signature")
        except (canonical.CanonicalError, AuditError) as error:
            raise DoorSilent(f"registrar: the answer cannot be read: {error}") from None

    def cast(self, entry: bytes, sealed: bytes) -> bytes:
        """The signed receipt for a ballot."""
        value = {"entry": canonical.parse(entry), "sealed": b64(sealed)}
        return self.ask("POST", "/box/ballots", value).body

    def test(self, header: canonical.Value, signature: bytes) -> bytes:
        """The signed test receipt for a ballot given up for a test."""
        value = {"header": header, "signature": b64(signature)}
        return self.ask("POST", "/box/tests", value).body

    def proof(self, leaf_hash: bytes) -> bytes:
        """The proof file of a ballot in the log."""
        return self.ask("GET", f"/box/proofs/{b64(leaf_hash)}").body

    def get(self, path: str) -> bytes:
        """A public file."""
        return self.ask("GET", path).body


def _refusal(reply: Reply) -> WebError:
    try:
        problem = json.loads(reply.body)
        return DoorRefused(reply.status, str(problem["code"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return DoorSilent(f"answer of status {reply.status} that is no problem description")
