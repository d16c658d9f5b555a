"""When a token ends, in every way in which providers say it."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.tokens.expiry import MAX_LIFE_SECONDS, expires_after, expires_at

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("seconds", "life"),
    [
        (3600, 3600), ("3600", 3600), (" 60 ", 60), (1.5, 1.5), ("1e3", 1000), (10**30, MAX_LIFE_SECONDS),
        (0, None), (-1, None), ("", None), ("soon", None), (None, None), (True, None), ([], None), ({}, None),
        (float("nan"), None), (float("inf"), None), ("nan", None), (10**400, None),
    ],
)  # fmt: skip
def test_a_life_in_seconds(seconds: Any, life: float | None):
    assert expires_after(seconds, NOW) == (None if life is None else NOW + life)


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        (NOW + 60, 60), (str(int(NOW) + 60), 60), ((NOW + 60) * 1000, 60), (str(int((NOW + 60) * 1000)), 60),
        ("2027-01-15T08:01:00Z", 60), ("2027-01-15T08:01:00", 60), ("2027-01-15T09:01:00+01:00", 60),
        ("2027-01-15T08:01:00.0000000Z", 60), ("2027-01-15 08:01:00", 60), ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
        (NOW - 60, None), ("2020-01-01", None), (NOW, None), (10**25, MAX_LIFE_SECONDS),
        ("", None), ("tomorrow", None), (None, None), (True, None), ([], None), ("9999-99-99", None),
    ],
)  # fmt: skip
def test_a_moment(moment: Any, after: float | None):
    found = expires_at(moment, NOW)
    assert found == (None if after is None else pytest.approx(NOW + after, abs=1e-3))
