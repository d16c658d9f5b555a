"""Of which time spans means are made."""

from __future__ import annotations

import pytest

from integrations.history.series import bucket_seconds

DAY = 86400


@pytest.mark.parametrize(
    ("span", "points", "seconds"),
    [
        (0, 300, 1),
        (299, 300, 1),
        (300, 300, 2),
        (3600, 300, 15),
        (DAY, 300, 300),
        (7 * DAY, 300, 3600),
        (30 * DAY, 300, 3 * 3600),
        (400 * DAY, 300, 2 * DAY),
        (400 * DAY, 2, 400 * DAY),
        (-5, 10, 1),
    ],
)
def test_spans_are_usual_ones(span: int, points: int, seconds: int) -> None:
    assert bucket_seconds(1_800_000_000, 1_800_000_000 + span, points) == seconds


@pytest.mark.parametrize("points", [1, 2, 3, 10, 299, 300, 2000])
@pytest.mark.parametrize("span", [1, 59, 3600, 86399, 30 * DAY, 400 * DAY + 1])
@pytest.mark.parametrize("start", [1_799_999_999, 1_800_000_000, 1_800_000_777])
def test_no_more_of_them_are_touched_than_points(start: int, span: int, points: int) -> None:
    seconds = bucket_seconds(start, start + span, points)
    assert (start + span) // seconds - start // seconds + 1 <= points
