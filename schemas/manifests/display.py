"""How a block is drawn, and the icons of plugins and blocks.

Unknown members are stored and ignored, at any depth: `flask manifest lint` warns of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, ValidationError, fields, validate

from schemas.manifests.declared import Count, Members, Text, one_of
from schemas.manifests.words import DISPLAY_KINDS, LEVELS, MAX_HISTORY_SECONDS, TEXT_FORMATS
from schemas.rules.rule_kinds import AtMostOne, matches
from schemas.rules.rules import Ruled

MAX_ICON_CHARACTERS = 64
ICON = validate.Regexp(
    r"(?:si:[a-z0-9_]+|lucide:[a-z0-9]+(?:-[a-z0-9]+)*)\Z",
    error="Write `si:` and a slug of simple-icons, like `si:github`, or `lucide:` and a name of lucide, like "
    "`lucide:cloud-sun`.",
)
ICON_PREFIX = validate.Regexp(r"(?:si|lucide):[\s\S]*\Z")
# At most MAX_HISTORY_SECONDS.
KEEP = validate.Regexp(
    r"(?:(?:[1-9][0-9]?|[1-3][0-9]{2}|400)d"
    r"|(?:[1-9]|[1-4][0-9]|5[0-7])w"
    r"|(?:[1-9][0-9]{0,2}|[1-8][0-9]{3}|9[0-5][0-9]{2}|9600)h)\Z",
    error="Must be a number of seconds or a text like `12h`, `30d` or `8w`, and at most `400d`.",
)


class FieldName(Text):
    """The name of a field of the block's data; dots lead into a value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(200, minimum=1, **kwargs)


class NumberField(fields.Float):
    """A number, not a text or a boolean."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_nan=False, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool | str):
            raise ValidationError("Must be a number.")
        return super()._deserialize(value, attr, data, **kwargs)


class EndField(fields.Field[Any]):
    """An end of a gauge: a number, or the field that contains it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return FieldName().deserialize(value)
        return NumberField().deserialize(value)


class KeepField(fields.Field[Any]):
    """How long samples are kept: seconds, or a text with its unit."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not _is_keep(value):
            raise ValidationError(str(KEEP.error))
        return value


def _is_keep(value: Any) -> bool:
    if isinstance(value, str):
        return matches(KEEP, value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 1 <= value <= MAX_HISTORY_SECONDS


class IconField(fields.Field[Any]):
    """The icon of a plugin. A value of another form is the frontend's own, and the API does not return it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and matches(ICON_PREFIX, value) and not is_icon(value):
            raise ValidationError(f"{ICON.error} At most {MAX_ICON_CHARACTERS} characters.")
        return value


def is_icon(value: Any) -> bool:
    """Whether it is an icon that can be drawn: `si:github`, `lucide:cloud-sun`."""
    return isinstance(value, str) and len(value) <= MAX_ICON_CHARACTERS and matches(ICON, value)


def icon_of(manifest: Mapping[str, Any]) -> str | None:
    """The icon that a plugin's manifest declares; None if it has none that can be drawn."""
    icon = manifest.get("icon")
    return icon if is_icon(icon) else None


class ThresholdSchema(Ruled):
    """From a number on, or below one, a value has this level. The last one that applies counts."""

    class Meta:
        unknown = INCLUDE

    from_ = NumberField(data_key="from")
    below = NumberField()
    level = fields.String(required=True, validate=one_of(*LEVELS))


class HistorySchema(Ruled):
    """Numeric fields of which a sample is kept with each fetched answer; the display's `value` by default."""

    class Meta:
        unknown = INCLUDE

    keep = KeepField(required=True)
    fields_ = fields.List(FieldName(), data_key="fields", validate=validate.Length(1, 20))


def _by_field(values: fields.Field[Any]) -> Members:
    return Members(keys=FieldName(), values=values, validate=validate.Length(max=200))


class DisplaySchema(Ruled):
    """How a block is drawn. Everything that is not declared is derived from the data."""

    class Meta:
        unknown = INCLUDE

    kind = fields.String(validate=one_of(*DISPLAY_KINDS))
    as_ = fields.String(
        data_key="as",
        validate=one_of(*DISPLAY_KINDS),
        metadata={"description": "The older name of `kind`."},
    )
    title = FieldName()
    icon = Text(MAX_ICON_CHARACTERS, validate=ICON)
    value = FieldName()
    caption = FieldName()
    fields_ = fields.List(FieldName(), data_key="fields", validate=validate.Length(max=100))
    labels = _by_field(Text(200))
    units = _by_field(Text(40))
    thresholds = _by_field(fields.List(fields.Nested(ThresholdSchema), validate=validate.Length(max=20)))
    links = _by_field(FieldName())
    formats = _by_field(fields.String(validate=one_of(*TEXT_FORMATS)))
    min = EndField()
    max = EndField()
    x = FieldName()
    latitude = FieldName()
    longitude = FieldName()
    history = fields.Nested(HistorySchema)
    limit = Count(1, 1000)

    rules = (AtMostOne(("kind", "as"), "Use only `kind`; `as` is its older name.", at="as"),)


class DisplayField(fields.Field[Any]):
    """A block's display, checked if it has a `kind`, and kept as declared.

    Displays were not checked before `kind` existed, so one without it remains valid whatever it contains.
    """

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping) and "kind" in value:
            _DISPLAY.load(value)
        return value


_DISPLAY = DisplaySchema()
