"""The environment of the tests about secrets and manifests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.ground import Ground, standing_ground


@pytest.fixture(scope="module")
def plugin_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with standing_ground(tmp_path_factory.mktemp("ground")) as ground:
        yield ground


@pytest.fixture
def ground(plugin_state: Ground) -> Ground:
    """A real server with its neighbours, and a secret that no earlier test has used."""
    plugin_state.begin()
    return plugin_state
