"""`response_schema`: validates an answer by JSON Schema, without fetching anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.answers.schema_graph import SchemaCost, check_schema
from integrations.answers.schema_messages import describe_mismatch
from integrations.json.json_limits import JsonSize, SizeLimits, ValueTooBigError, measure_value

if TYPE_CHECKING:
    import jsonschema_rs

Mismatch = tuple[str, str]

MAX_MISMATCHES = 20
_MAX_PATTERN_BYTES = 256 * 1024
# The limit of one validation: schemas applied times values visited.
_MAX_APPLICATIONS = 50_000_000
# Finding all mismatches costs a thousand times more than finding out that there is one.
_MAX_EXPLAINED = 200_000
_UNEXPLAINED: Mismatch = ("", "does not match the response schema")
_TOO_COSTLY: Mismatch = ("", "is too large or nested too deeply to be checked against the response schema")


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """A compiled schema, shared by all threads."""

    _validator: Any = field(repr=False)
    _cost: SchemaCost = field(repr=False)

    def errors(self, value: Any) -> list[Mismatch]:
        """The mismatches as (path, message), at most 20; empty if the value matches.

        A path is written `items[3].title`. The messages are our own: they quote the schema, never the value.
        """
        try:
            size = measure_value(value, SizeLimits())
        except ValueTooBigError:
            return [_TOO_COSTLY]
        if size.nodes * self._cost.applications > _MAX_APPLICATIONS:
            return [_TOO_COSTLY]
        try:
            return [] if self._validator.is_valid(value) else self._explain(value, size)
        except (ValueError, TypeError, OverflowError):
            return [_UNEXPLAINED]

    def _explain(self, value: Any, size: JsonSize) -> list[Mismatch]:
        applications = self._cost.applications_at_depth(size.depth)
        if applications * size.nodes <= _MAX_EXPLAINED:
            found = list(self._validator.iter_errors(value))[:MAX_MISMATCHES]
            return [_mismatch(error) for error in found] or [_UNEXPLAINED]
        if self._cost.has_alternatives or applications > _MAX_EXPLAINED:
            return [_UNEXPLAINED]
        try:
            self._validator.validate(value)
        except _library().ValidationError as error:
            return [_mismatch(error)]
        return [_UNEXPLAINED]


def compile_response_schema(schema: Any) -> SchemaCheck:
    """The check of a JSON Schema (2020-12 unless `$schema` names draft 4 to 2019-09).

    `ValueError` names the place in the schema: `properties.items.$ref: …`. Only references within the schema are
    followed, patterns run in linear time, and size, depth and the cost of one validation are limited.
    """
    cost = check_schema(schema)
    library = _library()
    try:
        validator = library.validator_for(
            schema,
            pattern_options=library.RegexOptions(
                size_limit=_MAX_PATTERN_BYTES, dfa_size_limit=_MAX_PATTERN_BYTES
            ),
            ignore_unknown_formats=True,
            offline=True,
            mask="the value",
        )
    except library.ValidationError as error:
        place = ".".join(str(step) for step in error.instance_path)
        raise ValueError(f"{place or 'schema'}: {describe_mismatch(error.kind)}") from None
    except (library.ReferencingError, ValueError, TypeError):
        raise ValueError("schema: not a JSON Schema") from None
    return SchemaCheck(validator, cost)


def _library() -> Any:
    """jsonschema-rs, loaded with the first schema, because few manifests have one."""
    import jsonschema_rs  # noqa: PLC0415

    return jsonschema_rs


def _mismatch(error: jsonschema_rs.ValidationError) -> Mismatch:
    return _path(error.instance_path), describe_mismatch(error.kind)


def _path(steps: Sequence[str | int]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step[:60]}" if path else step[:60]
    return path[:500]
