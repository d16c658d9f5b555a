"""One open stream: a bounded queue of messages, read by the thread that sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from web.events.audience import Audience
from web.events.messages import heartbeat_message, resync_message

MAX_QUEUED = 1000


class EventStream:
    """The messages of one client, as an iterator that blocks until there are some, or until a heartbeat is due.

    `may_continue` tells whether the client may still read the scope. `leave` is called once, at the end.
    """

    def __init__(
        self,
        audience: Audience,
        may_continue: Callable[[], bool],
        heartbeat_seconds: float,
        leave: Callable[[EventStream], None],
    ) -> None:
        self.audience = audience
        self.last_id = 0
        """No event up to this one will be queued any more."""
        self._may_continue = may_continue
        self._heartbeat_seconds = heartbeat_seconds
        self._leave = leave
        self._queued: list[bytes] = []
        self._is_open = True
        self._changed = threading.Condition(threading.Lock())

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> bytes:
        """The messages that are queued, or a heartbeat. Raises StopIteration when the stream has ended."""
        with self._changed:
            if self._is_open and not self._queued:
                self._changed.wait(self._heartbeat_seconds)
            queued, self._queued = self._queued, []
            last_id = self.last_id
        # Time may end a session, too, and nothing else would notice that.
        if not (self._is_open if queued else self.check()):
            raise StopIteration
        return b"".join(queued) or heartbeat_message(last_id)

    def queue(self, messages: Sequence[bytes], last_id: int) -> None:
        """Queues the messages of the events up to `last_id`, to be sent at the next `wake`.

        If the client is too far behind, a resync message replaces them all.
        """
        with self._changed:
            self.last_id = last_id
            if len(self._queued) + len(messages) > MAX_QUEUED:
                self._queued = [resync_message(last_id, "overflow")]
            else:
                self._queued.extend(messages)

    def wake(self) -> None:
        """Lets the thread that sends continue."""
        with self._changed:
            self._changed.notify()

    def check(self) -> bool:
        """Whether the stream goes on. It ends if its client may not read any more."""
        if self._is_open and not self._may_continue():
            self.close()
        return self._is_open

    def close(self) -> None:
        """Ends the stream, from any thread. The thread that sends continues at once, and finds nothing more."""
        with self._changed:
            was_open, self._is_open, self._queued = self._is_open, False, []
            self._changed.notify()
        if was_open:
            self._leave(self)
