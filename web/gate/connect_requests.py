"""Frontends ask for a token, and users decide: by analogy with the device grant of RFC 8628.

Requests are in the store, so that every process knows them. Anybody who reaches the port may ask, so few may wait, and
none for long. The number of requests of the last ten minutes is limited, decided ones included: denying some makes no
room for a flood.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from errors import (
    AccessDenied,
    AuthorizationPending,
    Conflict,
    ExpiredToken,
    NotFound,
    SlowDown,
    TooManyConnects,
)
from plugin_store.access_models import AccessToken, ConnectRequest
from plugin_store.engine.database import Database
from plugin_store.events import write_event
from web.gate.access_tokens import AccessTokens, TokenTerms, columns_of, digest_of
from web.gate.attempts import group_address
from web.gate.permissions import Permission

# RFC 8628 section 6.1: no vowels, so that no word appears, and no letters that are mistaken for digits.
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
DEVICE_CODE_BYTES = 32
LIFETIME_SECONDS = 600.0
INTERVAL_SECONDS, MORE_SECONDS, LONGEST_INTERVAL_SECONDS = 5, 5, 60
MAX_BY_ORIGIN, MAX_BY_ADDRESS, MAX_IN_ALL = 3, 10, 20


class Wish(NamedTuple):
    """What a frontend asks for, from which page and address. Without an origin it is a program."""

    name: str
    permission: Permission
    origin: str | None
    address: str


class ConnectRequests:
    """The requests of the last ten minutes."""

    def __init__(self, database: Database, tokens: AccessTokens, clock: Callable[[], float]) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock

    def begin(self, wish: Wish) -> tuple[ConnectRequest, str]:
        """Notes a request. Returns it, and its device code, which is not kept.

        Raises TooManyConnects and StorageFailed.
        """
        device_code, now = secrets.token_urlsafe(DEVICE_CODE_BYTES), self._clock()
        terms = columns_of(TokenTerms(wish.name, wish.permission, frozenset(), None))
        row = ConnectRequest(
            device_digest=digest_of(device_code),
            user_code=make_user_code(),
            **{name: terms[name] for name in ("name", "scopes", "workspaces", "integrations")},
            origin=wish.origin,
            address=group_address(wish.address),
            created_at=now,
            expires_at=now + LIFETIME_SECONDS,
            state="waiting",
            interval_seconds=INTERVAL_SECONDS,
        )
        with self._database.reading() as session:
            # A flood is refused without a write.
            require_room(session.scalars(select(ConnectRequest).where(~_is_over(now))).all(), row, now)
        with self._database.writing() as session:
            session.execute(delete(ConnectRequest).where(_is_over(now)))
            require_room(session.scalars(select(ConnectRequest)).all(), row, now)
            session.add(row)
            write_event(session, "connect.requested", (None, None), None)
        return row, device_code

    def poll(self, device_code: str, origin: str | None) -> tuple[AccessToken, str]:
        """The token of an accepted request, once, and its value.

        Raises AuthorizationPending, SlowDown, AccessDenied, ExpiredToken, Conflict and StorageFailed.
        """
        now = self._clock()
        with self._database.reading() as session:
            # Made-up codes are refused without a write.
            _find(session, device_code, origin, now)
        with self._database.writing() as session:
            row = _find(session, device_code, origin, now)
            if row.state == "accepted" and row.terms is not None:
                row.state = "fetched"
                return self._tokens.issue_in(session, _terms_of(row.terms), row.decided_by or {})
            failure = _wait(row, now)
        raise failure

    def list(self) -> Sequence[ConnectRequest]:
        """The requests that wait for a user, oldest first. Raises StorageFailed."""
        with self._database.reading() as session:
            waiting = (ConnectRequest.state == "waiting") & (ConnectRequest.expires_at > self._clock())
            return session.scalars(select(ConnectRequest).where(waiting).order_by(ConnectRequest.id)).all()

    def get(self, user_code: str) -> ConnectRequest:
        """A request that waits. Raises NotFound and StorageFailed."""
        with self._database.reading() as session:
            return self._waiting(session, user_code)

    def accept(
        self,
        user_code: str,
        permission: Permission,
        expires_at: float | None,
        by: Mapping[str, Any],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Lets the frontend fetch a token with this permission, for its origin.

        Raises NotFound, Conflict, and what `check` raises, which is called in the transaction.
        """
        with self._database.writing() as session:
            check()
            row = self._waiting(session, user_code)
            asked = Permission(
                frozenset(row.scopes),
                None if row.workspaces is None else frozenset(row.workspaces),
                None,
                None if row.integrations is None else frozenset(row.integrations),
            )
            if not asked.covers(permission):
                raise Conflict("More would be allowed than was asked for. A request can only be narrowed.")
            origins = frozenset() if row.origin is None else frozenset({row.origin})
            row.terms = columns_of(TokenTerms(row.name, permission, origins, expires_at))
            row.state, row.decided_by = "accepted", dict(by)
            _tell_of_answer(session)

    def deny(self, user_code: str, by: Mapping[str, Any]) -> None:
        """Refuses a request that waits, or whose token was not fetched yet. Raises NotFound and StorageFailed."""
        with self._database.writing() as session:
            row = self._find_open(session, user_code, "waiting", "accepted")
            row.state, row.decided_by = "denied", dict(by)
            _tell_of_answer(session)

    def _waiting(self, session: Session, user_code: str) -> ConnectRequest:
        return self._find_open(session, user_code, "waiting")

    def _find_open(self, session: Session, user_code: str, *states: str) -> ConnectRequest:
        code = read_user_code(user_code)
        row = session.scalar(select(ConnectRequest).where(ConnectRequest.user_code == code))
        if row is None or row.state not in states or row.expires_at <= self._clock():
            raise NotFound("No request with this code is waiting.")
        return row


