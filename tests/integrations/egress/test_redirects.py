"""What may travel along a redirect, where that is decided without a network."""

from __future__ import annotations

import pytest

from integrations.egress.redirects import carries_secret

SECRET = "s3cr3t-/+K&é"


@pytest.mark.parametrize(
    "text",
    [
        "/?k=s3cr3t-/+K&é",
        "/?k=s3cr3t-%2F%2BK%26%C3%A9",
        "/?k=s3cr3t-%2f%2bK%26%c3%a9",
        "/?k=s3cr3t-%252F%252BK%2526%25C3%25A9",
        "/?k=s3cr3t-%2F%2BK%26%E9",
        "/?k=czNjcjN0LS8rSybDqQ==",
        "/?k=czNjcjN0LS8rSybDqQ",
        "/?k=czNjcjN0LS8rSybDqQ%3D%3D",
        "/?k=dXNlcjpzM2NyM3QtLytLJsOp",
        "/?k=OnMzY3IzdC0vK0smw6k6",
        "/?k=eDpzM2NyM3QtLytLJsOpOno",
        "/?k=%63%7aNjcjN0LS8rSybDqQ",
        "/czNjcjN0LS8rSybDqQ%253D",
    ],
)
def test_a_secret_is_found_in_every_encoding(text: str) -> None:
    assert carries_secret(text, [SECRET])


def test_other_texts_are_not_taken_for_the_secret() -> None:
    assert not carries_secret("/?k=s3cr3t&q=czNjcjN0", [SECRET])
    assert not carries_secret("/anything", [""])
