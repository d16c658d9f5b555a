from __future__ import annotations

import logging
import threading

import pytest

from errors import TooManySignIns
from tests.web.conftest import Clock
from web.gate.attempts import MAX_ADDRESSES, Attempts, group_address, wait_seconds


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def fail(attempts: Attempts, address: str = "192.0.2.7") -> float:
    """A wrong token is tried; the seconds that it was told to wait."""
    try:
        attempts.begin(address)
    except TooManySignIns as error:
        return error.retry_after_seconds or 0.0
    attempts.end(address, is_right=False)
    return 0.0


@pytest.mark.parametrize(
    ("wrong", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (8, 8), (10, 32), (11, 60), (10_000, 60)]
)
def test_waits_double_up_to_the_longest(wrong: int, seconds: float):
    assert wait_seconds(wrong, 5, 60.0) == seconds


def test_after_five_wrong_ones_the_next_waits_and_a_right_one_is_taken_after_it(
    attempts: Attempts, clock: Clock
):
    assert [fail(attempts) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    with pytest.raises(TooManySignIns):
        attempts.begin("192.0.2.7")
    clock.now += 1
    attempts.begin("192.0.2.7")
    attempts.end("192.0.2.7", is_right=True)
    assert [fail(attempts) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_who_waits_is_not_counted_and_other_addresses_go_on(attempts: Attempts, clock: Clock):
    for _ in range(500):
        fail(attempts)
    assert fail(attempts, "192.0.2.8") == 0
    clock.now += 1
    assert [fail(attempts), fail(attempts)] == [0, 2]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_on_loopback_nobody_waits_long(attempts: Attempts, clock: Clock, address: str):
    for _ in range(100):
        clock.now += fail(attempts, address)
    assert fail(attempts, address) <= 5


def test_strangers_together_slow_each_other_but_not_this_machine(attempts: Attempts):
    assert [fail(attempts, f"192.0.2.{number}") for number in range(30)] == [0] * 30
    assert fail(attempts, "198.51.100.1") == 1
    assert fail(attempts, "127.0.0.1") == 0


def test_wrong_ones_are_forgotten_after_a_while_and_a_clock_set_back_locks_nobody_out(
    attempts: Attempts, clock: Clock
):
    for _ in range(12):
        clock.now += fail(attempts)
    clock.now -= 86_400
    assert fail(attempts) <= 60
    clock.now += 86_400 + 960
    assert [fail(attempts) for _ in range(5)] == [0] * 5


def test_many_at_once_gain_nothing(attempts: Attempts):
    gate, judged = threading.Barrier(20), []

    def try_one() -> None:
        gate.wait()
        try:
            attempts.begin("192.0.2.7")
        except TooManySignIns:
            return
        judged.append(1)

    threads = [threading.Thread(target=try_one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(judged) == 5


def test_addresses_are_kept_in_bounds(attempts: Attempts):
    attempts._all.free = 10**9
    for number in range(MAX_ADDRESSES + 50):
        fail(attempts, f"10.0.{number // 256}.{number % 256}")
    assert len(attempts._by_address) == MAX_ADDRESSES


def test_a_wrong_one_is_logged_with_its_address(attempts: Attempts, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    fail(attempts)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "A wrong token was given at sign-in from 192.0.2.7: 1 in a row.")
    ]


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, group: str):
    assert group_address(address) == group
