"""What a caller is told when the time of a call is over."""

from __future__ import annotations

import pytest

from errors import DeadlineExceeded
from integrations.egress.deadline import CallDeadline


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1.5, "The provider did not answer within 1.5 seconds."),
        (0, "No time was left to call the provider."),
        (-1.79, "No time was left to call the provider."),
    ],
)
def test_a_call_without_time_is_not_the_provider_s_fault(seconds: float, told: str):
    clock = iter((100.0, 102.0))
    with pytest.raises(DeadlineExceeded) as caught:
        CallDeadline(seconds, lambda: next(clock)).remaining_seconds()
    assert caught.value.detail == told
