"""Texts of manifests that would cost much to check, or become much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.security.token_app import TokenApp, token_app

HEAD = "id: x\nname: x\nversion: 1.0.0\ntype: integration\nmanifest:\n  blocks:\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenApp]:
    with token_app(tmp_path_factory.mktemp("texts") / "instance") as made:
        yield made


def repeated(levels: int, width: int = 10) -> str:
    """A text of a few lines that stands for `width` to the power of `levels` values."""
    lines = [f"  a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("levels", [5, 6, 9, 60])
def test_a_few_lines_that_stand_for_much_are_refused_at_once(house: TokenApp, levels: int):
    client = house.client("declare")
    for head in (HEAD, "b:\n"):
        answer: Any = client.post("/manifests/lint", {"text": head + repeated(levels)})
        (finding,) = answer.json["findings"]
        assert finding["message"] == "Aliases make this too large." and answer.json["value"] is None
    converted: Any = client.post(
        "/manifests/import-openapi", {"text": f"b:\n{repeated(levels)}", "id": "example"}
    )
    assert converted.status_code == 422
    assert converted.json["errors"]["text"][0].endswith("Aliases make this too large.")


def test_who_only_draws_or_operates_has_no_text_checked(house: TokenApp):
    client = house.client("render", "operate", "configure", "admin")
    for path in ("/manifests/lint", "/manifests/import-openapi"):
        answer: Any = client.post(path, {"text": "{}", "id": "example"})
        assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
