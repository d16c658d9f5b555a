"""Which scope each route needs, and how far it reaches: one table, which a test holds complete."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas.api.tokens import SCOPES

PREFIX = "/api/v1"
PLUGIN = "<string:plugin_id>"
INTEGRATION = f"{PREFIX}/integrations/{PLUGIN}"
WORKSPACE = f"{PREFIX}/workspaces/<int64:workspace_id>"
NOTEBOOK = f"{PREFIX}/notebooks/<int64:notebook_id>"


class Reach(Enum):
    """What a route concerns beside the ids in its path and query, which are checked in any case."""

    NAMED = "nothing else, or each item of the body, which the route checks by itself"
    NOTEBOOK = "a workspace, which `notebook_id` narrows to a notebook"
    WORKSPACE = "a whole workspace"
    SERVER = "the whole server"


class Plugins(Enum):
    """Which plugins a route concerns."""

    LISTED = "the one in the path, or those that the caller may have, which the route selects"
    ALL = "all of them"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What a named token needs for a route: one of the scopes; without scopes the route is the owner's only."""

    scopes: frozenset[str]
    reach: Reach = Reach.NAMED
    plugins: Plugins = Plugins.LISTED
    of_settings: bool = False
    """Whether the route shows or changes settings, which another token's declaration keeps for itself."""


def _rule(
    scopes: str, reach: Reach = Reach.NAMED, plugins: Plugins = Plugins.LISTED, *, of_settings: bool = False
) -> AccessRule:
    return AccessRule(frozenset(scopes.split()), reach, plugins, of_settings)


ANY = _rule(" ".join(SCOPES))
OWNER_ONLY = _rule("")
ADMIN = _rule("admin")
# To check a large text takes seconds, which only who writes manifests needs.
DECLARE = _rule("declare")
# A session is the owner's, whatever a token is limited to.
SESSIONS = _rule("admin", Reach.SERVER)
CONFIGURE = _rule("configure", Reach.NOTEBOOK, of_settings=True)
# Secrets and accounts belong to the workspace, whatever notebook is named.
CONFIGURE_WORKSPACE = _rule("configure", Reach.WORKSPACE, of_settings=True)
RENDER = _rule("render", Reach.NOTEBOOK)
OPERATE = _rule("operate", Reach.WORKSPACE)
READ = _rule("configure render operate", Reach.NOTEBOOK)

