"""Patchbay's front door: `create_app` makes it, `python app.py` serves it."""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_smorest.spec import openapi_cli

from errors import StorageFailed
from integrations.actions.actions import Actions
from integrations.actions.runs import Runs
from integrations.authoring.lint import check_manifest
from integrations.budget import Budget
from integrations.caching.artifacts import Artifacts
from integrations.caching.bodies import Bodies
from integrations.caching.eviction import Eviction
from integrations.caching.housekeeping import Housekeeping
from integrations.caching.negative_cache import NegativeCache
from integrations.calling.executor import Executor
from integrations.calling.requests_builder import Limits
from integrations.calling.sender import Sender
from integrations.catalog.catalog import Catalog
from integrations.catalog.compiled_manifests import CompiledManifests
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.leader_lock import LeaderLock
from integrations.concurrency.process_locks import ProcessLocks
from integrations.egress import Egress
from integrations.egress.guard import EgressPolicy
from integrations.fast_path.response_cache import ResponseCache
from integrations.prefetch.jobs import Jobs
from integrations.prefetch.planner import Planner
from integrations.prefetch.prefetcher import Prefetcher
from integrations.prefetch.reconciler import Reconciler
from integrations.prefetch.targets import PrefetchTargets
from integrations.rendering.batch import Batches
from integrations.rendering.connection_test import ConnectionTest
from integrations.rendering.explain.explainer import Explainer
from integrations.rendering.read_through import ReadThroughCache
from integrations.rendering.render import Renderer
from integrations.routes.actions import blueprint as actions_blueprint
from integrations.routes.batch import blueprint as batch_blueprint
from integrations.routes.explain import blueprint as explain_blueprint
from integrations.routes.integrations import blueprint as integrations_blueprint
from integrations.routes.oauth2 import blueprint as oauth2_blueprint
from integrations.routes.oauth2 import callback_blueprint as oauth2_callback_blueprint
from integrations.routes.prefetch import blueprint as prefetch_blueprint
from integrations.routes.usage import blueprint as usage_blueprint
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.sign_ins import SignIns
from integrations.tokens.token_cache import TokenCache
from integrations.usage.call_log import CallLog
from integrations.usage.counter import UsageCounter
from integrations.usage.recent_renders import RecentRenders
from plugin_store.engine.database import init_database, init_migrations
from plugin_store.registry import Registry
from plugin_store.routes import plugin_states, plugins, review_page, workspaces
from plugin_store.routes import settings as store_settings
from plugin_store.routes.commands import secrets_commands
from plugin_store.settings.configs import Configs
from plugin_store.settings.reviews import Reviews
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.vault import Vault, has_secrets
from settings import DOTENV_PATH, ConfigurationError, Settings, load_settings, unknown_variables, version
from web.api.context import Services
from web.api.event_log import init_event_log
from web.api.json import OrjsonProvider
from web.api.openapi import API_PREFIX, init_openapi
from web.api.problems import init_problems
from web.cli.commands import OWN_COMMANDS, bare_app, is_asked_for_help, is_on_the_way_to
from web.cli.lazy_group import LazyGroup
from web.gate.attempts import Attempts
from web.gate.gate import Gate, init_gate
from web.gate.sessions import Sessions
from web.gate.tokens import HeldToken
from web.monitoring import health, metrics
from web.monitoring.logs import init_access_log, init_logging
from web.pages import notebook, pages, signin
from web.routes import sessions as session_routes
from web.server.fast_path import FastPath
from web.server.links import ready_lines
from web.server.serve import bind, serve, share_heaps
from web.server.server import make_server

API_BLUEPRINTS = (
    plugins.blueprint,
    integrations_blueprint,
    batch_blueprint,
    actions_blueprint,
    explain_blueprint,
    usage_blueprint,
    prefetch_blueprint,
    oauth2_blueprint,
    store_settings.blueprint,
    plugin_states.blueprint,
    workspaces.blueprint,
    session_routes.blueprint,
)

# Its tools are loaded for who writes manifests, not for every server.
manifest_commands = LazyGroup(
    "manifest", "integrations.authoring.commands:manifest_commands",
    help="Write manifests: import one, check one, the schema for editors.",
)  # fmt: skip
COMMANDS = (*OWN_COMMANDS, secrets_commands, manifest_commands)
# What flask-migrate and flask-smorest add to a whole application.
migration_commands = LazyGroup("db", "flask_migrate.cli:db", help="Perform database migrations.")
ADDED_COMMANDS = (migration_commands, openapi_cli)


log = logging.getLogger("patchbay")


