"""Test connection: makes one call and explains in plain words what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from errors import (
    BudgetSpent,
    DeadlineExceeded,
    EgressRefused,
    Invalid,
    PatchbayError,
    SecretLocked,
    SettingsIncomplete,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamUnreachable,
)
from integrations.calling.auth import is_used
from integrations.calling.executor import Executor, required_names
from integrations.calling.parameters import Values
from integrations.calling.quotation import WITHHELD
from integrations.calling.sender import CallContext
from integrations.catalog.catalog import Catalog, Installed
from integrations.manifests.model import Endpoint
from plugin_store.settings.properties import check_values, effective_config, missing_required, properties_of
from plugin_store.vault.destinations import allows_all
from plugin_store.workspaces import Scope


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the provider answered, as a sentence, and further details."""

    success: bool
    message: str
    details: dict[str, Any] = field(default_factory=dict)


class ConnectionTest:
    """Tests an integration's settings, saved or unsaved."""

    def __init__(self, catalog: Catalog, executor: Executor, clock: Callable[[], float] = time.time) -> None:
        self._catalog = catalog
        self._executor = executor
        self._clock = clock

    def run(self, scope: Scope, plugin_id: str, unsaved: Mapping[str, Any] | None) -> Verdict:
        """The verdict on the saved settings, overlaid with the unsaved ones.

        Raises NotFound, ReviewDue and SettingsIncomplete as a render does, and Invalid for unsaved settings that
        could not be saved. A disabled integration can be tested too: that is how users set it up.
        """
        installed = self._catalog.find(scope, plugin_id)
        endpoint = find_test_endpoint(installed)
        if endpoint is None:
            installed.require_set_up()
            return Verdict(
                False, "There is no endpoint that can be called without an input.", {"code": "no_endpoint"}
            )
        try:
            values = self._values(installed, endpoint, unsaved)
        except SecretLocked as locked:
            return Verdict(False, locked.detail, {"code": locked.code, "endpoint": endpoint.id})
        return self._try(installed, endpoint, values)

    def _try(self, installed: Installed, endpoint: Endpoint, values: Values) -> Verdict:
        known = {"endpoint": endpoint.id}
        try:
            # What an expression makes of a status does not say whether the address is up.
            called = replace(endpoint, selector=None) if endpoint.is_check else endpoint
            outcome = self._executor.call(installed, called, {}, CallContext("test"), values)
        except (SettingsIncomplete, Invalid):
            raise
        except PatchbayError as error:
            proves = carries_credentials(installed, endpoint, values)
            message = explain_failure(error, self._clock(), carries_credentials=proves)
            return Verdict(False, message, known | failure_details(error))
        if endpoint.is_check and not outcome.value["up"]:
            message = _DOWN_WORDS.get(outcome.value["reason"], _DOWN)
            return Verdict(False, message.format(**outcome.value), known | outcome.value)
        return Verdict(
            True, "The provider answered as expected.", known | {"content_type": outcome.content_type}
        )

    def _values(self, installed: Installed, endpoint: Endpoint, unsaved: Mapping[str, Any] | None) -> Values:
        if not unsaved:
            installed.require_set_up()
            return self._executor.stored_values(installed, endpoint)
        specs = properties_of(installed.plugin_state.manifest)
        secure = {spec.name for spec in specs if spec.secure}
        entered = {name: value for name, value in unsaved.items() if name in secure}
        plain = {name: value for name, value in unsaved.items() if name not in secure}
        _check_unsaved(entered, check_values(specs, plain))
        config = effective_config(specs, plain, {})
        config = {**installed.config, **{name: value for name, value in config.items() if name in plain}}
        kept = {name for name in installed.secrets if name not in entered}
        missing = missing_required(specs, config, kept | {name for name, value in entered.items() if value})
        if missing:
            raise SettingsIncomplete(
                f"`{installed.plugin_id}` still needs {', '.join(f'`{name}`' for name in missing)}.",
                errors={f"config.{name}": ["Required, but not set."] for name in missing},
            )
        used = endpoint.secret_names & kept
        _require_same_destinations(installed, config, used)
        saved = self._executor.stored_values(installed, endpoint) if used else Values(config)
        secrets = {**saved.secrets, **{name: value for name, value in entered.items() if value}}
        for name in entered.keys() - secrets.keys():
            secrets.pop(name, None)
        # Unsaved secrets are bound to the destinations of these settings, as if both were saved together.
        destinations = installed.integration.destinations(config)
        tried = {name: tuple(destinations[name]) for name in entered.keys() & secrets.keys()}
        return Values(config, secrets, required_names(installed), sealed={**saved.sealed, **tried})


def find_test_endpoint(installed: Installed) -> Endpoint | None:
    """The test endpoint that the manifest names, else the first safe endpoint without required inputs."""
    integration = installed.integration
    if integration.test_endpoint is not None:
        return integration.endpoints[integration.test_endpoint]
    return next(
        (item for item in integration.endpoints.values() if item.is_safe and not item.needs_input), None
    )


def carries_credentials(installed: Installed, endpoint: Endpoint, values: Values) -> bool:
    """Whether a call of the endpoint sends credentials, with these settings."""
    settings, required = values.merged(), required_names(installed)
    return any(is_used(item, settings, required) for item in endpoint.credentials) or bool(values.secrets)


