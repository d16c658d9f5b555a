"""Stories of the notebook share one server; each has a workspace of its own."""

from __future__ import annotations

import pytest

from examples.sandbox import Sandbox
from tests.conftest import RunningServer


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    return shared_sandbox


@pytest.fixture
def patchbay(shared_patchbay: RunningServer) -> RunningServer:
    return shared_patchbay