class App(Flask):
    """Flask without coroutines: none of our views is one, and asking each time costs a request ninety calls."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application, its data folder made and its database migrated.

    Raises ConfigurationError when it cannot work as it is set up.
    """
    if settings is None and is_on_the_way_to(manifest_commands):
        return bare_app(manifest_commands)
    if settings is None and is_asked_for_help():
        return bare_app(*COMMANDS, *ADDED_COMMANDS)
    settings = settings or load_settings()
    make_instance_folder(settings.instance)
    held = HeldToken(settings)
    app = App(__name__, instance_path=str(settings.instance))
    app.json = OrjsonProvider(app)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_size_bytes, NOTEBOOK_SANDBOX=settings.sandbox)
    init_problems(app)
    init_access_log(app)
    init_event_log(app)
    closing = app.extensions["patchbay_closing"] = ExitStack()
    try:
        services = app.extensions["patchbay"] = build_services(app, settings, closing)
    except StorageFailed as error:
        closing.close()
        raise ConfigurationError(error.detail) from None
    except BaseException:
        closing.close()
        raise
    sessions = Sessions(
        services.database,
        held,
        services.clock,
        idle_days=settings.session_idle_days,
        lifetime_days=settings.session_lifetime_days,
    )
    closing.callback(sessions.write_uses)
    gate = Gate.of(settings, held, sessions, Attempts(services.clock))
    init_gate(app, gate, services.database.commits)
    register_blueprints(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    if is_on_the_way_to(migration_commands):
        init_migrations(app)
    app.wsgi_app = FastPath(app.wsgi_app, services.response_cache, gate, services.database.hot_reads.commits)
    return app


def make_instance_folder(folder: Path) -> None:
    """The data folder, open to its owner only. Raises ConfigurationError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        raise ConfigurationError(f"PATCHBAY_INSTANCE {folder} must be a folder that you own.") from None


def build_services(app: Flask, settings: Settings, closing: ExitStack) -> Services:
    """What the routes work with, from the database up; `closing` lets go of it all in the opposite order."""
    clock = time.time
    database = init_database(app, settings.instance)
    closing.callback(database.close)
    keyring = load_keyring(
        settings.secret_keys, settings.secret_key_file, may_create=not has_secrets(database)
    )
    vault = Vault(database, keyring, clock)
    manifests = CompiledManifests()
    reviews = Reviews(database, vault, manifests.destinations)
    catalog = Catalog(database, vault, manifests, reviews.review_plugin_state)
    bodies = Bodies(settings.instance / "cache")
    closing.callback(bodies.close)
    claims = ProcessLocks(settings.instance / ".claims.lock")
    closing.callback(claims.close)
    eviction = Eviction(bodies, database, clock, settings.cache_size_limit_bytes)
    artifacts = Artifacts(bodies, database, clock, eviction)
    housekeeping = Housekeeping(eviction, clock)
    housekeeping.start()
    closing.callback(housekeeping.close)
    retention_seconds = settings.log_retention_days * 86400.0
    call_log = CallLog(database, clock, retention_seconds)
    closing.callback(call_log.close)
    usage = UsageCounter(database, clock, retention_seconds)
    closing.callback(usage.close)
    limits = Limits(settings.timeout_seconds, settings.max_answer_size_bytes)
    egress = make_egress(settings)
    closing.callback(egress.close)
    budget = Budget(database, clock)
    tokens = TokenCache(database, vault, egress, budget, clock, limits, call_log, locks=claims)
    exchange = TokenExchange(egress, budget, call_log, clock)
    sender = Sender(egress, tokens, budget, call_log, clock, settings.upstream_calls)
    executor = Executor(sender, vault, limits, clock)
    refresh_pool = FairThreadPool(settings.upstream_calls, "refresh")
    closing.callback(refresh_pool.close)
    uses = RecentRenders()
    renderer = Renderer(
        catalog,
        artifacts,
        executor,
        ReadThroughCache(
            artifacts, NegativeCache(bodies, clock), claims, refresh_pool, clock, settings.default_ttl_seconds
        ),
        usage,
        clock,
        note_use=uses.note if settings.prefetch else None,
    )
    batch_pool = FairThreadPool(settings.upstream_calls, "batch")
    closing.callback(batch_pool.close)
    prefetch_jobs = Jobs(database)
    questions = PrefetchTargets(catalog, artifacts, settings.default_ttl_seconds, random.random)
    prefetcher = Prefetcher(
        renderer,
        Planner(questions, prefetch_jobs, random.random),
        Reconciler(catalog, questions, prefetch_jobs),
        questions,
        prefetch_jobs,
        uses,
        LeaderLock(settings.instance / ".prefetch.lock"),
        FairThreadPool(max(1, settings.upstream_calls // 2), "prefetch"),
        database.revision,
        clock,
        random.random,
        settings.prefetch_idle_intervals,
    )
    closing.callback(prefetcher.close)
    explainer = Explainer(
        catalog,
        artifacts,
        egress.verdict,
        limits,
        clock,
        budget.status,
        next_refresh_at=prefetch_jobs.next_run_at if settings.prefetch else lambda _key: None,
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        registry=Registry(database, check_manifest, clock, reviews.review_of),
        configs=Configs(database, vault, manifests.destinations, clock),
        vault=vault,
        reviews=reviews,
        catalog=catalog,
        artifacts=artifacts,
        tokens=tokens,
        sign_ins=SignIns(database, vault, catalog, exchange, limits, clock),
        budget=budget,
        call_log=call_log,
        usage=usage,
        executor=executor,
        sender=sender,
        connection_test=ConnectionTest(catalog, executor),
        renderer=renderer,
        response_cache=ResponseCache(
            database.hot_reads,
            usage,
            eviction.access_log,
            clock,
            settings.memory_cache_bytes,
            note_use=uses.note if settings.prefetch else None,
        ),
        batches=Batches(renderer, batch_pool),
        actions=Actions(catalog, executor, artifacts, Runs(database, claims, clock), usage),
        explainer=explainer,
        prefetch_jobs=prefetch_jobs,
        prefetcher=prefetcher,
    )


def make_egress(settings: Settings) -> Egress:
    """The door to the providers. Raises ConfigurationError for an allow-list that cannot be read."""
    try:
        policy = EgressPolicy.parse(",".join(settings.egress_allow), ",".join(settings.egress_allow_urls))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return Egress(
        policy,
        user_agent=f"Patchbay/{version()}",
        pool_size=settings.threads,
        own_listeners=[(settings.host, settings.port)],
    )


def register_blueprints(app: Flask) -> None:
    """Hangs up every route: the API's under its prefix, the pages beside it."""
    api = init_openapi(app)
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=API_PREFIX)
    pages_blueprints = (
        health.blueprint,
        metrics.blueprint,
        signin.blueprint,
        pages.blueprint,
        notebook.blueprint,
    )
    for blueprint in (*pages_blueprints, review_page.blueprint, oauth2_callback_blueprint):
        app.register_blueprint(blueprint)


