"""Hostile manifests are accepted or refused by field, in bounded time; accepted ones break nothing later."""

from __future__ import annotations

import cProfile
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from typing import Any

import orjson
import pytest

from errors import Invalid, SettingsIncomplete
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits, build_call
from integrations.json.json_limits import SizeLimits, measure_value
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.model import Integration
from integrations.rendering.inputs import bind_inputs
from plugin_store.settings.properties import check_values, effective_config, properties_of
from tests.security.hostile_manifests import good_manifests, hostile_manifests, hostile_value

SHARDS = range(20)
MANIFESTS_A_SHARD = 500
# Calls of functions, which are the same on every machine. A good manifest of 300 values takes 15,000.
STEPS = 50_000
STEPS_A_VALUE = 300
STEPS_A_CHARACTER = 5
# The average step takes four times as long as the fastest ones. Counting triples the time, so what cannot have taken
# too many steps is not counted.
FASTEST_STEPS = 1 / 4
NOW = 1_800_000_000.0
KINDS: dict[str, Callable[[random.Random], Any]] = {
    "string": lambda rng: rng.choice(["", "x", "..", "a/b", "ü", "\r\n", "\0", "{x}", "http://127.0.0.1/", "a" * 500]),
    "integer": lambda rng: rng.choice([0, -1, 5.0, 2**53 - 1, 10**30]),
    "number": lambda rng: rng.choice([0.5, -1, 1e308]),
    "boolean": lambda rng: rng.random() < 0.5,
    "array": lambda rng: rng.choice([[], ["x", 1, None], [[["y"]]]]),
    "object": lambda rng: rng.choice([{}, {"a": {"b": None}}]),
}  # fmt: skip


def outcome_of(work: Callable[[], Any]) -> Any:
    """What comes of the work, or the error by field."""
    try:
        return work()
    except Invalid as error:
        return error


def steps_of(work: Callable[[], Any]) -> int:
    """How many functions the work calls."""
    profile = cProfile.Profile()
    profile.runcall(outcome_of, work)
    return sum(entry.callcount for entry in profile.getstats())


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What comes of the work, and its processor time."""
    started = time.thread_time()
    outcome = outcome_of(work)
    return outcome, time.thread_time() - started


def least_seconds_a_step() -> float:
    """What a step takes at the least on this machine at this time, by what it takes in good manifests."""
    works = [partial(compile_plugin, "good", "integration", manifest) for manifest in good_manifests()[:3]]
    steps = sum(map(steps_of, works))
    return FASTEST_STEPS * sum(min(timed(work)[1] for _ in range(3)) for work in works) / steps


def assert_bounded(work: Callable[[], Any], steps: int, least_seconds: float, where: str) -> None:
    """Fails when the work takes more steps."""
    if all(timed(work)[1] > least_seconds for _ in range(2)):
        assert steps_of(work) <= steps, where


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SHARDS)
def test_a_hostile_manifest_is_compiled_or_refused_by_field_in_bounded_work(seed: int):
    taken, least_seconds = 0, least_seconds_a_step()
    for number, manifest in enumerate(hostile_manifests(seed, MANIFESTS_A_SHARD)):
        where = f"manifest {number} of seed {seed}"
        size = measure_value(manifest, SizeLimits(depth=100_000))
        permitted = STEPS + STEPS_A_VALUE * size.nodes + STEPS_A_CHARACTER * size.characters
        work = partial(compile_plugin, "hostile", "integration", manifest)
        result, seconds = timed(work)
        if seconds > permitted * least_seconds:
            assert_bounded(work, permitted, permitted * least_seconds, where)
        if isinstance(result, Invalid):
            assert result.errors, where
            assert all(messages and all(messages) for messages in result.errors.values()), where
            continue
        taken += 1
        use(result, manifest, random.Random(number))
    # A fuzzer whose every manifest is refused would test the front door alone.
    assert taken > MANIFESTS_A_SHARD // 10


def use(integration: Integration, manifest: Mapping[str, Any], rng: random.Random) -> None:
    """All that happens to a manifest once it is registered, short of sending; only the known failures may come of it."""
    specs = properties_of(manifest)
    given = {
        spec.name: some_value(rng, spec.type) for spec in specs if not spec.secure and rng.random() < 0.8
    }
    check_values(specs, given)
    config = effective_config(specs, given)
    # As the store would never give them, too: a setting that is of another type than declared.
    for settings in (config, given, {name: hostile_value(rng) for name in given}):
        integration.destinations(settings)
    secrets = {spec.name: rng.choice(["K", "k:y", "k\r\n", "ü", ""]) for spec in specs if spec.secure}
    tokens = {"access_token": "T", "session_token": "T", "login.a": "x"}
    required = frozenset(spec.name for spec in specs if spec.required)
    times = {name: when.value_at(NOW, UTC) for name, when in integration.times.items()}
    values = Values(config | times, secrets, required, tokens if integration.token else {})
    for endpoint in integration.endpoints.values():
        parameters = {
            item.name: some_value(rng, item.value.type) for item in endpoint.parameters if rng.random() < 0.8
        }
        for chosen in (parameters, {}):
            try:
                bound = bind_parameters(endpoint, chosen, values)
                build_call(integration, endpoint, bound, values, Limits(), NOW)
            except (Invalid, SettingsIncomplete) as error:
                assert error.errors, error.detail
    for block in integration.blocks.values():
        inputs = {item.name: some_value(rng, item.type) for item in block.inputs}
        try:
            bind_inputs(block, {**inputs, "url": "https://example.test/a/1"}, config | times)
        except Invalid as error:
            assert error.errors


def some_value(rng: random.Random, kind: str | None) -> Any:
    if rng.random() < 0.1:
        return hostile_value(rng)
    return KINDS[kind or rng.choice(sorted(KINDS))](rng)


def as_json(manifest: Any) -> Any | None:
    """The manifest as it comes out of a body; None where JSON cannot carry it."""
    try:
        return orjson.loads(orjson.dumps(manifest))
    except (TypeError, orjson.JSONDecodeError):
        return None


@pytest.mark.timeout(300)
def test_hostile_manifests_over_the_api_are_kept_or_refused_one_by_one(client):
    manifests = [manifest for item in hostile_manifests(1000, 400) if (manifest := as_json(item)) is not None]
    assert len(manifests) > 300
    declarations = [
        {
            "id": f"hostile-{number}",
            "name": "H",
            "version": "1.0.0",
            "type": "integration",
            "manifest": manifest,
        }
        for number, manifest in enumerate(manifests)
    ]
    kept = 0
    for start in range(0, len(declarations), 50):
        batch = declarations[start : start + 50]
        answer = client.post("/plugins/register-batch", {"plugins": batch})
        # A body that is nested too deeply is refused as a whole; then each is asked for by itself.
        if answer.status_code == 200:
            results = answer.json["results"]
            assert [result["id"] for result in results] == [item["id"] for item in batch]
            assert all(result["registered"] or result["errors"] for result in results)
            kept += sum(result["registered"] for result in results)
            continue
        assert answer.status_code == 400
        for item in batch:
            alone = client.post("/plugins/register-batch", {"plugins": [item]})
            assert alone.status_code in (200, 400)
            kept += alone.status_code == 200 and alone.json["registered"] + alone.json["updated"]
    assert kept > 30
    assert client.get("/integrations").status_code == 200
    for item in declarations:
        assert client.get(f"/integrations/{item['id']}").status_code in (200, 404)
        assert client.get(f"/integrations/{item['id']}/config").status_code in (200, 404)
