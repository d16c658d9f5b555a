"""What the tests of the integrations share."""

from collections.abc import Iterator

import pytest

from tests.integrations.calling.wire import Recorder, recorder


@pytest.fixture(scope="session")
def wire() -> Iterator[Recorder]:
    """A provider on a raw socket, and what sends calls to it."""
    with recorder() as made:
        yield made
