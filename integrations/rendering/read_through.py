"""Read-through cache: answers from a usable artifact, else fetches once for all callers and stores the result.

A failed fetch leaves the artifact unchanged. The artifact is then served, marked as stale, for as long as allowed, and
negative caching delays the next fetch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from errors import (
    BreakerOpen,
    BudgetSpent,
    DeadlineExceeded,
    PatchbayError,
    StorageFailed,
    UpstreamFailed,
)
from integrations.budget import is_reserved_refusal
from integrations.caching.artifacts import Artifact, Artifacts, ArtifactSource, make_artifact
from integrations.caching.freshness import Freshness, State, decide_freshness
from integrations.caching.negative_cache import NegativeCache, name_of
from integrations.calling.executor import EndpointResult, NotModified, to_json
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.interpreter_slots import released_slot
from integrations.concurrency.parallel_calls import ParallelCalls
from integrations.concurrency.single_flight import SingleFlight
from integrations.concurrency.spans import span
from integrations.history.samples import Samples
from integrations.json.exact_json import load_json
from integrations.manifests.freshness_policy import FreshnessPolicy
from integrations.usage.call_log import Cause
from integrations.usage.recent_renders import Use
from plugin_store.engine.locks import Locks

_log = logging.getLogger(__name__)

# Failures of these kinds do not invalidate the last good answer.
TEMPORARY_FAILURES = (UpstreamFailed, DeadlineExceeded, BudgetSpent, BreakerOpen)

FIRST_LOOK_SECONDS = 0.002
MAX_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer and its cache status: `cache_status` is HIT, MISS, STALE, REVALIDATED or BYPASS.

    `error` is set if a refresh failed and the last good answer is served instead.
    """

    artifact: Artifact
    cache_status: str
    is_kept: bool = True
    error: PatchbayError | None = None
    use: Use | None = None
    """How the render of a block that is fetched ahead was noted."""
    changes_at: float | None = None
    """When another artifact answers the same request, because its times change; None where it has none."""
    action: Mapping[str, Any] | None = None
    """What a person may have run, where the block is an action: nothing was called, and there is no data."""

    is_sample: bool = False
    """Whether samples answer in place of the provider."""

    @property
    def is_stale(self) -> bool:
        return self.cache_status == "STALE"

    @property
    def is_cached(self) -> bool:
        return self.cache_status in ("HIT", "STALE", "REVALIDATED")


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The fetched answer, its endpoint's freshness policy, and the key of the one call that it is made from."""

    outcome: EndpointResult | NotModified
    freshness_policy: FreshnessPolicy
    call_key: str | None = None


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One thing to answer: its key, its source, and how to fetch it."""

    key: str
    source: ArtifactSource
    is_safe: bool
    freshness_policy: FreshnessPolicy
    timeout_seconds: float
    fetch: Callable[[bool, Cause, Artifact | None], FetchResult]
    """Fetches, from other artifacts too where it may use the cache, or finds the kept one still right."""
    use: Use | None = None
    is_fresh_enough: Callable[[Artifact], bool] | None = None
    """Whether a fresh artifact will do, for who fetches ahead; None takes any."""
    take_samples: Callable[[Any, float], Samples | None] | None = None
    """The numbers to keep of a fetched value and its time, for a block with a history."""

    @property
    def flight(self) -> str:
        """The single-flight key. A purge or a changed manifest starts a new flight."""
        return f"{self.source.generation}:{self.key}"

    def is_answered_by(self, kept: Artifact, now: float) -> bool:
        return kept.state_at(now) is State.FRESH and (
            self.is_fresh_enough is None or self.is_fresh_enough(kept)
        )


class ReadThroughCache:
    """Answers render requests. `flights` are the fetches of this process."""

    def __init__(
        self,
        artifacts: Artifacts,
        failures: NegativeCache,
        locks: Locks,
        pool: FairThreadPool,
        clock: Callable[[], float],
        default_ttl_seconds: float,
    ) -> None:
        self._artifacts = artifacts
        self._failures = failures
        self._locks = locks
        self._pool = pool
        self._clock = clock
        self._default_ttl_seconds = default_ttl_seconds
        self.flights: SingleFlight[Rendered] = SingleFlight()

    def answer(self, request: RenderRequest, *, use_cache: bool, cause: Cause) -> Rendered:
        """The answer to the request. Raises the failure, unless the last good answer may be served instead."""
        if not request.is_safe:
            return self._fetch(request, None, use_cache=False, cause=cause)
        with span("cache lookup"):
            kept = self._artifacts.get(request.key)
        if use_cache and (ready := self.answer_at_once(request, kept)) is not None:
            return ready
        try:
            return self._fetch_with_others(request, use_cache=use_cache, cause=cause)
        except TEMPORARY_FAILURES as error:
            if kept is None or kept.freshness.error_until <= self._clock():
                raise
            self._artifacts.record_use(request.key)
            return Rendered(kept, "STALE", error=error)

    def answer_all(
        self, requests: Sequence[RenderRequest], *, may_fail: bool, use_cache: bool, cause: Cause
    ) -> list[Rendered | PatchbayError]:
        """The answers in order, asked for in parallel; with `may_fail` also failures, each in its place.

        Without it the first failure is raised, and what has not started is not asked.
        """

        def answer(request: RenderRequest) -> Rendered | PatchbayError:
            try:
                return self.answer(request, use_cache=use_cache, cause=cause)
            except PatchbayError as error:
                if not may_fail:
                    raise
                return error

        if len(requests) < 2:
            return [answer(request) for request in requests]
        calls = ParallelCalls[Rendered | PatchbayError](self._pool, requests[0].source.plugin_id)
        return calls.run([partial(answer, request) for request in requests])

    def answer_at_once(self, request: RenderRequest, kept: Artifact | None) -> Rendered | None:
        """The artifact if it is fresh, or if it may be served while a background refresh runs."""
        if kept is None:
            return None
        if request.is_answered_by(kept, self._clock()):
            self._artifacts.record_use(request.key)
            return Rendered(kept, "HIT")
        if request.is_fresh_enough is None and kept.state_at(self._clock()) is State.REVALIDATE:
            self._artifacts.record_use(request.key)
            failure = self._failures.recall(request.key, request.source.generation)
            if failure is not None and failure.is_fresh(self._clock()):
                return Rendered(kept, "STALE", error=failure.error)
            self._refresh_behind(request)
            return Rendered(kept, "STALE")
        return None

    def _fetch_with_others(self, request: RenderRequest, *, use_cache: bool, cause: Cause) -> Rendered:
        def fetch() -> Rendered:
            return self._fetch_once(request, use_cache=use_cache, cause=cause)

        return self.flights.run(request.flight, fetch, partial(is_reserved_refusal, cause))

    def _refresh_behind(self, request: RenderRequest) -> None:
        self.flights.start(
            request.flight,
            lambda: self._fetch_once(request, use_cache=True, cause="revalidate"),
            partial(self._pool.submit, request.source.plugin_id),
        )

    def _fetch_once(self, request: RenderRequest, *, use_cache: bool, cause: Cause) -> Rendered:
        """Fetches in one process only. The other processes wait for its result or its failure."""
        began_at, gives_up_at = self._clock(), time.monotonic() + request.timeout_seconds
        pause_seconds = FIRST_LOOK_SECONDS
        while not self._locks.acquire(request.flight):
            if time.monotonic() >= gives_up_at:
                raise DeadlineExceeded(
                    "Another process is fetching this answer and takes too long.", reason="busy"
                )
            with released_slot():
                time.sleep(pause_seconds)
            pause_seconds = min(MAX_LOOK_SECONDS, pause_seconds * 1.5)
        try:
            return self._fetch_or_remember(request, began_at, use_cache=use_cache, cause=cause)
        finally:
            self._locks.release(request.flight)

    def _fetch_or_remember(
        self, request: RenderRequest, began_at: float, *, use_cache: bool, cause: Cause
    ) -> Rendered:
        """The answer that another process fetched since `began_at`, or its failure, else a fetch made now."""
        kept, noted = self._artifacts.get_with(request.key, name_of(request.key))
        if kept is not None:
            if use_cache and request.is_answered_by(kept, self._clock()):
                return Rendered(kept, "HIT")
            if began_at < kept.fetched_at <= self._clock():
                return Rendered(kept, "BYPASS")
        before = self._failures.read(noted, request.source.generation) if noted is not None else None
        if before is not None:
            is_another_s = began_at < before.at <= self._clock()
            if is_another_s or (use_cache and before.is_fresh(self._clock())):
                raise before.error
        try:
            rendered = self._fetch(request, kept, use_cache=use_cache, cause=cause)
        except TEMPORARY_FAILURES as error:
            self._failures.note(request.key, request.source.generation, error, before)
            if kept is not None:
                self._note_failure(request.key, error)
            raise
        if before is not None:
            self._failures.forget(request.key)
        return rendered

    def _fetch(
        self, request: RenderRequest, kept: Artifact | None, *, use_cache: bool, cause: Cause
    ) -> Rendered:
        fetched = request.fetch(use_cache, cause, kept if use_cache else None)
        outcome = fetched.outcome
        if isinstance(outcome, NotModified):
            assert kept is not None  # noqa: S101 - nothing else was asked about
            return self._renew(request, kept, outcome, fetched.freshness_policy)
        freshness = decide_freshness(
            outcome.fetched_at,
            request.freshness_policy,
            fetched.freshness_policy,
            outcome.upstream,
            self._default_ttl_seconds,
            is_renewable=fetched.call_key is not None,
        )
        artifact = make_artifact(
            request.key,
            outcome.content_type,
            to_json(outcome.value, outcome.kind),
            outcome.fetched_at,
            freshness or _now_only(outcome.fetched_at),
            outcome.validators if fetched.call_key is not None else None,
            fetched.call_key,
        )
        may_keep = request.is_safe and freshness is not None and outcome.partial is None
        is_kept = may_keep and self._keep(artifact, request, lambda: outcome.value)
        return Rendered(artifact, "MISS" if use_cache else "BYPASS", is_kept=is_kept, error=outcome.partial)

    def _renew(
        self, request: RenderRequest, kept: Artifact, unchanged: NotModified, endpoint_policy: FreshnessPolicy
    ) -> Rendered:
        """The stored answer, with a new lifetime as the provider's headers say (RFC 9111 section 4.3.4)."""
        freshness = decide_freshness(
            unchanged.at,
            request.freshness_policy,
            endpoint_policy,
            unchanged.upstream,
            self._default_ttl_seconds,
            is_renewable=True,
        )
        renewed = replace(
            kept,
            fetched_at=unchanged.at,
            freshness=freshness or _now_only(unchanged.at),
            validators=unchanged.validators,
        )
        return Rendered(
            renewed,
            "REVALIDATED",
            is_kept=freshness is not None and self._keep(renewed, request, lambda: load_json(kept.data)),
        )

    def _keep(self, artifact: Artifact, request: RenderRequest, value: Callable[[], Any]) -> bool:
        source, take = request.source, request.take_samples
        samples = take(value(), artifact.fetched_at) if take is not None else None
        try:
            # A step's artifact is awaited by its block, and the block is itself one of the flights.
            siblings = self.flights.count() - 1 if source.block_id is not None else 0
            return self._artifacts.put(artifact, source, siblings, samples)
        except StorageFailed as error:
            # A storage failure must not lose the answer.
            _log.warning("An artifact of %s cannot be stored: %s", source.plugin_id, error.detail)
            return False

    def _note_failure(self, key: str, error: PatchbayError) -> None:
        try:
            self._artifacts.note_failure(key, error.code)
        except StorageFailed as failed:
            _log.warning("A failed refresh cannot be recorded: %s", failed.detail)


def _now_only(at: float) -> Freshness:
    return Freshness(at, at, at)
