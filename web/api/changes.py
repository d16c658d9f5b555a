"""The one place where changes are named: by method and rule, for the audit log and for the log of the server."""

from __future__ import annotations

from typing import Final, NamedTuple

PREFIX = "/api/v1"
PLUGIN = "<string:plugin_id>"
INTEGRATION = f"{PREFIX}/integrations/{PLUGIN}"
WORKSPACE = f"{PREFIX}/workspaces/<int64:workspace_id>"
NOTEBOOK = f"{PREFIX}/notebooks/<int64:notebook_id>"


class Change(NamedTuple):
    """A change that a route makes.

    `what` is its name in the audit log; None where each part has an entry of its own, which the store names: a plugin
    that is registered, a value, a secret. `words` are its line in the log of the server, with parts of the path in
    braces; None for no line.
    """

    what: str | None
    words: str | None = None


CHANGES: Final[dict[tuple[str, str], Change]] = {
    ("POST", f"{PREFIX}/plugins/register"): Change(None),
    ("POST", f"{PREFIX}/plugins/register-batch"): Change(None),
    ("PATCH", f"{PREFIX}/plugins/{PLUGIN}"): Change("plugin.handed_over"),
    ("DELETE", f"{PREFIX}/plugins/{PLUGIN}"): Change("plugin.deleted", "{plugin_id}: plugin deleted"),
    ("PUT", f"{INTEGRATION}/enable"): Change(None, "{plugin_id}: switched"),
    ("PUT", f"{INTEGRATION}/config"): Change(None, "{plugin_id}: settings replaced"),
    ("PUT", f"{INTEGRATION}/secrets/<string:key>"): Change(None, "{plugin_id}: secret {key} entered"),
    ("DELETE", f"{INTEGRATION}/secrets/<string:key>"): Change(None, "{plugin_id}: secret {key} deleted"),
    ("PUT", f"{WORKSPACE}/plugins/{PLUGIN}"): Change(None, "{plugin_id}: settings changed"),
    ("DELETE", f"{WORKSPACE}/plugins/{PLUGIN}"): Change(None, "{plugin_id}: settings reset"),
    ("PUT", f"{NOTEBOOK}/plugins/{PLUGIN}"): Change(None, "{plugin_id}: settings changed"),
    ("DELETE", f"{NOTEBOOK}/plugins/{PLUGIN}"): Change(None, "{plugin_id}: settings reset"),
    ("POST", f"{INTEGRATION}/review"): Change("review.accepted", "{plugin_id}: review decided"),
    ("POST", f"/review/{PLUGIN}"): Change("review.accepted"),
    ("POST", f"{INTEGRATION}/actions/<string:block_type>"): Change(
        "action.run", "{plugin_id}: action {block_type} run"
    ),
    ("POST", f"{INTEGRATION}/oauth2/connect"): Change(
        "account.sign_in_begun", "{plugin_id}: sign-in at the provider begun"
    ),
    ("GET", "/oauth/callback"): Change("account.connected"),
    ("DELETE", f"{INTEGRATION}/oauth2"): Change("account.disconnected", "{plugin_id}: account disconnected"),
    ("POST", f"{PREFIX}/workspaces"): Change("workspace.created"),
    ("PATCH", WORKSPACE): Change("workspace.changed"),
    ("DELETE", WORKSPACE): Change("workspace.deleted", "workspace deleted"),
    ("POST", f"{WORKSPACE}/notebooks"): Change("notebook.created"),
    ("PATCH", NOTEBOOK): Change("notebook.changed"),
    ("DELETE", NOTEBOOK): Change("notebook.deleted", "notebook deleted"),
    ("DELETE", f"{PREFIX}/plugins/{PLUGIN}/artifacts"): Change(
        "artifacts.purged", "{plugin_id}: artifacts purged"
    ),
    ("DELETE", f"{WORKSPACE}/artifacts"): Change("artifacts.purged", "artifacts of a workspace purged"),
    ("DELETE", f"{PREFIX}/artifacts"): Change("artifacts.purged", "all artifacts purged"),
    ("DELETE", f"{PREFIX}/artifacts/<string:parameters_hash>"): Change(
        "artifacts.purged", "artifact {parameters_hash} purged"
    ),
    ("DELETE", f"{INTEGRATION}/history"): Change("history.purged"),
    ("POST", f"{PREFIX}/prefetch"): Change("schedule.pinned"),
    ("PATCH", f"{PREFIX}/prefetch/<int64:job_id>"): Change("schedule.changed"),
    ("DELETE", f"{PREFIX}/prefetch/<int64:job_id>"): Change("schedule.unpinned"),
    ("POST", f"{PREFIX}/tokens"): Change("token.created", "token made"),
    ("PATCH", f"{PREFIX}/tokens/<int64:token_id>"): Change("token.changed", "token {token_id} changed"),
    ("DELETE", f"{PREFIX}/tokens/<int64:token_id>"): Change("token.revoked", "token {token_id} revoked"),
    ("POST", f"{PREFIX}/connect/token"): Change("token.fetched"),
    ("POST", f"{PREFIX}/connect/requests/<string:user_code>/accept"): Change(
        "connect.accepted", "a frontend's request for a token accepted"
    ),
    ("POST", f"{PREFIX}/connect/requests/<string:user_code>/deny"): Change(
        "connect.denied", "a frontend's request for a token denied"
    ),
    ("GET", "/signin"): Change("session.started"),
    ("POST", "/signin"): Change("session.started"),
    ("POST", "/signout"): Change("session.ended"),
    ("DELETE", f"{PREFIX}/sessions"): Change("session.ended"),
    ("DELETE", f"{PREFIX}/sessions/<int64:session_id>"): Change("session.ended"),
}

# Why other routes that take a body or change the store have no entry.
WITHOUT_ENTRY: Final[dict[tuple[str, str], str]] = {
    ("POST", f"{INTEGRATION}/render"): "it reads; what is cached meanwhile is no change",
    ("POST", f"{PREFIX}/render-batch"): "it reads",
    ("POST", f"{INTEGRATION}/explain"): "it reads",
    ("POST", f"{PREFIX}/history"): "it reads",
    ("POST", f"{INTEGRATION}/test"): "it stores nothing; its call is in the log of calls",
    ("POST", f"{INTEGRATION}/execute"): "it stores nothing; its call is in the log of calls",
    ("POST", f"{PREFIX}/prefetch/<int64:job_id>/run"): "it fetches; its call is in the log of calls",
    ("POST", f"{PREFIX}/manifests/lint"): "it stores nothing",
    ("POST", f"{PREFIX}/manifests/import-openapi"): "it stores nothing",
    ("POST", f"{PREFIX}/connect"): "anybody may ask; the answer is an entry",
}
