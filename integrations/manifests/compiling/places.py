"""Checks that every value of a call has its own place in the request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from integrations.json.members import is_place, set_member
from integrations.manifests.compiling.paths import NamedTemplates
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import SAFE_METHODS, Credential, Parameter
from integrations.manifests.templating import Template, Tree
from schemas.manifests.words import BODY_METHODS

Protocol = Literal["plain", "graphql", "jsonrpc"]


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """An endpoint's request as far as it is known without its parameters."""

    item: Mapping[str, Any]
    method: str
    protocol: Protocol
    path_query: NamedTemplates
    headers: NamedTemplates
    body: Tree | None


def check_places(
    asked: KnownRequest,
    parameters: Sequence[Parameter],
    credentials: Sequence[Credential],
    problems: Problems,
) -> None:
    """Adds a problem for what would be lost, sent twice, or sent where the provider does not expect it."""
    _check_protocol(asked, parameters, problems)
    _check_room(asked, parameters, credentials, problems)
    _check_list_places(asked, parameters, credentials, problems)
    _check_own_places(asked, parameters, credentials, problems)
    _check_content_type(asked, parameters, problems)


def _check_protocol(asked: KnownRequest, parameters: Sequence[Parameter], problems: Problems) -> None:
    """Adds a problem for values that have no place in a protocol's body."""
    protocol, body = asked.protocol, asked.body
    if protocol == "plain" or asked.method not in BODY_METHODS:
        return
    members = [item.name for item in parameters if item.location == "body"]
    if body is None or not members or not isinstance(body.node, dict):
        return
    within = "variables" if protocol == "graphql" else "params"
    if not isinstance(body.node.get(within, {}), dict):
        problems.add("body", f"`{members[0]}` has no place in these `{within}`; write one for it.")
    query = str(asked.item["body"].get("query")) if protocol == "graphql" else ""
    for index, item in enumerate(asked.item["parameters"] if query else ()):
        if item["name"] in members and not re.search(rf"\${re.escape(item['name'])}(?!\w)", query):
            problems.add(f"parameters[{index}].name", f"The query has no variable `${item['name']}`.")


def _check_room(
    asked: KnownRequest,
    parameters: Sequence[Parameter],
    credentials: Sequence[Credential],
    problems: Problems,
) -> None:
    """Adds a problem for what would be lost: members and keys if the body is no object or missing."""
    members = [item.name for item in parameters if item.location == "body"]
    keys = [item.name for item in credentials if item.location == "body"]
    if keys and asked.method in SAFE_METHODS:
        problems.add("method", f"{asked.method} has no body, but the credential `{keys[0]}` is in it.")
    if not members and not keys:
        return
    types = {item.name: item.value.type for item in parameters}
    if asked.item["body_format"] in ("text", "xml"):
        has_room = False
    elif asked.body is None:
        has_room = asked.item["body_format"] != "jsonrpc"
    elif isinstance(asked.body.node, Template):
        has_room = types.get(asked.body.node.lone or "") == "object"
    else:
        has_room = isinstance(asked.body.node, dict)
    if not has_room:
        problems.add("body", f"`{(members + keys)[0]}` has no place in this body. Add one for it.")


def _check_list_places(
    asked: KnownRequest,
    parameters: Sequence[Parameter],
    credentials: Sequence[Credential],
    problems: Problems,
) -> None:
    """Adds a problem for a credential in a body list whose index is taken, not fixed, or beyond the end."""
    body = _as_lists(asked.body.node) if asked.body is not None else {}
    optional = frozenset(item.name for item in parameters if not item.value.required)
    for item in credentials:
        if item.location != "body" or not isinstance(body, dict):
            continue
        path = item.name.split(".")
        why = _wrong_place(body, path, optional)
        if why is None:
            # The next credential sees what this one created.
            body = set_member(body, path, None)
        else:
            problems.add_new("body", f"The credential `{item.name}` cannot be placed here: {why}.")


def _as_lists(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _as_lists(item) for name, item in node.items()}
    return [_as_lists(item) for item in node] if isinstance(node, tuple) else node


def _wrong_place(node: Any, path: Sequence[str], optional: frozenset[str]) -> str | None:
    """Why a credential cannot be put at the path below the node, as far as a template shows."""
    if not path:
        return None
    if isinstance(node, list):
        return _wrong_element(node, path, optional)
    if isinstance(node, dict) and path[0] in node:
        return _wrong_place(node[path[0]], path[1:], optional)
    return None if isinstance(node, Template) else _wrong_new_place(path[isinstance(node, dict) :])


def _wrong_element(items: list[Any], path: Sequence[str], optional: frozenset[str]) -> str | None:
    name, rest = path[0], path[1:]
    if not is_place(name) or int(name) > len(items):
        return f"the list has {len(items)}, and `{name}` is not one of them or the next"
    before, found = items[: int(name)], items[int(name) :]
    if any(isinstance(part, Template) and part.lone in optional for part in before):
        return f"what stands before `{name}` may be left out"
    if not found:
        return _wrong_new_place(rest)
    if isinstance(found[0], Template) and found[0].names:
        return f"`{found[0].source}` stands there"
    return _wrong_place(found[0], rest, optional)


def _wrong_new_place(path: Sequence[str]) -> str | None:
    """Why the missing rest of a path cannot be created: a new list begins at 0."""
    beyond = next((name for name in path if is_place(name) and int(name) > 0), None)
    return None if beyond is None else f"there is no list, and a new one begins at 0, not at `{beyond}`"


def _check_own_places(
    asked: KnownRequest,
    parameters: Sequence[Parameter],
    credentials: Sequence[Credential],
    problems: Problems,
) -> None:
    """Adds a problem for a parameter whose place is taken: it would be sent twice, or not at all."""
    taken = {("query", name): "is already in the query of the path" for name, _ in asked.path_query}
    taken |= {place: "is the place of a credential" for item in credentials for place in _places_of(item)}
    declared = {parameter.name: parameter for parameter in parameters}
    for index, item in enumerate(asked.item["parameters"]):
        name = item["name"]
        location, kind = declared[name].location, declared[name].value.type
        why = taken.get((location, name.lower() if location == "header" else name))
        # An object has room for another member.
        if why is not None and not (location == "body" and kind == "object"):
            problems.add(f"parameters[{index}].name", f"`{name}` {why}.")


def _check_content_type(asked: KnownRequest, parameters: Sequence[Parameter], problems: Problems) -> None:
    names = [item.name for item in parameters if item.location == "header"]
    if asked.item["body_format"] == "multipart" and "content-type" in [name.lower() for name in names]:
        problems.add(
            "headers", "Patchbay sets the Content-Type of a multipart body, because it contains the boundary."
        )


def _places_of(credential: Credential) -> list[tuple[str, str]]:
    """The places of a credential, named like places of parameters."""
    if credential.signature is not None:
        found = [("header", name.lower()) for name, _ in credential.signature.headers]
        return found + [("query", name) for name, _ in credential.signature.query]
    if credential.location == "body":
        return [("body", credential.name.partition(".")[0])]
    if credential.location in ("query", "cookie"):
        return [(credential.location, credential.name)]
    return [("header", credential.name.lower())]