def _tell_of_answer(session: Session) -> None:
    write_event(session, "connect.answered", (None, None), None)


def require_room(rows: Sequence[ConnectRequest], new: ConnectRequest, now: float) -> None:
    """Raises TooManyConnects if too many asked in the last ten minutes: the origin, the address, or all together."""
    of_address = [row for row in rows if row.address == new.address]
    of_origin = [row for row in of_address if row.origin == new.origin]
    for found, limit in ((of_origin, MAX_BY_ORIGIN), (of_address, MAX_BY_ADDRESS), (rows, MAX_IN_ALL)):
        if len(found) >= limit:
            wait = min(row.expires_at for row in found) - now
            raise TooManyConnects(
                "Too many tokens were asked for. Try again later.", retry_after_seconds=wait
            )


def make_user_code() -> str:
    """Such as `WDJB-MJHT`: a user compares it, so it is short; what authenticates the frontend is the device code."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def read_user_code(text: str) -> str:
    """The code that a user typed: in upper case, with one hyphen."""
    letters = "".join(letter for letter in text[:32].upper() if letter in CODE_LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


def _find(session: Session, device_code: str, origin: str | None, now: float) -> ConnectRequest:
    row = session.scalar(select(ConnectRequest).where(ConnectRequest.device_digest == digest_of(device_code)))
    # A page that got hold of another one's device code is told nothing.
    if row is None or row.expires_at <= now or row.origin != origin or row.state == "fetched":
        raise ExpiredToken("There is no such request, or no longer. Ask for a token again.")
    if row.state == "denied":
        raise AccessDenied("The owner of this server denied the request.")
    return row


def _wait(row: ConnectRequest, now: float) -> Exception:
    """Notes a poll. What a client that is too quick costs is bounded: its interval stops growing, and then it is
    answered without a write."""
    if row.polled_at is not None and 0 <= now - row.polled_at < row.interval_seconds:
        longer = min(row.interval_seconds + MORE_SECONDS, LONGEST_INTERVAL_SECONDS)
        row.interval_seconds = longer
        return SlowDown("Ask less often.", retry_after_seconds=longer, interval=longer)
    row.polled_at = now
    return AuthorizationPending(
        "The owner of this server has not decided yet.",
        retry_after_seconds=row.interval_seconds,
        interval=row.interval_seconds,
    )


def _is_over(now: float) -> Any:
    # The clock may have been set back, and nobody can answer a request from the future.
    return (ConnectRequest.expires_at <= now) | (ConnectRequest.created_at > now + LIFETIME_SECONDS)


def _terms_of(columns: Mapping[str, Any]) -> TokenTerms:
    workspaces, notebooks, integrations = (
        None if columns[name] is None else frozenset(columns[name])
        for name in ("workspaces", "notebooks", "integrations")
    )
    permission = Permission(frozenset(columns["scopes"]), workspaces, notebooks, integrations)
    return TokenTerms(columns["name"], permission, frozenset(columns["origins"]), columns["expires_at"])
