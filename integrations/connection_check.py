"""Test connection: one call, and what is wrong in a user's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from integrations.catalog import Catalog, Installed
from integrations.executor import Executor, required_names
from integrations.manifest import Endpoint
from integrations.parameters import Values
from integrations.sender import Circumstances
from plugin_store.properties import check_values, effective_config, missing_required, properties_of
from plugin_store.workspaces import Scope


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the provider answered, in a sentence, and what is known beside."""

    success: bool
    message: str
    details: dict[str, Any] = field(default_factory=dict)


class ConnectionCheck:
    """Tries an integration's settings, saved or not."""

    def __init__(self, catalog: Catalog, executor: Executor) -> None:
        self._catalog = catalog
        self._executor = executor

    def run(self, scope: Scope, plugin_id: str, unsaved: Mapping[str, Any] | None) -> Verdict:
        """The verdict over the saved settings, with the unsaved ones laid over them.

        Raises NotFound, PluginDisabled, ReviewDue and SettingsIncomplete as a render would, and Invalid for
        unsaved settings that could not be saved.
        """
        installed = self._catalog.find(scope, plugin_id)
        endpoint = find_test_endpoint(installed)
        if endpoint is None:
            installed.require_ready()
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
            outcome = self._executor.call(installed, endpoint, {}, Circumstances("test"), values)
        except (SettingsIncomplete, Invalid):
            raise
        except PatchbayError as error:
            return Verdict(False, explain_failure(error), known | failure_details(error))
        return Verdict(
            True, "The provider answered as it should.", known | {"content_type": outcome.content_type}
        )

    def _values(self, installed: Installed, endpoint: Endpoint, unsaved: Mapping[str, Any] | None) -> Values:
        if not unsaved:
            installed.require_ready()
            return self._executor.stored_values(installed, endpoint)
        specs = properties_of(installed.standing.manifest)
        secure = {spec.name for spec in specs if spec.secure}
        entered = {name: value for name, value in unsaved.items() if name in secure}
        plain = {name: value for name, value in unsaved.items() if name not in secure}
        _check_unsaved(entered, check_values(specs, plain))
        config = effective_config(specs, plain, {})
        config = {**installed.config, **{name: value for name, value in config.items() if name in plain}}
        kept = {name for name in installed.secrets if name not in entered}
        _require_enabled(installed)
        missing = missing_required(specs, config, kept | {name for name, value in entered.items() if value})
        if missing:
            raise SettingsIncomplete(
                f"`{installed.plugin_id}` still needs {', '.join(f'`{name}`' for name in missing)}.",
                errors={f"config.{name}": ["Required, and not set."] for name in missing},
            )
        used = endpoint.secret_names & kept
        _require_same_destinations(installed, config, used)
        saved = self._executor.stored_values(installed, endpoint).secrets if used else {}
        secrets = {**saved, **{name: value for name, value in entered.items() if value}}
        for name in entered.keys() - secrets.keys():
            secrets.pop(name, None)
        return Values(config, secrets, required_names(installed))


def find_test_endpoint(installed: Installed) -> Endpoint | None:
    """The endpoint that the manifest names, else the first that only reads and needs no input."""
    integration = installed.integration
    if integration.test_endpoint is not None:
        return integration.endpoints[integration.test_endpoint]
    return next(
        (item for item in integration.endpoints.values() if item.is_safe and not item.needs_input), None
    )


def explain_failure(error: PatchbayError) -> str:
    """What went wrong and what to do about it, in a user's words."""
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    return words(error) if words is not None else error.detail


def failure_details(error: PatchbayError) -> dict[str, Any]:
    """What a program may want to know of the failure."""
    return {"code": error.code, **error.extensions}


def _upstream_words(error: Any) -> str:
    status = error.upstream_status
    if status in (401, 403):
        return (
            f"The provider refused the credentials ({status}): check the key, and what it is allowed to do."
        )
    if status == 404:
        return "The provider answers, but not at this address (404): check the base URL and the path."
    if status == 429:
        wait = (
            f" Try again in {round(error.retry_after_seconds)} seconds." if error.retry_after_seconds else ""
        )
        return f"The provider says that it was asked too often (429).{wait}"
    if status is not None and status >= 500:
        return f"The provider has a problem of its own ({status}); the settings may be right."
    if status is not None and 300 <= status < 400:
        return "The provider redirects elsewhere: check the base URL, http or https above all."
    return error.detail


_UNREACHABLE_WORDS = {
    "dns": "The host name is not known: check the spelling of the address.",
    "refused": "Nothing listens at this address and port: is the service running, is the port right?",
    "connect_timeout": "The host does not answer: is it on, is it reachable from this machine?",
    "reset": "The provider closed the connection: is it http where https is wanted, or the other way round?",
}


def _unreachable_words(error: Any) -> str:
    reason = str(error.extensions.get("reason"))
    return _UNREACHABLE_WORDS.get(reason) or error.detail


_WORDS: tuple[tuple[type[PatchbayError], Callable[[Any], str]], ...] = (
    (UpstreamUnreachable, _unreachable_words),
    (UpstreamInvalid, lambda error: error.detail),
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
        raise Invalid("Some settings are not right.", errors=errors)


def _require_enabled(installed: Installed) -> None:
    if not installed.enabled:
        installed.require_ready()


def _require_same_destinations(
    installed: Installed, config: Mapping[str, Any], used: frozenset[str] | set[str]
) -> None:
    """A stored secret only goes where it was entered for, whatever address the caller tries."""
    destinations = installed.integration.destinations(config)
    for name in sorted(used):
        if not set(destinations[name]) <= set(installed.secrets[name].bound_to):
            raise SecretLocked(
                f"The stored secret `{name}` was entered for another address; enter it again to try this one."
            )
