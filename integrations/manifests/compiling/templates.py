"""Named templates of a request: headers, query parameters, base URLs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from integrations.manifests.base_url import BaseUrl, parse_base_url
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import Property
from integrations.manifests.namespace import NOT_IN_HEADERS
from integrations.manifests.templating import Template
from integrations.manifests.time_placeholders import parse_time_placeholder
from schemas.manifests.declared import HEADER_NAME, NOT_A_MANIFESTS, OWN_HEADERS
from schemas.rules.rule_kinds import matches


def forbidden_header(name: str) -> bool:
    """Whether a manifest may not set the header."""
    return matches(OWN_HEADERS, name)


def check_header(name: str, field: str, problems: Problems) -> None:
    """Adds a problem for an invalid header name, or one that a manifest must not set."""
    if not matches(HEADER_NAME, name):
        problems.add(field, str(HEADER_NAME.error))
    if forbidden_header(name):
        problems.add(field, NOT_A_MANIFESTS)


def check_header_text(template: Template, field: str, problems: Problems, prefix: str = "") -> None:
    """Adds a problem for text that a header can never contain, whatever fills its placeholders."""
    literals = [prefix, *(part for part in template.parts if isinstance(part, str))]
    if any(NOT_IN_HEADERS.search(text) for text in literals):
        problems.add(field, "A header cannot contain control characters or non-ASCII characters.")
    first, last = prefix or template.parts[0], template.parts[-1]
    at_ends = (
        isinstance(first, str) and first != first.lstrip(),
        isinstance(last, str) and last != last.rstrip(),
    )
    if any(at_ends):
        problems.add(field, "A header's value cannot start or end with a space.")


def named_templates(
    declared: Mapping[str, Any], field: str, problems: Problems
) -> tuple[tuple[str, Template], ...]:
    """The templates by name, in order. A repeated header, or one with invalid text, is a problem."""
    found = []
    lowered: set[str] = set()
    for name, source in declared.items():
        template = problems.template(f"{field}.{name}", source)
        if field.endswith("headers"):
            if name.lower() in lowered:
                problems.add(
                    f"{field}.{name}", "The header is declared twice. Header names are case-insensitive."
                )
            lowered.add(name.lower())
            check_header_text(template, f"{field}.{name}", problems)
        found.append((name, template))
    return tuple(found)


def check_names(
    names: Collection[str],
    known: Collection[str],
    field: str,
    problems: Problems,
    *,
    why: str = "is not a declared property.",
    with_times: bool = False,
) -> None:
    """Adds a problem for every name that nothing fills: neither a known one nor, where they may stand, a time."""
    for name in sorted(set(names) - set(known)):
        try:
            is_filled = with_times and parse_time_placeholder(name) is not None
        except ValueError as error:
            problems.add(field, f"`{{{name}}}`: {error}")
            continue
        if not is_filled:
            problems.add(field, f"`{{{name}}}` {why}")


def compile_base_url(
    source: str | None, properties: Mapping[str, Property], problems: Problems, field: str = "base_url"
) -> BaseUrl | None:
    """The validated base URL; None if there is none or it has a problem."""
    base_url = problems.attempt(field, lambda: parse_base_url(source)) if source is not None else None
    if base_url is None:
        return None
    check_names(base_url.names, properties, field, problems)
    for name in secure_names(base_url.start_names, properties):
        problems.add(
            field, f"The secret `{name}` cannot be a part of the base URL. Use a property that is not secure."
        )
    return base_url


def secure_names(names: Collection[str], properties: Mapping[str, Property]) -> list[str]:
    """The names of secure properties among these."""
    return sorted(name for name in names if name in properties and properties[name].secure)
