"""Cache hits in memory, ready to be served again while nothing that affects them has changed.

The key is the exact request. Before a response is served again, three things are checked: the clock, whether anybody
committed to the store since the last check, and, if so, whether the store's revision and the artifact's row are
unchanged. Writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from integrations.caching.access_log import AccessLog
from integrations.concurrency.lru import Lru
from integrations.usage.counter import UsageCounter
from integrations.usage.recent_renders import Use
from plugin_store.engine.database import Reads
from plugin_store.workspaces import Scope

# The memory of an entry beside the bytes of request and response: its objects, and its place in the table.
OVERHEAD_BYTES = 1800
# Headers that responses share are stored once. These are individual, so sharing them is not tried.
OWN_HEADERS = frozenset({"ETag"})
MAX_SHARED_HEADERS = 1000
# One response takes at most a quarter of the cache.
LARGEST_SHARE = 4
UNCHANGED = (
    "SELECT 1 FROM store_revision, integration_artifacts"
    " WHERE revision = ? AND parameters_hash = ? AND fetched_at = ? AND expires_at = ?"
)

Header = tuple[str, str]
Headers = list[Header]
RequestKey = tuple[str | bytes | int | None, ...]
"""Everything by which the answer is chosen, the body last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """The source of a fresh answer: the artifact, its owner, and the store's revision when it was found."""

    key: str
    fetched_at: float
    expires_at: float
    revision: int
    scope: Scope
    plugin_id: str
    use: Use | None
    changes_at: float | None = None
    """When the request's times change, and another artifact answers it."""
    token_id: int | None = None
    """The named token that it was answered to; None for the owner."""

    def is_over(self, now: float) -> bool:
        """Whether the answer is no longer fresh, or another artifact's turn has come."""
        return now >= self.expires_at or (self.changes_at is not None and now >= self.changes_at)


@dataclass(slots=True)
class CachedResponse:
    """The response to one request. Its headers lack `Age`, which is added when it is sent."""

    hit: Hit
    status: int
    headers: Headers
    body: bytes
    size_bytes: int
    valid_at: int = -1
    """The store's commits when it was last found valid."""

    def headers_at(self, now: float) -> Headers:
        return [*self.headers, ("Age", str(max(0, int(now - self.hit.fetched_at))))]


class ResponseCache:
    """The cached responses of this process."""

    def __init__(
        self,
        reads: Reads,
        usage: UsageCounter,
        access_log: AccessLog,
        clock: Callable[[], float],
        limit_bytes: int,
        record_use: Callable[[Use], None] | None = None,
    ) -> None:
        self._reads = reads
        self._usage = usage
        self._access_log = access_log
        self._clock = clock
        self._record_use = record_use
        self._entries: Lru[RequestKey, CachedResponse] = Lru(
            limit_bytes, lambda known: known.size_bytes, limit_bytes // LARGEST_SHARE
        )
        self._shared_headers: dict[Header, Header] = {}

    @property
    def size_bytes(self) -> int:
        """The estimated memory of all entries."""
        return self._entries.size

    def get(self, request_key: RequestKey) -> CachedResponse | None:
        """The cached response to the request. `serve` decides whether it is still valid."""
        return self._entries.get(request_key)

    def serve(self, request_key: RequestKey, known: CachedResponse, commits: int) -> Headers | None:
        """The headers to send now, counted as a hit; None if the response is not valid any more.

        `commits` is the store's number of commits, read after the request arrived. Raises StorageFailed.
        """
        now = self._clock()
        hit = known.hit
        if hit.is_over(now) or not self._is_valid(known, commits):
            self._entries.drop(request_key)
            return None
        self._usage.count(hit.scope.workspace_id, hit.plugin_id, "HIT")
        self._access_log.note(hit.key)
        if hit.use is not None and self._record_use is not None:
            self._record_use(replace(hit.use, at=now))
        return known.headers_at(now)

    def store(self, request_key: RequestKey, hit: Hit, status: int, headers: Headers, body: bytes) -> None:
        """Stores a response that was just sent, with all headers except `Age`."""
        unaged = [self._share(header) for header in headers if header[0] != "Age"]
        request_key = tuple(sys.intern(part) if isinstance(part, str) else part for part in request_key)
        size_bytes = len(body) + _length(request_key[-1]) + OVERHEAD_BYTES
        self._entries.put(request_key, CachedResponse(hit, status, unaged, body, size_bytes))

    def _share(self, header: Header) -> Header:
        if header[0] in OWN_HEADERS or len(self._shared_headers) >= MAX_SHARED_HEADERS:
            return self._shared_headers.get(header, header)
        return self._shared_headers.setdefault(header, header)

    def _is_valid(self, known: CachedResponse, commits: int) -> bool:
        if known.valid_at != commits:
            hit = known.hit
            if not self._reads.query(UNCHANGED, (hit.revision, hit.key, hit.fetched_at, hit.expires_at)):
                return False
            known.valid_at = commits
        return True


def _length(part: str | bytes | int | None) -> int:
    return len(part) if isinstance(part, bytes) else 0
