"""The routes for those who write manifests: the JSON Schema, lint, import from OpenAPI. Nothing is stored."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from errors import Invalid
from integrations.authoring.files import read_text
from integrations.authoring.findings import Finding
from integrations.authoring.json_schema import registration_schema
from integrations.authoring.lint import is_registration_body, lint, position_of
from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi_import import Choice, ImportOptions, import_openapi
from integrations.authoring.source_map import Source, SourceError
from schemas.api.manifests import ConvertedSchema, LintedSchema, ManifestTextSchema, OpenApiTextSchema
from web.api.blueprint import Blueprint

blueprint = Blueprint("manifests", __name__, description="For those who write manifests. Nothing is stored.")


@blueprint.route("/manifests/schema", methods=["GET"])
@blueprint.response(200)
def show_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a registration body; that of a manifest alone is `#/$defs/Manifest`."""
    return _schema()


@blueprint.route("/manifests/lint", methods=["POST"])
@blueprint.arguments(ManifestTextSchema)
@blueprint.response(200, LintedSchema)
def lint_text(asked: dict[str, Any]) -> dict[str, Any]:
    """Check a text as registration does, and warn about parts that are probably not meant, each with its place."""
    try:
        source = read_text(asked["text"])
    except SourceError as error:
        place = {"line": error.position.line, "column": error.position.column}
        unread = {**asdict(Finding("error", "", str(error))), **place}
        return {"findings": [unread], "kind": "registration", "value": None}
    findings = sorted((_placed(source, found) for found in lint(source.value)), key=_order)
    has_error = any(found["level"] == "error" for found in findings)
    is_body = isinstance(source.value, dict) and is_registration_body(source.value)
    return {
        "findings": findings,
        "kind": "registration" if is_body else "manifest",
        # What registration would accept is small; anything else may be a few lines that refer to each other.
        "value": None if has_error else source.value,
    }


@blueprint.route("/manifests/import-openapi", methods=["POST"])
@blueprint.arguments(OpenApiTextSchema)
@blueprint.response(200, ConvertedSchema)
def convert_openapi(asked: dict[str, Any]) -> dict[str, Any]:
    """Convert an OpenAPI 3.0 or 3.1 document to a registration body. References to other files are not followed."""
    options = ImportOptions(
        asked["id"],
        asked.get("name"),
        asked.get("version"),
        asked.get("server"),
        Choice(asked["tags"], asked["paths"]),
    )
    try:
        return asdict(import_openapi(read_text(asked["text"]).value, options))
    except SourceError as error:
        raise _unusable(f"Line {error.position.line}, column {error.position.column}: {error}") from None
    except NotConvertible as error:
        raise _unusable(str(error)) from None


@cache
def _schema() -> dict[str, Any]:
    return registration_schema()


def _placed(source: Source, found: Finding) -> dict[str, Any]:
    line, column = position_of(source, found)
    return {**asdict(found), "line": line, "column": column}


def _order(found: dict[str, Any]) -> tuple[int, int]:
    return found["line"], found["column"]


def _unusable(message: str) -> Invalid:
    return Invalid("The document cannot be converted.", errors={"text": [message]})
