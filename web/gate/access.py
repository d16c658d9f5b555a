"""Checks a named token against the route that it calls. The owner may call every route."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Request

from errors import InsufficientScope
from plugin_store.declarers import declared_by_another
from schemas.api.tokens import SCOPES
from web.gate.access_rules import ACCESS_RULES, OWNER_ONLY, AccessRule, Plugins, Reach
from web.gate.permissions import Permission

Declarers = Mapping[str, tuple[int, str]]
"""The id and the name of the token that declared a plugin."""


def check_access(permission: Permission, incoming: Request, declarers: Callable[[], Declarers]) -> None:
    """Raises InsufficientScope, NotFound or DeclaredByAnother for a route or ids in its path that are not the caller's.

    What the query and the body name is checked where it is read: by `scope_of`, and by the routes of many items.
    """
    if permission.is_owner or incoming.url_rule is None or incoming.method == "OPTIONS":
        return
    rule = rule_of(incoming.method, incoming.url_rule.rule)
    require_rule(permission, rule)
    named = incoming.view_args or {}
    if "plugin_id" in named:
        permission.require_plugin(named["plugin_id"])
        if rule.of_settings and not may_configure(permission, named["plugin_id"], declarers()):
            raise declared_by_another(named["plugin_id"])
    if "workspace_id" in named:
        permission.require_workspace(named["workspace_id"])


def may_configure(permission: Permission, plugin_id: str, declarers: Declarers) -> bool:
    """Whether a plugin's settings are not another token's to keep."""
    return permission.is_owner or declarers.get(plugin_id, (permission.token_id,))[0] == permission.token_id


def rule_of(method: str, path: str) -> AccessRule:
    """The access rule of a route. One that is missing in the table is the owner's only."""
    return ACCESS_RULES.get(("GET" if method == "HEAD" else method, path), OWNER_ONLY)


def require_rule(permission: Permission, rule: AccessRule) -> None:
    """Raises InsufficientScope for a permission that is not enough for a route, whatever ids the request names."""
    if not rule.scopes:
        raise InsufficientScope(
            "Only the owner of this server may do this, with its own token or in a browser."
        )
    if rule.scopes.isdisjoint(permission.scopes):
        needed = [scope for scope in SCOPES if scope in rule.scopes]
        raise InsufficientScope(f"This needs a token with the scope {_either(needed)}.", scopes=needed)
    if rule.reach is Reach.SERVER and permission.is_limited:
        raise InsufficientScope("This token is not for the whole server.")
    if rule.reach is Reach.WORKSPACE and permission.notebooks is not None:
        raise InsufficientScope("This token is for some notebooks only, not for a whole workspace.")
    if rule.plugins is Plugins.ALL and permission.integrations is not None:
        raise InsufficientScope("This token is for some integrations only, not for all of them.")


def _either(words: list[str]) -> str:
    *first, last = [f"`{word}`" for word in words]
    return f"{', '.join(first)} or {last}" if first else last
