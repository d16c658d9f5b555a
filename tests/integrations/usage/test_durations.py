"""Durations: how they are rounded, counted, and what percentiles come of them."""

import random

import pytest

from integrations.usage.durations import dump_durations, percentile_ms, round_duration, sum_durations


@pytest.mark.parametrize(
    ("duration_ms", "tenths"),
    [
        (0.0, "0"), (0.04, "0"), (0.05, "1"), (6.9678, "70"), (9.94, "99"), (9.96, "100"), (10.4, "100"),
        (10.5, "110"), (99.5, "1000"), (123.4, "1200"), (125.0, "1300"), (1949.0, "19000"), (29_999.0, "300000"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_to_two_digits(duration_ms, tenths):
    assert round_duration(duration_ms) == tenths


@pytest.mark.parametrize("seed", range(5))
def test_a_percentile_is_the_rounded_one_of_the_sorted_durations(seed):
    rnd = random.Random(seed)
    durations = [rnd.lognormvariate(4, 2) for _ in range(rnd.randrange(1, 300))]
    stored = [dump_durations(sum_durations([f'{{"{round_duration(one)}": 1}}'])) for one in durations]
    total = sum_durations([*stored, None])
    for percent in (1, 50, 95, 100):
        exact = sorted(durations)[-(-len(durations) * percent // 100) - 1]
        assert percentile_ms(total, percent) == int(round_duration(exact)) / 10
        assert percentile_ms(total, percent) == pytest.approx(exact, rel=0.05, abs=0.05)


def test_without_a_call_there_is_no_percentile():
    assert percentile_ms(sum_durations([None]), 50) is None
    assert dump_durations(sum_durations([])) is None
