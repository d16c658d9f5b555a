"""What a manifest writes into a request by name: headers, query parameters, base URLs, each a template."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from integrations.base_url import BaseUrl, parse_base_url
from integrations.compiling.problems import Problems
from integrations.manifest import Property
from integrations.templating import Template

FORBIDDEN_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "cookie",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


def forbidden_header(name: str) -> bool:
    """Whether a manifest may not set the header: framing, the host and the hops are the connection's business."""
    return name.lower() in FORBIDDEN_HEADERS or name.lower().startswith("proxy-")


def named_templates(
    declared: Mapping[str, Any], field: str, problems: Problems
) -> tuple[tuple[str, Template], ...]:
    """The templates by name, in their order; a header that is not a manifest's to set is a problem."""
    found = []
    for name, source in declared.items():
        if field.endswith("headers") and forbidden_header(name):
            problems.add(f"{field}.{name}", "A manifest cannot set this header.")
        found.append((name, problems.template(f"{field}.{name}", source)))
    return tuple(found)


def check_names(names: Collection[str], known: Collection[str], field: str, problems: Problems) -> None:
    """Notes every name that nothing fills."""
    for name in sorted(set(names) - set(known)):
        problems.add(field, f"`{{{name}}}` is not among the properties.")


def compile_base_url(
    source: str | None, properties: Mapping[str, Property], problems: Problems, field: str = "base_url"
) -> BaseUrl | None:
    """The checked base URL; None where there is none, and after a problem was noted."""
    base_url = problems.attempt(field, lambda: parse_base_url(source)) if source is not None else None
    if base_url is None:
        return None
    check_names(base_url.names, properties, field, problems)
    for name in sorted(base_url.host_names):
        if name in properties and properties[name].secure:
            problems.add(field, f"The secret `{name}` cannot be part of a host name, which is public.")
    return base_url
