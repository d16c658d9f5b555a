"""Rules of the URL map that are cheap to add."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class UrlRule(Rule):
    """A rule whose URL builders are compiled when the first URL is built.

    Most rules never build one, and compiling the builders of all of them takes more than half of a start.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_builder = super()._compile_builder
        builder: Builder | None = None

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            nonlocal builder
            if builder is None:
                builder = compile_builder(append_unknown)
            return builder(rule, **values)

        return build
