"""The routes for the usage of integrations and their remaining budgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from flask.views import MethodView

from errors import Invalid
from integrations.budget import BudgetStatus, account_of
from integrations.catalog.catalog import Installed
from integrations.routes.labels import label_of
from integrations.routes.query_parameters import read_since
from integrations.usage.latency import Latency, list_called, list_suspects, read_latencies
from integrations.usage.periods import Figures
from integrations.usage.report import Span, Usage, order_usage, read_total, read_usage, sum_usage
from plugin_store.engine.paging import Page
from plugin_store.workspaces import Scope
from schemas.api.state import PageSchema, ScopeSchema
from schemas.api.usage import (
    LatencyQuerySchema,
    LatencySchema,
    OneUsageSchema,
    TotalUsageSchema,
    UsageListQuerySchema,
    UsageQuerySchema,
    UsageSchema,
)
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("usage", __name__, description="The usage of integrations.")

Listed = tuple[list[dict[str, Any]], int, dict[str, str]]

_UNUSED, _NOTHING = Usage(), Figures()
_UNLIMITED = BudgetStatus((), {})


@blueprint.route("/usage")
class WorkspaceUsage(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.arguments(UsageListQuerySchema, location="query")
    @blueprint.response(200, UsageSchema)
    def get(
        self, query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]
    ) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Each integration's renders, hits, calls, errors and durations in the workspace, and its remaining budget."""
        scope, span = scope_of(query), _span(asked)
        page = Page(paging["page"], paging["page_size"])
        _flush()
        installed = {found.plugin_id: found for found in services().catalog.list(scope)}
        held, workspace_id = services(), scope.workspace_id
        counted = sum_usage(held.database, held.usage.memo, workspace_id, span)
        ordered = order_usage(held.database, workspace_id, span, counted, installed, asked["order_by"])
        names = list(filter(calling_permission().reaches_plugin, ordered))
        if asked.get("state") == "troubled":
            names = _troubled(scope, names, counted, installed)
        shown = names[page.offset : page.end]
        used = read_usage(held.database, workspace_id, span, shown, by_period=asked["include"] == "periods")
        statuses = _statuses(scope, shown, installed)
        listed = [
            _usage(name, installed.get(name), used.get(name, _UNUSED), statuses.get(name, _UNLIMITED))
            for name in shown
        ]
        return _dump_span(span, asked) | {"integrations": listed}, 200, page.headers(len(names))


@blueprint.route("/usage/total", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(UsageQuerySchema, location="query")
@blueprint.response(200, TotalUsageSchema)
def get_total(query: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The same for all integrations of the workspace together, forgotten ones too."""
    scope, span = scope_of(query), _span(asked)
    _flush()
    return _dump_span(span, asked) | _figures(read_total(services().database, scope.workspace_id, span))


@blueprint.route("/usage/latency", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(PageSchema, location="query")
@blueprint.arguments(LatencyQuerySchema, location="query")
@blueprint.response(200, LatencySchema(many=True))
def list_latencies(query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]) -> Listed:
    """How long the calls of each integration take now, what is usual, and since when they are slower; slowest first."""
    scope, page = scope_of(query), Page(paging["page"], paging["page_size"])
    _flush()
    latencies = _latencies(scope, asked)
    ordered = sorted(latencies.items(), key=lambda item: -item[1].times_slower)
    found = [
        (name, latency)
        for name, latency in ordered
        if asked["include"] == "called" or latency.slower_since is not None
    ]
    installed = {one.plugin_id: one for one in services().catalog.list(scope)} if found else {}
    listed = [_latency(name, installed.get(name), latency) for name, latency in found[page.offset : page.end]]
    return listed, 200, page.headers(len(found))


@blueprint.route("/integrations/<string:plugin_id>/usage")
class IntegrationUsage(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(UsageQuerySchema, location="query")
    @blueprint.response(200, OneUsageSchema)
    def get(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> dict[str, Any]:
        """The same for one integration."""
        scope, span = scope_of(query), _span(asked)
        installed = services().catalog.find(scope, plugin_id)
        status = services().budget.status(account_of(installed))
        _flush()
        used = read_usage(services().database, scope.workspace_id, span, [plugin_id])
        return _dump_span(span, asked) | _usage(plugin_id, installed, used.get(plugin_id, _UNUSED), status)


def _statuses(
    scope: Scope, names: Iterable[str], installed: Mapping[str, Installed]
) -> dict[str, BudgetStatus]:
    accounts = [account_of(installed[name]) for name in names if name in installed]
    return services().budget.statuses(scope.workspace_id, accounts)


def _troubled(
    scope: Scope, names: list[str], counted: Mapping[str, Figures], installed: Mapping[str, Installed]
) -> list[str]:
    """Those of the enabled integrations that need a user's attention, in the same order."""
    enabled = [name for name in names if name in installed and installed[name].enabled]
    known = services().budget.known(scope.workspace_id)
    statuses = _statuses(scope, filter(known.__contains__, enabled), installed)
    return [
        name
        for name in enabled
        if counted.get(name, _NOTHING).is_failing or statuses.get(name, _UNLIMITED).is_held_up
    ]


def _latencies(scope: Scope, asked: dict[str, Any]) -> dict[str, Latency]:
    """The latencies of the integration, or of all that were called in the last hours and may be asked for."""
    held, plugin_id = services(), asked.get("integration_id")
    now, workspace_id = held.clock(), scope.workspace_id
    if plugin_id is not None:
        calling_permission().require_plugin(plugin_id)
        return {plugin_id: Latency()} | read_latencies(held.database, workspace_id, now, [plugin_id])
    if asked["include"] == "slower":
        names = list_suspects(held.database, held.usage.memo, workspace_id, now)
    else:
        names = list_called(held.database, workspace_id, now)
    reached = list(filter(calling_permission().reaches_plugin, names))
    return read_latencies(held.database, workspace_id, now, reached)


def _span(asked: dict[str, Any]) -> Span:
    now = services().clock()
    start, end = (
        asked[name].timestamp() if asked.get(name) is not None else None for name in ("from_", "to")
    )
    if "since" in asked:
        if start is not None:
            raise Invalid("Name either `from` or `since`.", errors={"since": ["Leave it out beside `from`."]})
        start = read_since(asked["since"], now)
    return Span.of(start, end, asked["by"], now)


def _flush() -> None:
    """Writes what was counted a moment ago."""
    services().usage.counter.flush()
    services().usage.call_log.flush()


def _dump_span(span: Span, asked: dict[str, Any]) -> dict[str, Any]:
    return {"from_": span.start, "to": span.end, "by": asked["by"]}


def _usage(plugin_id: str, installed: Installed | None, usage: Usage, status: BudgetStatus) -> dict[str, Any]:
    return {
        "integration_id": plugin_id,
        **label_of(installed),
        "budget": status.windows,
        "rests": status.paused_origins,
        **_figures(usage),
    }


def _latency(plugin_id: str, installed: Installed | None, latency: Latency) -> dict[str, Any]:
    enabled = installed is not None and installed.enabled
    return {"integration_id": plugin_id, **label_of(installed), "enabled": enabled, **asdict(latency)}


def _figures(usage: Usage) -> dict[str, Any]:
    periods = [{"from_": start, **figures.dump()} for start, figures in sorted(usage.periods.items())]
    return {**usage.total.dump(), "periods": periods}
