"""Lint rules about XML: an element is only a list if it occurs several times or is declared as a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath

from integrations.answers.selection import Selector
from integrations.answers.types.xml_lists import ListPath
from integrations.authoring.findings import LintWarning, Reviewed
from integrations.manifests.model import Endpoint

Path = ListPath | None
"""Names from the root on; None where an expression has made something else of the document."""

# List functions, with the position of the list and of the expression that is applied to its elements.
_OVER_LISTS = {"sort_by": (0, 1), "max_by": (0, 1), "min_by": (0, 1), "map": (1, 0)}


def single_elements(reviewed: Reviewed) -> Iterator[LintWarning]:
    """Elements that are used as lists but not declared as lists."""
    for place, selector, endpoint in _expressions(reviewed):
        if endpoint.response_type != "xml":
            continue
        for path in sorted(set(assumed_lists(selector.expression)) - set(endpoint.reading.xml_lists)):
            written = ".".join(f'"{name}"' if "." in name else name for name in path)
            yield (
                place,
                f"One `{path[-1]}` is no list in XML, several are: declare it under `xml.lists` of "
                f"`{endpoint.id}` as `{written}`.",
            )


def _expressions(reviewed: Reviewed) -> Iterator[tuple[str, Selector, Endpoint]]:
    """Every expression over a whole document, with its place and its endpoint."""
    for path, _, endpoint in reviewed.endpoints():
        if endpoint.selector is not None:
            yield f"{path}.select", endpoint.selector, endpoint
    for path, _, block in reviewed.blocks():
        for index, step in enumerate(block.steps):
            if step.endpoint.selector is None:
                for name, selector in step.outputs:
                    yield f"{path}.steps[{index}].outputs.{name}", selector, step.endpoint
        last = block.steps[-1].endpoint if block.steps else None
        if block.selector and last and last.selector is None and not block.collect:
            yield f"{path}.select", block.selector, last


def assumed_lists(expression: str) -> Iterator[ListPath]:
    """The paths that a JMESPath expression uses as lists, from the root of its input."""
    found: list[Path] = []
    _walk(jmespath.compile(expression).parsed, (), found)
    # The root of a document is one element.
    return (path for path in found if path is not None and len(path) > 1)


def _walk(node: Any, base: Path, found: list[Path]) -> Path:
    """The path of the node's value. Paths used as lists are added to `found`."""
    return _WALKS.get(node["type"], _walk_others)(node, base, found)


def _walk_field(node: Any, base: Path, _found: list[Path]) -> Path:
    return None if base is None else (*base, node["value"])


def _walk_chain(node: Any, base: Path, found: list[Path]) -> Path:
    for child in node["children"]:
        base = _walk(child, base, found)
    return base


def _walk_list(node: Any, base: Path, found: list[Path]) -> Path:
    """A list and the expression applied to its elements."""
    first, *others = node["children"]
    path = _walk(first, base, found)
    found.append(path)
    paths = [_walk(child, path, found) for child in others]
    return paths[0] if paths else path


def _walk_function(node: Any, base: Path, found: list[Path]) -> Path:
    if node["value"] not in _OVER_LISTS:
        return _walk_others(node, base, found)
    over, applied = _OVER_LISTS[node["value"]]
    path = _walk(node["children"][over], base, found)
    found.append(path)
    _walk_others(node["children"][applied], path, found)
    return path if node["value"].endswith("_by") else None


def _walk_others(node: Any, base: Path, found: list[Path]) -> Path:
    below = None if node["type"] == "value_projection" else base
    for child in node["children"]:
        if isinstance(child, dict):
            _walk(child, below, found)
    return None


_WALKS: Mapping[str, Callable[[Any, Path, list[Path]], Path]] = {
    "field": _walk_field,
    "identity": lambda _node, base, _found: base,
    "current": lambda _node, base, _found: base,
    "index": lambda _node, base, _found: base,
    "slice": lambda _node, base, _found: base,
    "subexpression": _walk_chain,
    "pipe": _walk_chain,
    "flatten": _walk_list,
    "index_expression": _walk_list,
    "projection": _walk_list,
    "filter_projection": _walk_list,
    "function_expression": _walk_function,
}
