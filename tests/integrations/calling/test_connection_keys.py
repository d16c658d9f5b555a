"""Whose connections a call may use: those of the same workspace, plugin and credentials."""

from __future__ import annotations

import pytest

from integrations.calling.connection_keys import connection_key
from integrations.egress.messages import DigestLogin, PreparedCall


def key_of(*secrets: str, workspace_id: int = 1, plugin_id: str = "svc", digest: DigestLogin | None = None):
    call = PreparedCall("GET", "https://api.test/", secrets=frozenset(secrets), digest=digest)
    return connection_key(workspace_id, plugin_id, call)


def test_the_same_owner_has_the_same_key_whatever_the_order_of_its_secrets():
    assert key_of("a", "b") == key_of("b", "a")


OTHERS = {
    "another workspace": key_of("ab", "c", workspace_id=2),
    "another plugin": key_of("ab", "c", plugin_id="svc2"),
    "a plugin and a workspace that read alike": key_of("ab", "c", workspace_id=11, plugin_id="vc"),
    "other credentials": key_of("ab", "d"),
    "credentials that join to the same text": key_of("a", "bc"),
    "fewer credentials": key_of("abc"),
    "no credentials": key_of(),
    "a digest login": key_of("ab", "c", digest=DigestLogin("u", "p")),
    "another digest login": key_of("ab", "c", digest=DigestLogin("up", "")),
    "what no encoding holds": key_of("\ud800"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_owner_has_another_key(other: str):
    everybody = [key_of("ab", "c"), *OTHERS.values()]
    assert everybody.count(OTHERS[other]) == 1


def test_a_key_tells_nothing_of_the_credentials():
    assert len(key_of("a secret")) == 16
    assert b"a secret" not in key_of("a secret")
