"""The same ballots under other rules, counted once for each publication and kept.

Counting may take longer than a reader waits, so it is done beside: a request waits a moment and
otherwise says that it is being done. The ballots are the published ones, by their listed hashes.
"""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from threading import Lock, Thread

from audit.comparison import opened_profile
from audit.label import unb64
from tally.comparison import Comparison, compare
from tally.election import Envelope
from tally.profile import Profile
from web.published import PublicationDamaged, Published


def published_profile(published: Published, envelope: Envelope) -> Profile:
    """The votes of an envelope, from the opened ballots of the publication."""
    return opened_profile(
        published.manifest.election,
        envelope,
        lambda path: published.read(path) if path in published.decided else None,
    )


def count_comparison(published: Published, envelope: Envelope) -> Comparison:
    """These ballots under every rule that can count them, the vote's own first.

    Raises PublicationDamaged when the vote's own rule does not fund what was published.
    """
    seed = unb64(published.results["lot_seed"], "results: lot_seed")
    comparison = compare(envelope, published_profile(published, envelope), seed)
    result = published.result(envelope.id)
    own = [each.winners for each in comparison.compared if each.own]
    if own != [tuple(result["winners"])]:
        raise PublicationDamaged(f"results: {envelope.id}: the ballots give other winners")
    return comparison


class Comparisons:
    """What was compared, or is being compared, by publication and contest; one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turn = Lock()
        self._kept: dict[tuple[bytes, str], Future[Comparison]] = {}

    def get(self, published: Published, envelope: Envelope, *, seconds: float) -> Comparison | None:
        """The comparison, None while it is still being counted after so many seconds.

        Raises what counting raised: TallyError, WebError.
        """
        key = (published.result_hash, envelope.id)
        with self._lock:
            future = self._kept.get(key)
            if future is None:
                future = self._kept[key] = Future()
                # A daemon: a service that is told to end does not wait for it.
                Thread(
                    target=self._count,
                    args=(future, published, envelope),
                    name=f"comparison of {envelope.id}",
                    daemon=True,
                ).start()
        try:
            return future.result(timeout=seconds)
        except NotYet:
            return None

    def _count(
        self, future: "Future[Comparison]", published: Published, envelope: Envelope
    ) -> None:
        try:
            with self._turn:
                future.set_result(count_comparison(published, envelope))
        except Exception as error:
            future.set_exception(error)
