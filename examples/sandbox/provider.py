"""A provider of the sandbox: its routes, its access check, and how an example is set up for it."""

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


def never_a_login(_body: bytes) -> bool:
    return False


def not_found(_request: Request) -> Reply:
    return text_reply("404 page not found\n", 404)


class _AnyNumber:
    """Equals every number: for what is another one in each run, such as a duration."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and not isinstance(other, bool)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "a number"


ANY_NUMBER = _AnyNumber()


@dataclass(frozen=True, slots=True)
class Sample:
    """One block of the example plugin, inputs for it, and the data that Patchbay must return for them.

    `{sandbox}` in a string of `inputs` or `data` is replaced by the sandbox's URL. `upstream_calls` is the number of
    requests of one cold render, without token requests.
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
    gives_token: bool = False

    def answers(self, method: str) -> bool:
        return method == self.method or (method, self.method) == ("HEAD", "GET")


@dataclass(slots=True)
class Provider:
    """Everything that answers under `/{id}`; `id` is the example plugin's id too.

    `config` is the configuration, fake secrets included, with which the example works here.
    """

    id: str
    config: Mapping[str, Any] = field(default_factory=dict)
    guard: Guard = let_everyone_in
    unknown: Callable[[Request], Reply] = not_found
    is_login: Callable[[bytes], bool] = never_a_login
    """Whether a body is that of a login, for providers where everything has one path."""
    samples: tuple[Sample, ...] = ()
    routes: list[Route] = field(default_factory=list)

    def route(
        self, path: str, method: str = "GET", *, gives_token: bool = False
    ) -> Callable[[Handler], Handler]:
        """Registers the decorated function for `path`; `{name}` matches one segment and is passed by name.

        The guard does not apply to a route that `gives_token`: a login, or an OAuth 2.0 server.
        """
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, pattern, handler, gives_token))
            return handler

        return register

    def gives_token(self, method: str, path: str, body: bytes) -> bool:
        """Whether the request, by its path without the prefix or by its body, is a token request."""
        return self.is_login(body) or any(
            route.gives_token and route.answers(method) and route.pattern.fullmatch(path)
            for route in self.routes
        )

    def answer(self, request: Request) -> Reply:
        """The provider's answer, including errors."""
        refusal = (
            None if self.gives_token(request.method, request.path, request.body) else self.guard(request)
        )
        if refusal is not None:
            return refusal
        allowed = []
        for route in self.routes:
            match = route.pattern.fullmatch(request.path)
            if match is None:
                continue
            if route.answers(request.method):
                return route.handler(request, **match.groupdict())
            allowed.append(route.method)
        if allowed:
            return Reply(405, b"", "text/plain", (("Allow", ", ".join(allowed)),))
        return self.unknown(request)