def close_app(app: Flask) -> None:
    """Ends what runs beside the requests and lets go of every file; called once, by who made the app."""
    app.extensions["patchbay_closing"].close()


@click.command()
@click.argument("action", type=click.Choice(["serve"]), default="serve")
@click.option("--host", help="Address to listen on (PATCHBAY_HOST, 127.0.0.1).")
@click.option("--port", help="Port to listen on (PATCHBAY_PORT, 8765); 0 takes a free one.")
@click.option("--instance", help="Folder for all data (PATCHBAY_INSTANCE, instance/).")
def main(action: str, **options: str | None) -> None:
    """Serve Patchbay until Ctrl-C or SIGTERM.

    Settings come from PATCHBAY_… environment variables or a .env file beside app.py; docs/configuration.md
    lists them, `make flask ARGS=settings` shows their values. Once it serves, Patchbay prints the link that
    signs a browser in; where the output is no terminal, the file that holds the token. Programs send the same
    token as `Authorization: Bearer …`.

    More commands: `make flask`, or `flask --app app --help`.
    """
    settings = load_settings(_override(os.environ, options), DOTENV_PATH)
    share_heaps()
    listener = bind(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    app = create_app(settings)
    held: HeldToken = app.extensions["patchbay_gate"].held
    init_logging(settings.log_level, lambda: held.value)
    for name in unknown_variables(os.environ, DOTENV_PATH):
        log.warning("%s is not a setting; docs/configuration.md lists them", name)
    if settings.prefetch:
        app.extensions["patchbay"].prefetcher.start()

    def tell_all() -> None:
        tell_ready(settings, held.value)
        tell_unreadable_secrets(app.extensions["patchbay"])

    try:
        serve(
            make_server(app, listener, settings),
            tell_all,
        )
    finally:
        close_app(app)


def tell_ready(settings: Settings, token: str) -> None:
    """Says on standard output that requests are answered, and how to get in."""
    for line in ready_lines(settings, token, to_terminal=sys.stdout.isatty()):
        click.echo(line)


def tell_unreadable_secrets(services: Services) -> None:
    """Warns of secrets that the keys at hand do not open. Requests are answered meanwhile."""
    try:
        unreadable = services.vault.list_unreadable()
    except StorageFailed:
        return
    for plugin_id, key in unreadable:
        log.warning(
            "The secret %s of %s cannot be read with the keys at hand: enter it again.", key, plugin_id
        )


def _override(environ: Mapping[str, str], options: Mapping[str, str | None]) -> dict[str, str]:
    """The environment with what the command line says in place of the same settings."""
    given = {f"PATCHBAY_{name.upper()}": value for name, value in options.items() if value is not None}
    replaced = {*given, *(f"{variable}_FILE" for variable in given)}
    return {name: value for name, value in environ.items() if name not in replaced} | given


if __name__ == "__main__":
    main()
