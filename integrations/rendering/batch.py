"""Renders many blocks in one request and returns each answer as soon as it is ready."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from errors import PatchbayError
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.interpreter_slots import released_slot
from integrations.rendering.read_through import Rendered
from integrations.rendering.render import Renderer
from plugin_store.workspaces import Scope

SILENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One block of a batch. `key` identifies its answer in the response."""

    key: str
    plugin_id: str
    block_id: str
    parameters: Mapping[str, Any]
    use_cache: bool
    notebook_id: int | None


ScopeOf = Callable[[BatchItem], Scope]
"""The scope of a block. Raises NotFound, and why the caller may not have it."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One block's answer, or why there is none."""

    key: str
    outcome: Rendered | Exception


class Batches:
    """Answers batches. All batches share one thread pool, which schedules fetches fairly between the integrations."""

    def __init__(
        self, renderer: Renderer, pool: FairThreadPool, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        self._renderer = renderer
        self._pool = pool
        self._silence_seconds = silence_seconds

    def answer(self, blocks: Sequence[BatchItem], scope_of: ScopeOf) -> Iterator[BatchResult | None]:
        """The answers as they become ready: cached ones first, then errors known at once, then fetched ones.

        Yields None after each second without an answer, so that the writer notices a disconnected client.
        Fetches that have not started when the iterator is closed never start.
        """
        ready: queue.SimpleQueue[Future[Rendered]] = queue.SimpleQueue()
        fetches: dict[Future[Rendered], str] = {}
        refused: list[BatchResult] = []
        try:
            for block in blocks:
                try:
                    scope = scope_of(block)
                    kept = self._kept(scope, block)
                except Exception as error:
                    refused.append(BatchResult(block.key, error))
                    continue
                if kept is not None:
                    yield BatchResult(block.key, kept)
                else:
                    fetch = self._fetch(scope, block)
                    fetches[fetch] = block.key
                    fetch.add_done_callback(ready.put)
            yield from refused
            while fetches:
                try:
                    with released_slot():
                        fetch = ready.get(timeout=self._silence_seconds)
                except queue.Empty:
                    yield None
                else:
                    yield BatchResult(fetches.pop(fetch), _outcome(fetch))
        finally:
            for fetch in fetches:
                fetch.cancel()

    def _kept(self, scope: Scope, block: BatchItem) -> Rendered | None:
        if not block.use_cache:
            return None
        return self._renderer.render_kept(scope, block.plugin_id, block.block_id, block.parameters)

    def _fetch(self, scope: Scope, block: BatchItem) -> Future[Rendered]:
        def render() -> Rendered:
            return self._renderer.render_block(
                scope,
                block.plugin_id,
                block.block_id,
                block.parameters,
                use_cache=block.use_cache,
                cause="batch",
            )

        return self._pool.submit(block.plugin_id, render)


def _outcome(fetch: Future[Rendered]) -> Rendered | Exception:
    if fetch.cancelled():
        return PatchbayError("This server is shutting down. Try again later.")
    error = fetch.exception()
    if error is None:
        return fetch.result()
    return error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
