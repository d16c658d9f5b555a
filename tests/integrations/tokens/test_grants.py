"""The stored form of a grant, which later versions must read."""

from __future__ import annotations

from dataclasses import replace

import orjson

from integrations.tokens.grants import Grant, dump_grant, load_grant

STORED = {
    "access_token": "A-0123456789",
    "refresh_token": "R-0123456789",
    "bought_at": 1_800_000_000.0,
    "expires_at": 1_800_003_600.0,
    "ends_at": None,
    "connected_at": 1_700_000_000.0,
    "scopes": ["read", "write"],
    "client": "client-digest",
    "fingerprint": "settings-digest",
    "ended": False,
}
NEW = {"client_encoding": None}


def test_a_grant_of_an_earlier_version_is_read():
    grant = load_grant(orjson.dumps(STORED))
    assert (grant.acquired_at, grant.scopes) == (1_800_000_000.0, ("read", "write"))


def test_a_grant_is_stored_under_the_names_of_earlier_versions():
    assert orjson.loads(dump_grant(load_grant(orjson.dumps(STORED)))) == {**STORED, **NEW}


def test_a_grant_is_the_same_after_it_was_stored():
    grant: Grant = replace(load_grant(orjson.dumps(STORED)), refresh_token=None, expires_at=None, ended=True)
    assert load_grant(dump_grant(grant)) == grant
