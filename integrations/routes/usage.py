"""The routes for the usage of integrations and their remaining budgets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask.views import MethodView

from integrations.budget import BudgetStatus, account_of
from integrations.usage.report import Figures, Span, Usage, read_usage
from plugin_store.workspaces import Scope, resolve_scope
from schemas.api.state import ScopeSchema
from schemas.api.usage import OneUsageSchema, UsageQuerySchema, UsageSchema
from web.api.blueprint import Blueprint
from web.api.context import services

blueprint = Blueprint("usage", __name__, description="The usage of integrations.")

_UNUSED = Usage(Figures(), {})
_UNLIMITED = BudgetStatus((), {})


@blueprint.route("/usage")
class WorkspaceUsage(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(UsageQuerySchema, location="query")
    @blueprint.response(200, UsageSchema)
    def get(self, query: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        """Each integration's renders, hits, calls, errors and durations in the workspace, and its remaining budget."""
        scope, span = _scope(query), _span(asked)
        used = _read_usage(scope, span, None)
        accounts = [account_of(installed) for installed in services().catalog.list(scope)]
        statuses = services().budget.statuses(scope.workspace_id, accounts)
        names = sorted(used.keys() | statuses.keys())
        listed = [_usage(name, used.get(name, _UNUSED), statuses.get(name, _UNLIMITED)) for name in names]
        return _dump_span(span, asked) | {"integrations": listed}


@blueprint.route("/integrations/<string:plugin_id>/usage")
class IntegrationUsage(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(UsageQuerySchema, location="query")
    @blueprint.response(200, OneUsageSchema)
    def get(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> dict[str, Any]:
        """The same for one integration."""
        scope, span = _scope(query), _span(asked)
        status = services().budget.status(account_of(services().catalog.find(scope, plugin_id)))
        used = _read_usage(scope, span, plugin_id).get(plugin_id, _UNUSED)
        return _dump_span(span, asked) | _usage(plugin_id, used, status)


def _scope(query: dict[str, Any]) -> Scope:
    return resolve_scope(services().database, query.get("workspace_id"), query.get("notebook_id"))


def _span(asked: dict[str, Any]) -> Span:
    start, end = (
        asked[name].timestamp() if asked.get(name) is not None else None for name in ("from_", "to")
    )
    return Span.of(start, end, asked["by"], services().clock())


def _read_usage(scope: Scope, span: Span, plugin_id: str | None) -> dict[str, Usage]:
    # Includes what was counted a moment ago.
    services().usage.counter.flush()
    services().usage.call_log.flush()
    return read_usage(services().database, scope.workspace_id, span, plugin_id)


def _dump_span(span: Span, asked: dict[str, Any]) -> dict[str, Any]:
    return {"from_": span.start, "to": span.end, "by": asked["by"]}


def _usage(plugin_id: str, usage: Usage, status: BudgetStatus) -> dict[str, Any]:
    return {
        "integration_id": plugin_id,
        **asdict(usage.total),
        "budget": status.windows,
        "rests": status.paused_origins,
        "periods": [{"from_": start, **asdict(figures)} for start, figures in usage.periods.items()],
    }
