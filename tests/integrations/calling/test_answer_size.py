"""An answer that is too large says which setting would allow it."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import Client
from tests.integrations.stories import Service


def test_an_answer_over_the_limit_names_the_setting_to_raise(settings, make_app, httpserver):
    client = Client(make_app(replace(settings, max_answer_size_bytes=1_000)))
    service = Service(client, httpserver, [{"id": "it", "path": "/it", "select": "length(@)"}], [{"id": "b"}])
    httpserver.expect_request("/it").respond_with_json(["x"] * 1_000)
    refused = service.render("b").json
    assert (refused["status"], refused["code"], refused["reason"]) == (502, "upstream_invalid", "too_large")
    assert refused["setting"] == "PATCHBAY_MAX_ANSWER_SIZE"
    assert refused["detail"] == (
        "The provider's answer is larger than the 1000 bytes allowed. "
        "Ask for a part of it, or raise PATCHBAY_MAX_ANSWER_SIZE."
    )
