"""What a manifest writes into a request by name: headers, query parameters, base URLs, each a template."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from integrations.base_url import BaseUrl, parse_base_url
from integrations.compiling.problems import Problems
from integrations.manifest import Property
from integrations.namespace import NOT_IN_HEADERS
from integrations.templating import Template, Tree

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110 section 5.6.2
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


def is_token(name: str) -> bool:
    """Whether a header or a cookie can have the name."""
    return _TOKEN.fullmatch(name) is not None


def forbidden_header(name: str) -> bool:
    """Whether a manifest may not set the header: framing, the host and the hops are the connection's business."""
    return name.lower() in FORBIDDEN_HEADERS or name.lower().startswith("proxy-")


def check_header(name: str, field: str, problems: Problems) -> None:
    """Notes a name that no header has, or that a manifest may not set."""
    if not is_token(name):
        problems.add(field, "Not a header name (RFC 9110 section 5.1).")
    if forbidden_header(name):
        problems.add(field, "A manifest cannot set this header.")


def check_header_text(template: Template, field: str, problems: Problems, prefix: str = "") -> None:
    """Notes what a header cannot carry whatever fills its placeholders."""
    literals = [prefix, *(part for part in template.parts if isinstance(part, str))]
    if any(NOT_IN_HEADERS.search(text) for text in literals):
        problems.add(field, "A header carries neither control characters nor characters beyond ASCII.")
    first, last = prefix or template.parts[0], template.parts[-1]
    at_ends = (
        isinstance(first, str) and first != first.lstrip(),
        isinstance(last, str) and last != last.rstrip(),
    )
    if any(at_ends):
        problems.add(field, "A header's value has no blanks at its ends.")


def check_body(tree: Tree, body_format: str, problems: Problems) -> None:
    """Notes a body that its format cannot write."""
    if body_format in ("form", "multipart") and not isinstance(tree.node, dict):
        problems.add("body", "A form is an object.")
    if body_format in ("text", "xml") and not isinstance(tree.node, Template):
        problems.add("body", "Text is a string.")
    if body_format == "jsonrpc" and not (isinstance(tree.node, dict) and "method" in tree.node):
        problems.add("body", "A JSON-RPC body is an object with a `method`, and `params`.")


def named_templates(
    declared: Mapping[str, Any], field: str, problems: Problems
) -> tuple[tuple[str, Template], ...]:
    """The templates by name, in their order; a header that is not a manifest's to set is a problem."""
    found = []
    lowered: set[str] = set()
    for name, source in declared.items():
        template = problems.template(f"{field}.{name}", source)
        if field.endswith("headers"):
            if name.lower() in lowered:
                problems.add(f"{field}.{name}", "Headers have no case; it stands here twice.")
            lowered.add(name.lower())
            check_header(name, f"{field}.{name}", problems)
            check_header_text(template, f"{field}.{name}", problems)
        found.append((name, template))
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
