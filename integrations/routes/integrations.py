"""The routes for answers: integrations, render, execute, test."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, after_this_request, request
from flask.views import MethodView

from integrations.actions.keys import read_key
from integrations.catalog.catalog import Installed
from integrations.catalog.choosing import IntegrationFilter, description_of
from integrations.fast_path.response_cache import Hit
from integrations.rendering.block_inputs import describe_inputs, settings_of
from integrations.rendering.envelope import write_envelope
from integrations.rendering.read_through import Rendered
from integrations.routes.actions import IDEMPOTENCY_KEY, answer_performed
from integrations.routes.labels import label_of
from integrations.routes.query_parameters import read_parameters
from plugin_store.engine.paging import Page
from schemas.api.integrations import (
    BlocksSchema,
    EnvelopeSchema,
    ExecuteSchema,
    IntegrationInListSchema,
    IntegrationNameSchema,
    IntegrationSchema,
    IntegrationsQuerySchema,
    RenderQuerySchema,
    RenderSchema,
    TestSchema,
    VerdictSchema,
)
from schemas.api.state import PageSchema, ScopeSchema
from web.api.blueprint import Blueprint
from web.api.compression import compressed
from web.api.context import services
from web.api.problems import problem_of
from web.api.ready_response import ReadyResponse
from web.api.scopes import scope_of
from web.gate.callers import calling_grant, calling_permission
from web.server.fast_path import HIT_ENVIRON_KEY

blueprint = Blueprint("integrations", __name__, description="Integrations and their blocks.")


@blueprint.route("/integrations")
class Integrations(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.arguments(IntegrationsQuerySchema, location="query")
    @blueprint.response(200, IntegrationInListSchema(many=True))
    def get(
        self, query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
        """The registered integrations, and whether each is enabled in the workspace (and notebook)."""
        page = Page(paging["page"], paging["page_size"])
        reaches = calling_permission().reaches_plugin
        wanted = IntegrationFilter(asked.get("id"), asked.get("state"), asked["search"])
        listed = wanted.choose(services().catalog.list(scope_of(query)))
        found = [installed for installed in listed if reaches(installed.plugin_id)]
        describe = _listed
        if asked.get("include") == "details":
            describe = _described
            after_this_request(compressed)
        return (
            [describe(installed) for installed in found[page.offset : page.end]],
            200,
            page.headers(len(found)),
        )


@blueprint.route("/integration-names", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, IntegrationNameSchema(many=True))
def list_names(query: dict[str, Any], paging: dict[str, Any]) -> Response:
    """The names and icons of the registered integrations, and whether each is enabled: for a choice among many."""
    page, reaches = Page(paging["page"], paging["page_size"]), calling_permission().reaches_plugin
    found = [one for one in services().catalog.list(scope_of(query)) if reaches(one.plugin_id)]
    # Of a thousand, a schema would take most of the time.
    data = orjson.dumps([_named(one) for one in found[page.offset : page.end]])
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(data)),
        **page.headers(len(found)),
    }
    return ReadyResponse([data], headers=headers)


@blueprint.route("/integrations/<string:plugin_id>")
class IntegrationDetails(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.response(200, IntegrationSchema)
    def get(self, query: dict[str, Any], plugin_id: str) -> dict[str, Any]:
        """One integration: its properties, blocks and endpoints as declared, and whether a review is due."""
        return _described(services().catalog.find(scope_of(query), plugin_id))


@blueprint.route("/integrations/<string:plugin_id>/blocks")
class Blocks(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.response(200, BlocksSchema)
    def get(self, query: dict[str, Any], plugin_id: str) -> dict[str, Any]:
        """The integration's blocks as declared, with the inputs that a form asks for."""
        installed = services().catalog.find(scope_of(query), plugin_id)
        return {"integration_id": plugin_id, "blocks": _blocks(installed)}


