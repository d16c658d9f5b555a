"""The freshness lifetime: from the block, the endpoint, the provider, the default."""

import pytest

from integrations.caching.freshness import (
    RENEWABLE_SECONDS,
    Freshness,
    State,
    Upstream,
    decide_freshness,
    read_upstream,
)
from integrations.egress.messages import Headers
from integrations.manifests.freshness_policy import FreshnessPolicy

NOW = 1_800_000_000.0
NOTHING = FreshnessPolicy()


@pytest.mark.parametrize(
    ("block", "endpoint", "headers", "ttl"),
    [
        (FreshnessPolicy(60), FreshnessPolicy(30), {"Cache-Control": "max-age=10"}, 60),
        (NOTHING, FreshnessPolicy(30), {"Cache-Control": "max-age=10"}, 30),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "MAX-AGE = 10"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "4"}, 6),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "40"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=ten"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "4, 9"}, 6),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "-4"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": 'max-age="10"'}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10, max-age=20"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10, s-maxage=20"}, 20),
        (NOTHING, NOTHING, {"Cache-Control": "private, max-age=10, s-maxage=20"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "private"}, 300),
        (NOTHING, NOTHING, {"Cache-Control": 'private="Set-Cookie", max-age=10'}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "no-cache"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": "no-cache, max-age=10"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": 'no-cache="Set-Cookie, no-store", max-age=10'}, 10),
        (NOTHING, FreshnessPolicy(30), {"Cache-Control": "no-cache"}, 30),
        (NOTHING, NOTHING, {"Last-Modified": "Fri, 15 Jan 2010 08:00:00 GMT"}, 300),
        (NOTHING, NOTHING, {"Vary": "Accept, Authorization", "Cache-Control": "max-age=10"}, 10),
        (NOTHING, FreshnessPolicy(30), {"Vary": "*"}, 30),
        (NOTHING, NOTHING, {"Expires": "0"}, 0),
        (
            NOTHING,
            NOTHING,
            {"Expires": "Fri, 15 Jan 2027 08:01:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"},
            60,
        ),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=5", "Expires": "Fri, 15 Jan 2038 08:00:00 GMT"}, 5),
        (NOTHING, NOTHING, {}, 300),
        (FreshnessPolicy(0), FreshnessPolicy(30), {}, 0),
        (FreshnessPolicy(60), NOTHING, {"Cache-Control": "no-store"}, 60),
    ],
)
def test_the_ttl_is_the_first_that_is_said(block, endpoint, headers, ttl):
    upstream = read_upstream(Headers(tuple(headers.items())), NOW)
    freshness = decide_freshness(NOW, block, endpoint, upstream, 300)
    assert freshness is not None
    assert freshness.expires_at - NOW == ttl


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "max-age=10, NO-STORE"},
        {"Cache-Control": 'private="a, b" , no-store'},
        {"Vary": "*"},
        {"Vary": "Accept, *", "Cache-Control": "max-age=10"},
        {"Vary": "Accept, X-Signed-At", "Cache-Control": "max-age=10"},
    ],
)
def test_what_must_not_be_used_again_is_not_kept_where_the_manifest_says_nothing(headers):
    upstream = read_upstream(Headers(tuple(headers.items())), NOW, {"x-signed-at"})
    assert decide_freshness(NOW, NOTHING, NOTHING, upstream, 300) is None
    assert decide_freshness(NOW, FreshnessPolicy(5), NOTHING, upstream, 300) is not None


@pytest.mark.parametrize("word", ["must-revalidate", "proxy-revalidate", "no-cache"])
@pytest.mark.parametrize("ttl", [None, 10])
def test_must_revalidate_ends_the_provider_s_own_grace_but_not_the_manifest_s(word, ttl):
    said = f"max-age=10, stale-if-error=50, stale-while-revalidate=40, {word}"
    upstream = read_upstream(Headers((("Cache-Control", said),)), NOW)
    theirs = decide_freshness(NOW, FreshnessPolicy(ttl), NOTHING, upstream, 300)
    ours = decide_freshness(NOW, FreshnessPolicy(ttl, 15, 20), NOTHING, upstream, 300)
    assert theirs is not None and theirs.stale_until == theirs.expires_at
    assert ours is not None and ours.revalidate_until == ours.expires_at + 15
    assert ours.error_until == ours.expires_at + 20


def test_the_provider_s_own_grace_counts_where_the_manifest_gives_none():
    said = (("Cache-Control", "max-age=10, stale-while-revalidate=40, stale-if-error=50"),)
    freshness = decide_freshness(
        NOW, FreshnessPolicy(20), FreshnessPolicy(5, None, 7), read_upstream(Headers(said), NOW), 300
    )
    assert freshness == Freshness(NOW + 20, NOW + 60, NOW + 27)


def test_what_has_a_validator_is_kept_beyond_its_use():
    plain = decide_freshness(NOW, FreshnessPolicy(0), NOTHING, Upstream(), 300)
    renewable = decide_freshness(NOW, FreshnessPolicy(0), NOTHING, Upstream(), 300, is_renewable=True)
    assert plain is not None and plain.kept_until == NOW
    assert renewable is not None and renewable.kept_until == NOW + RENEWABLE_SECONDS
    assert (renewable.stale_until, renewable.state_at(NOW)) == (NOW, State.UNCONFIRMED)
    assert renewable.state_at(NOW + RENEWABLE_SECONDS) is State.GONE


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, State.FRESH),
        (9.9, State.FRESH),
        (10, State.REVALIDATE),
        (14.9, State.REVALIDATE),
        (15, State.IF_ERROR),
        (29, State.IF_ERROR),
        (30, State.GONE),
    ],
)
def test_states_follow_each_other(age, state):
    assert Freshness(NOW + 10, NOW + 15, NOW + 30).state_at(NOW + age) is state
