"""Opens a record for each request that changes something, and writes which requests were refused."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flask import Flask, current_app, g, request

from errors import ForeignOrigin, InsufficientScope, PatchbayError, StorageFailed
from integrations.concurrency.current_request import current_request_id
from plugin_store.engine.change_record import (
    Author,
    ChangeRecord,
    Entry,
    close_record,
    open_record,
)
from web.api.changes import CHANGES
from web.api.context import Services, services
from web.gate.attempts import group_address
from web.gate.callers import calling_party, calling_session, gate
from web.gate.gate import SIGNIN_PATH
from web.gate.hosts import SAFE_METHODS
from web.gate.user_agents import name_user_agent

# Parts of a path and of a query that name a place, which has columns of its own.
PLACE = {"plugin_id": str, "workspace_id": int, "notebook_id": int}
SECONDS_APART = 60.0
MAX_A_MINUTE, MAX_REMEMBERED = 30, 1000


class RefusalLimit:
    """Which refusals are written: one of a kind and address a minute, and few in all. The others are counted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._written: deque[float] = deque()
        self._by_kind: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def pass_on(self, what: str, address: str) -> int | None:
        """How many like it were not written since the last one that was; None if this one is not written either."""
        key = what, group_address(address)
        with self._lock:
            now = self._clock()
            while self._written and not 0 <= now - self._written[0] < SECONDS_APART:
                self._written.popleft()
            last_at, left_out = self._by_kind.get(key, (float("-inf"), 0))
            if 0 <= now - last_at < SECONDS_APART or len(self._written) >= MAX_A_MINUTE:
                self._remember(key, (last_at, left_out + 1))
                return None
            self._written.append(now)
            self._remember(key, (now, 0))
            return left_out

    def _remember(self, key: tuple[str, str], value: tuple[float, int]) -> None:
        self._by_kind[key] = value
        self._by_kind.move_to_end(key)
        if len(self._by_kind) > MAX_REMEMBERED:
            self._by_kind.popitem(last=False)


def init_audit_trail(app: Flask) -> None:
    """Records the changes of every request, after the gate has let it in."""
    app_services: Services = app.extensions["patchbay"]
    log, clock = app_services.store.audit_log, app_services.clock
    app.extensions["patchbay_refusals"] = RefusalLimit(clock)

    @app.before_request
    def begin() -> None:
        rule = request.url_rule
        change = CHANGES.get((request.method, rule.rule)) if rule is not None else None
        if change is not None:
            whole = None if change.what is None else Entry(change.what, **_place(), details=_details())
            # Whoever signs in has the owner's token.
            author = _author("owner_token" if request.path == SIGNIN_PATH else "unknown")
            g.audit_record = open_record(ChangeRecord(author, whole, clock))

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        token = g.pop("audit_record", None)
        if token is not None:
            close_record(token)
            log.trim_now_and_then()


def note_refused(error: PatchbayError) -> None:
    """Writes an entry for a refusal that concerns security: a foreign origin at a write, an insufficient scope."""
    if isinstance(error, InsufficientScope) or (
        isinstance(error, ForeignOrigin) and request.method not in SAFE_METHODS
    ):
        _write_refusal("request.refused", {"code": error.code, "method": request.method, **_came_from()})


def note_failed_sign_in() -> None:
    """Writes an entry for a wrong token at the sign-in, without its value."""
    _write_refusal("sign_in.failed", {"browser": name_user_agent(request.headers.get("User-Agent"))})


def _write_refusal(what: str, details: Mapping[str, Any]) -> None:
    limit: RefusalLimit | None = _refusals()
    kind = f"{what} {details.get('code', '')}"
    left_out = None if limit is None else limit.pass_on(kind, request.remote_addr or "")
    if left_out is None:
        return
    more = {"left_out": left_out} if left_out else {}
    record = ChangeRecord(_author(), Entry(what, **_place(), details={**details, **more}), services().clock)
    # Who is refused is answered, whatever the disk says.
    with suppress(StorageFailed):
        services().store.audit_log.write(record)


def _refusals() -> RefusalLimit | None:
    return current_app.extensions.get("patchbay_refusals")


def _came_from() -> dict[str, str]:
    rule, origin = request.url_rule, request.headers.get("Origin")
    return {
        "route": "none" if rule is None else rule.rule,
        **({} if origin is None else {"origin": origin}),
    }


def _author(nobody: str = "unknown") -> Author:
    """The caller; `nobody` is the kind where no caller was let in."""
    party, session = calling_party(), calling_session()
    name = None if party is None else party.name
    if session is not None:
        with suppress(StorageFailed):
            name = gate().sessions.name_of(session.id)
    kind, number = (nobody, None) if party is None else (party.kind, party.id)
    return Author(kind, number, name, request.remote_addr, current_request_id())


def _place() -> dict[str, Any]:
    """The plugin, the workspace and the notebook that a request names."""
    named = {**request.args.to_dict(), **(request.view_args or {})}
    place = {}
    for name, kind in PLACE.items():
        with suppress(ValueError):
            if name in named and len(str(named[name])) < 200:
                place[name] = kind(named[name])
    return place


def _details() -> dict[str, Any]:
    """The other parts of the path. That of a cached answer is a digest, and no other is secret."""
    return {name: value for name, value in (request.view_args or {}).items() if name not in PLACE}
