"""Lint rules for valid parts of a manifest that are probably not meant. Each yields paths and messages."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.authoring.answer_lint_rules import path_into_text, plain_text
from integrations.authoring.display_lint_rules import unknown_display, unknown_icon
from integrations.authoring.findings import Finding, LintWarning, Reviewed
from integrations.authoring.setting_lint_rules import open_credentials, unchecked_settings
from integrations.authoring.xml_lint_rules import single_elements
from integrations.manifests.model import MISSING, Block
from plugin_store.settings.properties import compile_check
from plugin_store.settings.value_types import choices_of

_SHORT_TTL_SECONDS = 10
_PRIVATE_SUFFIXES = (".local", ".lan", ".internal", ".home", ".home.arpa", ".localhost", ".test", ".svc")


def find_warnings(reviewed: Reviewed) -> Iterator[Finding]:
    """The warnings of all rules, rule by rule."""
    for code, rule in RULES.items():
        for path, message in rule(reviewed):
            yield Finding("warning", f"manifest.{path}", message, code)


def find_own_warnings(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """The same for a manifest that calls nothing."""
    for code, rule in OWN_RULES.items():
        for path, message in rule(manifest):
            yield Finding("warning", f"manifest.{path}", message, code)


# -- Secrets -------------------------------------------------------------------------------------------------------


def _secret_in_url(reviewed: Reviewed) -> Iterator[LintWarning]:
    section = reviewed.section()
    auth = section.get("auth")
    logins = list(_listed("integration.login", section.get("login")))
    credentials = [*_listed("integration.auth", auth)]
    for path, step in logins:
        credentials += _listed(f"{path}.auth", step.get("auth"))
        for word in ("url", "path", "query"):
            yield from _secrets_in(reviewed, step.get(word), f"{path}.{word}")
    for path, credential in credentials:
        if credential.get("in") == "query" and reviewed.secrets_in(credential.get("value", "{api_key}")):
            yield (
                f"{path}.in",
                "A secret in a query may appear in the provider's logs. Send it in a header instead.",
            )
    for place in ("base_url", "query"):
        yield from _secrets_in(reviewed, section.get(place), f"integration.{place}")
    yield from _secrets_in(reviewed, (section.get("oauth2") or {}).get("query"), "integration.oauth2.query")
    for path, item, endpoint in reviewed.endpoints():
        locations = {parameter.name: parameter.location for parameter in endpoint.parameters}
        for word in ("base_url", "path"):
            yield from _secrets_in(reviewed, item.get(word), f"{path}.{word}")
        for index, parameter in enumerate(item.get("parameters") or ()):
            location = locations[parameter["name"]]
            if location in ("query", "path") and reviewed.is_secret(parameter.get("from_config")):
                yield (
                    f"{path}.parameters[{index}]",
                    f"A secret in a {location} may appear in the provider's logs. Send it in a header instead.",
                )


def _secrets_in(reviewed: Reviewed, written: Any, path: str) -> Iterator[LintWarning]:
    members = written.items() if isinstance(written, Mapping) else [("", written)]
    for name, template in members:
        for secret in reviewed.secrets_in(template):
            place = f"{path}.{name}" if name else path
            yield (
                place,
                f"The secret `{secret}` becomes a part of the URL and may appear in the provider's logs.",
            )


def _plain_http(reviewed: Reviewed) -> Iterator[LintWarning]:
    integration = reviewed.integration
    has_secrets = any(item.secure for item in integration.properties.values())
    if not has_secrets and not any(endpoint.credentials for endpoint in integration.endpoints.values()):
        return
    section = reviewed.section()
    urls = [("integration.base_url", section.get("base_url"))]
    urls += [(f"{path}.base_url", item.get("base_url")) for path, item, _ in reviewed.endpoints()]
    oauth2 = section.get("oauth2") or {}
    urls += [(f"integration.oauth2.{word}", oauth2.get(word)) for word in ("token_url", "authorization_url")]
    urls += [
        (f"{path}.url", step.get("url")) for path, step in _listed("integration.login", section.get("login"))
    ]
    for path, url in urls:
        if isinstance(url, str) and _is_public_http(url):
            yield path, "With http:// others on the network can read the credentials. Use https://."


def _is_public_http(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme.lower() != "http" or "{" in parts.netloc:
        return False
    host = (parts.hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_SUFFIXES)


# -- Freshness -----------------------------------------------------------------------------------------------------


def _no_ttl(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, _, block in reviewed.blocks():
        if block.steps and block.is_safe and not _ttls(block):
            yield (
                path,
                "No cache_ttl, here or on its endpoints, so the provider decides how long an answer is fresh.",
            )


def _short_ttl(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, item, _ in (*reviewed.blocks(), *reviewed.endpoints()):
        ttl = item.get("cache_ttl")
        if ttl is not None and ttl < _SHORT_TTL_SECONDS:
            yield (
                f"{path}.cache_ttl",
                f"The provider is called again for each view after {ttl:g} s. Use a longer cache_ttl.",
            )


def _unkept_block(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, _, block in reviewed.blocks():
        if not _ttls(block):
            continue
        for step in block.steps:
            if not step.endpoint.is_safe:
                yield (
                    f"{path}.endpoint",
                    f"`{step.endpoint.id}` is called by {step.endpoint.method}, so its answers are not stored. "
                    "If it only reads, declare `safe: true` on the endpoint.",
                )


def _fine_time(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, _, block in reviewed.blocks():
        finest = min(block.times, key=lambda time: time.step_seconds, default=None)
        ttl = min(_ttls(block), default=0)
        if finest is not None and ttl > finest.step_seconds:
            yield (
                path,
                f"`{{{finest.name}}}` changes every {finest.step_seconds} s and asks anew each time, so that "
                f"a cache_ttl of {ttl:g} s has no effect; round it, like `{{now/h}}` or `{{today}}`.",
            )


def _ttls(block: Block) -> list[float]:
    policies = [block.freshness_policy, *(step.endpoint.freshness_policy for step in block.steps)]
    return [policy.ttl_seconds for policy in policies if policy.ttl_seconds is not None]


# -- Fetching ahead ------------------------------------------------------------------------------------------------


def _no_schedule(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, _, block in reviewed.blocks():
        if block.pre_fetch and block.refresh_interval_seconds is None and block.schedule is None:
            yield f"{path}.pre_fetch", "Without refresh_interval or schedule, the block is never prefetched."


def _nothing_to_fetch_with(reviewed: Reviewed) -> Iterator[LintWarning]:
    defaults = {
        item["name"]
        for item in reviewed.declared("properties")
        if {"default", "const"} & item.keys() or item.get("required")
    }
    for path, _, block in reviewed.blocks():
        for value in block.inputs if block.pre_fetch else ():
            if value.required and value.default is MISSING and value.from_config not in defaults:
                yield (
                    f"{path}.pre_fetch",
                    f"The input `{value.name}` is required but has no default, so the block cannot be prefetched.",
                )


def _no_rate_limit(reviewed: Reviewed) -> Iterator[LintWarning]:
    if reviewed.integration.rate_limit is None:
        for path, _, block in reviewed.blocks():
            if block.pre_fetch:
                yield f"{path}.pre_fetch", "Declare a rate_limit to limit the calls of prefetching."


# -- What nothing uses ---------------------------------------------------------------------------------------------


def _unused_property(reviewed: Reviewed) -> Iterator[LintWarning]:
    integration = reviewed.integration
    used: set[str] = {use.secret for use in integration.secret_uses}
    for endpoint in integration.endpoints.values():
        used |= endpoint.config_names | endpoint.secret_names
        used |= {credential.when for credential in endpoint.credentials if credential.when}
    for block in integration.blocks.values():
        used |= block.config_names
        used |= {value.from_config for value in block.inputs if value.from_config}
    if integration.token is not None:
        used |= integration.token.names
    for index, item in enumerate(reviewed.declared("properties")):
        if item["name"] not in used:
            yield f"properties[{index}]", f"Nothing uses `{item['name']}`."


def _unused_endpoint(reviewed: Reviewed) -> Iterator[LintWarning]:
    integration = reviewed.integration
    if not integration.blocks:
        return
    used = {step.endpoint.id for block in integration.blocks.values() for step in block.steps}
    tested = integration.test_endpoint or next(
        (item.id for item in integration.endpoints.values() if item.is_safe and not item.needs_input), None
    )
    for path, _, endpoint in reviewed.endpoints():
        # Writing endpoints are called directly, not through blocks.
        if endpoint.is_safe and endpoint.id not in used and endpoint.id != tested:
            yield path, f"No block uses `{endpoint.id}`, and the connection test does not use it."


# -- What cannot come about ----------------------------------------------------------------------------------------


def _lost_group(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, _, block in reviewed.blocks():
        known = {value.name for value in block.inputs}
        for index, pattern in enumerate(block.url_patterns):
            for name in pattern.group_names:
                if name not in known:
                    yield f"{path}.url_patterns[{index}]", f"The group `{name}` is not an input of the block."


def _slash_in_segment(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, item, endpoint in reviewed.endpoints():
        in_path = set(endpoint.names_at.get("path", ()))
        for index, parameter in enumerate(item.get("parameters") or ()):
            if parameter["name"] in in_path and _may_hold_slash(parameter):
                yield f"{path}.parameters[{index}]", _one_segment(parameter["name"])
    for path, _, block in reviewed.blocks():
        last = block.steps[-1] if len(block.steps) == 1 else None
        in_path = set(last.endpoint.names_at.get("path", ())) if last and last.parameters is None else set()
        for index, pattern in enumerate(block.url_patterns):
            for name in pattern.groups_with_slash() & in_path:
                yield f"{path}.url_patterns[{index}]", _one_segment(name)


def _may_hold_slash(declared: Mapping[str, Any]) -> bool:
    values = [declared.get("default"), *(choices_of(declared) or ())]
    pattern = declared.get("pattern")
    return any(isinstance(value, str) and "/" in value for value in values) or (
        isinstance(pattern, str) and not compile_check({"pattern": pattern})("a/b")
    )


def _one_segment(name: str) -> str:
    return (
        f"A value of `{name}` is one segment of the path, so its `/` is sent as `%2F`. "
        "Use two parameters for two segments: `/{owner}/{repo}`."
    )


def _retry_of_writes(reviewed: Reviewed) -> Iterator[LintWarning]:
    retry = reviewed.integration.retry
    if retry is None or retry.max_retries == 0:
        return
    writing = [f"`{item.id}`" for item in reviewed.integration.endpoints.values() if not item.is_safe]
    if writing:
        shown = ", ".join(writing[:3]) + (" …" if len(writing) > 3 else "")
        yield "integration.retry", f"Calls that change something are not retried: {shown}."


def _json_in_form(reviewed: Reviewed) -> Iterator[LintWarning]:
    for path, item, endpoint in reviewed.endpoints():
        body = item.get("body")
        if endpoint.body_format not in ("form", "multipart") or not isinstance(body, Mapping):
            continue
        for name, value in body.items():
            if any(isinstance(part, Mapping) for part in (value if isinstance(value, list) else [value])):
                yield (
                    f"{path}.body.{name}",
                    f"An object in a form is sent as JSON. For the form with brackets write `{name}[member]`.",
                )


def _listed(path: str, written: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """One object, or each of a list of objects."""
    if isinstance(written, list):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(written))
    elif isinstance(written, Mapping):
        yield path, written


RULES: dict[str, Callable[[Reviewed], Iterator[LintWarning]]] = {
    "secret-in-url": _secret_in_url,
    "open-credential": lambda reviewed: open_credentials(reviewed.manifest),
    "plain-http": _plain_http,
    "no-ttl": _no_ttl,
    "short-ttl": _short_ttl,
    "unkept-block": _unkept_block,
    "fine-time": _fine_time,
    "no-schedule": _no_schedule,
    "prefetch-input": _nothing_to_fetch_with,
    "no-rate-limit": _no_rate_limit,
    "unused-property": _unused_property,
    "unused-endpoint": _unused_endpoint,
    "path-into-text": path_into_text,
    "plain-text": plain_text,
    "single-element": single_elements,
    "unknown-display": unknown_display,
    "unknown-icon": unknown_icon,
    "lost-group": _lost_group,
    "slash-in-segment": _slash_in_segment,
    "retry-of-writes": _retry_of_writes,
    "json-in-form": _json_in_form,
}
"""The rules by the names under which their warnings are told, and ignored."""

OWN_RULES: dict[str, Callable[[Mapping[str, Any]], Iterator[LintWarning]]] = {
    "open-credential": open_credentials,
    "unchecked-setting": unchecked_settings,
}
"""The rules for a manifest that calls nothing, and is its frontend's own data."""
