"""What a signature reveals: a digest hides its input, base64 and a plain template do not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from integrations.manifests.model import Signature
from integrations.manifests.positions import double_braces
from integrations.manifests.templating import Template

Found = tuple[str, str, frozenset[str]]
"""Placement, name and the names of settings that are sent there."""


Behind = Callable[[Template | None], frozenset[str]]


def names_behind_values(signature: Signature) -> tuple[dict[str, frozenset[str]], list[Found]]:
    """The names of settings that each computed value shows, and those that are used and not shown."""
    known: dict[str, frozenset[str]] = {}

    def behind(template: Template | None) -> frozenset[str]:
        names = template.names if template else frozenset[str]()
        return frozenset().union(*(known.get(name, {name}) for name in names))

    return known, list(_of_values(signature, known, behind))


def _of_values(signature: Signature, known: dict[str, frozenset[str]], behind: Behind) -> Iterator[Found]:
    """Adds to `known` what each value shows. Gives what a digest hides."""
    for item in signature.values:
        if item.function == "base64":
            known[item.name] = behind(item.input)
        else:
            yield "signature", item.function, behind(item.input) | behind(item.key)
            # Its input cannot be read from it.
            known[item.name] = frozenset()


def names_behind(signature: Signature, parts: Mapping[str, frozenset[str]]) -> Iterator[Found]:
    """The places of what the signature sends.

    `parts` are the names in the request's own path, query and body, by their names in a signature.
    """
    known = dict(parts)
    known["request.url"] = known["request.target"] = parts["request.path"] | parts["request.query"]

    def behind(template: Template | None) -> frozenset[str]:
        names = template.names if template else frozenset[str]()
        return frozenset().union(*(known.get(name, {name}) for name in names))

    yield from _of_values(signature, known, behind)
    for name, template in signature.headers:
        yield "header", name.lower(), behind(template)
    for name, template in signature.query:
        yield "query", double_braces(name), behind(template)
