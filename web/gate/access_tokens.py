"""The named tokens: made, found, listed, changed, revoked.

A token is read from the store once and then cached under the store's revision, which every change of one raises. So a
revoked token ends at once in every process, and a request with a valid one costs no query.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from errors import Conflict, NotFound, StorageFailed
from plugin_store.access_models import AccessToken, ConnectRequest
from plugin_store.engine.change_record import describe_whole, difference
from plugin_store.engine.database import Database, Reads
from plugin_store.events import write_event
from plugin_store.models import Plugin
from web.gate.permissions import Permission

# Secret scanners know a token by it.
TOKEN_PREFIX = "pb_"  # noqa: S105 - the part that is no secret
TOKEN_BYTES = 32
MAX_TOKENS = 500
MAX_REMEMBERED = 1000
MAX_HEADER_LENGTH = 512
# Not every use is written, only the first one in this time.
NOTED_EVERY_SECONDS = 3600.0
FIND = (
    "SELECT id, name, scopes, workspaces, notebooks, integrations, origins, expires_at, last_used_at"
    " FROM access_tokens WHERE digest = ?"
)
DECLARERS = (
    "SELECT plugins.id, access_tokens.id, access_tokens.name FROM plugins"
    " JOIN access_tokens ON plugins.declared_by = access_tokens.id"
)
ORIGINS = "SELECT origins, expires_at FROM access_tokens WHERE origins <> '[]'"


@dataclass(slots=True)
class Grant:
    """A caller with a named token, as cached in this process: found at the store's `revision`."""

    token_id: int
    name: str
    digest: str
    permission: Permission
    origins: frozenset[str]
    expires_at: float | None
    used_at: float | None
    revision: int
    look_again_at: float = 0.0
    """Until then it need not be looked at but for its revision."""

    def is_over(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class TokenTerms(NamedTuple):
    """What a token is made with, or changed to."""

    name: str
    permission: Permission
    origins: frozenset[str]
    expires_at: float | None


class AccessTokens:
    """The named tokens of this server."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._remembered: dict[str, Grant] = {}
        self._by_header: dict[str, Grant] = {}
        self._unwritten: dict[int, float] = {}

    def issue(
        self, terms: TokenTerms, created_by: Mapping[str, Any], check: Callable[[], None] = lambda: None
    ) -> tuple[AccessToken, str]:
        """Makes a token. Returns its row, and its value, which is not kept.

        Raises Conflict, StorageFailed, and what `check` raises, which is called in the transaction.
        """
        with self._database.writing() as session:
            check()
            return self.issue_in(session, terms, created_by)

    def issue_in(
        self, session: Session, terms: TokenTerms, created_by: Mapping[str, Any]
    ) -> tuple[AccessToken, str]:
        """The same in a transaction that the caller has begun."""
        if len(session.scalars(select(AccessToken.id)).all()) >= MAX_TOKENS:
            raise Conflict(f"There are {MAX_TOKENS} tokens already. Revoke those that are not used any more.")
        value = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        row = AccessToken(
            **columns_of(terms),
            digest=digest_of(value),
            created_at=self._clock(),
            created_by=dict(created_by),
        )
        session.add(row)
        session.flush()
        describe_whole(token_id=row.id, after=columns_of(terms))
        _tell(session)
        return row, value

    def recall(self, authorization: str) -> Grant | None:
        """The caller of a whole Authorization header as last found, without a query.

        The user of it checks by its revision whether the token is still valid. None if it is not cached, and once every
        hour, so that the use is recorded.
        """
        grant = self._by_header.get(authorization)
        return None if grant is None or self._clock() >= grant.look_again_at else grant

    def remember(self, authorization: str, grant: Grant) -> None:
        """Caches the caller under the Authorization header that contained the token."""
        if len(authorization) > MAX_HEADER_LENGTH:
            return
        if len(self._by_header) >= MAX_REMEMBERED:
            self._by_header.clear()
        self._by_header[authorization] = grant

    def find(self, value: str, *, on_fast_path: bool = False) -> Grant | None:
        """The caller with a token, read from the store; None for one that is unknown or over. Raises StorageFailed."""
        if not value.startswith(TOKEN_PREFIX):
            return None
        # The revision is read before the row: a change in between causes a second query, never the use of an old token.
        store: Reads = self._database.hot_reads if on_fast_path else self._database
        grant = self._find(digest_of(value), store.revision(), store)
        if grant is not None:
            self._record_use(grant, self._clock())
        return grant

    def allows_as_before(self, grant: Grant) -> bool:
        """Whether the token still exists and allows the same. It counts as no use. Raises StorageFailed."""
        now = self._find(grant.digest, self._database.revision(), self._database)
        return now is not None and (now.permission, now.origins) == (grant.permission, grant.origins)

    def origins(self) -> frozenset[str]:
        """The origins that valid tokens name. Raises StorageFailed."""
        named: list[tuple[list[str], float | None]] = self._database.memo.get(
            ("token_origins",), self._load_origins
        )
        now = self._clock()
        return frozenset(
            origin for origins, expires_at in named if expires_at is None or now < expires_at for origin in origins
        )  # fmt: skip

    def declarers(self) -> Mapping[str, tuple[int, str]]:
        """The id and the name of the token that declared a plugin, by plugin. Those of the owner are left out.

        Raises StorageFailed.
        """
        load = lambda: {row[0]: (row[1], row[2]) for row in self._database.query(DECLARERS, ())}  # noqa: E731
        return self._database.memo.get(("declarers",), load)

    def list(self) -> Sequence[AccessToken]:
        """Every token by name, expired ones too. Raises StorageFailed."""
        with self._database.reading() as session:
            return session.scalars(select(AccessToken).order_by(AccessToken.name, AccessToken.id)).all()

    def get(self, token_id: int) -> AccessToken:
        """Raises NotFound and StorageFailed."""
        with self._database.reading() as session:
            return _existing(session, token_id)

    def change(self, token_id: int, changed: Callable[[AccessToken], TokenTerms]) -> AccessToken:
        """Changes a token to what `changed` makes of it. Raises NotFound, StorageFailed, and what that raises."""
        with self._database.writing() as session:
            row = _existing(session, token_id)
            before, after = columns_of(terms_of(row)), columns_of(changed(row))
            describe_whole(name=row.name, **difference(before, after, ()))
            for name, value in after.items():
                setattr(row, name, value)
            _tell(session)
            return row

    def revoke(self, token_id: int, check: Callable[[AccessToken], None] = lambda _row: None) -> None:
        """Deletes a token. Raises NotFound, StorageFailed, and what `check` raises."""
        with self._database.writing() as session:
            row = _existing(session, token_id)
            check(row)
            describe_whole(name=row.name)
            _delete(session, [token_id])

    def revoke_all(self) -> tuple[int, int]:
        """Deletes every token, and denies the requests for one that were accepted and whose token was not fetched yet.

        Returns how many tokens and requests there were. Raises StorageFailed.
        """
        accepted = update(ConnectRequest).where(ConnectRequest.state == "accepted").values(state="denied")
        with self._database.writing() as session:
            token_ids = session.scalars(select(AccessToken.id)).all()
            describe_whole(revoked=list(token_ids))
            _delete(session, token_ids)
            denied = session.scalars(accepted.returning(ConnectRequest.id)).all()
        return len(token_ids), len(denied)

    def write_uses(self) -> None:
        """Writes when tokens were last used, unless that was written recently."""
        while self._unwritten:
            with suppress(KeyError, StorageFailed):
                self._write_use(*self._unwritten.popitem())

    def _find(self, digest: str, revision: int, store: Reads) -> Grant | None:
        grant = self._remembered.get(digest)
        if grant is None or grant.revision != revision:
            grant = self._load(digest, revision, store)
        if grant is None or grant.is_over(self._clock()):
            ended = self._remembered.pop(digest, None)
            if ended is not None:
                ended.look_again_at = 0.0
            return None
        return grant

    def _load(self, digest: str, revision: int, store: Reads) -> Grant | None:
        rows = store.query(FIND, (digest,))
        if not rows:
            return None
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        ((token_id, name, scopes, workspaces, notebooks, integrations, origins, expires_at, used_at),) = rows
        permission = Permission(
            frozenset(orjson.loads(scopes)),
            *(None if text is None else frozenset(orjson.loads(text)) for text in (workspaces, notebooks)),
            integrations=None if integrations is None else frozenset(orjson.loads(integrations)),
            token_id=token_id,
        )
        grant = Grant(
            token_id, name, digest, permission, frozenset(orjson.loads(origins)), expires_at, used_at, revision
        )  # fmt: skip
        self._remembered[digest] = grant
        return grant

    def _load_origins(self) -> list[tuple[list[str], float | None]]:
        rows = self._database.query(ORIGINS, ())
        return [(orjson.loads(origins), expires_at) for origins, expires_at in rows]

    def _record_use(self, grant: Grant, now: float) -> None:
        if grant.used_at is None or now - grant.used_at >= NOTED_EVERY_SECONDS:
            grant.used_at = self._unwritten[grant.token_id] = now
        next_use = grant.used_at + NOTED_EVERY_SECONDS
        grant.look_again_at = next_use if grant.expires_at is None else min(next_use, grant.expires_at)

    def _write_use(self, token_id: int, used_at: float) -> None:
        kept = AccessToken.last_used_at
        newer = case((kept > used_at, kept), else_=used_at)
        with self._database.writing() as session:
            session.execute(
                update(AccessToken).where(AccessToken.id == token_id).values(last_used_at=newer)
            )  # fmt: skip


def digest_of(value: str) -> str:
    """The digest that the store keeps of a token. SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def permission_of(row: AccessToken) -> Permission:
    """What a stored token allows."""
    return Permission(
        frozenset(row.scopes),
        _set_of(row.workspaces),
        _set_of(row.notebooks),
        _set_of(row.integrations),
        row.id,
    )


def terms_of(row: AccessToken, **changed: Any) -> TokenTerms:
    """The terms of a stored token, with some of them changed: name, origins, expires_at, parts of the permission."""
    of_token = {name: changed.pop(name) for name in ("name", "origins", "expires_at") if name in changed}
    kept = TokenTerms(row.name, permission_of(row), frozenset(row.origins), row.expires_at)
    return kept._replace(permission=replace(kept.permission, **changed), **of_token)


def columns_of(terms: TokenTerms) -> dict[str, Any]:
    permission = terms.permission
    return {
        "name": terms.name,
        "scopes": sorted(permission.scopes),
        "workspaces": _sorted(permission.workspaces),
        "notebooks": _sorted(permission.notebooks),
        "integrations": _sorted(permission.integrations),
        "origins": sorted(terms.origins),
        "expires_at": terms.expires_at,
    }


def _sorted(ids: Iterable[Any] | None) -> list[Any] | None:
    return None if ids is None else sorted(ids)


def _set_of(ids: Iterable[Any] | None) -> frozenset[Any] | None:
    return None if ids is None else frozenset(ids)


def _delete(session: Session, token_ids: Sequence[int]) -> None:
    """Deletes tokens. What they declared is the owner's from now on."""
    declared = update(Plugin).where(Plugin.declared_by.in_(token_ids))
    session.execute(declared.values(declared_by=None))
    session.execute(delete(AccessToken).where(AccessToken.id.in_(token_ids)))
    _tell(session)


def _tell(session: Session) -> None:
    write_event(session, "token.changed", (None, None), None)


def _existing(session: Session, token_id: int) -> AccessToken:
    row = session.get(AccessToken, token_id)
    if row is None:
        raise NotFound(f"There is no token {token_id}.")
    return row
