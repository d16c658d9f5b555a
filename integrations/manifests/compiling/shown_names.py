"""What a signature reveals: a digest hides its input, base64 and a plain template do not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integrations.manifests.model import Signature
from integrations.manifests.positions import double_braces
from integrations.manifests.templating import Template


def names_behind(
    signature: Signature, parts: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Placement, name and the names of settings that are sent there.

    `parts` are the names in the request's own path, query and body, by their names in a signature.
    """
    known = dict(parts)
    known["request.url"] = known["request.target"] = parts["request.path"] | parts["request.query"]

    def behind(template: Template | None) -> frozenset[str]:
        names = template.names if template else frozenset[str]()
        return frozenset().union(*(known.get(name, {name}) for name in names))

    for item in signature.values:
        if item.function == "base64":
            known[item.name] = behind(item.input)
        else:
            yield "signature", item.function, behind(item.input) | behind(item.key)
            # Its input cannot be read from it.
            known[item.name] = frozenset()
    for name, template in signature.headers:
        yield "header", name.lower(), behind(template)
    for name, template in signature.query:
        yield "query", double_braces(name), behind(template)
