"""The grants of users who signed in at a provider, sealed in the vault: one per plugin and workspace."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from errors import NotFound
from integrations.calling.oauth2_requests import ClientEncoding
from integrations.manifests.model import GRANT
from integrations.tokens.token_answers import TokenAnswer
from plugin_store.engine.database import Database
from plugin_store.models import Plugin, PluginSecret
from plugin_store.vault.destinations import Destination
from plugin_store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant with the last access token obtained from it. Moments are epoch seconds.

    `client` identifies the client and provider that it was given to, `fingerprint` the settings that obtained the
    access token. `ended`: the provider does not accept it any more.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    acquired_at: float
    expires_at: float | None
    ends_at: float | None
    connected_at: float
    scopes: tuple[str, ...]
    client: str
    fingerprint: str
    ended: bool = False
    client_encoding: ClientEncoding | None = None
    """How the client authenticated; None in a grant of a version that did not try."""


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """A grant as stored in the vault. Its `revision` stays the same during one sign-in."""

    grant: Grant
    revision: str
    bound_to: tuple[Destination, ...]


def grant_of(
    given: TokenAnswer,
    now: float,
    asked: Collection[str],
    client: str,
    fingerprint: str,
    encoding: ClientEncoding,
) -> Grant:
    """The grant that a code was exchanged for. Without scopes in the answer, the `asked` ones are assumed."""
    return Grant(
        access_token=given.access_token,
        refresh_token=given.refresh_token,
        acquired_at=now,
        expires_at=given.expires_at,
        ends_at=_end_of(given),
        connected_at=now,
        scopes=given.scopes if given.scopes is not None else tuple(asked),
        client=client,
        fingerprint=fingerprint,
        client_encoding=encoding,
    )


def refreshed(
    grant: Grant, given: TokenAnswer, now: float, fingerprint: str, encoding: ClientEncoding
) -> Grant:
    """The grant after a refresh. A provider that rotates refresh tokens returns a new one; else the old one stays."""
    return Grant(
        access_token=given.access_token,
        refresh_token=given.refresh_token or grant.refresh_token,
        acquired_at=now,
        expires_at=given.expires_at,
        ends_at=given.refresh_ends_at or grant.ends_at,
        connected_at=grant.connected_at,
        scopes=given.scopes if given.scopes is not None else grant.scopes,
        client=grant.client,
        fingerprint=fingerprint,
        client_encoding=encoding,
    )


class Grants:
    """Stores grants."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def read(self, workspace_id: int, plugin_id: str) -> StoredGrant | None:
        """The grant; None without a sign-in. Raises SecretUnreadable."""
        try:
            opened = self._vault.open_secret(workspace_id, plugin_id, GRANT)
        except NotFound:
            return None
        return StoredGrant(load_grant(opened.value), opened.revision, opened.bound_to)

    def connect(
        self,
        session: Session,
        workspace_id: int,
        plugin_id: str,
        grant: Grant,
        bound_to: Collection[Destination],
    ) -> None:
        """Stores a new sign-in's grant and replaces another one. Raises NotFound for a deleted plugin."""
        if session.get(Plugin, plugin_id) is None:
            raise NotFound(f"There is no integration `{plugin_id}`.")
        self._vault.seal_secret(session, workspace_id, plugin_id, GRANT, dump_grant(grant), bound_to=bound_to)

    def replace(self, workspace_id: int, plugin_id: str, stored: StoredGrant, grant: Grant) -> None:
        """Stores a refreshed grant with its destinations unchanged. Does nothing if another sign-in replaced it."""
        with self._database.writing() as session:
            revision = session.scalar(
                select(PluginSecret.revision).where(
                    PluginSecret.workspace_id == workspace_id,
                    PluginSecret.plugin_id == plugin_id,
                    PluginSecret.key == GRANT,
                )
            )
            if revision == stored.revision:
                self._vault.seal_secret(
                    session,
                    workspace_id,
                    plugin_id,
                    GRANT,
                    dump_grant(grant),
                    bound_to=stored.bound_to,
                    revision=revision,
                )

    def forget(self, workspace_id: int, plugin_id: str) -> None:
        """Deletes the grant."""
        with self._database.writing() as session:
            self._vault.delete_secret(session, workspace_id, plugin_id, GRANT)


def _end_of(given: TokenAnswer) -> float | None:
    return given.refresh_ends_at if given.refresh_token else given.expires_at


def dump_grant(grant: Grant) -> str:
    """The grant as it is stored. Stored grants of earlier versions name the time of acquisition `bought_at`."""
    stored = asdict(grant)
    acquired_at = stored.pop("acquired_at")
    return orjson.dumps({**stored, "bought_at": acquired_at}).decode()


def load_grant(text: str | bytes) -> Grant:
    """The grant that was stored as this text."""
    stored: dict[str, Any] = orjson.loads(text)
    acquired_at = stored.pop("bought_at")
    return Grant(**{**stored, "acquired_at": acquired_at, "scopes": tuple(stored["scopes"])})
