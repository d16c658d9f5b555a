"""The route that answers many blocks in one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import orjson
from flask import Response

from errors import PatchbayError
from integrations.rendering.batch import BatchItem, BatchResult
from integrations.rendering.envelope import write_envelope
from integrations.rendering.read_through import Rendered
from plugin_store.workspaces import Scope
from schemas.api.batch import RenderBatchSchema
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.problems import problem_of, problem_of_unexpected, retry_after_seconds, with_request_id
from web.api.scopes import permitted_scope, scope_of
from web.gate.callers import calling_permission
from web.gate.mount import mount_prefix

MEDIA_TYPE = "application/x-ndjson"
# JSON ignores blanks between lines. They are sent to detect a disconnected client.
STILL_HERE = b" "

blueprint = Blueprint("batch", __name__, description="Many blocks in one request.")


@blueprint.route("/render-batch", methods=["POST"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(RenderBatchSchema)
@blueprint.response(
    200,
    {"type": "string"},
    content_type=MEDIA_TYPE,
    description="One JSON object per line: `key`, `status`, `cache` (as in `X-Cache`, null for a problem) "
    "and the envelope or the problem.",
)
def render_batch(query: dict[str, Any], asked: dict[str, Any]) -> Response:
    """Many blocks' data, one line each as soon as it is ready: cached answers first, then as the providers answer."""
    # The lines are written after the request.
    found, permission = services(), calling_permission()

    def scope_of_block(block: BatchItem) -> Scope:
        permission.require_plugin(block.plugin_id)
        notebook_id = block.notebook_id or query.get("notebook_id")
        return permitted_scope(found.database, permission, {**query, "notebook_id": notebook_id})

    if permission.notebooks is None:
        scope_of(query)
    blocks = [_wanted(block) for block in asked["blocks"]]
    lines = _lines(found.rendering.batches.answer(blocks, scope_of_block), found.clock, mount_prefix())
    # A proxy that buffers the response would make fast answers wait for slow ones.
    return Response(lines, mimetype=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


def _wanted(block: dict[str, Any]) -> BatchItem:
    return BatchItem(
        key=block["key"],
        plugin_id=block["integration_id"],
        block_id=block["block_type"],
        parameters=block["parameters"],
        use_cache=block["use_cache"],
        notebook_id=block["notebook_id"],
    )


def _lines(answers: Iterator[BatchResult | None], clock: Callable[[], float], prefix: str) -> Iterator[bytes]:
    with closing(answers):  # type: ignore[type-var] - a generator has `close`
        for answered in answers:
            yield STILL_HERE if answered is None else _line(answered, clock(), prefix)


def _line(answered: BatchResult, now: float, prefix: str) -> bytes:
    outcome = answered.outcome
    if isinstance(outcome, Rendered):
        return _rendered_line(answered.key, outcome, now, prefix)
    is_ours = isinstance(outcome, PatchbayError)
    problem = problem_of(outcome, prefix) if is_ours else problem_of_unexpected(outcome, prefix)
    wait = retry_after_seconds(outcome) if is_ours else None
    members = {"key": answered.key, "cache": None, **with_request_id(problem)}
    if wait is not None:
        members["retry_after_seconds"] = wait
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _rendered_line(key: str, rendered: Rendered, now: float, prefix: str) -> bytes:
    problem = problem_of(rendered.error, prefix) if rendered.error is not None else None
    age_seconds = max(0, int(now - rendered.artifact.fetched_at))
    head = {"key": key, "status": 200, "cache": rendered.cache_status, "age": age_seconds}
    # The envelope's bytes are passed on unchanged: an artifact is never decoded on its way out.
    return orjson.dumps(head)[:-1] + b"," + write_envelope(rendered, problem)[1:] + b"\n"
