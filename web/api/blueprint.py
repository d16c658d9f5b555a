"""The blueprint class of every API route."""

from __future__ import annotations

from typing import Any

import flask_smorest

from web.api.json import ArgumentsParser


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with the strict JSON reader. Use it for every route under /api/v1."""

    ARGUMENTS_PARSER = ArgumentsParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """flask-smorest's decorator with one schema instance. For a class, webargs would create one per request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)
