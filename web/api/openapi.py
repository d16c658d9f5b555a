"""The API's OpenAPI 3.1 document, made from the routes and their schemas."""

from __future__ import annotations

import http
import threading
from typing import Any

import flask_smorest
from flask import Flask, Response, jsonify
from flask_smorest.utils import prepare_response

from schemas.api.problems import ProblemSchema
from schemas.fields import Timestamp
from settings import version
from web.api.json import INT64_MAX, Int64Converter
from web.api.problems import MEDIA_TYPE, answer_http_exception
from web.gate.mount import mount_prefix

API_PREFIX = "/api/v1"
DESCRIPTION = (
    "Frontends declare plugins, users configure them, and blocks are rendered. Send the token as "
    "`Authorization: Bearer …`; a signed-in browser sends its cookie. Every failure is a problem (RFC 9457)."
)
SPEC_OPTIONS = {
    "info": {"description": DESCRIPTION},
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "The token of this server."},
        }
    },
    "security": [{"token": []}],
}


class Api(flask_smorest.Api):
    """flask-smorest's Api, with problems as the errors in responses and in the document.

    The routes are described when the document is first requested, because that takes longer than the rest of the start.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._undescribed: list[flask_smorest.Blueprint] = []
        self._has_responses = False
        self._lock = threading.RLock()
        super().__init__(app)

    def _openapi_json(self) -> Response:
        """The document, with the address at which its client reaches this server."""
        document = {**self.spec.to_dict(), "servers": [{"url": mount_prefix() or "/"}]}
        return jsonify(document)

    @property
    def spec(self) -> Any:
        """The document, with every blueprint that was registered until now."""
        with self._lock:
            undescribed, self._undescribed = self._undescribed, []
            if undescribed:
                self._describe_responses()
            for blueprint in undescribed:
                blueprint.register_views_in_doc(
                    self, self._app, self._spec, name=blueprint.name, parameters=None
                )
                self._spec.tag({"name": blueprint.name, "description": blueprint.description})
            return self._spec

    @spec.setter
    def spec(self, spec: Any) -> None:
        self._spec: Any = spec

    def register_blueprint(
        self, blp: flask_smorest.Blueprint, *, parameters: Any = None, **options: Any
    ) -> None:
        """Adds the blueprint's routes to the application, and to the document once that is asked for."""
        app: Any = self._app
        app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        app.register_blueprint(blp, **options)
        self._undescribed.append(blp)

    def handle_http_exception(self, error: Any) -> Any:
        return answer_http_exception(error)

    def _register_responses(self) -> None:
        """Nothing yet: they are described with the routes."""

    def _describe_responses(self) -> None:
        if self._has_responses:
            return
        self._has_responses = True
        for status in http.HTTPStatus:
            self._describe_response(status.name, status.phrase, has_problem=status >= 400)
        self._describe_response(
            "DEFAULT_ERROR", "A problem (RFC 9457). Its `code` says which one.", has_problem=True
        )

    def _describe_response(self, name: str, description: str, *, has_problem: bool) -> None:
        response: dict[str, Any] = {"description": description}
        if has_problem:
            response["schema"] = self.ERROR_SCHEMA
        prepare_response(response, self._spec, MEDIA_TYPE)
        self._spec.components.response(name, response, lazy=True)


def init_openapi(app: Flask) -> Api:
    """The Api that the blueprints are registered with. It serves the document at /api/v1/openapi.json."""
    app.config.update(
        API_TITLE="Patchbay",
        API_VERSION=version(),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=API_PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS=SPEC_OPTIONS,
    )
    app.url_map.converters["int64"] = Int64Converter
    api = Api(app)
    api.register_converter(
        Int64Converter,
        lambda converter: {"type": "integer", "minimum": 1, "maximum": INT64_MAX, "format": "int64"},
    )
    api.register_field(Timestamp, "string", "date-time")
    return api
