"""Steps that are repeated for each item of a list, and steps that may fail."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.upstreams import Upstream


class Library:
    """An integration with a list of sections, and a count for each."""

    def __init__(self, client: Any, upstream: HTTPServer) -> None:
        self.client = client
        self.upstream = upstream
        self.asked: list[str] = []
        self.failing: set[str] = set()
        self.sections: Any = [{"key": key, "name": key.upper()} for key in "abc"]
        self.steps: list[dict[str, Any]] = [
            {"id": "all", "endpoint": "sections", "outputs": {"list": "@", "keys": "[].key"}},
            {
                "id": "counts",
                "endpoint": "count",
                "for_each": "{steps.all.keys}",
                "parameters": {"key": "{item}"},
            },
        ]
        self.block: dict[str, Any] = {"cache_ttl": 600}
        upstream.expect_request("/sections").respond_with_handler(self._list)
        upstream.expect_request("/count").respond_with_handler(self._count)

    def _list(self, _request: Request) -> Response:
        self.asked.append("sections")
        return self.upstream_json(self.sections)

    def _count(self, request: Request) -> Response:
        key = request.args["key"]
        self.asked.append(key)
        if key in self.failing:
            return Response("no", 503)
        return self.upstream_json({"key": key, "count": ord(key)})

    @staticmethod
    def upstream_json(value: Any) -> Response:
        return Response(json.dumps(value), content_type="application/json")

    def register(self) -> Any:
        manifest = {
            "integration": {"base_url": self.upstream.url_for("/").rstrip("/")},
            "endpoints": [
                {"id": "sections", "path": "/sections", "cache_ttl": 600},
                {
                    "id": "count",
                    "path": "/count",
                    "parameters": [{"name": "key", "required": True}],
                    "cache_ttl": 600,
                },
                {"id": "add", "path": "/add", "method": "POST", "parameters": [{"name": "key"}]},
            ],
            "blocks": [{"id": "counts", "steps": self.steps, **self.block}],
        }
        plugin = {
            "id": "library",
            "name": "L",
            "version": "1.0.0",
            "type": "integration",
            "manifest": manifest,
        }
        return self.client.post("/plugins/register", plugin)

    def answer(self, status: int = 200, **parameters: Any) -> Any:
        body = {"block_type": "counts", "parameters": parameters}
        answer = self.client.post("/integrations/library/render", body)
        assert answer.status_code == status, answer.json
        return answer

    def data(self, **parameters: Any) -> Any:
        return self.answer(**parameters).json["data"]


@pytest.fixture
def library(client: Any, upstream: HTTPServer) -> Library:
    return Library(client, upstream)


def test_a_step_is_called_for_each_item_and_answers_in_order(library: Library):
    library.steps[1]["may_fail"] = False
    assert library.register().status_code == 201
    assert [item["count"] for item in library.data()] == [97, 98, 99]
    assert sorted(library.asked) == ["a", "b", "c", "sections"]
    assert library.answer().headers["X-Cache"] == "HIT"


def test_a_member_of_an_item_fills_a_parameter(library: Library):
    library.steps[1] |= {"for_each": "{steps.all.list}", "parameters": {"key": "{item.key}"}}
    assert library.register().status_code == 201
    assert [item["key"] for item in library.data()] == ["a", "b", "c"]


def test_lists_are_joined_by_a_key(library: Library):
    library.block |= {"collect": True, "select": "join_by(all, counts, 'key')"}
    assert library.register().status_code == 201
    assert library.data()[0] == {"key": "a", "name": "A", "count": 97}


def test_an_input_may_be_the_list(library: Library):
    library.block |= {"config_schema": {"keys": {"type": "array", "default": ["b", "a"]}}}
    library.steps = [
        {"id": "counts", "endpoint": "count", "for_each": "{inputs.keys}", "parameters": {"key": "{item}"}}
    ]
    assert library.register().status_code == 201
    assert [item["key"] for item in library.data()] == ["b", "a"]
    assert library.data(keys=[]) == []
    answer = library.answer(422, keys=["x"] * 21)
    assert "at most 20" in answer.json["errors"]["parameters.keys"][0]


def test_the_outputs_of_a_repeated_step_are_those_of_its_list(library: Library):
    library.steps[1]["outputs"] = {"last": "[-1].key"}
    library.steps.append({"id": "again", "endpoint": "count", "parameters": {"key": "{steps.counts.last}"}})
    assert library.register().status_code == 201
    assert library.data() == {"key": "c", "count": 99}


def test_calls_are_made_in_parallel(client: Any):
    with Upstream(host="127.0.0.1", threaded=True) as upstream:
        assert_parallel(Library(client, upstream), upstream)


def assert_parallel(library: Library, upstream: HTTPServer) -> None:
    together = threading.Barrier(3)

    def wait(request: Request) -> Response:
        # Fails unless three calls are here at once.
        together.wait(timeout=20)
        return library.upstream_json(request.args["key"])

    upstream.expect_oneshot_request("/sections").respond_with_json(library.sections)
    for _ in range(3):
        upstream.expect_oneshot_request("/count").respond_with_handler(wait)
    assert library.register().status_code == 201
    assert library.data() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ([{"key": str(number)} for number in range(21)], "too_many_items"),
        ([{"key": "a"}, {"key": {"no": "text"}}], "output_unfit"),
    ],
)
def test_a_list_that_cannot_be_called_is_a_failure_that_says_why(
    library: Library, sections: Any, reason: str
):
    library.sections = sections
    library.steps[1]["parameters"] = {"key": "-{item}"}
    assert library.register().status_code == 201
    assert library.answer(502).json["reason"] == reason
    assert library.asked == ["sections"]


def test_what_is_no_list_is_a_failure(library: Library):
    library.steps[0]["outputs"]["keys"] = "[0].key"
    assert library.register().status_code == 201
    assert library.answer(502).json["reason"] == "output_unfit"


def test_one_failed_call_fails_the_block(library: Library):
    library.failing = {"b"}
    assert library.register().status_code == 201
    assert library.answer(502).json["code"] == "upstream_failed"


def test_a_call_that_may_fail_leaves_a_null_in_its_place_and_is_told(library: Library):
    library.steps[1]["may_fail"] = True
    library.failing = {"b"}
    assert library.register().status_code == 201
    answer = library.answer()
    assert [item and item["key"] for item in answer.json["data"]] == ["a", None, "c"]
    assert answer.json["error"]["code"] == "upstream_failed"
    # What succeeded is kept, and the failure is remembered for a while.
    assert library.answer().json["data"] == answer.json["data"]
    assert sorted(library.asked) == ["a", "b", "c", "sections"]


def test_a_step_that_may_fail_is_null_and_the_others_stay(library: Library):
    library.sections = None
    library.steps = [
        {"id": "one", "endpoint": "count", "parameters": {"key": "x"}, "may_fail": True},
        {"id": "two", "endpoint": "count", "parameters": {"key": "y"}},
    ]
    library.block |= {"collect": True}
    library.failing = {"x"}
    assert library.register().status_code == 201
    answer = library.answer()
    assert answer.json["data"] == {"one": None, "two": {"key": "y", "count": 121}}
    assert answer.json["error"]["code"] == "upstream_failed"
    library.answer()
    assert sorted(library.asked) == ["x", "y"]


def test_the_last_step_may_fail_too(library: Library):
    library.steps[1] = {"id": "last", "endpoint": "count", "parameters": {"key": "x"}, "may_fail": True}
    library.block |= {"collect": True, "select": "{sections: all[].name, last: last.count}"}
    library.failing = {"x"}
    assert library.register().status_code == 201
    assert library.data() == {"sections": ["A", "B", "C"], "last": None}


def test_what_needs_the_output_of_a_failed_step_fails_and_may(library: Library):
    library.failing = {"x"}
    library.steps = [
        {
            "id": "one",
            "endpoint": "count",
            "parameters": {"key": "x"},
            "may_fail": True,
            "outputs": {"key": "key"},
        },
        {"id": "two", "endpoint": "count", "parameters": {"key": "{steps.one.key}"}, "may_fail": True},
        {"id": "three", "endpoint": "count", "parameters": {"key": "y"}},
    ]
    library.block |= {"collect": True}
    assert library.register().status_code == 201
    assert library.data() == {"one": None, "two": None, "three": {"key": "y", "count": 121}}


def test_a_purge_of_the_block_takes_the_answers_of_its_items_too(library: Library):
    assert library.register().status_code == 201
    library.answer()
    assert library.client.delete("/plugins/library/artifacts?block_type=counts").status_code == 200
    library.answer()
    assert sorted(library.asked) == ["a", "a", "b", "b", "c", "c", "sections", "sections"]


def test_explain_shows_the_call_of_an_item(library: Library):
    assert library.register().status_code == 201
    asked = {"block_type": "counts", "parameters": {}}
    steps = library.client.post("/integrations/library/explain", asked).json["steps"]
    assert steps[1]["request"]["url"].endswith("/count?key={item}")
    assert steps[1]["request"]["values"][0]["sources"] == [{"kind": "step", "name": "steps.all.keys"}]


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"for_each": "{steps.all.nope}"}, "steps[1].for_each", "neither an input nor an output"),
        ({"for_each": "steps.all.keys"}, "steps[1].for_each", "one placeholder"),
        ({"for_each": "{steps.all.keys}x"}, "steps[1].for_each", "one placeholder"),
        ({"for_each": "{"}, "steps[1].for_each", "lone"),
        ({"endpoint": "add"}, "steps[1].for_each", "changes something"),
        ({"endpoint": "add", "may_fail": True}, "steps[1].may_fail", "changes something"),
        ({"may_fail": "yes"}, "steps[1].may_fail", "boolean"),
    ],
)
def test_a_repetition_that_cannot_be_is_refused(library: Library, change: Any, field: str, why: str):
    library.steps[1] |= change
    answer = library.register()
    assert answer.status_code == 422
    messages = answer.json["errors"][f"manifest.blocks[0].{field}"]
    assert any(why in message for message in messages), messages


def test_an_item_outside_a_repetition_is_refused(library: Library):
    del library.steps[1]["for_each"]
    answer = library.register()
    assert answer.status_code == 422
    assert "manifest.blocks[0].steps[1].parameters" in answer.json["errors"]


def test_an_action_makes_each_call_once(library: Library):
    library.steps.append({"id": "add", "endpoint": "add"})
    library.block = {"action": {"label": "Add"}}
    answer = library.register()
    assert answer.status_code == 422
    assert "once" in answer.json["errors"]["manifest.blocks[0].action"][0]
