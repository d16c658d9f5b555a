"""The targets of the fuzzing hold for their seeds, and for seeds that are cut and joined."""

from __future__ import annotations

import importlib
import random

import pytest

from fuzz.target_names import TARGETS

MUTATIONS = 15


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds_and_what_is_near_them(name: str):
    target, rng = importlib.import_module(f"fuzz.targets.{name}"), random.Random(7)
    seeds = [seed for seed in target.SEEDS if len(seed) < 20_000]
    for seed in seeds[:20]:
        target.check(seed)
    for _ in range(MUTATIONS):
        one, other = rng.choice(seeds), rng.choice(seeds)
        target.check(one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :])
