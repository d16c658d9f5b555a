"""Every route of the server: the API's under its prefix, and the pages."""

from __future__ import annotations

from flask import Flask

from integrations.routes import (
    actions,
    artifacts,
    batch,
    calls,
    counts,
    explain,
    history,
    integrations,
    manifests,
    oauth2,
    prefetch,
    usage,
)
from plugin_store.routes import plugin_states, plugins, review_page, settings, workspaces
from web.api.audit_trail import init_audit_trail
from web.api.openapi import API_PREFIX, init_openapi
from web.monitoring import health, metrics
from web.pages import built_files, icons, notebook, pages, signin
from web.routes import about, audit, connect, doctor, events, sessions, tokens

# In the order of the API's OpenAPI document.
API_BLUEPRINTS = (
    plugins.blueprint,
    integrations.blueprint,
    artifacts.blueprint,
    batch.blueprint,
    history.blueprint,
    events.blueprint,
    actions.blueprint,
    explain.blueprint,
    counts.blueprint,
    usage.blueprint,
    calls.blueprint,
    prefetch.blueprint,
    oauth2.blueprint,
    settings.blueprint,
    plugin_states.blueprint,
    workspaces.blueprint,
    sessions.blueprint,
    tokens.blueprint,
    connect.blueprint,
    audit.blueprint,
    manifests.blueprint,
    about.blueprint,
    doctor.blueprint,
)
PAGES = (
    health.blueprint,
    metrics.blueprint,
    signin.blueprint,
    pages.blueprint,
    built_files.blueprint,
    icons.blueprint,
    notebook.blueprint,
    review_page.blueprint,
    oauth2.callback_blueprint,
)


def register_blueprints(app: Flask) -> None:
    """Adds every route to the application, and the record of what it changes."""
    init_audit_trail(app)
    api = init_openapi(app)
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=API_PREFIX)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
