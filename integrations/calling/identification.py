"""The identity of a request, found by building it once more without secrets and at a fixed time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits, Page, build_call
from integrations.catalog.catalog import Installed
from integrations.egress.call_identity import SECRET, CallIdentity
from integrations.manifests.model import Endpoint
from integrations.redaction.redactor import Redactor

FIXED_TIME = 0.0
# A shorter value, such as a month, may be in a text by chance. It counts as a time only where it is all of a value.
_SHORTEST_TIME_WITHIN = 6


def identify_call(
    installed: Installed,
    endpoint: Endpoint,
    parameters: Mapping[str, Any],
    values: Values,
    limits: Limits,
    page: Page,
) -> CallIdentity:
    """The identity of the request with these parameters and values. Raises as the building of the request does."""
    times = _Times(installed)
    hidden = replace(
        values,
        config=times.fix(values.config),
        secrets=dict.fromkeys(values.secrets, SECRET),
        tokens=dict.fromkeys(values.tokens, SECRET),
    )
    bound = bind_parameters(endpoint, times.fix(parameters), hidden)
    shown = _page_without(page, values)
    call = build_call(installed.integration, endpoint, bound, hidden, limits, FIXED_TIME, shown)
    return CallIdentity(endpoint.id, call.method, call.url, call.body)


def _page_without(page: Page, values: Values) -> Page:
    """The page without secrets: a provider's link to the next page may repeat them."""
    redactor = Redactor((*values.secrets.values(), *values.tokens.values()))

    def hide(text: str) -> str:
        return redactor.redact_bytes(text.encode(), SECRET.encode()).decode("utf-8", "replace")

    url = None if page.url is None else hide(page.url)
    return Page(url, tuple((name, hide(value)) for name, value in page.query))


class _Times:
    """The values that the clock gave to an integration, and those of the fixed time."""

    def __init__(self, installed: Installed) -> None:
        config, times = installed.config, installed.integration.times
        self._fixed = {name: time.value_at(FIXED_TIME, installed.zone) for name, time in times.items()}
        # Longest first: a date is part of a date with its time.
        found = [(config[name], fixed) for name, fixed in self._fixed.items() if name in config]
        self._written = sorted(found, key=lambda pair: -len(str(pair[0])))

    def fix(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with the fixed time in place of now."""
        return {name: self._fixed.get(name, self._fix_value(value)) for name, value in values.items()}

    def _fix_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._fix_text(value)
        if isinstance(value, Mapping):
            return {name: self._fix_value(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._fix_value(item) for item in value]
        return next(
            (fixed for now, fixed in self._written if type(now) is type(value) and now == value), value
        )

    def _fix_text(self, text: str) -> str:
        for now, fixed in self._written:
            written = str(now)
            if text == written:
                return str(fixed)
            if len(written) >= _SHORTEST_TIME_WITHIN:
                text = text.replace(written, str(fixed))
        return text
