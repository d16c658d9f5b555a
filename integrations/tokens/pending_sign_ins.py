"""Sign-ins under way: what must still be known when the browser comes back, sealed, for ten minutes, once."""

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
    """One sign-in under way. `shape` says with which declaration and settings it began."""

    workspace_id: int
    plugin_id: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    shape: str
    started_at: float
    bound_to: tuple[Destination, ...]


class PendingSignIns:
    """Keeps sign-ins under way, for every process that the browser may come back to."""

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
        """A new sign-in, with a state that nobody can guess and a PKCE verifier (RFC 7636 section 4.1).

        `bound_to` is where the code that comes of it may go, and the verifier.
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
        """The sign-in that the state belongs to, which is then no longer under way.

        Raises SettingsIncomplete for a state that is not ours, was used, or is too old.
        """
        with self._database.writing() as session:
            place = self._find(session, state[:MAX_STATE_LENGTH])
            # Read while nobody else may write, and forgotten at once: a state is good for one use.
            pending = self._open(*place) if place else None
            if place is not None:
                self._vault.delete_secret(session, *place)
        # The digest found the row; the comparison of the state itself takes the same time for every wrong one.
        if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
            raise _unknown("This sign-in is not under way: begin again.")
        if not 0 <= self._clock() - pending.started_at <= LIFE_SECONDS:
            raise _unknown("The sign-in took more than ten minutes: begin again.")
        return pending

    def forget(self, workspace_id: int, plugin_id: str) -> None:
        """Ends every sign-in under way for the plugin."""
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
        """Forgets what is too old, and the oldest beyond a number."""
        for position, (key, updated_at) in enumerate(self._keys(session, workspace_id, plugin_id).items(), 2):
            if position > MAX_PENDING or self._clock() - updated_at > LIFE_SECONDS:
                self._vault.delete_secret(session, workspace_id, plugin_id, key)

    def _keys(self, session: Session, workspace_id: int, plugin_id: str) -> dict[str, float]:
        """The keys of sign-ins under way with when they began, newest first."""
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
