"""The blueprint class of every API route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import flask_smorest

from web.api.json import ArgumentsParser


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with the strict JSON reader. Use it for every route under /api/v1."""

    ARGUMENTS_PARSER = ArgumentsParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """flask-smorest's decorator with one schema instance. For a class, webargs would create one per request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)

    @staticmethod
    def header(parameter: Mapping[str, Any]) -> Callable[[Any], Any]:
        """A decorator that describes a request header in OpenAPI, beside what `arguments` describes.

        `doc` would replace the other parameters.
        """

        def describe(view: Any) -> Any:
            view._apidoc = deepcopy(getattr(view, "_apidoc", {}))
            view._apidoc.setdefault("arguments", {}).setdefault("parameters", []).append(
                {"in": "header", **parameter}
            )
            return view

        return describe