@blueprint.route("/integrations/<string:plugin_id>/render")
class Render(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(RenderSchema)
    @blueprint.response(200, EnvelopeSchema)
    def post(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> Response:
        """One block's data: from the cache if fresh, else fetched. For an action, a description of what it would do."""
        return _render(query, plugin_id, asked, asked["parameters"])

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(RenderQuerySchema, location="query")
    @blueprint.response(200, EnvelopeSchema)
    @blueprint.alt_response(304, description="The client's copy is still valid.", success=True)
    def get(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> Response:
        """The same in a URL, so that a browser can cache it: send `If-None-Match` and get 304 while it is valid."""
        answer = _render(query, plugin_id, asked, read_parameters(asked["parameters"]))
        answer.make_conditional(request)
        return answer


@blueprint.route("/integrations/<string:plugin_id>/execute")
class Execute(MethodView):
    @blueprint.header({**IDEMPOTENCY_KEY, "required": False})
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(ExecuteSchema)
    @blueprint.response(200, EnvelopeSchema)
    def post(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> Response:
        """One endpoint's answer, fetched now. With an `Idempotency-Key` a writing endpoint is called only once."""
        scope, endpoint_id, parameters = scope_of(query), asked["endpoint_id"], asked["parameters"]
        header, actions = request.headers.get("Idempotency-Key"), services().actions
        if header is not None and actions.writes(scope, plugin_id, endpoint_id):
            key = read_key(header)
            return answer_performed(*actions.run_endpoint(scope, plugin_id, endpoint_id, parameters, key))
        rendered = services().rendering.renderer.execute_endpoint(
            scope, plugin_id, endpoint_id, parameters, use_cache=asked["use_cache"]
        )
        return _answer(rendered, services().clock())


@blueprint.route("/integrations/<string:plugin_id>/test")
class Test(MethodView):
    __test__ = False

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(TestSchema)
    @blueprint.response(200, VerdictSchema)
    def post(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> Any:
        """Whether the provider answers with these settings, saved or unsaved, and if not, why in plain words."""
        return services().rendering.connection_test.run(scope_of(query), plugin_id, asked.get("config"))


def _render(
    query: dict[str, Any], plugin_id: str, asked: dict[str, Any], parameters: dict[str, Any]
) -> Response:
    held = services()
    # Read first: a change from here on raises the revision, and the response is not cached then.
    revision = held.database.revision()
    scope = scope_of(query, revision)
    rendered = held.rendering.renderer.render_block(
        scope, plugin_id, asked["block_type"], parameters, use_cache=asked["use_cache"], revision=revision
    )
    if rendered.cache_status == "HIT" and _is_caller_of(revision):
        artifact = rendered.artifact
        request.environ[HIT_ENVIRON_KEY] = Hit(
            artifact.key,
            artifact.fetched_at,
            artifact.freshness.expires_at,
            revision,
            scope,
            plugin_id,
            rendered.use,
            rendered.changes_at,
            calling_permission().token_id,
        )
    return _answer(rendered, held.clock())


def _is_caller_of(revision: int) -> bool:
    """Whether the caller may do at that revision what it was let in for: its token may have been changed since."""
    grant = calling_grant()
    return grant is None or grant.revision == revision


def _answer(rendered: Rendered, now: float) -> Response:
    artifact = rendered.artifact
    problem = problem_of(rendered.error) if rendered.error is not None else None
    data = write_envelope(rendered, problem)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(data))),
        ("ETag", _etag(rendered)),
        ("Age", str(max(0, int(now - artifact.fetched_at)))),
        ("X-Cache", rendered.cache_status),
        # A browser may store it but revalidates each time, so that a changed setting shows at once.
        ("Cache-Control", "private, no-cache"),
    ]
    return ReadyResponse([data], headers=headers)


def _etag(rendered: Rendered) -> str:
    artifact = rendered.artifact
    if rendered.action is not None:
        return f'W/"{artifact.key[:32]}"'
    state = "-stale" if rendered.is_stale else ""
    return f'W/"{artifact.etag}-{int(artifact.fetched_at * 1000):x}{state}"'


def _named(installed: Installed) -> dict[str, Any]:
    return {"id": installed.plugin_id, **label_of(installed), "enabled": installed.enabled}


def _listed(installed: Installed) -> dict[str, Any]:
    integration, plugin_state = installed.integration, installed.plugin_state
    manifest = plugin_state.manifest
    section = manifest.get("integration") or {}
    return {
        **_named(installed),
        "description": description_of(installed),
        "version": plugin_state.version,
        "author": manifest.get("author") or section.get("author"),
        "api_type": integration.api_type,
        "base_url": integration.base_url.source if integration.base_url else None,
        "auth_method": integration.auth_method,
        "missing": list(installed.missing),
        "unreadable": installed.unreadable_secrets(),
        "review": installed.review,
    }


def _described(installed: Installed) -> dict[str, Any]:
    declared = {part: _declared(installed, part) for part in ("properties", "endpoints")}
    return _listed(installed) | declared | {"blocks": _blocks(installed)}


def _declared(installed: Installed, part: str) -> list[dict[str, Any]]:
    return list(installed.plugin_state.manifest.get(part) or [])


def _blocks(installed: Installed) -> list[dict[str, Any]]:
    settings, blocks = settings_of(installed.plugin_state.manifest), installed.integration.blocks
    return [
        {**declared, "inputs": describe_inputs(blocks[declared["id"]], settings)}
        for declared in _declared(installed, "blocks")
    ]
