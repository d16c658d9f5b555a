"""The common base of all sections of a manifest. Unknown members are errors."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import INCLUDE, ValidationError, fields, validate, validates_schema

from schemas.rules.rule_kinds import any_case
from schemas.rules.rules import Ruled

DESCRIPTIVE = frozenset(
    {
        "name",
        "title",
        "label",
        "summary",
        "description",
        "icon",
        "help",
        "docs",
        "tags",
        "ui",
        "example",
        "deprecated",
    }
)
"""Words that describe and never change a request; allowed everywhere, kept as given."""

NAME = validate.Regexp(
    r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z",
    error="Use letters, digits, _ and -, starting with a letter, at most 64.",
)
HEADER_NAME = validate.Regexp(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z", error="Not a header name (RFC 9110 section 5.1)."
)
WIRE_NAME = validate.Regexp(r"[^\x00-\x20\x7f]{1,128}\Z", error="Use 1 to 128 characters, without spaces.")
OWN_HEADERS = any_case(
    *("host", "content-length", "transfer-encoding", "connection", "cookie"),
    *("te", "trailer", "upgrade", "expect", "proxy-.*"),
)
"""The headers that a manifest cannot set: framing, the host and the hops are the connection's business."""
NOT_A_MANIFESTS = "A manifest cannot set this header."
MAX_WORDS = 300
MAX_SLIP_CHARACTERS = 64
"""A longer word is a slip of none: no member's name is longer than half of it."""
SCALARS = (str, int, float, bool)


def find_near(word: str, known: frozenset[str]) -> str | None:
    """The known word that this one may be a slip of, if any."""
    return _compare(word, known) if len(word) <= MAX_SLIP_CHARACTERS else None


# A manifest is read several times, and each word costs a comparison with every known one.
@lru_cache(maxsize=1024)
def _compare(word: str, known: frozenset[str]) -> str | None:
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.8)
    return near[0] if near else None


class Declared(Ruled):
    """A section of a manifest. An unknown member is an error, except `x-…` and descriptive ones."""

    class Meta:
        unknown = INCLUDE

    open_vocabulary: ClassVar[bool] = False
    """Whether unknown words are the frontend's own data; what looks like a slip of the pen is refused still."""
    recent_words: ClassVar[frozenset[str]] = frozenset()
    """Members that this section did not always have. What looks like one of them was own data, and remains it."""

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown_words(self, _data: Any, original: Any, **_: Any) -> None:
        if not isinstance(original, Mapping):
            return
        if len(original) > MAX_WORDS:
            raise ValidationError(f"More than {MAX_WORDS} members.")
        known = frozenset(field.data_key or name for name, field in self.fields.items())
        wrong: dict[str, list[str]] = {}
        for word in original:
            if word in known or word in DESCRIPTIVE or str(word).startswith("x-"):
                continue
            if near := find_near(str(word), known - self.recent_words):
                wrong[str(word)] = [f"Unknown member; did you mean `{near}`?"]
            elif not self.open_vocabulary:
                wrong[str(word)] = ["Unknown member. For data of your own use a name that starts with `x-`."]
        if wrong:
            raise ValidationError(wrong)


class Seconds(fields.Float):
    """A duration in seconds, zero to ten years."""

    def __init__(self, *, minimum: float = 0, maximum: float = 10 * 366 * 86400, **kwargs: Any) -> None:
        super().__init__(allow_nan=False, validate=validate.Range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, (bool, str)):
            raise ValidationError("Must be a number of seconds.")
        return super()._deserialize(value, attr, data, **kwargs)


class Count(fields.Integer):
    """A whole number within bounds."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, (bool, str)):
            raise ValidationError("Must be a whole number.")
        return super()._deserialize(value, attr, data, **kwargs) or 0


class Scalar(fields.Field[Any]):
    """A string, number or boolean: a value for a header or a query."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, SCALARS):
            raise ValidationError("Must be a string, a number or a boolean.")
        return value


class Text(fields.String):
    """A string of limited length."""

    def __init__(self, maximum: int = 2000, *, minimum: int = 0, **kwargs: Any) -> None:
        own = kwargs.pop("validate", None)
        length = validate.Length(minimum, maximum)
        super().__init__(validate=[length, own] if own else length, **kwargs)


def one_of(*words: str) -> validate.OneOf:
    return validate.OneOf(words, error="Must be one of: {choices}.")


class Members(fields.Dict):
    """An object of members by name. An error of a member is reported at its name."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            messages: Any = error.messages
            if isinstance(messages, dict):
                # marshmallow adds one more level, for errors of the name and of the value.
                messages = {name: parts.get("key", parts.get("value")) for name, parts in messages.items()}
            raise ValidationError(messages, valid_data=error.valid_data) from None


def scalars_by(name_rule: validate.Validator, **kwargs: Any) -> Members:
    """An object whose members are scalars and whose names follow a rule, a hundred at most."""
    names = fields.String(validate=name_rule)
    return Members(keys=names, values=Scalar(), validate=validate.Length(max=100), **kwargs)
