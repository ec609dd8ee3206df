"""The margins and decisive ties of sequential Phragmén, all in one walk through the count.

What they are is said in phragmen_margin.py, which also counts them where NumPy is missing. Here
they are found with the bounds of phragmen_accounts.py: a number of ballots is the least whole
number not below a quotient, and certain when the quotient, however it may be off, stays between
two whole numbers. Where it may be whole the exact comparison decides. Nothing near is ever given.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, Final

from tally.outcome import Margin
from tally.rules.phragmen_accounts import Accounts
from tally.rules.phragmen_ledger import Ledger
from tally.rules.phragmen_margin import ExactHurdles, Hurdles, lost
from tally.rules.phragmen_run import Race, Round
from tally.rules.phragmen_trial import Trial, Turn, waiting_places

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

MOST_WORK: Final = 4_000_000_000
"""Marks on ballots that pay for a winner, times winners: beyond, winners get no margin."""
LARGEST: Final = 1 << 50
"""Quotients from here on are worked out exactly: binary fractions hold no halves of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """The margins by place, where there are any, and which of the rounds with ties decided."""

    margins: dict[int, Margin]
    decisive: frozenset[int]


def few(winners: Sequence[int], marks: Sequence[int]) -> bool:
    """Whether winners get margins: the same on every machine. ``marks`` as ``touched`` counts."""
    return len(winners) * sum(marks[place] for place in winners) <= MOST_WORK


def plain(hurdles: ExactHurdles, marks: Sequence[int], ties: Iterable[int]) -> Nearness:
    """The margins of all, and which of the rounds in ``ties``, from 0, decided who wins, by
    phragmen_margin.py."""
    winners = frozenset(hurdles.course.winners)
    safe = few(hurdles.course.winners, marks)
    margins = {
        place: hurdles.winner(place) if place in winners else hurdles.loser(place)
        for place in range(len(hurdles.race.costs))
        if safe or place not in winners
    }
    return Nearness(margins=margins, decisive=frozenset(filter(hurdles.decisive, ties)))


def swift(hurdles: Hurdles, ledger: Ledger, ties: Iterable[int]) -> Nearness:
    """The same as ``plain``, faster. Needs NumPy."""
    race, rounds = hurdles.race, hurdles.course.rounds
    winners = frozenset(hurdles.course.winners)
    safe = few(hurdles.course.winners, ledger.touched())
    told = frozenset(ties)
    accounts = Accounts(ledger)
    waiting = waiting_places(ledger, hurdles.places)
    losers = _Losers(hurdles, ledger, [p for p in range(len(race.costs)) if p not in winners])
    margins: dict[int, Margin] = {}
    decisive: set[int] = set()
    for number, at in enumerate(rounds):
        if number in told and _decides(race, accounts, waiting, rounds[number:]):
            decisive.add(number)
        losers.look(accounts, at)
        waiting[at.place] = False
        if at.fits:
            if safe:
                margins[at.place] = Margin(
                    won=True, safe=_safe(hurdles, accounts.copy(), waiting.copy(), at)
                )
            accounts.buy(at.place, accounts.load(at.place))
    return Nearness(margins=margins | losers.margins(), decisive=frozenset(decisive))


def _decides(race: Race, accounts: Accounts, waiting: Any, rounds: Sequence[Round]) -> bool:
    """Whether another of the equal projects of the first of these rounds changes who wins."""
    before = {at.place for at in rounds if at.fits}
    for other in rounds[0].tied[1:]:
        trial = Trial(race, accounts.copy(), waiting.copy(), rounds[0].left, first=other)
        for _ in trial.turns():
            pass
        if set(trial.winners) != before:
            return True
    return False


def _safe(hurdles: Hurdles, accounts: Accounts, waiting: Any, at: Round) -> int:
    """How many ballots could stop naming a winner: the count goes on without it and asks, turn by
    turn, with how few it would have come before."""
    place, cost = at.place, hurdles.race.costs[at.place]
    own = hurdles.race.votes[place]
    most = own - hurdles.minimum
    trial = Trial(hurdles.race, accounts, waiting, at.left, least=cost)
    safe = 0
    for turn in trial.turns():
        if safe >= most:
            break
        about = accounts.asked_of(place, turn.load)
        if own - about * (1 - 4 * accounts.error) > safe:
            votes = _votes_before(hurdles, accounts, place, turn, about)
            safe = max(safe, own - max(hurdles.minimum, votes))
    return most if trial.ended and trial.left >= cost else safe


