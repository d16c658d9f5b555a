"""The benchmarks compare like with like."""

import pytest

from benchmarks.build_request import CASES, Case, both_ways
from benchmarks.measuring import Comparison


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_ways_make_the_same_request(case: Case):
    ours, theirs = both_ways(case)
    assert ours().method == theirs().method


def test_a_limit_is_met_below_it_only():
    assert Comparison("", 1.0, 2.0, 1.0).is_met
    assert not Comparison("", 2.0, 2.0, 1.0).is_met
