"""The routes for the history of numbers."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask.views import MethodView

from errors import PatchbayError
from integrations.history.purging import purge_history
from integrations.rendering.alerts import Alert, list_alerts
from integrations.rendering.histories import UnitSeries
from integrations.routes.labels import label_of
from integrations.routes.query_parameters import read_parameters, read_since
from plugin_store.engine.paging import Page
from schemas.api.artifacts import PurgedSchema
from schemas.api.history import (
    AlertSchema,
    HistoriesSchema,
    HistoryBatchSchema,
    HistoryPurgeSchema,
    HistoryQuerySchema,
    HistorySchema,
)
from schemas.api.state import PageSchema, ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.problems import problem_of
from web.api.ready_response import ReadyResponse
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("history", __name__, description="The numbers that blocks had over time.")


@blueprint.route("/integrations/<string:plugin_id>/history")
class BlockHistory(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(HistoryQuerySchema, location="query")
    @blueprint.response(200, HistorySchema)
    def get(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> Response:
        """The numbers that a block with these inputs had over time. Nothing is fetched."""
        scope = scope_of(query)
        found = services().rendering.histories.read(
            scope,
            plugin_id,
            asked["block_type"],
            read_parameters(asked["parameters"]),
            _since(asked),
            asked["points"],
        )
        return _answer({"series": _dump(found)})

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(HistoryPurgeSchema, location="query")
    @blueprint.response(200, PurgedSchema)
    def delete(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> dict[str, int]:
        """Delete a plugin's history in the workspace, or that of one block. Fetches in progress leave no sample."""
        services().store.registry.get(plugin_id)
        workspace_id = scope_of(query).workspace_id
        return {
            "purged": purge_history(services().database, workspace_id, plugin_id, asked.get("block_type"))
        }


@blueprint.route("/history", methods=["POST"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(HistoryBatchSchema)
@blueprint.response(200, HistoriesSchema)
def read_histories(query: dict[str, Any], asked: dict[str, Any]) -> Response:
    """The histories of many blocks in one request. A block that cannot be answered has a problem of its own."""
    if calling_permission().notebooks is None:
        scope_of(query)
    since = _since(asked)
    return _answer({"histories": [_keyed(query, block, since, asked["points"]) for block in asked["blocks"]]})


@blueprint.route("/alerts")
class Alerts(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.response(200, AlertSchema(many=True))
    def get(
        self, query: dict[str, Any], paging: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
        """The numbers whose latest sample is at level `warn` or `bad`, newest first. Nothing is fetched."""
        held = services()
        scope = scope_of(query)
        page = Page(paging["page"], paging["page_size"])
        reaches = calling_permission().reaches_plugin
        found = [
            alert
            for alert in list_alerts(held.catalog, held.database, scope, held.clock())
            if reaches(alert.latest.plugin_id)
        ]
        return [_alert(alert) for alert in found[page.offset : page.end]], 200, page.headers(len(found))


def _alert(alert: Alert) -> dict[str, Any]:
    latest = alert.latest
    return {
        "integration_id": latest.plugin_id,
        **label_of(alert.installed),
        "block_type": latest.block_id,
        "notebook_id": latest.notebook_id,
        "parameters": latest.parameters,
        "field": latest.field,
        "unit": alert.unit,
        "value": latest.value,
        "level": alert.level,
        "since": alert.since,
        "at": latest.at,
    }


def _keyed(query: dict[str, Any], block: dict[str, Any], since: float | None, points: int) -> dict[str, Any]:
    notebook_id = block["notebook_id"] or query.get("notebook_id")
    try:
        calling_permission().require_plugin(block["integration_id"])
        scope = scope_of({**query, "notebook_id": notebook_id})
        found = services().rendering.histories.read(
            scope, block["integration_id"], block["block_type"], block["parameters"], since, points
        )
    except PatchbayError as error:
        return {"key": block["key"], **problem_of(error)}
    return {"key": block["key"], "status": 200, "series": _dump(found)}


def _since(asked: dict[str, Any]) -> float | None:
    """The beginning of the span in epoch seconds. Raises Invalid."""
    text = asked.get("since")
    return None if text is None else read_since(text, services().clock())


def _dump(found: list[UnitSeries]) -> list[dict[str, Any]]:
    return [
        {
            "field": series.field,
            "unit": unit,
            "min": series.low,
            "max": series.high,
            "points": series.points,
        }
        for series, unit in ((item.series, item.unit) for item in found)
    ]


def _answer(value: dict[str, Any]) -> Response:
    data = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    return ReadyResponse([data], headers=headers)
