"""Stored tokens: sealed rows of the vault under reserved keys. No property can have such a key, as it has a colon."""

from __future__ import annotations

import logging

import orjson
from sqlalchemy.orm import Session

from errors import NotFound, SecretUnreadable, StorageFailed
from integrations.tokens.token import Token
from integrations.tokens.token_request import TokenRequest
from plugin_store.engine.database import Database
from plugin_store.models import Plugin
from plugin_store.vault.destinations import allows_all
from plugin_store.vault.vault import SecretState, Vault

TOKEN_PREFIX = "token:"  # noqa: S105 - a key's start, no secret
MAX_KEPT = 16
_KEY_DIGITS = 32

_log = logging.getLogger(__name__)


class TokenRows:
    """Tokens of stored settings, by the fingerprint of what obtained them."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def read(self, token_request: TokenRequest) -> Token | None:
        """The stored token; None without one that is readable and has the destinations of this request."""
        try:
            opened = self._vault.open_secret(
                token_request.workspace_id, token_request.plugin_id, _key_of(token_request)
            )
        except (NotFound, SecretUnreadable):
            return None
        kept = orjson.loads(opened.value)
        if kept["fingerprint"] != token_request.fingerprint or not allows_all(
            opened.bound_to, token_request.bound_to
        ):
            return None
        return Token(kept["values"], kept["bought_at"], kept["expires_at"], kept.get("client_encoding"))

    def keep(self, token_request: TokenRequest, token: Token) -> None:
        """Stores the token, unless the settings or secrets changed meanwhile. A storage failure is not raised."""
        try:
            with self._database.writing() as session:
                states = self._vault.describe(session, token_request.workspace_id, token_request.plugin_id)
                if session.get(Plugin, token_request.plugin_id) is not None and _is_current(
                    token_request, states
                ):
                    self._seal(session, token_request, token)
                    self._sweep(session, token_request, states)
        except StorageFailed as error:
            _log.warning(
                "The token of %s cannot be stored now and will be requested again: %s",
                token_request.plugin_id,
                error.detail,
            )

    def _seal(self, session: Session, token_request: TokenRequest, token: Token) -> None:
        kept = {
            "values": dict(token.values),
            "bought_at": token.acquired_at,
            "expires_at": token.expires_at,
            "client_encoding": token.client_encoding,
            "fingerprint": token_request.fingerprint,
        }
        self._vault.seal_secret(
            session,
            token_request.workspace_id,
            token_request.plugin_id,
            _key_of(token_request),
            orjson.dumps(kept).decode(),
            bound_to=token_request.bound_to,
        )

    def _sweep(self, session: Session, token_request: TokenRequest, states: dict[str, SecretState]) -> None:
        """Deletes tokens that are older than a secret, and the oldest beyond the maximum number."""
        others = [key for key in states if key.startswith(TOKEN_PREFIX) and key != _key_of(token_request)]
        others.sort(key=lambda key: states[key].updated_at, reverse=True)
        entered_at = max((state.updated_at for key, state in states.items() if ":" not in key), default=0.0)
        for position, key in enumerate(others, start=2):
            if position > MAX_KEPT or states[key].updated_at < entered_at:
                self._vault.delete_secret(session, token_request.workspace_id, token_request.plugin_id, key)


def _key_of(token_request: TokenRequest) -> str:
    return TOKEN_PREFIX + token_request.fingerprint[:_KEY_DIGITS]


def _is_current(token_request: TokenRequest, states: dict[str, SecretState]) -> bool:
    now = {name: states[name].revision for name in token_request.secret_names if name in states}
    return now == token_request.revisions