# By method and rule. HEAD is like GET, and OPTIONS needs no more than that.
ACCESS_RULES: Final[dict[tuple[str, str], AccessRule]] = {
    ("GET", f"{PREFIX}/tokens/current"): ANY,
    ("GET", f"{PREFIX}/tokens"): ADMIN,
    ("POST", f"{PREFIX}/tokens"): ADMIN,
    ("GET", f"{PREFIX}/tokens/<int64:token_id>"): ADMIN,
    ("PATCH", f"{PREFIX}/tokens/<int64:token_id>"): ADMIN,
    ("DELETE", f"{PREFIX}/tokens/<int64:token_id>"): ADMIN,
    ("GET", f"{PREFIX}/connect/requests"): OWNER_ONLY,
    ("POST", f"{PREFIX}/connect/requests/<string:user_code>/accept"): OWNER_ONLY,
    ("POST", f"{PREFIX}/connect/requests/<string:user_code>/deny"): OWNER_ONLY,
    ("GET", f"{PREFIX}/sessions"): SESSIONS,
    ("DELETE", f"{PREFIX}/sessions"): SESSIONS,
    ("DELETE", f"{PREFIX}/sessions/<int64:session_id>"): SESSIONS,
    ("GET", f"{PREFIX}/audit"): _rule("admin", Reach.SERVER, Plugins.ALL),
    ("GET", f"{PREFIX}/about"): _rule("admin", Reach.SERVER),
    ("GET", f"{PREFIX}/doctor"): _rule("admin", Reach.SERVER),
    ("GET", f"{PREFIX}/openapi.json"): ANY,
    ("GET", f"{PREFIX}/manifests/schema"): ANY,
    ("POST", f"{PREFIX}/manifests/lint"): DECLARE,
    ("POST", f"{PREFIX}/manifests/import-openapi"): DECLARE,
    # Declarations.
    ("POST", f"{PREFIX}/plugins/register"): _rule("declare"),
    ("POST", f"{PREFIX}/plugins/register-batch"): _rule("declare"),
    ("GET", f"{PREFIX}/plugins"): ANY,
    ("GET", f"{PREFIX}/plugins/{PLUGIN}"): ANY,
    ("DELETE", f"{PREFIX}/plugins/{PLUGIN}"): _rule("declare"),
    ("PATCH", f"{PREFIX}/plugins/{PLUGIN}"): OWNER_ONLY,
    # Settings.
    ("PUT", f"{INTEGRATION}/enable"): CONFIGURE,
    ("GET", f"{INTEGRATION}/config"): CONFIGURE,
    # Secrets in the body go to the workspace.
    ("PUT", f"{INTEGRATION}/config"): CONFIGURE,
    ("GET", f"{INTEGRATION}/secrets/<string:key>"): CONFIGURE_WORKSPACE,
    ("PUT", f"{INTEGRATION}/secrets/<string:key>"): CONFIGURE_WORKSPACE,
    ("DELETE", f"{INTEGRATION}/secrets/<string:key>"): CONFIGURE_WORKSPACE,
    ("GET", f"{INTEGRATION}/oauth2"): CONFIGURE_WORKSPACE,
    ("DELETE", f"{INTEGRATION}/oauth2"): CONFIGURE_WORKSPACE,
    ("POST", f"{INTEGRATION}/oauth2/connect"): CONFIGURE_WORKSPACE,
    ("POST", f"{INTEGRATION}/test"): CONFIGURE,
    # It shows the values of settings.
    ("POST", f"{INTEGRATION}/explain"): CONFIGURE,
    ("POST", f"{INTEGRATION}/review"): _rule("admin", Reach.WORKSPACE, of_settings=True),
    ("GET", f"{WORKSPACE}/plugins"): CONFIGURE_WORKSPACE,
    ("GET", f"{WORKSPACE}/plugins/{PLUGIN}"): CONFIGURE_WORKSPACE,
    ("PUT", f"{WORKSPACE}/plugins/{PLUGIN}"): CONFIGURE_WORKSPACE,
    ("DELETE", f"{WORKSPACE}/plugins/{PLUGIN}"): CONFIGURE_WORKSPACE,
    ("GET", f"{NOTEBOOK}/plugins"): CONFIGURE,
    ("GET", f"{NOTEBOOK}/plugins/{PLUGIN}"): CONFIGURE,
    ("PUT", f"{NOTEBOOK}/plugins/{PLUGIN}"): CONFIGURE,
    ("DELETE", f"{NOTEBOOK}/plugins/{PLUGIN}"): CONFIGURE,
    # Workspaces and notebooks.
    ("GET", f"{PREFIX}/workspaces"): ANY,
    ("POST", f"{PREFIX}/workspaces"): _rule("admin", Reach.SERVER, Plugins.ALL),
    ("GET", WORKSPACE): ANY,
    ("PATCH", WORKSPACE): _rule("configure", Reach.WORKSPACE, Plugins.ALL),
    # It deletes the secrets of every plugin there.
    ("DELETE", WORKSPACE): _rule("admin", Reach.WORKSPACE, Plugins.ALL),
    ("GET", f"{WORKSPACE}/notebooks"): ANY,
    ("POST", f"{WORKSPACE}/notebooks"): _rule("configure", Reach.WORKSPACE),
    ("GET", NOTEBOOK): ANY,
    ("PATCH", NOTEBOOK): _rule("configure", Reach.NOTEBOOK),
    ("DELETE", NOTEBOOK): _rule("configure", Reach.NOTEBOOK, Plugins.ALL),
    # Answers.
    ("GET", f"{PREFIX}/integrations"): READ,
    ("GET", f"{PREFIX}/integration-names"): READ,
    ("GET", INTEGRATION): READ,
    ("GET", f"{INTEGRATION}/blocks"): READ,
    ("GET", f"{INTEGRATION}/render"): RENDER,
    ("POST", f"{INTEGRATION}/render"): RENDER,
    ("POST", f"{PREFIX}/render-batch"): _rule("render"),
    ("GET", f"{PREFIX}/events"): RENDER,
    ("GET", f"{INTEGRATION}/history"): RENDER,
    ("POST", f"{PREFIX}/history"): _rule("render"),
    ("GET", f"{PREFIX}/alerts"): RENDER,
    ("GET", f"{PREFIX}/artifacts"): _rule("render", Reach.WORKSPACE),
    ("GET", f"{PREFIX}/artifacts/<string:parameters_hash>"): _rule("render", Reach.WORKSPACE),
    ("GET", f"{PREFIX}/plugins/{PLUGIN}/artifacts"): _rule("render", Reach.WORKSPACE),
    # What acts at a provider, or on what is stored.
    ("POST", f"{INTEGRATION}/actions/<string:block_type>"): _rule("operate", Reach.NOTEBOOK),
    ("POST", f"{INTEGRATION}/execute"): _rule("operate", Reach.NOTEBOOK),
    ("DELETE", f"{INTEGRATION}/history"): OPERATE,
    ("DELETE", f"{PREFIX}/plugins/{PLUGIN}/artifacts"): OPERATE,
    ("DELETE", f"{WORKSPACE}/artifacts"): _rule("operate", Reach.WORKSPACE, Plugins.ALL),
    ("DELETE", f"{PREFIX}/artifacts/<string:parameters_hash>"): OPERATE,
    ("GET", f"{PREFIX}/usage/latency"): OPERATE,
    ("DELETE", f"{PREFIX}/artifacts"): _rule("operate", Reach.SERVER, Plugins.ALL),
    ("GET", f"{PREFIX}/prefetch"): _rule("operate", Reach.NOTEBOOK),
    ("POST", f"{PREFIX}/prefetch"): _rule("operate"),
    ("PATCH", f"{PREFIX}/prefetch/<int64:job_id>"): _rule("operate"),
    ("DELETE", f"{PREFIX}/prefetch/<int64:job_id>"): _rule("operate"),
    ("POST", f"{PREFIX}/prefetch/<int64:job_id>/run"): _rule("operate"),
    ("GET", f"{PREFIX}/counts"): _rule("operate", Reach.NOTEBOOK),
    ("GET", f"{PREFIX}/usage"): OPERATE,
    ("GET", f"{PREFIX}/usage/total"): _rule("operate", Reach.WORKSPACE, Plugins.ALL),
    ("GET", f"{INTEGRATION}/usage"): OPERATE,
    ("GET", f"{PREFIX}/calls"): OPERATE,
    ("GET", "/metrics"): _rule("operate", Reach.SERVER, Plugins.ALL),
    # Pages are for browsers, which sign in with the owner's token.
    ("GET", "/"): OWNER_ONLY,
    ("GET", "/api/docs"): OWNER_ONLY,
    ("GET", "/console"): OWNER_ONLY,
    ("GET", "/console/"): OWNER_ONLY,
    ("GET", "/console/<path:_page>"): OWNER_ONLY,
    ("GET", "/docs/problems"): ANY,
    ("GET", "/notebook"): OWNER_ONLY,
    ("GET", "/notebook/gallery.json"): OWNER_ONLY,
    ("GET", f"/notebook/plugins/{PLUGIN}.json"): OWNER_ONLY,
    ("GET", f"/review/{PLUGIN}"): OWNER_ONLY,
    ("POST", f"/review/{PLUGIN}"): OWNER_ONLY,
    ("POST", "/signout"): ANY,
    ("GET", "/static/<path:filename>"): ANY,
    ("GET", "/static/built/assets/<path:name>"): ANY,
    ("GET", "/static/client/<path:name>"): ANY,
    ("GET", "/static/icons/<of>/<name>.svg"): ANY,
}
