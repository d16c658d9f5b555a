"""Session tokens: sends the login's requests in order and reads each answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from errors import DeadlineExceeded
from integrations.calling.carried import build_accounted_call
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits, build_call, fill_whole_url
from integrations.egress.messages import PreparedCall
from integrations.manifests.freshness_policy import FreshnessPolicy
from integrations.manifests.model import SAFE_METHODS, Endpoint, Login, LoginStep
from integrations.manifests.templating import Template, as_text
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.login_answers import read_login_answer
from integrations.tokens.rows import TokenRows
from integrations.tokens.token import Token
from integrations.tokens.token_request import TokenRequest
from integrations.usage.call_log import Cause

_NO_PATH = Template("", ("",))
_SLASH = Template("/", ("/",))


class Logins:
    """Logs in, and stores the session tokens."""

    def __init__(
        self, rows: TokenRows, exchange: TokenExchange, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._exchange = exchange
        self._limits = limits
        self._clock = clock

    def read(self, token_request: TokenRequest) -> Token | None:
        """The stored token, if there is one."""
        return self._rows.read(token_request)

    def acquire(self, token_request: TokenRequest, cause: Cause, *, is_saved: bool) -> Token:
        """A new session's token, stored if the settings are stored ones. Raises UpstreamFailed and its subclasses.

        One deadline, the integration's, covers all requests.
        """
        login = token_request.source
        assert isinstance(login, Login)  # noqa: S101 - the keeper chooses by it
        outputs: dict[str, Any] = {}
        expires_at: float | None = None
        ends_at = time.monotonic() + self._timeout_seconds(token_request)
        for step in login.steps:
            call = accounted_login_call(token_request, step, self._limits, outputs, self._clock())
            left = ends_at - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded("The timeout passed during the login.")
            answer = self._exchange.send(token_request.installed, "login", call, cause, left)
            given = read_login_answer(step, answer, self._clock())
            outputs |= {f"login.{name}": value for name, value in given.outputs.items()}
            if given.session_token is not None:
                outputs["session_token"] = given.session_token
                expires_at = given.expires_at
        texts = {name: as_text(value) for name, value in outputs.items()}
        token = Token(texts, self._clock(), expires_at)
        if is_saved:
            self._rows.keep(token_request, token)
        return token

    def _timeout_seconds(self, token_request: TokenRequest) -> float:
        return token_request.installed.integration.timeout_seconds or self._limits.timeout_seconds


def login_call(
    token_request: TokenRequest, step: LoginStep, limits: Limits, outputs: Mapping[str, Any], now: float
) -> PreparedCall:
    """One request of the login, built by the same rules as every other. `outputs` are those of earlier requests.

    Raises SettingsIncomplete for a setting that is missing or does not fit.
    """
    endpoint, values = _request_of(token_request, step, outputs)
    return build_call(token_request.installed.integration, endpoint, {}, values, limits, now)


def accounted_login_call(
    token_request: TokenRequest, step: LoginStep, limits: Limits, outputs: Mapping[str, Any], now: float
) -> PreparedCall:
    """The same with a list of the secrets that it carries. Outputs of earlier requests are treated as tokens."""
    endpoint, values = _request_of(token_request, step, outputs)
    return build_accounted_call(
        token_request.installed.integration,
        endpoint,
        {},
        values,
        limits,
        now,
        request="login",
        derived=outputs.keys(),
    )


def _request_of(
    token_request: TokenRequest, step: LoginStep, outputs: Mapping[str, Any]
) -> tuple[Endpoint, Values]:
    # Text outputs are treated as secrets and redacted wherever they come back. Numbers keep their type in JSON.
    texts = {name: value for name, value in outputs.items() if isinstance(value, str)}
    values = replace(token_request.values, config={**token_request.values.config, **outputs}, tokens=texts)
    path = step.path or _NO_PATH
    if step.url is not None and fill_whole_url(step.url, values.merged()).endswith("/"):
        path = _SLASH
    endpoint = Endpoint(
        id="login",
        method=step.method,
        base_url=step.url,
        path=path,
        path_query=(),
        parameters=(),
        headers=step.headers,
        common_headers=(),
        query=step.query,
        credentials=step.credentials,
        body=step.body,
        body_format=step.body_format,
        response_type="json",
        selector=None,
        schema=None,
        protocol="plain",
        paginator=None,
        is_safe=step.method in SAFE_METHODS,
        # The page after a login is for a browser. The token came with the redirect itself.
        redirects="none",
        timeout_seconds=None,
        freshness_policy=FreshnessPolicy(),
        config_names=frozenset(),
        secret_names=token_request.secret_names,
        digest="",
        declared={},
        computed=step.computed,
    )
    return endpoint, values
