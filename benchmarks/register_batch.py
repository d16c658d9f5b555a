"""Declaring 500 plugins of many kinds by one request, against reading, validating and compiling the same JSON alone."""

from __future__ import annotations

import copy
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from app import close_app, create_app
from benchmarks.report import Section, Target
from examples.catalog import load_examples
from integrations.manifests.compiling import compile_plugin
from schemas.api.plugins import BatchSchema, DeclarationSchema
from settings import load_settings
from web.api.json import parse_json

PLUGINS = 500
ROUNDS = 5
LIMIT = 3.0
TOKEN = "bench"


@dataclass(frozen=True, slots=True)
class Batch:
    """Medians in milliseconds: of new plugins, of the same ones declared again, and of the unavoidable work."""

    new_ms: float
    again_ms: float
    alone_ms: float

    @property
    def ratio(self) -> float:
        return self.new_ms / self.alone_ms


def declarations(first: int = 0) -> list[dict[str, Any]]:
    """As many plugins as people write: the examples in rotation, each as another provider's, numbered from `first`."""
    examples = load_examples()
    return [_another(examples[number % len(examples)], number) for number in range(first, first + PLUGINS)]


def _another(example: dict[str, Any], number: int) -> dict[str, Any]:
    plugin = copy.deepcopy(example)
    plugin |= {"id": f"{example['id']}-{number}", "name": f"{example['name']} {number}"}
    plugin["manifest"]["description"] += f" Number {number}."
    section = plugin["manifest"].get("integration", {})
    if section.get("base_url", "").startswith("https://"):
        section["base_url"] = section["base_url"].replace("https://", f"https://n{number}.", 1)
    return plugin


def measure() -> Batch:
    """Measures all three alternately, each round with a new data folder."""
    body = orjson.dumps({"plugins": declarations()})
    rounds = [_measure_round(body) for _ in range(ROUNDS)]
    new, again, alone = (statistics.median(times) for times in zip(*rounds, strict=True))
    return Batch(new, again, alone)


def _measure_round(body: bytes) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "PATCHBAY_INSTANCE": str(Path(folder)),
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_PREFETCH": "off",
        }
        app = create_app(load_settings(environ))
        try:
            return (
                _ms(lambda: _register(app, body, "registered")),
                _ms(lambda: _register(app, body, "unchanged")),
                _ms(lambda: _read_alone(body)),
            )
        finally:
            close_app(app)


def _register(app: Flask, body: bytes, outcome: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1:8765"}
    answer = app.test_client().post(
        "/api/v1/plugins/register-batch", data=body, headers=headers, content_type="application/json"
    )
    assert answer.json is not None
    assert answer.json[outcome] == PLUGINS, answer.json


def _read_alone(body: bytes) -> None:
    batch: Any = BatchSchema().load(parse_json(body))
    schema = DeclarationSchema()
    for declared in batch["plugins"]:
        plugin: Any = schema.load(declared)
        compile_plugin(plugin["id"], plugin["type"], plugin["manifest"])


def _ms(work: Callable[[], None]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def run() -> list[Section]:
    """The cost of 500 new plugins, and of 500 known ones."""
    batch = measure()
    figures = [
        f"new         {batch.new_ms:5.0f} ms",
        f"again       {batch.again_ms:5.0f} ms",
        f"read alone  {batch.alone_ms:5.0f} ms",
    ]
    targets = [Target("new ones, to reading alone", batch.ratio, LIMIT)]
    return [
        Section(f"{PLUGINS} plugins in a batch, against reading and checking the same JSON", figures, targets)
    ]


if __name__ == "__main__":
    print("\n".join(section.text() for section in run()))