def _votes_before(
    hurdles: Hurdles, accounts: Accounts, place: int, turn: Turn | Round, about: Any
) -> int:
    """The least number of votes with which a project comes before a turn."""
    sure = _above(about, 4 * accounts.error * about)
    if sure is not None:
        return sure

    def precedes(votes: int) -> bool:
        sign = accounts.compare(place, votes, turn.place)
        if sign:
            return sign < 0
        key = hurdles.key(place, votes, hurdles.race.costs[place])
        return key < hurdles.race.keys[turn.place]

    return _least(precedes, max(1, floor(about)))


def _less_before(
    hurdles: Hurdles, accounts: Accounts, place: int, at: Round, about: Any, off: Any
) -> int:
    """How much cheaper a project has to be to come before a round, from 1: at least its cost if
    it never does."""
    sure = _above(about, off)
    if sure is not None:
        return sure
    votes, cost = hurdles.race.votes[place], hurdles.race.costs[place]

    def precedes(less: int) -> bool:
        if less >= cost:
            return True
        sign = accounts.compare(place, votes, at.place, less=less)
        if sign:
            return sign < 0
        return hurdles.key(place, votes, cost - less) < hurdles.race.keys[at.place]

    return _least(precedes, max(1, floor(about)))


def _least(true: Callable[[int], bool], guess: int) -> int:
    """The least number from 1 for which something is true that stays true; near ``guess``."""
    step = 1
    low, high = guess - 1, guess
    while not true(high):
        low, high, step = high, high + step, step * 2
    step = 1
    while low > 0 and true(low):
        low, high, step = max(0, low - step), low, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if true(middle):
            high = middle
        else:
            low = middle
    return high


def _above(value: Any, error: Any) -> int | None:
    """The least whole number not below a value, if all values within the error agree and none
    of them is whole."""
    low, high = value - error, value + error
    if not -LARGEST < low <= high < LARGEST:
        return None
    down = floor(low)
    return down + 1 if down == floor(high) and down != low else None


class _Losers:
    """The best numbers so far of all who do not win, and those whose turn has not come."""

    def __init__(self, hurdles: Hurdles, ledger: Ledger, places: Sequence[int]) -> None:
        costs, votes = hurdles.race.costs, hurdles.race.votes
        self._hurdles = hurdles
        self._places = places
        self._more: dict[int, int] = {}
        self._less = {place: costs[place] for place in places}
        self._best_more = np.full(ledger.rows, np.inf)
        self._best_less = ledger.costs.copy()
        self._ahead = np.zeros(ledger.rows, np.bool_)
        self._ahead[list(places)] = True
        self._buyable = self._ahead.copy()
        self._buyable[[place for place in places if hurdles.capped(place)]] = False
        self._counted = self._ahead.copy()
        self._counted[[p for p in places if votes[p] < hurdles.minimum]] = False

    def look(self, accounts: Accounts, at: Round) -> None:
        """With how many ballots more, or how much cheaper, each would come before this turn."""
        hurdles, ledger = self._hurdles, accounts.ledger
        if self._ahead[at.place]:
            self._ahead[at.place] = False
            self._cheaper(at.place, hurdles.least_less(at.place, at.left))
        error = 4 * accounts.error
        load = accounts.load(at.place)
        weight = ledger.costs + accounts.sums
        asked = accounts.asked(load)
        able = self._ahead & self._buyable & (ledger.costs <= at.left)
        # Not above what is needed: who cannot do better this time is not looked at.
        able &= asked * (1 - error) - ledger.votes < self._best_more
        for place in np.flatnonzero(able).tolist():
            own = hurdles.race.votes[place]
            votes = _votes_before(hurdles, accounts, place, at, asked[place])
            self._fewer(place, max(1, hurdles.minimum - own, votes - own))
        carried = ledger.votes * load
        over = weight - carried
        off = error * (weight + carried)
        able = self._ahead & self._counted & (over - off < self._best_less)
        able &= ledger.costs - at.left < self._best_less
        for place in np.flatnonzero(able).tolist():
            less = _less_before(hurdles, accounts, place, at, over[place], off[place])
            self._cheaper(place, max(hurdles.least_less(place, at.left), less))

    def _fewer(self, place: int, ballots: int) -> None:
        if place not in self._more or ballots < self._more[place]:
            self._more[place] = ballots
            self._best_more[place] = ballots
            if ballots == max(1, self._hurdles.minimum - self._hurdles.race.votes[place]):
                self._buyable[place] = False  # There is nothing less.

    def _cheaper(self, place: int, amount: int) -> None:
        if amount < self._less[place]:
            self._less[place] = amount
            self._best_less[place] = amount

    def margins(self) -> dict[int, Margin]:
        """The margins, once the count has been walked through."""
        found = {}
        for place in self._places:
            more, less = self._more.get(place), self._less[place]
            if self._ahead[place]:
                more, less = self._hurdles.at_the_end(place, more, less)
            found[place] = lost(more, less, self._hurdles.race.costs[place])
        return found
