"""Events as they go over the wire: the text/event-stream format of WHATWG HTML, section 9.2. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from plugin_store.events import EventRow

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 3000
TIMES = ("fetched_at", "expires_at", "next_at")

ResyncReason = Literal["expired", "overflow"]


def event_message(row: EventRow) -> bytes:
    """The event with its id, its kind as the event's type, and its data as one line of JSON."""
    own: dict[str, Any] = orjson.loads(row.data) if row.data is not None else {}
    place = {
        "workspace_id": row.workspace_id,
        "notebook_id": row.notebook_id,
        "plugin_id": row.plugin_id,
        "block_id": row.block_id,
    }
    times = {name: _timestamp(own[name]) for name in TIMES if name in own}
    return _message(row.id, row.kind, {"at": _timestamp(row.at), **place, **own, **times})


def resync_message(last_id: int, reason: ResyncReason) -> bytes:
    """Tells the client that events are missing before `last_id`, so it must read everything again."""
    return _message(last_id, "resync", {"reason": reason})


def first_message(last_id: int) -> bytes:
    """How long to wait before a reconnect, and the id to resume after. It dispatches no event."""
    return b"retry: %d\nid: %d\n\n" % (RETRY_MS, last_id)


def heartbeat_message(last_id: int) -> bytes:
    """A comment, which shows whether the client is still there, and the id to resume after."""
    return b":\nid: %d\n\n" % last_id


def parse_last_event_id(header: str | None) -> int | None:
    """The id of a `Last-Event-ID`; None without one, and -1 for one that this server did not give."""
    if not header:
        return None
    return int(header) if len(header) < 19 and header.isascii() and header.isdigit() else -1


def _message(event_id: int, kind: str, data: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event_id, kind.encode(), orjson.dumps(data))


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
