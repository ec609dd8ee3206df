"""The window of a minute in which requests are counted."""

from hypothesis import given
from hypothesis import strategies as st

from web.limits import MINUTE, Windows


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_in_a_minute_and_then_when_to_come_back() -> None:
    clock = Clock()
    windows = Windows(clock)
    assert windows.hit("code", "a", 2) == 0
    clock.now += 20
    assert windows.full("code", "a", 2) == 0
    assert windows.hit("code", "a", 2) == 0
    assert windows.full("code", "a", 2) == windows.hit("code", "a", 2) == 41
    assert windows.hit("code", "b", 2) == windows.hit("other", "a", 2) == 0
    clock.now += 41
    assert windows.hit("code", "a", 2) == 0  # the first is over a minute ago
    assert windows.hit("code", "a", 2) == 20


def test_what_is_refused_is_not_counted() -> None:
    clock = Clock()
    windows = Windows(clock)
    for _ in range(5):
        windows.hit("code", "a", 1)
    clock.now += MINUTE
    assert windows.hit("code", "a", 1) == 0


def test_whoever_does_not_come_back_is_forgotten() -> None:
    clock = Clock()
    windows = Windows(clock)
    for number in range(1_000):
        windows.hit("code", f"household-{number}", 5)
        windows.full("code", f"guest-{number}", 5)
    assert len(windows) == 1_000
    clock.now += MINUTE
    windows.hit("code", "late", 5)
    clock.now += MINUTE
    windows.hit("code", "later", 5)
    assert len(windows) == 2
    clock.now += 5 * MINUTE
    windows.full("code", "guest", 5)
    assert len(windows) == 0


@given(waits=st.lists(st.floats(0, 50, allow_nan=False), max_size=60), per_minute=st.integers(1, 4))
def test_no_minute_ever_has_more(waits: list[float], per_minute: int) -> None:
    clock = Clock()
    windows = Windows(clock)
    taken: list[float] = []
    for wait in waits:
        clock.now += wait
        recent = sum(each > clock.now - MINUTE for each in taken)
        told = windows.hit("code", "a", per_minute)
        assert (told == 0) is (recent < per_minute)
        if told == 0:
            taken.append(clock.now)
        else:
            assert 1 <= told <= MINUTE + 1
            assert taken[-per_minute] + MINUTE - clock.now < told
