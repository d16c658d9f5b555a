"""The routes of prefetch jobs."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from errors import InsufficientScope, NotFound
from integrations.prefetch.job_filter import JobFilter
from plugin_store.engine.paging import Page
from plugin_store.models import PrefetchJob
from plugin_store.workspaces import Scope
from schemas.api.prefetch import PauseSchema, PinSchema, PrefetchJobSchema, PrefetchQuerySchema
from schemas.api.state import PageSchema, ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("prefetch", __name__, description="Prefetch jobs and their outcomes.")


@blueprint.route("/prefetch")
class PrefetchJobs(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.arguments(PrefetchQuerySchema, location="query")
    @blueprint.response(200, PrefetchJobSchema(many=True))
    def get(
        self, query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
        """The prefetch jobs of the workspace (or only the notebook's, if one is named), the next to run first."""
        page = Page(paging["page"], paging["page_size"])
        wanted = JobFilter.of(asked, calling_permission().integrations)
        jobs, total = services().prefetch.jobs.list_jobs(scope_of(query), wanted, page)
        return [_shown(job) for job in jobs], 200, page.headers(total)

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PinSchema)
    @blueprint.response(201, PrefetchJobSchema)
    def post(self, query: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        """Pin inputs of a block: they are prefetched from now on, whether anybody renders them or not."""
        calling_permission().require_plugin(asked["integration_id"])
        notebook_id = asked.get("notebook_id", query.get("notebook_id"))
        scope = scope_of({**query, "notebook_id": notebook_id})
        job = services().prefetch.planner.pin(
            scope, asked["integration_id"], asked["block_type"], asked["parameters"]
        )
        return _shown(job)


@blueprint.route("/prefetch/<int64:job_id>")
class OnePrefetchJob(MethodView):
    @blueprint.arguments(PauseSchema)
    @blueprint.response(200, PrefetchJobSchema)
    def patch(self, asked: dict[str, Any], job_id: int) -> dict[str, Any]:
        """Pause or resume a job."""
        _require_job(job_id)
        return _shown(services().prefetch.planner.set_paused(job_id, asked["paused"]))

    @blueprint.response(204)
    def delete(self, job_id: int) -> Response:
        """Unpin and delete a job. One that the manifest declares can only be paused: 409."""
        _require_job(job_id)
        services().prefetch.planner.unpin(job_id)
        return Response(status=204)


@blueprint.route("/prefetch/<int64:job_id>/run")
class PrefetchRun(MethodView):
    @blueprint.response(200, PrefetchJobSchema)
    def post(self, job_id: int) -> dict[str, Any]:
        """Run a job now, even a paused one; `last_outcome` and `last_error` report the result."""
        _require_job(job_id)
        return _shown(services().prefetch.runner.run_now(job_id))


def _require_job(job_id: int) -> None:
    """Raises NotFound for a job that does not exist, or is out of the caller's reach."""
    job, permission = services().prefetch.jobs.get(job_id), calling_permission()
    try:
        permission.require_plugin(job.plugin_id)
        permission.require_scope(Scope(job.workspace_id, job.notebook_id))
    except (NotFound, InsufficientScope):
        raise NotFound(f"There is no prefetch job {job_id}.") from None


def _shown(job: PrefetchJob) -> dict[str, Any]:
    reasons = {"default": job.is_default, "used": job.used_at is not None, "pinned": job.is_pinned}
    state = "paused" if job.is_paused else "waiting" if job.waits_for is not None else "scheduled"
    return {
        "id": job.id,
        "workspace_id": job.workspace_id,
        "notebook_id": job.notebook_id,
        "integration_id": job.plugin_id,
        "block_type": job.block_id,
        "parameters": job.parameters,
        "reasons": [reason for reason, holds in reasons.items() if holds],
        "state": state,
        "waits_for": job.waits_for,
        "next_run_at": job.next_run_at,
        "last_run_at": job.last_run_at,
        "last_lateness_ms": job.last_lateness_ms,
        "last_outcome": job.last_outcome,
        "last_error": job.last_error,
        "failures": job.failures,
        "fetched_at": job.fetched_at,
        "used_at": job.used_at,
        "managed_by": job.managed_by,
    }
