"""A token request: the settings and secrets it uses, and what distinguishes it from others."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from errors import Conflict, NotFound, SecretUnreadable
from integrations.calling.parameters import Values
from integrations.catalog.catalog import Installed
from integrations.manifests.model import GRANT, Login, OAuth2
from plugin_store.vault.destinations import Destination, sort_destinations
from plugin_store.vault.vault import OpenedSecret, Vault

_PROCESS_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The request for one integration's token with one set of settings: stored ones, or those of a connection test.

    `key` identifies the request within this process. It reveals nothing about the secrets.
    """

    installed: Installed
    source: OAuth2 | Login
    values: Values = field(repr=False)
    names: frozenset[str]
    secret_names: frozenset[str]
    key: str

    @property
    def workspace_id(self) -> int:
        return self.installed.scope.workspace_id

    @property
    def plugin_id(self) -> str:
        return self.installed.plugin_id

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that obtains the token, secrets by their revisions. For stored settings only."""
        return hashlib.sha256(_dump([_shape(self), self.revisions])).hexdigest()

    @property
    def revisions(self) -> dict[str, str]:
        """The revisions of the stored secrets that obtain the token."""
        known = self.installed.secrets
        return {name: known[name].revision for name in self.secret_names if name in known}

    @property
    def bound_to(self) -> list[Destination]:
        """The allowed destinations of those secrets with these settings, and so of the token."""
        places = _destinations(self.installed, self.secret_names, self.values)
        return sort_destinations(place for found in places.values() for place in found)

    def is_saved(self, vault: Vault) -> bool:
        """Whether these are the settings and secrets that are stored now."""
        stored = Values(self.installed.config)
        if _dump(_plain(self.names, self.values)) != _dump(_plain(self.names, stored)):
            return False
        here, there = (
            _destinations(self.installed, self.secret_names, item) for item in (self.values, stored)
        )
        return here == there and all(self._is_stored(name, vault) for name in self.secret_names)

    def _is_stored(self, name: str, vault: Vault) -> bool:
        known, given = self.installed.secrets.get(name), self.values.secrets.get(name)
        if known is None or given is None:
            return known is None and given is None
        try:
            opened = vault.open_secret(self.workspace_id, self.plugin_id, name)
        except (NotFound, SecretUnreadable):
            return False
        return opened.revision == known.revision and hmac.compare_digest(
            opened.value.encode(), given.encode()
        )


class TokenRequests:
    """Creates token requests from settings."""

    def __init__(self) -> None:
        # With a random key, nobody can test passwords against a request's key.
        self._process_key = secrets.token_bytes(_PROCESS_KEY_BYTES)

    def of(self, installed: Installed, values: Values) -> TokenRequest:
        """The request for the integration's token with these settings."""
        source = installed.integration.token
        assert source is not None  # noqa: S101 - only integrations whose credentials need a token ask
        names = names_of(installed)
        secret_names = frozenset(name for name in names if installed.integration.properties[name].secure)
        token_request = TokenRequest(installed, source, values, names, secret_names, key="")
        given = {name: values.secrets[name] for name in secret_names if name in values.secrets}
        grant = installed.secrets.get(GRANT)
        what = _dump(
            [_shape(token_request), given, token_request.revisions, grant.revision if grant else None]
        )
        key = hmac.new(self._process_key, what, hashlib.sha256).hexdigest()
        return TokenRequest(installed, source, values, names, secret_names, key)


def names_of(installed: Installed) -> frozenset[str]:
    """The properties that getting the token binds."""
    integration = installed.integration
    assert integration.token is not None  # noqa: S101 - the caller asked
    names = integration.token.names
    if _uses_base_url(integration.token) and integration.base_url is not None:
        names |= integration.base_url.names
    return names & integration.properties.keys()


def stored_values(installed: Installed, vault: Vault) -> Values:
    """The stored settings and secrets that obtain the token. Raises SecretUnreadable and Conflict."""
    properties = installed.integration.properties
    wanted = {name for name in names_of(installed) if properties[name].secure} & installed.secrets.keys()
    installed.require_readable(frozenset(wanted))
    opened: dict[str, OpenedSecret] = {}
    for name in sorted(wanted):
        secret = vault.open_secret(installed.scope.workspace_id, installed.plugin_id, name)
        if secret.revision != installed.secrets[name].revision:
            raise Conflict(f"The secret `{name}` changed meanwhile. Try again.")
        opened[name] = secret
    return Values(
        installed.config,
        {name: secret.value for name, secret in opened.items()},
        sealed={name: secret.bound_to for name, secret in opened.items()},
    )


def _uses_base_url(source: OAuth2 | Login) -> bool:
    return isinstance(source, Login) and any(step.url is None for step in source.steps)


def _shape(token_request: TokenRequest) -> list[Any]:
    """The token's owner, how the manifest obtains it, and the settings; no secret."""
    installed = token_request.installed
    section = installed.plugin_state.manifest["integration"]
    words = ["auth_method", "oauth2", "login"] + (
        ["base_url"] if _uses_base_url(token_request.source) else []
    )
    return [
        token_request.workspace_id,
        token_request.plugin_id,
        {word: section.get(word) for word in words},
        _plain(token_request.names - token_request.secret_names, token_request.values),
        _destinations(installed, token_request.secret_names, token_request.values),
    ]


def _plain(names: frozenset[str], values: Values) -> dict[str, Any]:
    return {name: values.config[name] for name in names if name in values.config}


def _destinations(
    installed: Installed, names: frozenset[str], values: Values
) -> Mapping[str, list[Destination]]:
    if not names:
        return {}
    found = installed.integration.destinations(values.config)
    return {name: found[name] for name in names}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
