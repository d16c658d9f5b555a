"""The open streams of this process, and the thread that reads new events for all of them.

Every process reads the log in the store, so it does not matter which one made the change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from errors import StorageFailed, TooManyStreams
from plugin_store.engine.database import Database
from plugin_store.events import EventLog, EventRow
from web.events.audience import Audience
from web.events.event_stream import EventStream
from web.events.messages import event_message, first_message, resync_message

LOOK_SECONDS = 0.1
HEARTBEAT_SECONDS = 15.0
READ_AT_ONCE = 500
# What a client that resumes is sent at most. Beyond that, reading everything again is cheaper.
MAX_REPLAYED = 500
# Each woken stream is a thread that wants the interpreter. So they are woken a few at a time, and the more there are
# the later the next look is.
WAKE_AT_ONCE = 8
BREATH_SECONDS = 0.002
LOOK_SECONDS_PER_WOKEN = 0.002
TROUBLE_SECONDS = 1.0
RETRY_SECONDS = 10.0
# If there is no room: how often, and how long each time, to wait for the streams of clients that are gone to end.
PROBES, PROBE_SECONDS = 4, 0.15

_log = logging.getLogger(__name__)


class EventHub:
    """Opens streams, and reads the log for them while there are any."""

    def __init__(
        self, database: Database, limit: int, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._database = database
        self._event_log = EventLog(database)
        self._limit = limit
        self.heartbeat_seconds = heartbeat_seconds
        """How long a stream that is opened from now on may be silent. A client that is gone is noticed after it."""
        self._lock = threading.Condition(threading.Lock())
        self._probe = threading.Lock()
        self._streams: set[EventStream] = set()
        self._tailer: threading.Thread | None = None
        self._read_to = 0
        """All streams have the events up to this id."""
        self._commits = -1
        self._revision = -1
        self._closing = threading.Event()

    def count(self) -> int:
        """The number of open streams."""
        return len(self._streams)

    def open(
        self, audience: Audience, last_event_id: int | None, may_continue: Callable[[], bool]
    ) -> EventStream:
        """A stream of the events for the audience from now on, or after `last_event_id`. The caller closes it.

        If events after that id are missing, a resync message comes first. Raises TooManyStreams and StorageFailed.
        """
        self._end_abandoned()
        self._require_room()
        stream = EventStream(audience, may_continue, self.heartbeat_seconds, self._leave)
        stream.queue(*self._first_messages(audience, last_event_id))
        with self._lock:
            self._require_room()
            self._streams.add(stream)
            self._follow(stream)
        return stream

    def close(self) -> None:
        """Ends every stream at once, and opens no more."""
        self._closing.set()
        with self._lock:
            streams, tailer = list(self._streams), self._tailer
        for stream in streams:
            stream.close()
        if tailer is not None:
            tailer.join()

    def _end_abandoned(self) -> None:
        """Where there is no room, has every stream send something at once, which ends those of clients that are gone.

        After a reload of many pages their old streams would take the room of the new ones until the next heartbeat.
        """
        with self._lock:
            streams = list(self._streams)
        # One request at a time waits for that, so that those who ask in vain hold up nobody.
        if not streams or len(streams) < self._limit or not self._probe.acquire(blocking=False):
            return
        try:
            # The first bytes to a closed connection may still be accepted; what comes after them is not.
            for _ in range(PROBES):
                self._wake(streams)
                with self._lock:
                    if self._lock.wait_for(lambda: len(self._streams) < self._limit, PROBE_SECONDS):
                        return
        finally:
            self._probe.release()

    def _require_room(self) -> None:
        if self._closing.is_set():
            raise TooManyStreams("The server is stopping.", retry_after_seconds=RETRY_SECONDS)
        if len(self._streams) >= self._limit:
            raise TooManyStreams(
                f"{self._limit} event streams are open; PATCHBAY_EVENT_STREAMS sets how many may be.",
                retry_after_seconds=RETRY_SECONDS,
            )

    def _first_messages(self, audience: Audience, last_event_id: int | None) -> tuple[list[bytes], int]:
        """What a new stream sends first, and the last event that this covers."""
        rows = [] if last_event_id is None else self._event_log.read(last_event_id, MAX_REPLAYED + 1)
        span = self._event_log.span()
        if last_event_id is None:
            return [first_message(span.last)], span.last
        if not span.holds_all_after(last_event_id):
            return [first_message(span.last), resync_message(span.last, "expired")], span.last
        if len(rows) > MAX_REPLAYED:
            return [first_message(span.last), resync_message(span.last, "overflow")], span.last
        missed = [event_message(row) for row in rows if audience.hears(row)]
        return [first_message(last_event_id), *missed], rows[-1].id if rows else last_event_id

    def _follow(self, stream: EventStream) -> None:
        """Lets the tailer read on from where the stream stands. The others skip what they have."""
        if self._tailer is None or stream.last_id < self._read_to:
            self._read_to, self._commits = stream.last_id, -1
        if self._tailer is None:
            self._tailer = threading.Thread(target=self._tail, name="events", daemon=True)
            self._tailer.start()

    def _leave(self, stream: EventStream) -> None:
        with self._lock:
            self._streams.discard(stream)
            self._lock.notify()

    # -- the tailer ------------------------------------------------------------------------------------------------

    def _tail(self) -> None:
        pause_seconds, is_in_trouble = LOOK_SECONDS, False
        while not self._closing.wait(pause_seconds) and self._is_needed():
            try:
                woken = self._look()
                pause_seconds, is_in_trouble = max(LOOK_SECONDS, woken * LOOK_SECONDS_PER_WOKEN), False
            except StorageFailed as error:
                if not is_in_trouble:
                    _log.warning("Live events cannot be read for now: %s", error.detail)
                pause_seconds, is_in_trouble = TROUBLE_SECONDS, True
            except Exception:
                # One failed look must not end the thread.
                _log.exception("A look for live events broke off.")
                pause_seconds = TROUBLE_SECONDS

    def _is_needed(self) -> bool:
        with self._lock:
            if not self._streams:
                self._tailer = None
            return bool(self._streams)

    def _look(self) -> int:
        """Queues what is new for each stream, and returns how many were woken. Raises StorageFailed."""
        with self._lock:
            read_to, looked_at, streams = self._read_to, self._commits, list(self._streams)
        commits = self._database.commits()
        if commits == looked_at:
            return 0
        rows = self._event_log.read(read_to, READ_AT_ONCE)
        # The rows are read first: a stream whose caller could not read them any more has ended before it gets them.
        self._end_forbidden(streams)
        woken = self._distribute(rows, read_to, commits)
        self._wake(woken)
        return len(woken)

    def _end_forbidden(self, streams: Sequence[EventStream]) -> None:
        revision = self._database.revision()
        if revision != self._revision:
            for stream in streams:
                stream.check()
            self._revision = revision

    def _distribute(self, rows: Sequence[EventRow], read_to: int, commits: int) -> list[EventStream]:
        with self._lock:
            if self._read_to != read_to:
                # A stream has joined that stands further back: the next look begins there.
                return []
            if len(rows) < READ_AT_ONCE:
                self._commits = commits
            if not rows:
                return []
            self._read_to = rows[-1].id
            messages = _Messages(rows)
            return [stream for stream in self._streams if messages.queue_for(stream)]

    def _wake(self, streams: Sequence[EventStream]) -> None:
        for start in range(0, len(streams), WAKE_AT_ONCE):
            if start:
                self._closing.wait(BREATH_SECONDS)
            for stream in streams[start : start + WAKE_AT_ONCE]:
                stream.wake()


class _Messages:
    """The messages of some events, made once for all streams of an audience."""

    def __init__(self, rows: Sequence[EventRow]) -> None:
        self._rows = rows
        self._written: dict[int, bytes] = {}
        self._by_audience: dict[Audience, list[tuple[int, bytes]]] = {}

    def queue_for(self, stream: EventStream) -> bool:
        """Whether there was something new for the stream, which is queued now."""
        numbered = self._by_audience.get(stream.audience)
        if numbered is None:
            numbered = self._by_audience[stream.audience] = [
                (row.id, self._write(row)) for row in self._rows if stream.audience.hears(row)
            ]
        fresh = [message for event_id, message in numbered if event_id > stream.last_id]
        stream.queue(fresh, max(stream.last_id, self._rows[-1].id))
        return bool(fresh)

    def _write(self, row: EventRow) -> bytes:
        message = self._written.get(row.id)
        if message is None:
            message = self._written[row.id] = event_message(row)
        return message
