"""A provider of the sandbox: its routes, who it lets in, and how an example is set up against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from examples.sandbox.exchange import Reply, Request, text_reply

Handler = Callable[..., Reply]
Guard = Callable[[Request], Reply | None]


def let_everyone_in(_request: Request) -> Reply | None:
    return None


def not_found(_request: Request) -> Reply:
    return text_reply("404 page not found\n", 404)


@dataclass(frozen=True, slots=True)
class Sample:
    """One block of the example plugin, inputs for it, and what Patchbay must make of the fixed data.

    `{sandbox}` in a string of `inputs` or `data` stands for the sandbox's URL. `upstream_calls` is how many
    requests one cold render costs.
    """

    block: str
    inputs: Mapping[str, Any]
    data: Any
    upstream_calls: int = 1


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler


@dataclass(slots=True)
class Provider:
    """Everything that answers under `/{id}`; `id` is the example plugin's id too.

    `config` is the configuration, fake secrets included, with which the example works here.
    """

    id: str
    config: Mapping[str, Any] = field(default_factory=dict)
    guard: Guard = let_everyone_in
    unknown: Callable[[Request], Reply] = not_found
    samples: tuple[Sample, ...] = ()
    routes: list[Route] = field(default_factory=list)

    def route(self, path: str, method: str = "GET") -> Callable[[Handler], Handler]:
        """Registers the decorated function for `path`; `{name}` matches one segment and is passed by name."""
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, pattern, handler))
            return handler

        return register

    def answer(self, request: Request) -> Reply:
        """The provider's answer, its refusals included."""
        refusal = self.guard(request)
        if refusal is not None:
            return refusal
        allowed = []
        for route in self.routes:
            match = route.pattern.fullmatch(request.path)
            if match is None:
                continue
            if request.method == route.method or (request.method, route.method) == ("HEAD", "GET"):
                return route.handler(request, **match.groupdict())
            allowed.append(route.method)
        if allowed:
            return Reply(405, b"", "text/plain", (("Allow", ", ".join(allowed)),))
        return self.unknown(request)
