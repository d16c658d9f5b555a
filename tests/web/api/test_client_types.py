"""The client's types are those of the API that this server describes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts.frontend import WORKSPACE, node_environment
from tests.conftest import Client

API_TYPES = WORKSPACE / "packages" / "client" / "src" / "api.ts"
GENERATOR = WORKSPACE / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


def test_the_types_of_the_client_are_those_of_the_document(client: Client, tmp_path: Path):
    environ = node_environment()
    assert environ is not None, "`make test` installs what this needs."
    document, made = tmp_path / "openapi.json", tmp_path / "api.ts"
    document.write_bytes(client.get("/openapi.json").data)
    command = ["node", str(GENERATOR), "--default-non-nullable=false", str(document), "-o", str(made)]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=120)
    assert made.read_text() == API_TYPES.read_text(), "The API has changed: run `make api-types`."
