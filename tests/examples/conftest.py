"""A sandbox for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.sandbox import Sandbox
from tests.examples.asking import GENEROUS_SECONDS


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lifetime_seconds=GENEROUS_SECONDS) as running:
        yield running
