"""Patchbay's front door: `create_app` makes it, `python app.py` serves it."""

from __future__ import annotations

import time
from contextlib import ExitStack

from flask import Flask

from errors import StorageFailed
from integrations.actions.services import build_actions
from integrations.authoring.lint import check_manifest
from integrations.budget import Budget
from integrations.caching.services import build_caching
from integrations.calling.metered_egress import MeteredEgress
from integrations.calling.services import build_calling
from integrations.catalog.catalog import Catalog
from integrations.catalog.compiled_manifests import CompiledManifests
from integrations.egress.services import build_egress
from integrations.fast_path.services import build_response_cache
from integrations.prefetch.jobs import Jobs
from integrations.prefetch.services import build_prefetch
from integrations.rendering.explain.explainer import Forecast
from integrations.rendering.services import build_rendering
from integrations.sample_answers.services import egress_or_samples, tokens_or_samples
from integrations.tokens.services import build_tokens
from integrations.usage.services import build_usage
from plugin_store.engine.files import make_instance_folder
from plugin_store.engine.opening import init_store
from plugin_store.engine.runtime import Runtime
from plugin_store.services import build_store
from settings import ConfigurationError, Settings, load_settings
from web.api.context import Services
from web.cli.groups import add_commands, app_for_commands_alone
from web.cli.serve import serve_command
from web.events.event_hub import EventHub
from web.gate.gate import init_gate
from web.gate.services import build_gate
from web.routes.blueprints import register_blueprints
from web.server.application import make_application
from web.server.fast_path import FastPath


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application, its data folder made and its database migrated.

    Raises ConfigurationError when it cannot work as it is set up.
    """
    if settings is None and (bare := app_for_commands_alone()) is not None:
        return bare
    settings = settings or load_settings()
    make_instance_folder(settings.instance)
    app = make_application(settings)
    closing = app.extensions["patchbay_closing"] = ExitStack()
    try:
        runtime = Runtime(settings, time.time, init_store(app, settings), closing)
        closing.callback(runtime.database.close)
        services = app.extensions["patchbay"] = build_services(runtime)
        gate = build_gate(runtime)
    except StorageFailed as error:
        closing.close()
        raise ConfigurationError(error.detail) from None
    except BaseException:
        closing.close()
        raise
    init_gate(app, gate, runtime.database.commits)
    register_blueprints(app)
    add_commands(app)
    app.wsgi_app = FastPath(app.wsgi_app, services.response_cache, gate, runtime.database.hot_reads.commits)
    return app


def build_services(runtime: Runtime) -> Services:
    """What the routes work with: each subsystem made of those above it, and closed in the opposite order."""
    manifests = CompiledManifests()
    store = build_store(runtime, manifests.destinations, check_manifest)
    review_of, is_sampled = store.reviews.review_plugin_state, runtime.settings.samples is not None
    catalog = Catalog(runtime.database, store.vault, manifests, review_of, runtime.clock, is_sampled)
    caching = build_caching(runtime)
    usage = build_usage(runtime)
    egress, budget = build_egress(runtime), Budget(runtime.database, runtime.clock)
    metered = egress_or_samples(runtime, MeteredEgress(egress, budget, usage.call_log, runtime.clock))
    tokens = build_tokens(runtime, metered, store.vault, catalog)
    calling = build_calling(runtime, metered, tokens_or_samples(runtime, tokens.cache), store.vault)
    jobs = Jobs(runtime.database)
    next_refresh_at = jobs.next_run_at if runtime.settings.prefetch else lambda _key: None
    forecast = Forecast(egress.verdict, budget.status, next_refresh_at)
    rendering = build_rendering(runtime, catalog, caching, calling.executor, usage.render_log, forecast)
    prefetch = build_prefetch(
        runtime, jobs, catalog, caching.artifacts, rendering.renderer, usage.recent_renders
    )
    return Services(
        settings=runtime.settings,
        clock=runtime.clock,
        database=runtime.database,
        store=store,
        catalog=catalog,
        caching=caching,
        usage=usage,
        budget=budget,
        tokens=tokens,
        calling=calling,
        rendering=rendering,
        actions=build_actions(runtime, catalog, calling.executor, caching, usage.counter),
        prefetch=prefetch,
        response_cache=build_response_cache(runtime, usage, caching.eviction.access_log),
        events=runtime.close_at_end(EventHub(runtime.database, runtime.settings.event_streams)),
    )


def close_app(app: Flask) -> None:
    """Ends what runs beside the requests and lets go of every file; called once, by who made the app."""
    app.extensions["patchbay_closing"].close()


main = serve_command(create_app, close_app)

if __name__ == "__main__":
    main()
