"""Which numbers a process of the service tells, and when it is ready."""

from collections.abc import Callable, Mapping

from audit.manifest import Manifest
from ballot.registrar import Registrar
from ballot.store.boxtransaction import Head
from web.office.folder import ElectionFolder
from web.office.parts import DISK_FLOOR, Intake, free_bytes
from web.telemetry import Gauge, Telemetry


def telemetry_of(
    folder: ElectionFolder,
    manifest: Manifest,
    registrars: Mapping[str, Registrar],
    intake: Intake | None,
) -> Telemetry:
    """The telemetry of a process with these parts."""
    gauges: list[Gauge] = []
    checks: dict[str, Callable[[], bool]] = {}
    if registrars:
        gauges.append(
            Gauge(
                name="scrutin_credentials_issued",
                meaning="Credentials issued, by all issuers of this process",
                read=lambda: _issued(registrars),
            )
        )
        checks["registrar database"] = lambda: _issued(registrars) >= 0
    if intake is not None:
        box, store = intake["box"], intake["store"]

        def head() -> Head:
            with store.reading() as transaction:
                return transaction.head()

        def waiting() -> int:
            with store.reading() as transaction:
                return transaction.pending_count()

        gauges += [
            Gauge(
                name="scrutin_log_entries",
                meaning="Entries committed to the log",
                read=lambda: head().size,
            ),
            Gauge(
                name="scrutin_log_signed",
                meaning="Entries that a signed checkpoint covers",
                read=lambda: head().signed_size,
            ),
            Gauge(
                name="scrutin_ballots_waiting",
                meaning="Ballots that wait for a batch",
                read=waiting,
            ),
            Gauge(
                name="scrutin_disk_free_bytes",
                meaning="Free on the box's disk",
                read=lambda: free_bytes(folder),
            ),
        ]
        checks["box"] = lambda: box.running
        checks["second copy"] = lambda: box.kept_twice
        checks["box database"] = lambda: head().size >= 0
        checks["disk"] = lambda: free_bytes(folder) >= DISK_FLOOR
    return Telemetry(interval=float(manifest.box.batch_seconds), gauges=gauges, checks=checks)


def _issued(registrars: Mapping[str, Registrar]) -> int:
    return sum(sum(each.issued_counts().values()) for each in registrars.values())
