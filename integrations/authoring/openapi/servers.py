"""Converts servers of a document to a base URL with properties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi.names import described, escape_braces
from integrations.authoring.openapi.properties import Properties
from integrations.manifests.base_url import BadBaseUrl, parse_base_url

_VARIABLE = re.compile(r"\{([^{}]+)\}")


def choose_server(servers: Any, wanted: str | None, properties: Properties) -> tuple[str, list[str]]:
    """The base URL, and a note for each server that was not used.

    `wanted` is a number that counts from 1, an absolute URL (its `{names}` become properties), or None for the first.
    Raises Unfit.
    """
    listed = (
        [server for server in servers if isinstance(server, Mapping)] if isinstance(servers, list) else []
    )
    if wanted is not None and not wanted.isdecimal():
        return _given_url(wanted, properties), []
    if not listed:
        raise NotConvertible("The document names no server. Give its URL: --server https://…")
    number = int(wanted) if wanted is not None else 1
    if not 1 <= number <= len(listed):
        raise NotConvertible(f"There is no server {number}; the document names {len(listed)}.")
    others = [(index, server) for index, server in enumerate(listed, 1) if index != number]
    notes = [f"server {index}: not taken: {server.get('url')}" for index, server in others]
    return server_url(listed[number - 1], properties), notes


def server_url(server: Mapping[str, Any], properties: Properties) -> str:
    """One server's URL as a base URL. Its variables are declared. Raises Unfit."""
    url = str(server.get("url", ""))
    variables = server.get("variables")
    variables = variables if isinstance(variables, Mapping) else {}
    if not _starts_with_host(url):
        path = url if url.startswith("/") else f"/{url}"
        raise NotConvertible(
            f"The server `{url}` is relative; say where it is: --server https://HOST{path.rstrip('/')}, "
            f"or --server '{{server}}{path.rstrip('/')}' for a setting."
        )
    template = _VARIABLE.sub(lambda match: _placeholder(match, variables), url)
    if not _is_base_url(template.rstrip("/")):
        return _as_one_setting(url, variables, properties)
    names: dict[str, str] = {}
    for name in _in_order(template):
        names[name] = properties.add(name, _declared(variables[name]))
    renamed = _VARIABLE.sub(lambda match: f"{{{names.get(match[1], match[1])}}}", template)
    return renamed.rstrip("/")


def _given_url(url: str, properties: Properties) -> str:
    try:
        base_url = parse_base_url(url.rstrip("/"))
    except BadBaseUrl as error:
        raise NotConvertible(f"--server {url}: {error}") from None
    for name in _in_order(base_url.source):
        if base_url.source.startswith(f"{{{name}}}"):
            added = _add_whole_url(name, None, properties)
        else:
            added = properties.add(name, {"type": "string", "required": True})
        if added != name:
            raise NotConvertible(f"--server {url}: `{name}` cannot be the name of a property.")
    return base_url.source


def _in_order(source: str) -> Sequence[str]:
    return list(dict.fromkeys(_VARIABLE.findall(source)))


def _starts_with_host(url: str) -> bool:
    return bool(re.match(r"(https?|\{[^{}]+\})://", url, re.IGNORECASE)) or bool(re.match(r"\{[^{}]+\}", url))


def _placeholder(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    """The variable as a placeholder, or its default if a placeholder could not contain all of its values."""
    name = match[1]
    variable = variables.get(name)
    if not isinstance(variable, Mapping):
        raise NotConvertible(
            f"The server's variable `{name}` is not declared; say where it is: --server https://…"
        )
    values = [str(variable.get("default", "")), *map(str, _choices(variable))]
    if any(value == "" or "/" in value for value in values):
        return escape_braces(values[0])
    return f"{{{name}}}"


def _choices(variable: Mapping[str, Any]) -> Sequence[Any]:
    choices = variable.get("enum")
    return choices if isinstance(choices, list) else ()


def _declared(variable: Mapping[str, Any]) -> dict[str, Any]:
    declared: dict[str, Any] = {"type": "string", "default": str(variable.get("default"))}
    if choices := [str(choice) for choice in _choices(variable)]:
        if declared["default"] not in choices:
            choices.append(declared["default"])
        declared["enum"] = choices
    return {**declared, **described(variable)}


def _as_one_setting(url: str, variables: Mapping[str, Any], properties: Properties) -> str:
    """For example, a URL whose scheme is a variable becomes one setting, with the document's URL as default."""

    def default(match: re.Match[str]) -> str:
        variable = variables.get(match[1])
        return str(variable.get("default", "")) if isinstance(variable, Mapping) else ""

    filled = _VARIABLE.sub(default, url).rstrip("/")
    if not _is_base_url(escape_braces(filled)):
        raise NotConvertible(f"The server `{url}` makes no URL; say where it is: --server https://…")
    return f"{{{_add_whole_url('server', filled, properties)}}}"


def _add_whole_url(name: str, default: str | None, properties: Properties) -> str:
    declared: dict[str, Any] = {"type": "string", "required": True, "format": "uri"}
    if default is not None:
        declared["default"] = default
    return properties.add(
        name, {**declared, "description": "Where the service is, with https:// or http://."}
    )


def _is_base_url(template: str) -> bool:
    try:
        parse_base_url(template)
    except ValueError:
        return False
    return True
