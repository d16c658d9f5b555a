"""Fields that several schemas share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import semver
from marshmallow import ValidationError, fields, validate

INT64_MAX = 2**63 - 1
MAX_VERSION_LENGTH = 256
DIGITS = re.compile(r"[0-9]{1,19}")

PLUGIN_ID_PATTERN = re.compile(r"[a-z0-9-]{1,64}\Z")
PLUGIN_ID = validate.Regexp(
    PLUGIN_ID_PATTERN, error="Use lowercase letters, digits and hyphens, 1 to 64 of them."
)


class StrictBoolean(fields.Boolean):
    """true or false; not "yes", not 1."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Ordinal(fields.Integer):
    """A number in a query that counts from 1."""

    def __init__(self, maximum: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(1, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        # int() would accept "1_0", " 1" and digits of any script.
        if isinstance(value, bool | float) or (isinstance(value, str) and not DIGITS.fullmatch(value)):
            raise self.make_error("invalid", input=value)
        number = super()._deserialize(value, attr, data, **kwargs)
        if number is None:
            raise self.make_error("invalid", input=value)
        return number


class RowId(Ordinal):
    """The id of a row: 1 to the largest integer of SQLite."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(INT64_MAX, **kwargs)


class Timestamp(fields.Field[float]):
    """Seconds since the epoch, shown as ISO 8601 in UTC to the millisecond."""

    def _serialize(self, value: float | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        moment = datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")


class Tenths(fields.Float):
    """A measured number with one decimal; more would only be noise."""

    def _serialize(self, value: float | None, attr: Any, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else round(float(value), 1)


class PluginId(fields.String):
    """The id of a plugin."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=PLUGIN_ID, **kwargs)


class Name(fields.String):
    """A name for users: 1 to 200 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, 200), **kwargs)


class Icon(fields.String):
    """The icon of a plugin in answers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=True,
            allow_none=True,
            metadata={
                "description": "`si:` and a slug of simple-icons, or `lucide:` and a name of lucide; null if the "
                "manifest declares no such icon."
            },
            **kwargs,
        )


class Amount(fields.Integer):
    """How many there are of something."""

    def __init__(self, description: str, **kwargs: Any) -> None:
        super().__init__(required=True, metadata={"description": description, "minimum": 0}, **kwargs)


class ManagedBy(fields.String):
    """The provisioning file that owns something."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=True,
            allow_none=True,
            metadata={"description": "The provisioning file that sets this; null if none does."},
            **kwargs,
        )


class Version(fields.String):
    """A SemVer 2.0 version."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_check_version, **kwargs)


def _check_version(value: str) -> None:
    if len(value) > MAX_VERSION_LENGTH or not semver.Version.is_valid(value):
        raise ValidationError("Not a SemVer 2.0 version, like 1.4.0 or 2.0.0-beta.1.")
