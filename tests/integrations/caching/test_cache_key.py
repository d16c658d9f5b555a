"""What changes the cache key of a render, and what does not."""

import pytest

from integrations.caching.cache_key import KeyPrefix
from integrations.json.canonical_json import canonical_json, digest

BASE = {
    "kind": "block",
    "workspace_id": 1,
    "plugin_id": "weather",
    "declaration_digest": "d1",
    "inputs": {"place": "Oslo", "days": 5},
    "config": {"units": "metric"},
    "secret_revisions": {"api_key": "r1"},
}


def artifact_key(inputs, **frame):
    return KeyPrefix(**frame).key(inputs)


@pytest.mark.parametrize(
    "other",
    [
        {"inputs": {"days": 5, "place": "Oslo"}},
        {"inputs": {"place": "Oslo", "days": 5.0}},
    ],
)
def test_the_same_question_has_the_same_key(other):
    assert artifact_key(**BASE) == artifact_key(**{**BASE, **other})


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "endpoint"},
        {"workspace_id": 2},
        {"plugin_id": "weather-2"},
        {"declaration_digest": "d2"},
        {"inputs": {"place": "Oslo", "days": 6}},
        {"inputs": {"place": "Oslo", "days": "5"}},
        {"inputs": {"place": "Oslo"}},
        {"config": {"units": "imperial"}},
        {"secret_revisions": {"api_key": "r2"}},
        {"secret_revisions": {}},
    ],
)
def test_another_question_has_another_key(other):
    assert artifact_key(**BASE) != artifact_key(**{**BASE, **other})


def test_numbers_beyond_double_precision_stay_apart():
    assert canonical_json({"n": 2**60}) != canonical_json({"n": 2**60 + 1})


def test_a_key_is_the_digest_of_one_canonical_json():
    assert artifact_key(**BASE) == digest(
        {
            "kind": "block",
            "workspace": 1,
            "plugin": "weather",
            "declaration": "d1",
            "inputs": {"place": "Oslo", "days": 5},
            "config": {"units": "metric"},
            "secrets": {"api_key": "r1"},
        }
    )


def test_one_frame_makes_the_keys_of_many_questions():
    base = dict(BASE)
    base.pop("inputs")
    frame = KeyPrefix(**base)
    keys = [frame.key({"days": days}) for days in (1, 2, 1)]
    assert keys[0] == keys[2] != keys[1]
