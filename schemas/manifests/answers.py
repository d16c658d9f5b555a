"""How answers are read: the lists of an XML document, and what is extracted from a text or a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from schemas.fields import StrictBoolean
from schemas.manifests.answer_rules import EXTRACT_ITEM_RULES
from schemas.manifests.declared import NAME, Count, Declared, Members, Text, one_of
from schemas.manifests.words import DEFAULT_DAYS, EXTRACT_TYPES

MAX_EXTRACTED = 50


class XmlSchema(Declared):
    """How an XML answer becomes JSON."""

    lists = fields.List(Text(500, minimum=1), required=True, validate=validate.Length(1, 50))


class IcalSchema(Declared):
    """The days of a calendar that an answer has, and the time zone of its times."""

    days = Count(1, 366, load_default=DEFAULT_DAYS)
    past_days = Count(0, 366, load_default=0)
    timezone = Text(100, minimum=1)


class LinesSchema(Declared):
    """How the lines of a text become an object: what separates a key from its value."""

    separator = Text(20, minimum=1)


class ExtractItemField(fields.Field[str | dict[str, Any]]):
    """A pattern or a selector alone, or a section with more about one value."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | dict[str, Any]:
        if isinstance(value, Mapping):
            return ExtractItemSchema().load(value)  # type: ignore[return-value]
        return Text(1000, minimum=1).deserialize(value) or ""


class ExtractField(Members):
    """The values to extract, by name."""

    def __init__(self, **kwargs: Any) -> None:
        names = fields.String(validate=NAME)
        super().__init__(
            keys=names, values=ExtractItemField(), validate=validate.Length(1, MAX_EXTRACTED), **kwargs
        )


class ExtractItemSchema(Declared):
    """One value to extract: from a text by `pattern`, from a page by `selector`, or an object for `each` element."""

    pattern = Text(1000, minimum=1)
    selector = Text(500, minimum=1)
    attribute = Text(100, minimum=1)
    each = Text(500, minimum=1)
    extract = ExtractField()
    type = fields.String(validate=one_of(*EXTRACT_TYPES))
    all = StrictBoolean()

    rules = EXTRACT_ITEM_RULES
