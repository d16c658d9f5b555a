"""How long an answer is good: the block's word, the endpoint's, the provider's, the default."""

import pytest

from integrations.calls import Headers
from integrations.freshness import Lifetime, State, Upstream, Wishes, decide_lifetime, read_upstream

NOW = 1_800_000_000.0
NOTHING = Wishes()


@pytest.mark.parametrize(
    ("block", "endpoint", "headers", "ttl"),
    [
        (Wishes(60), Wishes(30), {"Cache-Control": "max-age=10"}, 60),
        (NOTHING, Wishes(30), {"Cache-Control": "max-age=10"}, 30),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "MAX-AGE = 10"}, 10),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "4"}, 6),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=10", "Age": "40"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=ten"}, 0),
        (NOTHING, NOTHING, {"Cache-Control": "no-cache"}, 0),
        (NOTHING, NOTHING, {"Expires": "0"}, 0),
        (
            NOTHING,
            NOTHING,
            {"Expires": "Fri, 15 Jan 2027 08:01:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"},
            60,
        ),
        (NOTHING, NOTHING, {"Cache-Control": "max-age=5", "Expires": "Fri, 15 Jan 2038 08:00:00 GMT"}, 5),
        (NOTHING, NOTHING, {}, 300),
        (Wishes(0), Wishes(30), {}, 0),
        (Wishes(60), NOTHING, {"Cache-Control": "no-store"}, 60),
    ],
)
def test_the_ttl_is_the_first_that_is_said(block, endpoint, headers, ttl):
    upstream = read_upstream(Headers(tuple(headers.items())), NOW)
    lifetime = decide_lifetime(NOW, block, endpoint, upstream, 300)
    assert lifetime is not None
    assert lifetime.expires_at - NOW == ttl


def test_no_store_is_obeyed_where_the_manifest_says_nothing():
    assert decide_lifetime(NOW, NOTHING, NOTHING, Upstream(no_store=True), 300) is None


def test_must_revalidate_ends_the_provider_s_own_grace_but_not_the_manifest_s():
    upstream = Upstream(ttl_seconds=10, stale_if_error_seconds=50, must_revalidate=True)
    theirs = decide_lifetime(NOW, NOTHING, NOTHING, upstream, 300)
    ours = decide_lifetime(NOW, Wishes(stale_if_error_seconds=20), NOTHING, upstream, 300)
    assert theirs is not None and theirs.error_until == NOW + 10
    assert ours is not None and ours.error_until == NOW + 30


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
    assert Lifetime(NOW + 10, NOW + 15, NOW + 30).state_at(NOW + age) is state
