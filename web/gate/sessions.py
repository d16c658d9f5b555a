"""The sessions of signed-in browsers: one per sign-in, identified by the digest of a random cookie.

A session is read from the store once and then cached under the store's revision, which the end of a session raises. So
it ends at once in every process, and a request with a valid session costs no query.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import CursorResult, case, delete, or_, select, update

from errors import NotFound, StorageFailed
from plugin_store.engine.change_record import describe_whole
from plugin_store.engine.database import Database, Reads
from plugin_store.models import SigninSession
from web.gate.permissions import OWNER
from web.gate.tokens import HeldToken
from web.gate.user_agents import name_user_agent

COOKIE_BYTES = 32
DAY_SECONDS = 86400.0
# Not every use is written, only the first one in this time.
NOTED_EVERY_SECONDS = 3600.0
MAX_SESSIONS = 200
MAX_REMEMBERED = 2 * MAX_SESSIONS
MAX_HEADER_LENGTH = 4096
FIND = "SELECT id, created_at, last_used_at FROM sessions WHERE digest = ? AND token_digest = ?"


@dataclass(slots=True)
class Session:
    """A browser's session as cached in this process: found at the store's `revision`, created with `token`."""

    permission: ClassVar = OWNER
    token_id: ClassVar = None

    id: int
    digest: str
    created_at: float
    used_at: float
    revision: int
    token: str = field(repr=False)
    look_again_at: float = 0.0
    """Until then it need not be looked at but for its revision."""


class Sessions:
    """Creates, finds, lists and ends sessions."""

    def __init__(
        self,
        database: Database,
        held: HeldToken,
        clock: Callable[[], float],
        *,
        idle_days: int,
        lifetime_days: int,
    ) -> None:
        self._database = database
        self._held = held
        self._clock = clock
        self._idle_seconds = idle_days * DAY_SECONDS
        self._lifetime_seconds = lifetime_days * DAY_SECONDS
        self._noted_every_seconds = min(NOTED_EVERY_SECONDS, self._idle_seconds / 24)
        self._remembered: dict[str, Session] = {}
        self._by_header: dict[str, Session] = {}
        self._unwritten: dict[int, float] = {}

    @property
    def lifetime_seconds(self) -> int:
        """How long a browser may stay signed in, however often it is used."""
        return int(self._lifetime_seconds)

    def begin(self, user_agent: str | None) -> str:
        """Creates a session and returns its cookie, which only the browser stores. Raises StorageFailed."""
        cookie, now = secrets.token_urlsafe(COOKIE_BYTES), self._clock()
        row = SigninSession(
            digest=digest_of(cookie),
            token_digest=self._held.digest,
            user_agent=name_user_agent(user_agent),
            created_at=now,
            last_used_at=now,
        )
        with self._database.writing() as session:
            session.execute(delete(SigninSession).where(self._is_over(now)))
            kept = (
                select(SigninSession.id).order_by(SigninSession.last_used_at.desc()).limit(MAX_SESSIONS - 1)
            )
            session.execute(delete(SigninSession).where(SigninSession.id.not_in(kept)))
            session.add(row)
            session.flush()
            describe_whole(session_id=row.id, browser=row.user_agent)
        return cookie

    def recall(self, cookie_header: str) -> Session | None:
        """The session of a whole Cookie header as it was last found, without a query.

        The caller checks by its revision whether it is still valid. None if it is not cached, and once every hour, so
        that the use is recorded.
        """
        session = self._by_header.get(cookie_header)
        if session is None or self._clock() >= session.look_again_at or session.token != self._held.value:
            return None
        return session

    def remember(self, cookie_header: str, session: Session) -> None:
        """Caches the session under the Cookie header that contained it."""
        if len(cookie_header) > MAX_HEADER_LENGTH:
            return
        if len(self._by_header) >= MAX_REMEMBERED:
            self._by_header.clear()
        self._by_header[cookie_header] = session

    def find(self, cookie: str, *, on_fast_path: bool = False) -> Session | None:
        """The session of a cookie, read from the store; None if it has ended. Raises StorageFailed."""
        # The revision is read before the row: a change in between causes a second query, never the use of an ended
        # session.
        store: Reads = self._database.hot_reads if on_fast_path else self._database
        session, now = self._find(digest_of(cookie), store.revision(), store), self._clock()
        if session is not None:
            self._record_use(session, now)
        return session

    def is_open(self, digest: str) -> bool:
        """Whether the session of a cookie's digest has not ended. It counts as no use. Raises StorageFailed."""
        return self._find(digest, self._database.revision(), self._database) is not None

    def _find(self, digest: str, revision: int, store: Reads) -> Session | None:
        now = self._clock()
        session = self._remembered.get(digest)
        if session is None or session.revision != revision or not self._is_good(session, now):
            session = self._load(digest, revision, store)
        if session is None or not self._is_good(session, now):
            ended = self._remembered.pop(digest, None)
            if ended is not None:
                ended.look_again_at = 0.0
            return None
        return session

    def list(self) -> Sequence[SigninSession]:
        """The valid sessions, last used first. Raises StorageFailed."""
        query = select(SigninSession).where(~self._is_over(self._clock()))
        with self._database.reading() as session:
            return session.scalars(query.order_by(SigninSession.last_used_at.desc(), SigninSession.id)).all()

    def name_of(self, session_id: int) -> str | None:
        """The browser of a session, such as `Firefox on Linux`. Raises StorageFailed."""
        rows = self._database.query("SELECT user_agent FROM sessions WHERE id = ?", (session_id,))
        return rows[0][0] if rows else None

    def end(self, session_id: int) -> None:
        """Ends a session. Raises NotFound and StorageFailed."""
        if not self._delete(SigninSession.id == session_id):
            raise NotFound(f"There is no session {session_id}.")

    def end_all(self, but: int | None = None) -> int:
        """Ends all sessions, or all but one. Returns how many were ended. Raises StorageFailed."""
        return self._delete(SigninSession.id != but if but is not None else SigninSession.id.is_not(None))

    def write_uses(self) -> None:
        """Writes when sessions were last used, unless that was written recently.

        A use that cannot be written now is recorded again after the same time.
        """
        while self._unwritten:
            with suppress(KeyError, StorageFailed):
                self._write_use(*self._unwritten.popitem())

    def _write_use(self, session_id: int, used_at: float) -> None:
        kept = SigninSession.last_used_at
        newer = case((kept < used_at, used_at), else_=kept)
        statement = update(SigninSession).where(SigninSession.id == session_id).values(last_used_at=newer)
        with self._database.writing() as session:
            session.execute(statement)

    def _load(self, digest: str, revision: int, store: Reads) -> Session | None:
        token = self._held.value
        rows = store.query(FIND, (digest, self._held.digest))
        if not rows:
            return None
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        ((session_id, created_at, used_at),) = rows
        session = Session(session_id, digest, created_at, used_at, revision, token)
        self._remembered[digest] = session
        return session

    def _record_use(self, session: Session, now: float) -> None:
        if now - session.used_at >= self._noted_every_seconds:
            session.used_at = self._unwritten[session.id] = now
        session.look_again_at = min(
            session.used_at + self._noted_every_seconds, session.created_at + self._lifetime_seconds
        )

    def _is_good(self, session: Session, now: float) -> bool:
        return (
            now - session.used_at < self._idle_seconds
            and now - session.created_at < self._lifetime_seconds
            and session.token == self._held.value
        )

    def _is_over(self, now: float) -> Any:
        return or_(
            SigninSession.last_used_at <= now - self._idle_seconds,
            SigninSession.created_at <= now - self._lifetime_seconds,
            SigninSession.token_digest != self._held.digest,
        )

    def _delete(self, condition: Any) -> int:
        with self._database.writing() as session:
            result = session.execute(delete(SigninSession).where(condition))
            assert isinstance(result, CursorResult)  # noqa: S101 - a DELETE's is one
            return result.rowcount


def digest_of(cookie: str) -> str:
    """The digest that the store keeps of a cookie. SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def cookies_named(name: str, header: str | None) -> Iterator[str]:
    """The values of all cookies of that name in a Cookie header (RFC 6265 section 4.2).

    Any page on another port of this host can set one with the same name, so the first need not be ours.
    """
    for part in (header or "").split(";"):
        given, separator, value = part.strip().partition("=")
        if separator and given == name:
            yield value
