"""Destinations as older versions sealed them: they hold where they can be read without doubt."""

from __future__ import annotations

import pytest

from plugin_store.engine.canonical import canonical_json
from plugin_store.vault.destinations import Destination
from plugin_store.vault.sealed_destinations import destinations_of
from tests.plugin_store.conftest import WORKSPACE, Store
from tests.plugin_store.manifests import destination, weather

A = "https://a.test:443"


def call(placement: str, name: str | None) -> Destination:
    return Destination("call", placement, name, A)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"header:X-Key@{A}", [call("header", "x-key")]),
        (f"query:k@{A}", [call("query", "k")]),
        (f"cookie:sid@{A}", [call("cookie", "sid")]),
        (f"path@{A}", [call("path", None)]),
        (f"base_url@{A}", [call("path", None)]),
        (f"body@{A}", [call("body", None), call("body_text", None)]),
        (f"basic:Authorization@{A}", [call("basic", "password")]),
        (f"basic:Authorization:user@{A}", [call("basic", "username")]),
        (f"digest:Authorization@{A}", [call("digest", "password")]),
        (f"signature:hmac_sha256_hex@{A}", [call("signature", "hmac_sha256_hex")]),
        (f"login:query:k@{A}", [Destination("login", "query", "k", A)]),
        (f"oauth2:client_secret_basic@{A}", [Destination("token", "basic", "password", A)]),
        (
            "header:X@unresolved:https://{host}/v1",
            [Destination("call", "header", "x", None, "https://{host}/v1")],
        ),
    ],
)
def test_a_text_is_read_as_the_places_that_it_meant(text: str, found: list[Destination]) -> None:
    assert list(destinations_of([text])) == found


@pytest.mark.parametrize(
    "text",
    [
        f"query:k@unresolved:@{A}",
        f"query:k@{A}@{A}",
        f"query:a:b@{A}",
        f"query:a:user@{A}",
        f"header:@{A}",
        f"query@{A}",
        "query:k@https://a.test",
        "query:k@https://u@a.test:443",
        "query:k@unresolved:https://{host}/@x",
        "query:k",
        "@",
        "",
        "http://localhost:8765/oauth/callback",
    ],
)
def test_a_text_that_could_mean_two_things_means_none(text: str) -> None:
    assert destinations_of([text]) == ()


@pytest.mark.parametrize("item", [None, 1, [], {}, {"request": "call"}, {"request": 1, "placement": "x"}])
def test_what_is_no_destination_is_none(item: object) -> None:
    assert destinations_of([item]) == ()


class TestRows:
    """A secret that an older version kept."""

    @pytest.fixture
    def old(self, store: Store) -> Store:
        store.registry.register(weather())
        store.configs.enter_secret("weather", WORKSPACE, "api_key", "K")
        return store

    def seal(self, store: Store, *texts: str) -> None:
        sealed = {
            "v": 1,
            "workspace": 1,
            "plugin": "weather",
            "key": "api_key",
            "bound_to": list(texts),
            "value": "K",
        }
        store.execute(
            "UPDATE plugin_secrets SET ciphertext = :ciphertext, bound_to = :bound_to",
            ciphertext=store.vault._keyring.seal(canonical_json(sealed)),
            bound_to=canonical_json(list(texts)).decode(),
        )

    def status(self, store: Store) -> str | None:
        return store.configs.get_secret("weather", WORKSPACE, "api_key").status

    def test_it_goes_on_where_it_went(self, old: Store) -> None:
        self.seal(old, "header:api_key@https://api.example.com:443")
        opened = old.vault.open_secret(1, "weather", "api_key")
        assert (opened.value, opened.bound_to) == ("K", (destination(),))
        assert self.status(old) == "ok"
        old.registry.register(weather("https://evil.example"))
        assert self.status(old) == "locked"

    def test_it_is_locked_where_its_text_hides_something(self, old: Store) -> None:
        self.seal(old, "header:api_key@unresolved:@https://api.example.com:443")
        assert old.vault.open_secret(1, "weather", "api_key").bound_to == ()
        assert self.status(old) == "locked"
        assert old.reviews.decide("weather", WORKSPACE, accept=True) is None
        assert old.vault.open_secret(1, "weather", "api_key").bound_to == (destination(),)

    def test_a_rotation_seals_it_as_a_record(self, old: Store) -> None:
        self.seal(old, "header:api_key@https://api.example.com:443")
        old.vault.add_key()
        assert old.vault.rotate().resealed == 1
        [(stored,)] = old.rows("SELECT bound_to FROM plugin_secrets")
        assert '"placement":"header"' in stored
        assert old.vault.open_secret(1, "weather", "api_key").bound_to == (destination(),)
