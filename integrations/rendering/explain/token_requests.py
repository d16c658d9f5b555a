"""The token requests that would be sent if no valid token is stored. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from integrations.calling.oauth2_requests import token_call
from integrations.calling.requests_builder import Limits
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import Login, LoginStep, OAuth2
from integrations.rendering.explain.provenance import Source
from integrations.rendering.explain.shown_requests import (
    Draft,
    Judge,
    ShownRequest,
    hide_signature,
    setting_values,
    show_call,
)
from integrations.tokens.login import login_call
from integrations.tokens.token_request import TokenRequest, names_of


def show_token_requests(
    draft: Draft, settings: Mapping[str, Source], limits: Limits, now: float, judge: Judge
) -> list[ShownRequest]:
    """The integration's token requests in order. One that cannot be built is left out and reported as a problem."""
    token = draft.installed.integration.token
    if isinstance(token, OAuth2):
        return _oauth2_request(draft, token, settings, limits, judge)
    return _login_requests(draft, token, settings, limits, now, judge) if token is not None else []


def _oauth2_request(
    draft: Draft, oauth2: OAuth2, settings: Mapping[str, Source], limits: Limits, judge: Judge
) -> list[ShownRequest]:
    def attempt() -> PreparedCall:
        if oauth2.grant_type == "authorization_code":
            grant = {
                "grant_type": "refresh_token",
                "refresh_token": draft.placeholders.secret("refresh token"),
            }
        else:
            grant = {"grant_type": "client_credentials"}
        return token_call(draft.installed.integration, oauth2, draft.values, limits, grant)

    authorization = oauth2.authorization_url.names if oauth2.authorization_url else frozenset[str]()
    return _shown(draft, attempt, oauth2.names - authorization, "oauth2", settings, judge)


def _login_requests(
    draft: Draft, login: Login, settings: Mapping[str, Source], limits: Limits, now: float, judge: Judge
) -> list[ShownRequest]:
    properties = draft.installed.integration.properties
    secret_names = frozenset(name for name in names_of(draft.installed) if properties[name].secure)
    # Placeholders for the values that one login request passes to the next.
    outputs = {
        f"login.{output.name}": draft.placeholders.secret(f"login.{output.name}")
        for step in login.steps
        for output in step.outputs
    }

    def call_of(step: LoginStep) -> PreparedCall:
        token_request = TokenRequest(draft.installed, login, draft.values, frozenset(), secret_names, key="")
        shown = tuple(hide_signature(item, draft.placeholders) for item in step.credentials)
        return login_call(token_request, replace(step, credentials=shown), limits, outputs, now)

    found: list[ShownRequest] = []
    for step in login.steps:
        found += _shown(draft, partial(call_of, step), step.names, "login", settings, judge)
    return found


def _shown(
    draft: Draft,
    attempt: Callable[[], PreparedCall],
    names: frozenset[str],
    place: str,
    settings: Mapping[str, Source],
    judge: Judge,
) -> list[ShownRequest]:
    call = draft.build({}, attempt)
    if call is None:
        return []
    return [show_call(call, setting_values(names, place, draft.values, settings), draft.placeholders, judge)]
