"""Any order of what frontends, users and operators do gives what a simple model says."""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from werkzeug.test import TestResponse

from app import close_app, create_app
from tests.conftest import Client, settings_for
from tests.databases import contents_of, seed_database
from tests.raw_upstreams import Peer, RawUpstream
from tests.security.ground import everything_logged, forms_of, json_answer, new_secret
from tests.web.lifecycle.model import PLUGINS, SCOPES, UNITS, Model, Scope, Token

# A start takes as long as some thirty requests.
REQUESTS_BETWEEN_STARTS = 30
STEPS_BETWEEN_COMPARISONS = 3
# For a longer search set the variable to some hundred.
EXAMPLES = int(os.environ.get("LIFECYCLE_EXAMPLES", "10"))

plugins = st.sampled_from(PLUGINS)
scopes = st.sampled_from(SCOPES)
workspaces = st.sampled_from(sorted({workspace for workspace, _ in SCOPES}))
units = st.sampled_from(UNITS)
places = st.sampled_from(["oslo", "rome"])
token_scopes = st.sets(st.sampled_from(["render", "configure", "operate"]), min_size=1)


class Lifecycle(RuleBasedStateMachine):
    """Two plugins, two workspaces with a notebook each, and a provider that repeats the key that it gets."""

    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.versions, self.steps = count(1), count()
        self.answers: list[bytes] = []
        self.secrets: list[str] = []
        self._open = ExitStack()
        self.log = self._open.enter_context(everything_logged())
        self.provider = self._open.enter_context(RawUpstream(self._answer))
        self.instance = Path(self._open.enter_context(tempfile.TemporaryDirectory()), "instance")
        seed_database(self.instance)
        self._start()
        self._open.callback(lambda: close_app(self.app))

    def _answer(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            key = re.search(rb"(?i)\r\nX-Key: (.*)\r\n", request)
            asked = re.search(rb"place=(\w+)&units=(\w+)", request)
            assert key and asked, request
            said = {
                "number": len(self.provider.requests),
                "place": asked[1].decode(),
                "units": asked[2].decode(),
                "key": key[1].decode("latin-1"),
            }
            peer.send(json_answer(json.dumps(said).encode()))

    def _start(self) -> None:
        self.app = create_app(settings_for(self.instance))
        self.client = Client(self.app)
        self.requests_since_start = 0

    @initialize()
    def create_scopes(self) -> None:
        self.ids: dict[Scope, dict[str, int]] = {}
        for workspace, notebook in SCOPES:
            if notebook is None:
                created = self._ask("POST", "/workspaces", {"name": workspace}).json
                self.ids[workspace, None] = {"workspace_id": created["id"]}
            else:
                owner = self.ids[workspace, None]["workspace_id"]
                created = self._ask("POST", f"/workspaces/{owner}/notebooks", {"name": notebook}).json
                self.ids[workspace, notebook] = {"workspace_id": owner, "notebook_id": created["id"]}
        # Most of what may go wrong needs a plugin that can be rendered.
        for plugin in PLUGINS:
            self.register(plugin, "metric")
            self.enter_secret(plugin, "home", in_config=False)

    @rule(plugin=plugins, default=units)
    def register(self, plugin: str, default: str) -> None:
        declared = {
            "id": plugin,
            "name": plugin,
            "version": f"1.{next(self.versions)}.0",
            "type": "integration",
        }
        answer = self._ask("POST", "/plugins/register", {**declared, "manifest": self._manifest(default)})
        assert answer.status_code == (200 if plugin in self.model.defaults else 201), answer.json
        self.model.defaults[plugin] = default

    @rule(plugin=plugins, scope=scopes, unit=st.none() | units)
    def replace_config(self, plugin: str, scope: Scope, unit: str | None) -> None:
        config = {} if unit is None else {"units": unit}
        if self._changed("PUT", f"/integrations/{plugin}/config", plugin, scope, {"config": config}):
            self.model.replace(plugin, scope, config)

    @rule(plugin=plugins, scope=scopes, enabled=st.none() | st.booleans(), unit=st.none() | units)
    def change_state(self, plugin: str, scope: Scope, enabled: bool | None, unit: str | None) -> None:
        config = {} if unit is None else {"units": unit}
        body = {"enabled": enabled, "config": config}
        answer = self._ask("PUT", self._state_path(plugin, scope), body)
        if self._is_known(plugin, answer):
            own = self.model.own(plugin, scope)
            own.enabled, own.config = enabled, config

    @rule(plugin=plugins, scope=scopes, wrong=st.sampled_from(["furlongs", 7, None, ["metric"]]))
    def set_what_does_not_fit(self, plugin: str, scope: Scope, wrong: Any) -> None:
        body = {"config": {"units": wrong}, "enabled": False}
        answer = self._ask("PUT", self._state_path(plugin, scope), body)
        assert answer.status_code == (422 if plugin in self.model.defaults else 404), answer.json

    @rule(plugin=plugins, scope=scopes)
    def reset(self, plugin: str, scope: Scope) -> None:
        answer = self._ask("DELETE", self._state_path(plugin, scope))
        if self._is_known(plugin, answer, 204):
            self.model.layers.pop((plugin, scope), None)

    @rule(plugin=plugins, scope=scopes, enabled=st.booleans())
    def enable(self, plugin: str, scope: Scope, enabled: bool) -> None:
        if self._changed("PUT", f"/integrations/{plugin}/enable", plugin, scope, {"enabled": enabled}):
            self.model.own(plugin, scope).enabled = enabled

    @rule(plugin=plugins, workspace=workspaces, in_config=st.booleans())
    def enter_secret(self, plugin: str, workspace: str, in_config: bool) -> None:
        secret, scope = new_secret(), (workspace, None)
        self.secrets.append(secret)
        if in_config and plugin in self.model.defaults:
            own = self.model.own(plugin, scope).config
            body = {"config": {**own, "api_key": secret}}
            assert self._ask("PUT", self._state_path(plugin, scope), body).status_code == 200
            self.model.secrets[plugin, workspace] = secret
        elif self._changed(
            "PUT", f"/integrations/{plugin}/secrets/api_key", plugin, scope, {"value": secret}
        ):
            self.model.secrets[plugin, workspace] = secret

    @rule(plugin=plugins, workspace=workspaces)
    def delete_secret(self, plugin: str, workspace: str) -> None:
        path = f"/integrations/{plugin}/secrets/api_key"
        answer = self._ask("DELETE", path, scope=(workspace, None))
        if self._is_known(plugin, answer, 204):
            self.model.secrets.pop((plugin, workspace), None)

    @rule(plugin=plugins, scope=scopes, place=places)
    def render_and_render_again(self, plugin: str, scope: Scope, place: str) -> None:
        self.render(plugin, scope, place)
        self.render(plugin, scope, place)

    @rule(
        target=tokens,
        allowed=token_scopes,
        workspace=st.none() | workspaces,
        plugin=st.none() | plugins,
    )
    def make_token(self, allowed: set[str], workspace: str | None, plugin: str | None) -> Token:
        body = {
            "name": "frontend",
            "scopes": sorted(allowed),
            "workspaces": None if workspace is None else [self.ids[workspace, None]["workspace_id"]],
            "integrations": None if plugin is None else [plugin],
        }
        made = self._ask("POST", "/tokens", body)
        assert made.status_code == 201, made.json
        # This is the one answer that has it.
        self.answers.pop()
        self.secrets.append(made.json["token"])
        return Token(made.json["id"], made.json["token"], frozenset(allowed), workspace, plugin)

    @rule(token=tokens)
    def revoke_token(self, token: Token) -> None:
        answer = self._ask("DELETE", f"/tokens/{token.id}")
        assert answer.status_code == (404 if token.id in self.model.revoked else 204)
        self.model.revoked.add(token.id)

    @rule(token=tokens, plugin=plugins, scope=scopes, place=places)
    def render_with_a_token(self, token: Token, plugin: str, scope: Scope, place: str) -> None:
        if token.id not in self.model.revoked and "render" in token.scopes and token.reaches(plugin, scope):
            self.render(plugin, scope, place, token)
            return
        before = len(self.provider.requests)
        answer = self._render(plugin, scope, place, token)
        if token.id in self.model.revoked:
            refusal = (401, "unauthorized")
        elif "render" not in token.scopes:
            refusal = (403, "insufficient_scope")
        else:
            refusal = (404, "not_found")
        assert (answer.status_code, answer.json["code"]) == refusal, answer.json
        assert len(self.provider.requests) == before

    @rule(plugin=plugins, scope=scopes, place=places)
    def render(self, plugin: str, scope: Scope, place: str, token: Token | None = None) -> None:
        before = len(self.provider.requests)
        answer = self._render(plugin, scope, place, token)
        if not self._may_render(plugin, scope, answer):
            assert len(self.provider.requests) == before
            return
        assert answer.status_code == 200, answer.json
        question = self.model.question(plugin, scope, place)
        if question in self.model.stored:
            assert (answer.headers["X-Cache"], len(self.provider.requests)) == ("HIT", before)
        else:
            assert (answer.headers["X-Cache"], len(self.provider.requests)) == ("MISS", before + 1)
            assert f"X-Key: {question.secret}\r\n".encode().lower() in self.provider.requests[-1].lower()
            self.model.stored[question] = before + 1
        data = answer.json["data"]
        assert (data["number"], data["place"], data["units"]) == (
            self.model.stored[question],
            place,
            question.units,
        )

    @rule(plugin=plugins, workspace=workspaces, of_block=st.booleans())
    def purge(self, plugin: str, workspace: str, of_block: bool) -> None:
        query = {"block_type": "now"} if of_block else {}
        answer = self._ask("DELETE", f"/plugins/{plugin}/artifacts", scope=(workspace, None), **query)
        if self._is_known(plugin, answer):
            assert answer.json == {"purged": self.model.purge(plugin, workspace)}

    @rule(workspace=st.none() | workspaces)
    def purge_all(self, workspace: str | None) -> None:
        path = "/artifacts"
        if workspace is not None:
            path = f"/workspaces/{self.ids[workspace, None]['workspace_id']}/artifacts"
        assert self._ask("DELETE", path).json == {"purged": self.model.purge(workspace=workspace)}

    @rule(plugin=plugins)
    def forget(self, plugin: str) -> None:
        if self._is_known(plugin, self._ask("DELETE", f"/plugins/{plugin}"), 204):
            self.model.forget(plugin)

    @precondition(lambda self: self.requests_since_start >= REQUESTS_BETWEEN_STARTS)
    @rule()
    def restart(self) -> None:
        close_app(self.app)
        self._start()

    @precondition(lambda self: self.model.secrets)
    @rule()
    def rotate_keys(self) -> None:
        vault = self.app.extensions["patchbay"].store.vault
        vault.add_key()
        assert vault.rotate().unreadable == 0
        vault.drop_old_keys()

    @invariant()
    def the_effective_values_are_those_of_the_model(self) -> None:
        step = next(self.steps)
        if step and step % STEPS_BETWEEN_COMPARISONS == 0:
            self._compare(SCOPES[step // STEPS_BETWEEN_COMPARISONS % len(SCOPES)])

    @invariant()
    def no_answer_and_no_line_of_the_log_has_a_secret(self) -> None:
        said = [*self.answers, self.log.getvalue().encode()]
        self.answers.clear()
        self.log.seek(0)
        self.log.truncate()
        self._assert_no_secret_in(said)

    def teardown(self) -> None:
        try:
            for scope in getattr(self, "ids", ()):
                self._compare(scope)
            self.app.extensions["patchbay"].usage.call_log.flush()
            self._assert_no_secret_in([*contents_of(self.instance).values()])
        finally:
            self._open.close()

    def _compare(self, scope: Scope) -> None:
        listed = self._ask("GET", self._state_path("", scope)).json
        assert [state["plugin_id"] for state in listed] == sorted(self.model.defaults)
        for state in listed:
            plugin = state["plugin_id"]
            own = self.model.own(plugin, scope)
            assert (state["enabled"], state["config"]) == (own.enabled, own.config)
            assert state["effective"] == {
                "enabled": self.model.is_enabled(plugin, scope),
                "config": {"units": self.model.units(plugin, scope)},
            }
            is_set = (plugin, scope[0]) in self.model.secrets
            secret = state["secrets"]["api_key"]
            assert (secret["set"], secret["status"]) == (is_set, "ok" if is_set else None)

    def _assert_no_secret_in(self, texts: list[bytes]) -> None:
        forms = [form for secret in self.secrets for form in forms_of(secret)]
        assert [text for text in texts if any(form in text for form in forms)] == []

    def _render(self, plugin: str, scope: Scope, place: str, token: Token | None) -> TestResponse:
        body = {"block_type": "now", "parameters": {"place": place}}
        headers = {} if token is None else {"Authorization": f"Bearer {token.value}"}
        return self._ask("POST", f"/integrations/{plugin}/render", body, headers, scope=scope)

    def _may_render(self, plugin: str, scope: Scope, answer: TestResponse) -> bool:
        if plugin not in self.model.defaults:
            refusal = (404, "not_found")
        elif not self.model.is_enabled(plugin, scope):
            refusal = (403, "plugin_disabled")
        elif (plugin, scope[0]) not in self.model.secrets:
            refusal = (409, "settings_incomplete")
        else:
            return True
        assert (answer.status_code, answer.json["code"]) == refusal
        return False

    def _changed(self, method: str, path: str, plugin: str, scope: Scope, body: Any) -> bool:
        return self._is_known(plugin, self._ask(method, path, body, scope=scope))

    def _is_known(self, plugin: str, answer: TestResponse, status: int = 200) -> bool:
        """Whether the plugin is registered; the answer must say the same."""
        is_known = plugin in self.model.defaults
        assert answer.status_code == (status if is_known else 404), answer.json
        return is_known

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        scope: Scope | None = None,
        **query: str,
    ) -> TestResponse:
        options: dict[str, Any] = {"headers": headers or {}} | ({} if body is None else {"json": body})
        if scope is not None:
            options["query_string"] = self.ids[scope] | query
        answer = self.client.open(f"/api/v1{path}", method, **options)
        self.requests_since_start += 1
        self.answers.append(repr(sorted(answer.headers.items())).encode() + answer.get_data())
        return answer

    def _state_path(self, plugin: str, scope: Scope) -> str:
        ids = self.ids[scope]
        place = f"notebooks/{ids['notebook_id']}" if scope[1] else f"workspaces/{ids['workspace_id']}"
        return f"/{place}/plugins/{plugin}".rstrip("/")

    def _manifest(self, default: str) -> dict[str, Any]:
        return {
            "integration": {
                "base_url": self.provider.url(""),
                "auth": {"type": "api_key", "in": "header", "name": "X-Key"},
            },
            "properties": [
                {"name": "api_key", "secure": True, "required": True},
                {"name": "units", "type": "string", "enum": list(UNITS), "default": default},
            ],
            "endpoints": [
                {
                    "id": "now",
                    "path": "/now",
                    "cache_ttl": 3600,
                    "parameters": [
                        {"name": "place", "required": True},
                        {"name": "units", "from_config": "units"},
                    ],
                }
            ],
            "blocks": [{"id": "now", "endpoint": "now"}],
        }


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
