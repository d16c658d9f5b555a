"""Pending sign-ins: what must be known when the browser comes back. Sealed, valid for ten minutes and one use."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from errors import NotFound, SecretUnreadable, SettingsIncomplete
from plugin_store.engine.database import Database
from plugin_store.models import PluginSecret
from plugin_store.vault.destinations import Destination
from plugin_store.vault.vault import Vault

PENDING_PREFIX = "oauth2:pending:"
LIFE_SECONDS = 600.0
MAX_PENDING = 5
MAX_STATE_LENGTH = 200
_STATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """One pending sign-in. `shape` identifies the declaration and settings that it began with."""

    workspace_id: int
    plugin_id: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    shape: str
    started_at: float
    bound_to: tuple[Destination, ...]


class PendingSignIns:
    """Stores pending sign-ins. Every process can finish one."""

    def __init__(self, database: Database, vault: Vault, clock: Callable[[], float]) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def start(
        self,
        workspace_id: int,
        plugin_id: str,
        redirect_uri: str,
        shape: str,
        bound_to: Collection[Destination],
    ) -> PendingSignIn:
        """A new sign-in with an unguessable state and a PKCE verifier (RFC 7636 section 4.1).

        `bound_to` are the allowed destinations of the resulting code and of the verifier.
        """
        pending = PendingSignIn(
            workspace_id=workspace_id,
            plugin_id=plugin_id,
            state=secrets.token_urlsafe(_STATE_BYTES),
            verifier=secrets.token_urlsafe(_STATE_BYTES),
            redirect_uri=redirect_uri,
            shape=shape,
            started_at=self._clock(),
            bound_to=tuple(bound_to),
        )
        with self._database.writing() as session:
            self._sweep(session, workspace_id, plugin_id)
            self._vault.seal_secret(
                session,
                workspace_id,
                plugin_id,
                _key_of(pending.state),
                _dump(pending),
                bound_to=bound_to,
            )
        return pending

    def take(self, state: str) -> PendingSignIn:
        """The sign-in that the state belongs to. It is not pending any more afterwards.

        Raises SettingsIncomplete for a state that is unknown, used or too old.
        """
        with self._database.writing() as session:
            place = self._find(session, state[:MAX_STATE_LENGTH])
            # Read and deleted in one write transaction: a state is valid for one use.
            pending = self._open(*place) if place else None
            if place is not None:
                self._vault.delete_secret(session, *place)
        # The digest found the row. The comparison of the state itself takes the same time for every wrong one.
        if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
            raise _unknown("This sign-in is unknown or already finished. Start it again.")
        if not 0 <= self._clock() - pending.started_at <= LIFE_SECONDS:
            raise _unknown("The sign-in took more than ten minutes. Start it again.")
        return pending

    def forget(self, workspace_id: int, plugin_id: str) -> None:
        """Deletes every pending sign-in of the plugin."""
        with self._database.writing() as session:
            for key in self._keys(session, workspace_id, plugin_id):
                self._vault.delete_secret(session, workspace_id, plugin_id, key)

    def _find(self, session: Session, state: str) -> tuple[int, str, str] | None:
        query = select(PluginSecret.workspace_id, PluginSecret.plugin_id, PluginSecret.key)
        row = session.execute(query.where(PluginSecret.key == _key_of(state))).first()
        return (row[0], row[1], row[2]) if row else None

    def _open(self, workspace_id: int, plugin_id: str, key: str) -> PendingSignIn | None:
        try:
            opened = self._vault.open_secret(workspace_id, plugin_id, key)
        except (NotFound, SecretUnreadable):
            return None
        pending = PendingSignIn(**orjson.loads(opened.value), bound_to=opened.bound_to)
        return pending if (pending.workspace_id, pending.plugin_id) == (workspace_id, plugin_id) else None

    def _sweep(self, session: Session, workspace_id: int, plugin_id: str) -> None:
        """Deletes sign-ins that are too old, and the oldest beyond the maximum number."""
        for position, (key, updated_at) in enumerate(self._keys(session, workspace_id, plugin_id).items(), 2):
            if position > MAX_PENDING or self._clock() - updated_at > LIFE_SECONDS:
                self._vault.delete_secret(session, workspace_id, plugin_id, key)

    def _keys(self, session: Session, workspace_id: int, plugin_id: str) -> dict[str, float]:
        """The keys of pending sign-ins with their start times, newest first."""
        query = (
            select(PluginSecret.key, PluginSecret.updated_at)
            .where(
                PluginSecret.workspace_id == workspace_id,
                PluginSecret.plugin_id == plugin_id,
                PluginSecret.key.startswith(PENDING_PREFIX, autoescape=True),
            )
            .order_by(PluginSecret.updated_at.desc())
        )
        return {row[0]: row[1] for row in session.execute(query)}


def _dump(pending: PendingSignIn) -> str:
    return orjson.dumps(
        {name: value for name, value in asdict(pending).items() if name != "bound_to"}
    ).decode()


def _key_of(state: str) -> str:
    return PENDING_PREFIX + hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def _unknown(detail: str) -> SettingsIncomplete:
    return SettingsIncomplete(detail, errors={"state": [detail]})
