"""A manifest is compiled, or refused with errors by field."""

from __future__ import annotations

import orjson

from errors import Invalid
from integrations.manifests.compiling import compile_plugin
from settings import ROOT

SEEDS = [path.read_bytes() for path in sorted((ROOT / "examples" / "plugins").glob("*.json"))]


def check(data: bytes) -> None:
    try:
        declared = orjson.loads(data)
    except ValueError:
        return
    manifest = declared.get("manifest", declared) if isinstance(declared, dict) else None
    if not isinstance(manifest, dict):
        return
    try:
        compile_plugin("fuzzed", "integration", manifest)
    except Invalid as error:
        assert error.errors
        assert all(path.startswith("manifest") and messages for path, messages in error.errors.items())
