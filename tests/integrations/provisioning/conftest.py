from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.integrations.provisioning.setups import Ground


@pytest.fixture
def ground(app: Flask, tmp_path: Path) -> Ground:
    return Ground(app, tmp_path / "setup", {})
