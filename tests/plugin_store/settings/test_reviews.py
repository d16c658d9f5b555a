"""Reviews: a secret never follows a manifest to a new destination, unless a user accepts that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from errors import Conflict
from plugin_store.settings.secret_destinations import follows_config, is_locked
from plugin_store.vault.destinations import Destination
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Store
from tests.plugin_store.manifests import WEATHER_PROPERTIES, destination, weather

SECRET = "k-3v9Qs7w1Zp5"
EXAMPLE = destination()
EVIL = destination(origin="https://evil.example:443")
BY_HOST = "https://{host}/v1"


@pytest.fixture
def entered(store: Store) -> Store:
    """The weather plugin with a secret for api.example.com."""
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    return store


def declare(store: Store, base_url: str = "https://api.example.com/v1", **integration: Any) -> None:
    manifest = {"integration": {"base_url": base_url, **integration}, "properties": WEATHER_PROPERTIES}
    store.registry.register(weather(manifest=manifest))


def status(store: Store, scope: Any = WORKSPACE) -> str | None:
    return store.configs.get_secret("weather", scope, "api_key").status


H_A, H_B = destination("h", "https://a:1"), destination("h", "https://b:1")
OPEN = destination("h", None, template="https://{x}")
ELSEWHERE = destination("h", None, template="https://{x}.evil")


@pytest.mark.parametrize(
    ("current", "bound_to", "locked"),
    [
        ([], [], False),
        ([], [H_A], False),
        ([H_A], [H_A], False),
        ([H_A], [H_A, H_B], False),
        ([H_A], [], True),
        ([H_A, H_B], [H_A], True),
        ([destination("h", "https://a:10")], [H_A], True),
        ([destination("h", "https://a:1", "query")], [H_A], True),
        ([destination("h2", "https://a:1")], [H_A], True),
        ([replace(H_A, request="login")], [H_A], True),
        ([H_A], [replace(H_A, name=None)], False),
        ([H_B], [replace(H_A, name=None)], True),
        ([OPEN], [H_A], False),
        ([OPEN, H_B], [H_A], True),
        # A name that spells what a joined text would part with is a name.
        ([destination("k@unresolved:", "https://b:1", "query")], [H_A], True),
        ([destination("k@https://a:1", "https://b:1")], [H_A, destination("k", "https://a:1")], True),
    ],
)
def test_what_locks_a_secret(current: list[Destination], bound_to: list[Destination], locked: bool) -> None:
    assert is_locked(current, bound_to) is locked


@pytest.mark.parametrize(
    ("bound_to", "before", "follows"),
    [
        ([OPEN], [OPEN], True),
        ([OPEN], [ELSEWHERE], False),
        ([OPEN], [OPEN, H_A], False),
        ([OPEN, H_A], [OPEN], False),
        ([replace(OPEN, name=None)], [OPEN], True),
        ([H_A], [H_A], False),
        ([destination("k@unresolved:", "https://a:1")], [destination("k@unresolved:", "https://a:1")], False),
        ([], [], False),
    ],
)
def test_what_follows_a_setting(
    bound_to: list[Destination], before: list[Destination], follows: bool
) -> None:
    assert follows_config(bound_to, before) is follows


def test_an_unchanged_destination_needs_no_review(entered: Store) -> None:
    declare(entered, "https://api.example.com/v2/other")
    assert status(entered) == "ok"
    assert entered.reviews.review_of("weather", 1) is None


@pytest.mark.parametrize(
    ("base_url", "new"),
    [
        ("https://evil.example", EVIL),
        (
            "https://api.example.com.evil.example",
            destination(origin="https://api.example.com.evil.example:443"),
        ),
        ("http://api.example.com:443", destination(origin="http://api.example.com:443")),
        ("https://api.example.com:8443", destination(origin="https://api.example.com:8443")),
    ],
)
def test_another_origin_locks_the_secret(entered: Store, base_url: str, new: Destination) -> None:
    declare(entered, base_url)
    assert status(entered) == "locked"
    review = entered.reviews.review_of("weather", 1)
    assert review == {
        "reason": "api_key would be sent to another origin than it was entered for.",
        "old": [EXAMPLE.as_shown()],
        "new": [new.as_shown()],
    }
    assert entered.vault.open_secret(1, "weather", "api_key").bound_to == (EXAMPLE,)


def test_another_placement_locks_the_secret(entered: Store) -> None:
    declare(entered, place="query")
    review = entered.reviews.review_of("weather", 1)
    assert review is not None
    assert (
        review["reason"] == "api_key would be sent in another place of the request than it was entered for."
    )


def test_a_manifest_that_returns_ends_the_review(entered: Store) -> None:
    declare(entered, "https://evil.example")
    declare(entered)
    assert (status(entered), entered.reviews.review_of("weather", 1)) == ("ok", None)


def test_accepting_lets_the_secret_go_there_and_only_there(entered: Store) -> None:
    declare(entered, "https://evil.example")
    assert entered.reviews.decide("weather", WORKSPACE, accept=False) is not None
    assert status(entered) == "locked"
    assert entered.reviews.decide("weather", WORKSPACE, accept=True) is None
    opened = entered.vault.open_secret(1, "weather", "api_key")
    assert (opened.value, opened.bound_to) == (SECRET, (EVIL,))
    declare(entered)
    assert status(entered) == "locked"
    assert entered.reviews.decide("weather", WORKSPACE, accept=True) is None
    assert entered.reviews.decide("weather", WORKSPACE, accept=True) is None


def test_accepting_what_was_not_looked_at_is_a_conflict(entered: Store) -> None:
    declare(entered, "https://evil.example")
    with pytest.raises(Conflict):
        entered.reviews.decide("weather", WORKSPACE, accept=True, seen=[EXAMPLE])
    assert status(entered) == "locked"
    assert entered.reviews.decide("weather", WORKSPACE, accept=True, seen=[EVIL]) is None


def test_entering_the_secret_again_ends_the_review(entered: Store) -> None:
    declare(entered, "https://evil.example")
    entered.configs.replace_config("weather", WORKSPACE, {"api_key": "for the new place"})
    assert (status(entered), entered.reviews.review_of("weather", 1)) == ("ok", None)


def test_an_unreadable_secret_is_entered_again_and_not_accepted(entered: Store) -> None:
    entered.execute("UPDATE plugin_secrets SET ciphertext = 'lost'")
    declare(entered, "https://evil.example")
    assert status(entered) == "unreadable"
    assert entered.reviews.decide("weather", WORKSPACE, accept=True) is None
    assert entered.rows("SELECT ciphertext, bound_to FROM plugin_secrets") == [
        ("lost", orjson.dumps([EXAMPLE.as_row()]).decode())
    ]


def test_a_secret_entered_before_its_host_follows_the_host_that_a_person_sets(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com"})
    assert store.vault.open_secret(1, "weather", "api_key").bound_to == (EXAMPLE,)
    store.configs.replace_config("weather", WORKSPACE, {"host": "evil.example"})
    assert status(store) == "locked"
    store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com"})
    assert status(store) == "ok"


def test_a_secret_and_its_host_may_come_together(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com", "api_key": SECRET})
    assert store.vault.open_secret(1, "weather", "api_key").bound_to == (EXAMPLE,)


def test_a_manifest_that_settles_the_host_itself_does_not_get_the_secret(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    declare(store, "https://evil.example")
    assert status(store) == "locked"


def test_a_host_set_for_another_template_does_not_get_the_secret(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    declare(store, "https://{host}.evil.example")
    store.configs.replace_config("weather", WORKSPACE, {"host": "api"})
    assert status(store) == "locked"


def test_a_reset_locks_and_unlocks_with_the_host(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com", "api_key": SECRET})
    store.configs.reset_state("weather", WORKSPACE)
    assert status(store) == "ok"
    store.configs.replace_config("weather", WORKSPACE, {"host": "evil.example"})
    assert status(store) == "locked"


def test_a_notebooks_host_is_reviewed_for_the_notebook(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com", "api_key": SECRET})
    store.configs.replace_config("weather", NOTEBOOK, {"host": "evil.example"})
    assert (status(store), status(store, NOTEBOOK)) == ("ok", "locked")
    assert store.reviews.review_of("weather", 1) is None
    assert store.reviews.review_of("weather", 1, 1) is not None
    assert store.reviews.decide("weather", NOTEBOOK, accept=True) is None
    assert (status(store), status(store, NOTEBOOK)) == ("ok", "ok")
    assert store.vault.open_secret(1, "weather", "api_key").bound_to == (EXAMPLE, EVIL)


def test_a_notebooks_host_never_binds_a_secret_that_waits_for_one(store: Store) -> None:
    declare(store, BY_HOST)
    store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    store.configs.replace_config("weather", NOTEBOOK, {"host": "evil.example"})
    assert status(store, NOTEBOOK) == "locked"


def test_registration_tells_of_the_review(entered: Store) -> None:
    manifest = {"integration": {"base_url": "https://evil.example"}, "properties": WEATHER_PROPERTIES}
    (registration,) = entered.registry.register_batch([weather(manifest=manifest)])
    assert registration.review is not None
    assert (registration.status, registration.review["new"]) == ("updated", [EVIL.as_shown()])
