"""Unknown members of a manifest's sections, and which member was meant."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError, fields

from schemas.manifests import manifest
from schemas.manifests.declared import MAX_SLIP_CHARACTERS, Declared


class Section(Declared):
    cache_ttl = fields.Integer()
    timeout = fields.Integer()


def errors_of(section: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refused:
        Section().load(section)
    return refused.value.normalized_messages()


@pytest.mark.parametrize(
    ("word", "meant"),
    [("cach_ttl", "cache_ttl"), ("Timeout", "timeout"), ("timeouts", "timeout"), ("other", None), ("t" * 5000, None)],
)  # fmt: skip
def test_what_was_meant_is_told_the_second_time_too(word: str, meant: str | None) -> None:
    for _ in range(2):
        [message] = errors_of({word: 1})[word]
        assert message.startswith(
            f"Unknown member; did you mean `{meant}`?" if meant else "Unknown member. For"
        )


def sections(section: type[Declared] = Declared) -> list[type[Declared]]:
    below = section.__subclasses__()
    return below + [one for each in below for one in sections(each)]


def test_no_member_is_so_long_that_a_slip_of_it_is_not_found() -> None:
    names = {field.data_key or name for each in sections() for name, field in each._declared_fields.items()}
    assert manifest.__name__ in {each.__module__ for each in sections()}
    # A word resembles another by four fifths at most where it is no more than half as long again.
    assert max(map(len, names)) * 1.5 <= MAX_SLIP_CHARACTERS
