"""Hits that were answered before, ready to be answered again while nothing that shaped them has changed.

Kept in memory by the exact question. Before one is given again, three things are looked at: the clock, whether
anybody committed to the store since it was last found true, and, if so, whether the store's revision and the
artifact's row are still what they were. Writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from integrations.caching.access_log import AccessLog
from integrations.concurrency.lru import Lru
from integrations.usage.counter import UsageCounter
from integrations.usage.recent_renders import Use
from plugin_store.engine.read_pool import ReadPool
from plugin_store.workspaces import Scope

# What an entry costs beside the bytes of question and answer: its objects, and its place in the table.
OVERHEAD_BYTES = 1800
# Headers that answers share are kept once; what is an answer's own is not worth looking for another like it.
OWN_HEADERS = frozenset({"ETag"})
MAX_SHARED_HEADERS = 1000
# One answer takes at most a quarter of the room.
LARGEST_SHARE = 4
STILL = (
    "SELECT 1 FROM store_revision, integration_artifacts"
    " WHERE revision = ? AND parameters_hash = ? AND fetched_at = ? AND expires_at = ?"
)

Header = tuple[str, str]
Headers = list[Header]
RequestKey = tuple[str | bytes | None, ...]
"""Everything by which the answer is chosen, the body last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a fresh answer was made of: the artifact, whose it is, and the store's revision when it was found."""

    key: str
    fetched_at: float
    expires_at: float
    revision: int
    scope: Scope
    plugin_id: str
    use: Use | None


@dataclass(slots=True)
class CachedResponse:
    """An answer to one question. Its headers lack `Age`, which is added for the second in which it leaves."""

    hit: Hit
    status: int
    headers: Headers
    body: bytes
    size_bytes: int
    true_at: int = -1
    """The store's commits when it was last found true."""

    def headers_at(self, now: float) -> Headers:
        return [*self.headers, ("Age", str(max(0, int(now - self.hit.fetched_at))))]


class ResponseCache:
    """The hits of this process."""

    def __init__(
        self,
        read_pool: ReadPool,
        usage: UsageCounter,
        access_log: AccessLog,
        clock: Callable[[], float],
        limit_bytes: int,
        note_use: Callable[[Use], None] | None = None,
    ) -> None:
        self._read_pool = read_pool
        self._usage = usage
        self._access_log = access_log
        self._clock = clock
        self._note_use = note_use
        self._front: Lru[RequestKey, CachedResponse] = Lru(
            limit_bytes, lambda known: known.size_bytes, limit_bytes // LARGEST_SHARE
        )
        self._shared_headers: dict[Header, Header] = {}

    @property
    def size_bytes(self) -> int:
        """What all of them take, as it is counted."""
        return self._front.size

    def get(self, request_key: RequestKey) -> CachedResponse | None:
        """What was answered to the question before; whether it is still true is `give`'s to say."""
        return self._front.get(request_key)

    def give(self, request_key: RequestKey, known: CachedResponse, commits: int) -> Headers | None:
        """The headers with which the answer leaves now, counted as a hit; None when it is not true any more.

        `commits` is the store's number of them, read after the question was asked. Raises StorageFailed.
        """
        now = self._clock()
        hit = known.hit
        if now >= hit.expires_at or not self._is_true(known, commits):
            self._front.drop(request_key)
            return None
        self._usage.count(hit.scope.workspace_id, hit.plugin_id, "HIT")
        self._access_log.note(hit.key)
        if hit.use is not None and self._note_use is not None:
            self._note_use(replace(hit.use, at=now))
        return known.headers_at(now)

    def keep(self, request_key: RequestKey, hit: Hit, status: int, headers: Headers, body: bytes) -> None:
        """Remembers an answer that was just given; of its headers all but `Age`."""
        unaged = [self._share(header) for header in headers if header[0] != "Age"]
        request_key = tuple(sys.intern(part) if isinstance(part, str) else part for part in request_key)
        size_bytes = len(body) + len(request_key[-1] or b"") + OVERHEAD_BYTES
        self._front.put(request_key, CachedResponse(hit, status, unaged, body, size_bytes))

    def _share(self, header: Header) -> Header:
        if header[0] in OWN_HEADERS or len(self._shared_headers) >= MAX_SHARED_HEADERS:
            return self._shared_headers.get(header, header)
        return self._shared_headers.setdefault(header, header)

    def _is_true(self, known: CachedResponse, commits: int) -> bool:
        if known.true_at != commits:
            hit = known.hit
            if not self._read_pool.query(STILL, (hit.revision, hit.key, hit.fetched_at, hit.expires_at)):
                return False
            known.true_at = commits
        return True
