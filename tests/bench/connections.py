"""Many connections to one door from one process: requests made beforehand, sent as bytes."""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Measured:
    """What a run of requests took: ``latencies`` in seconds, by status; in all ``seconds``.

    ``answered`` are the numbers of the requests that were answered with 200.
    """

    seconds: float = 0.0
    latencies: dict[int, list[float]] = field(default_factory=dict)
    answered: list[int] = field(default_factory=list)
    advised: int = 0
    """How many answers said when to come back (Retry-After)."""

    def note(self, number: int, status: int, seconds: float, *, advised: bool) -> None:
        self.latencies.setdefault(status, []).append(seconds)
        self.advised += advised
        if status == 200:
            self.answered.append(number)

    @property
    def statuses(self) -> Counter[int]:
        return Counter({status: len(each) for status, each in self.latencies.items()})

    def quantile(self, status: int, part: float) -> float:
        """The latency that this part of the answers with this status stayed below."""
        ordered = sorted(self.latencies.get(status, [0.0]))
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


_households = count()


def request(method: str, path: str, body: bytes) -> bytes:
    """The bytes of an HTTP/1.1 request on a connection that stays open, from a household of its own
    behind the proxy that speaks for all."""
    number = next(_households) % 2**24
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        f"X-Forwarded-For: 10.{number >> 16}.{number >> 8 & 255}.{number & 255}\r\n"
    )
    if body:
        head += "Content-Type: application/json\r\n"
    return head.encode() + b"\r\n" + body


class Connection:
    """One connection, opened when it is first needed and again after it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, data: bytes) -> tuple[int, bool]:
        """Send a request, read the answer to its end: its status, and whether it says when to come
        back. Status 0: no answer."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._streams
                writer.write(data)
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in lines
                    if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                return int(head[9:12]), any(line.startswith(b"retry-after:") for line in lines)
        except (OSError, EOFError, TimeoutError, StopIteration):
            self.close()
            return 0, False

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _closed(port: int, requests: Sequence[bytes], connections: int) -> Measured:
    measured = Measured()
    numbers = iter(range(len(requests)))
    opened = [Connection(port) for _ in range(connections)]
    warm = request("GET", "/health", b"")
    await asyncio.gather(*(connection.ask(warm) for connection in opened))
    begin = time.perf_counter()

    async def caller(connection: Connection) -> None:
        for number in numbers:
            sent = time.perf_counter()
            status, advised = await connection.ask(requests[number])
            measured.note(number, status, time.perf_counter() - sent, advised=advised)

    await asyncio.gather(*(caller(connection) for connection in opened))
    measured.seconds = time.perf_counter() - begin
    for connection in opened:
        connection.close()
    return measured


def closed_loop(port: int, requests: Sequence[bytes], connections: int) -> Measured:
    """Each connection sends its next request when the last is answered."""
    return asyncio.run(_closed(port, requests, connections))


def _many_files() -> None:
    """As many connections as the system lets one process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _open(port: int, requests: Sequence[bytes], rate: float) -> Measured:
    measured = Measured()
    free: list[Connection] = []
    begin = time.perf_counter()

    async def one(number: int) -> None:
        connection = free.pop() if free else Connection(port)
        sent = time.perf_counter()
        status, advised = await connection.ask(requests[number])
        measured.note(number, status, time.perf_counter() - sent, advised=advised)
        free.append(connection)

    async with asyncio.TaskGroup() as group:
        for number in range(len(requests)):
            wait = begin + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            group.create_task(one(number))
    measured.seconds = time.perf_counter() - begin
    for connection in free:
        connection.close()
    return measured


def open_loop(port: int, requests: Sequence[bytes], rate: float) -> Measured:
    """``rate`` requests a second are sent, whatever is answered: people do not wait for others."""
    _many_files()
    return asyncio.run(_open(port, requests, rate))