def explain_failure(error: PatchbayError, now: float, *, carries_credentials: bool = True) -> str:
    """What went wrong and what to do about it, for a user to read. `now` is in epoch seconds."""
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    message = words(error) if words is not None else error.detail
    if not carries_credentials and getattr(error, "upstream_status", None) == 401:
        message = "The provider requires credentials (401), but none are set."
    if said := error.extensions.get("upstream_message"):
        message += f" {said}" if said == WITHHELD else f" It says: “{said}”"
    if error.retry_after_seconds and isinstance(error, UpstreamFailed):
        again = datetime.fromtimestamp(now + error.retry_after_seconds, UTC)
        message += f" The next call is allowed at {again.strftime('%Y-%m-%d %H:%M:%S UTC')}."
    return message


def failure_details(error: PatchbayError) -> dict[str, Any]:
    """Machine-readable details of the failure."""
    known = {"code": error.code, **error.extensions}
    if error.retry_after_seconds is not None:
        known["retry_after_seconds"] = round(error.retry_after_seconds)
    return known


_STATUS_WORDS = {
    400: "The provider rejects the request (400): check the settings, and whether the URL starts with http or https.",
    401: "The provider refused the credentials (401): check the key, and what it is allowed to do.",
    402: "The provider requires a payment (402): check the account and its plan.",
    403: "The provider refused the credentials (403): check the key, and what it is allowed to do.",
    404: "The provider answered, but has nothing at this address (404): check the base URL and the path.",
    405: "The provider does not support this method at this address (405): check the base URL and the path.",
    410: "The provider does not offer this any more (410): check the base URL and its version.",
    422: "The provider rejects the request (422): check the settings.",
    429: "The provider received too many requests (429).",
}
_REDIRECT_WORDS = "The provider redirects to another address: check the base URL, above all http or https."


def _upstream_words(error: Any) -> str:
    status, reason = error.upstream_status, error.extensions.get("reason")
    if reason in ("token", "login", "session_ended"):
        return error.detail
    if reason == "redirect" and status != 304:
        return _REDIRECT_WORDS
    if status in _STATUS_WORDS:
        return _STATUS_WORDS[status]
    if status is not None and status >= 500:
        return f"The provider failed with status {status}. The settings may be correct."
    return error.detail


def _invalid_words(error: Any) -> str:
    """Explains an invalid answer. If it is something else entirely, the most likely cause is a wrong base URL."""
    reason, detail = error.extensions.get("reason"), error.detail
    if reason in ("wrong_type", "unparsable", "empty"):
        fitting = error.extensions.get("fitting_response_type")
        declare = f", or declare `response_type: {fitting}`" if fitting else ""
        return f"{detail.partition('. ')[0].rstrip('.')}: check the base URL and the path{declare}."
    told = error.extensions.get("messages") or [
        f"{item['path'] or 'the answer'} {item['message']}"
        for item in error.extensions.get("mismatches") or ()
    ]
    return f"{detail.rstrip('.')}: {told[0]}" if told else detail


_UNREACHABLE_WORDS = {
    "dns": "The host name is not known: check the spelling of the address.",
    "refused": "Nothing listens at this address and port. Check that the service is running and the port is correct.",
    "connect_timeout": "The host does not answer. Check that it is running and reachable from this machine.",
    "reset": "The provider closed the connection. Check whether the URL should start with http or https.",
}


_DOWN_WORDS = {
    "dns": _UNREACHABLE_WORDS["dns"],
    "refused": _UNREACHABLE_WORDS["refused"],
    "timeout": _UNREACHABLE_WORDS["connect_timeout"],
    "reset": _UNREACHABLE_WORDS["reset"],
    "tls": "The certificate of this address is not trusted, or no secure connection can be made.",
    "redirects": "The address redirects in a loop or too many times.",
    "status": "The address answers with status {status}.",
}
_DOWN = "The address does not answer as a web server does."


def _unreachable_words(error: Any) -> str:
    reason = str(error.extensions.get("reason"))
    return _UNREACHABLE_WORDS.get(reason) or error.detail


_WORDS: tuple[tuple[type[PatchbayError], Callable[[Any], str]], ...] = (
    (UpstreamUnreachable, _unreachable_words),
    (UpstreamInvalid, _invalid_words),
    (UpstreamFailed, _upstream_words),
    (DeadlineExceeded, lambda _error: "The provider took too long to answer."),
    (EgressRefused, lambda error: error.detail),
    (BudgetSpent, lambda error: error.detail),
)


def _check_unsaved(entered: Mapping[str, Any], wrong: Mapping[str, list[str]]) -> None:
    errors = {f"config.{name}": messages for name, messages in wrong.items()}
    for name, value in entered.items():
        if value is not None and not isinstance(value, str):
            errors[f"config.{name}"] = ["Must be a string."]
    if errors:
        raise Invalid("Some settings are invalid.", errors=errors)


def _require_same_destinations(
    installed: Installed, config: Mapping[str, Any], used: frozenset[str] | set[str]
) -> None:
    """A stored secret is only sent to the destinations it was entered for, whatever base URL the caller tests."""
    destinations = installed.integration.destinations(config)
    for name in sorted(used):
        if not allows_all(installed.secrets[name].bound_to, destinations[name]):
            raise SecretLocked(
                f"The stored secret `{name}` was entered for another address. Enter it again to test this one."
            )
