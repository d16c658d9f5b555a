"""Actions: described when rendered, run once by a separate request."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from sqlalchemy import text
from werkzeug import Request, Response

NOW = 1_800_000_000.0
ENDPOINTS = [
    {"id": "status", "path": "/blocking"},
    {"id": "block", "path": "/blocking", "method": "POST", "body": {"blocking": "{blocking}", "timer": "{timer}"},
     "parameters": [{"name": "blocking", "type": "boolean", "default": False},
                    {"name": "timer", "type": "integer", "min": 1}]},
    {"id": "forget", "path": "/lists/{name}", "method": "DELETE", "parameters": [{"name": "name"}]},
    {"id": "toggle", "path": "/relay/0", "safe": False,
     "parameters": [{"name": "turn", "default": "toggle"}]},
]  # fmt: skip
BLOCKS = [
    {"id": "status", "endpoint": "status", "cache_ttl": 3600},
    {"id": "pause", "endpoint": "block", "action": {
        "label": "Pause", "confirm": "Pause protection for all?", "renews": ["status"]}},
    {"id": "forget", "endpoint": "forget", "action": {"label": "Forget"}},
    {"id": "lamp", "endpoint": "toggle", "action": {"label": "Toggle"}},
    {"id": "both", "action": {"label": "Both", "renews": ["status"]}, "steps": [
        {"id": "look", "endpoint": "status", "outputs": {"was": "to_string(blocking)"}},
        {"id": "one", "endpoint": "block", "parameters": {"timer": 1}},
        {"id": "two", "endpoint": "forget", "parameters": {"name": "{steps.look.was}"}}],
     "collect": True, "select": "keys(@)"},
]  # fmt: skip


class PiHole:
    """A declared service that can be changed, and what a frontend asks of it."""

    def __init__(self, client: Any, upstream: HTTPServer) -> None:
        self.client, self.upstream = client, upstream
        self.register()

    def register(self, status: int | None = None, **changes: Any) -> Any:
        manifest = {
            "integration": {
                "base_url": self.upstream.url_for("/").rstrip("/"),
                "retry": {"max_retries": 3, "status_codes": [503]},
            },
            "endpoints": ENDPOINTS,
            "blocks": BLOCKS,
            **changes,
        }
        declaration = {"id": "hole", "name": "H", "version": "1.0.0", "type": "integration"}
        answer = self.client.post("/plugins/register", {**declaration, "manifest": manifest})
        assert answer.status_code in ((200, 201) if status is None else (status,)), answer.json
        return answer

    def render(self, block: str, **parameters: Any) -> Any:
        body = {"block_type": block, "parameters": parameters}
        return self.client.post("/integrations/hole/render", body)

    def act(self, block: str = "pause", key: str | None = "k-1", scope: str = "", **parameters: Any) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        path = f"/integrations/hole/actions/{block}{scope}"
        return self.client.post(path, {"parameters": parameters}, headers=headers)

    def calls(self) -> list[tuple[str, str]]:
        return [(request.method, request.path) for request, _ in self.upstream.log]


@pytest.fixture
def answer_block(upstream: HTTPServer) -> dict[str, Any]:
    """What the provider answers to a POST; a test may change it."""
    said: dict[str, Any] = {"status": 200, "json": {"blocking": "disabled"}}

    def answer(_request: Request) -> Response:
        if "data" in said:
            return Response(said["data"], said["status"], content_type="text/plain")
        return Response(json.dumps(said["json"]), said["status"], content_type="application/json")

    upstream.expect_request("/blocking", "GET").respond_with_json({"blocking": "enabled"})
    upstream.expect_request("/blocking", "POST").respond_with_handler(answer)
    upstream.expect_request("/lists/ads", "DELETE").respond_with_data(b"", status=204)
    upstream.expect_request("/relay/0", "GET").respond_with_json({"ison": True})
    return said


@pytest.fixture
def hole(client: Any, upstream: HTTPServer, answer_block: dict[str, Any]) -> PiHole:
    return PiHole(client, upstream)


class TestDrawn:
    """Opening a page never writes."""

    @pytest.mark.parametrize("block", ["pause", "forget", "lamp", "both"])
    def test_it_tells_what_it_would_do_and_calls_nobody(self, hole: PiHole, block: str):
        answers = [
            hole.render(block),
            hole.client.post(
                "/integrations/hole/render", {"block_type": block, "parameters": {}, "use_cache": False}
            ),
            hole.client.get(f"/integrations/hole/render?block_type={block}"),
            hole.client.get(f"/integrations/hole/render?block_type={block}&use_cache=false"),
        ]

        declared = next(item["action"] for item in BLOCKS if item["id"] == block)
        for answer in answers:
            assert answer.status_code == 200
            assert answer.headers["X-Cache"] == "BYPASS"
            told = answer.json["action"]
            assert told["label"] == declared["label"]
            assert told["confirm"] == declared.get("confirm")
            assert told["renews"] == declared.get("renews", [])
            assert {name: value for name, value in answer.json.items() if name != "action"} == {
                "success": True, "data": None, "content_type": "application/json", "error": None,
                "cached": False, "stale": False, "fetched_at": None, "expires_at": None,
                "parameters_hash": None,
            }  # fmt: skip
        assert hole.calls() == []

    def test_its_inputs_are_told_with_all_that_a_form_needs(self, hole: PiHole):
        assert hole.render("pause").json["action"]["inputs"] == [
            {"name": "blocking", "type": "boolean", "required": False, "from_config": None, "default": False},
            {"name": "timer", "type": "integer", "required": False, "from_config": None, "min": 1},
        ]

    def test_what_is_placed_wrongly_is_no_reason_to_show_no_button(self, hole: PiHole):
        assert hole.render("pause", nonsense=1).status_code == 200

    def test_a_batch_tells_it_too(self, hole: PiHole):
        blocks = [
            {"key": str(number), "integration_id": "hole", "block_type": "pause", "use_cache": use_cache}
            for number, use_cache in enumerate((True, False))
        ]
        lines = [
            json.loads(line)
            for line in hole.client.post("/render-batch", {"blocks": blocks}).data.splitlines()
        ]
        assert [(line["status"], line["cache"], line["data"]) for line in lines] == [
            (200, "BYPASS", None)
        ] * 2
        assert {line["action"]["label"] for line in lines} == {"Pause"}
        assert hole.calls() == []

    def test_a_browser_may_keep_it(self, hole: PiHole):
        path = "/integrations/hole/render?block_type=pause"
        tag = hole.client.get(path).headers["ETag"]
        assert hole.client.get(path, headers={"If-None-Match": tag}).status_code == 304

    def test_it_is_never_fetched_ahead(self, hole: PiHole):
        refused = hole.client.post("/prefetch", {"integration_id": "hole", "block_type": "pause"})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["block_type"])

    def test_a_job_from_before_it_was_an_action_fetches_nothing(self, hole: PiHole):
        plain = [{"id": "status", "endpoint": "status"}, {"id": "lamp", "endpoint": "status"}]
        hole.register(blocks=plain)
        job = hole.client.post("/prefetch", {"integration_id": "hole", "block_type": "lamp"}).json["id"]
        hole.register()
        assert hole.client.post(f"/prefetch/{job}/run", {}).status_code == 422
        assert hole.calls() == []

    def test_an_explanation_shows_the_request_and_sends_nothing(self, hole: PiHole):
        told = hole.client.post(
            "/integrations/hole/explain", {"block_type": "pause", "parameters": {"timer": 5}}
        )
        assert told.json["problems"] == []
        assert told.json["steps"][0]["request"]["method"] == "POST"
        assert hole.calls() == []

    def test_it_is_off_with_its_plugin(self, hole: PiHole):
        hole.client.put("/integrations/hole/enable", {"enabled": False})
        assert [hole.render("pause").status_code, hole.act().status_code] == [403, 403]
        assert hole.calls() == []


class TestRun:
    def test_it_calls_once_and_answers_in_the_envelope(self, hole: PiHole):
        answer = hole.act(timer=300)
        assert answer.status_code == 200, answer.json
        assert answer.json["fetched_at"].endswith("Z")
        assert {name: value for name, value in answer.json.items() if name != "fetched_at"} == {
            "success": True, "data": {"blocking": "disabled"}, "content_type": "application/json", "error": None,
            "cached": False, "stale": False, "expires_at": None, "parameters_hash": None,
            "renewed": ["status"], "repeated": False,
        }  # fmt: skip
        assert answer.headers["X-Cache"] == "BYPASS"
        assert [json.loads(request.data) for request, _ in hole.upstream.log] == [
            {"blocking": False, "timer": 300}
        ]
        assert hole.client.get("/plugins/hole/artifacts").json == []

    def test_what_it_renews_is_fetched_anew(self, hole: PiHole, upstream: HTTPServer):
        assert hole.render("status").headers["X-Cache"] == "MISS"
        assert hole.render("status").headers["X-Cache"] == "HIT"
        hole.act()
        assert hole.render("status").headers["X-Cache"] == "MISS"

    def test_another_block_is_kept_on(self, hole: PiHole):
        hole.render("status")
        assert hole.act("forget", name="ads").json["renewed"] == []
        assert hole.render("status").headers["X-Cache"] == "HIT"

    def test_an_empty_answer_is_an_answer(self, hole: PiHole, answer_block: dict[str, Any]):
        answer_block |= {"data": b""}
        assert hole.act("forget", name="ads").json["data"] is None
        assert hole.act().json["data"] is None

    def test_a_get_that_writes_is_called_too(self, hole: PiHole):
        assert hole.act("lamp").json["data"] == {"ison": True}
        assert hole.calls() == [("GET", "/relay/0")]

    def test_steps_come_in_order_and_the_first_look_is_fresh(self, hole: PiHole, upstream: HTTPServer):
        upstream.expect_request("/lists/enabled", "DELETE").respond_with_data(b"", status=204)
        hole.render("status")
        assert hole.act("both").json["data"] == ["look", "one", "two"]
        assert hole.calls()[1:] == [("GET", "/blocking"), ("POST", "/blocking"), ("DELETE", "/lists/enabled")]

    def test_the_call_log_and_the_usage_tell_of_it(self, hole: PiHole, app):
        hole.act()
        services = app.extensions["patchbay"]
        services.usage.call_log.flush()
        with services.database.reading() as session:
            rows = session.execute(
                text("SELECT cause, block_id, endpoint_id, status FROM plugin_api_logs")
            ).all()
        assert [tuple(row) for row in rows] == [("action", "pause", "block", 200)]
        services.usage.counter.flush()
        assert hole.client.get("/integrations/hole/usage").json["renders"] == 1

    def test_it_is_counted_by_the_budget(self, hole: PiHole):
        base = {"base_url": hole.upstream.url_for("/").rstrip("/"), "rate_limit": {"requests_per_day": 1}}
        hole.register(integration=base)
        assert hole.act().status_code == 200
        refused = hole.act(key="k-2")
        assert (refused.status_code, refused.json["code"]) == (429, "budget_spent")
        assert len(hole.calls()) == 1

    @pytest.mark.parametrize(
        ("block", "parameters", "status", "field"),
        [
            ("pause", {"timer": 0}, 422, "parameters.timer"),
            ("pause", {"nonsense": 1}, 422, "parameters.nonsense"),
            ("forget", {}, 422, "parameters.name"),
            ("forget", {"name": ".."}, 422, "parameters.name"),
            ("status", {}, 422, "block_type"),
            ("nothing", {}, 404, None),
        ],
    )
    def test_what_cannot_be_run_is_told_and_its_key_may_be_used_again(
        self, hole: PiHole, block: str, parameters: dict[str, Any], status: int, field: str | None
    ):
        for _ in range(2):
            answer = hole.act(block, **parameters)
            assert answer.status_code == status, answer.json
            assert field is None or field in answer.json["errors"]
        assert hole.calls() == []

    def test_get_runs_nothing(self, hole: PiHole):
        assert hole.client.get("/integrations/hole/actions/pause").status_code == 405
        assert hole.calls() == []


class TestKey:
    @pytest.mark.parametrize("key", [None, "", " ", '""', '"a', "a b", "a,b", "é", "x" * 256, '"\\x"'])
    def test_it_is_needed_and_readable(self, hole: PiHole, key: str | None):
        answer = hole.act(key=key)
        assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_missing")
        assert hole.calls() == []

    def test_the_same_key_is_answered_as_the_first_time(self, hole: PiHole, answer_block: dict[str, Any]):
        first = hole.act(timer=5)
        answer_block |= {"json": {"blocking": "something else"}}
        hole.render("status")
        again = hole.act(key='"k-1"', timer=5)
        assert again.json == {**first.json, "repeated": True}
        assert hole.calls().count(("POST", "/blocking")) == 1
        # A repeat changed nothing, so that nothing is renewed for it.
        assert hole.render("status").headers["X-Cache"] == "HIT"

    def test_the_same_key_with_other_inputs_is_refused(self, hole: PiHole):
        hole.act(timer=5)
        answer = hole.act(timer=6)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
        assert len(hole.calls()) == 1

    def test_the_same_key_for_another_block_or_workspace_is_another_one(self, hole: PiHole):
        other = hole.client.post("/workspaces", {"name": "B"}).json["id"]
        for run in (hole.act(), hole.act("lamp"), hole.act(scope=f"?workspace_id={other}")):
            assert run.json["repeated"] is False
        assert len(hole.calls()) == 3

    def test_another_notebook_is_another_request(self, hole: PiHole):
        notebook = hole.client.post("/workspaces/1/notebooks", {"name": "N"}).json["id"]
        hole.act()
        assert hole.act(scope=f"?notebook_id={notebook}").json["code"] == "idempotency_key_reused"

    def test_a_refusal_by_the_provider_is_repeated_and_not_asked_for_again(
        self, hole: PiHole, answer_block: dict[str, Any]
    ):
        answer_block |= {"status": 400, "json": {"message": "Nobody may pause."}}
        first, again = hole.act(), hole.act()
        assert (first.status_code, first.json["outcome"]) == (502, "refused")
        assert first.json["upstream_message"] == "Nobody may pause."
        assert again.json == {**first.json, "repeated": True, "request_id": again.json["request_id"]}
        assert len(hole.calls()) == 1

    def test_an_unavailable_provider_is_not_asked_twice(self, hole: PiHole, answer_block: dict[str, Any]):
        answer_block |= {"status": 503}
        hole.render("status")
        answer = hole.act()
        assert (answer.status_code, answer.json["outcome"]) == (502, "unknown")
        assert hole.calls().count(("POST", "/blocking")) == 1
        # What may have been done shows: the last status no longer counts.
        assert answer.json["renewed"] == ["status"]
        assert hole.render("status").headers["X-Cache"] == "MISS"

    def test_what_was_done_in_part_says_so(self, hole: PiHole, upstream: HTTPServer):
        answer = hole.act("both")
        assert (answer.status_code, answer.json["outcome"]) == (502, "partial")
        again = hole.act("both").json
        assert again == {**answer.json, "repeated": True, "request_id": again["request_id"]}
        assert hole.calls().count(("POST", "/blocking")) == 1

    def test_what_was_not_sent_may_be_sent_under_the_same_key(self, hole: PiHole, app, upstream: HTTPServer):
        gone = {"base_url": "http://127.0.0.1:9", "timeout": 5}
        hole.register(integration=gone)
        answer = hole.act()
        assert (answer.status_code, answer.json["code"]) == (502, "upstream_unreachable")
        assert "outcome" not in answer.json
        hole.register()
        assert hole.act().json["repeated"] is False

    def test_it_is_kept_for_a_day(self, hole: PiHole):
        with time_machine.travel(NOW, tick=False) as clock:
            hole.act()
            clock.shift(24 * 3600 - 1)
            assert hole.act().json["repeated"] is True
            clock.shift(2)
            assert hole.act().json["repeated"] is False
        assert len(hole.calls()) == 2

    def test_it_outlives_the_plugin(self, hole: PiHole):
        hole.act()
        hole.client.delete("/plugins/hole")
        hole.register()
        assert hole.act().json["repeated"] is True
        assert len(hole.calls()) == 1

    def test_a_large_answer_is_repeated_without_its_data(self, hole: PiHole, answer_block: dict[str, Any]):
        answer_block |= {"json": ["x" * 1024] * 1100}
        assert len(hole.act().json["data"]) == 1100
        assert (hole.act().json["data"], hole.act().json["repeated"]) == (None, True)

    def test_while_it_runs_the_same_key_waits(self, hole: PiHole, upstream: HTTPServer):
        is_there, may_answer = threading.Event(), threading.Event()

        def hold(_request: Request) -> Response:
            is_there.set()
            may_answer.wait(20)
            return Response("{}", content_type="application/json")

        upstream.clear()
        upstream.expect_request("/blocking", "POST").respond_with_handler(hold)
        first: list[Any] = []
        thread = threading.Thread(target=lambda: first.append(hole.act()))
        thread.start()
        assert is_there.wait(20)
        meanwhile, other = hole.act(), hole.act(timer=7)
        may_answer.set()
        thread.join()
        assert (meanwhile.status_code, meanwhile.json["code"]) == (409, "action_in_progress")
        assert meanwhile.headers["Retry-After"] == "1"
        assert other.json["code"] == "idempotency_key_reused"
        assert (first[0].json["repeated"], hole.act().json["repeated"]) == (False, True)
        assert len(hole.calls()) == 1


class TestExecute:
    """An endpoint that is called by itself: a key is welcome, and not asked for."""

    def execute(self, hole: PiHole, endpoint: str, key: str | None = "k") -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return hole.client.post("/integrations/hole/execute", {"endpoint_id": endpoint}, headers=headers)

    def test_with_a_key_what_writes_is_called_once(self, hole: PiHole):
        answers = [self.execute(hole, "block") for _ in range(2)]
        assert [answer.json["repeated"] for answer in answers] == [False, True]
        assert len(hole.calls()) == 1

    def test_without_one_it_is_called_each_time(self, hole: PiHole):
        for _ in range(2):
            assert self.execute(hole, "block", None).status_code == 200
        assert len(hole.calls()) == 2

    def test_what_reads_is_fetched_with_a_key_or_without(self, hole: PiHole):
        for _ in range(2):
            assert "repeated" not in self.execute(hole, "status").json
        assert len(hole.calls()) == 2

    def test_a_key_that_cannot_be_read_is_told(self, hole: PiHole):
        assert self.execute(hole, "block", '"').status_code == 400


class TestDeclared:
    @pytest.mark.parametrize(
        ("method", "more"),
        [
            ("POST", {}),
            ("PUT", {}),
            ("PATCH", {}),
            ("DELETE", {}),
            ("GET", {"safe": False}),
            ("HEAD", {"safe": False}),
        ],
    )
    def test_a_block_that_writes_without_saying_so_is_refused_with_both_ways_out(
        self, hole: PiHole, method: str, more: dict[str, Any]
    ):
        endpoint = {"id": "it", "method": method, "path": "/x", **more}
        blocks = [
            {"id": "b", "endpoint": "it"},
            {"id": "c", "steps": [{"id": "s", "endpoint": "it"}, {"id": "t", "endpoint": "read"}]},
        ]
        refused = hole.register(422, endpoints=[endpoint, {"id": "read", "path": "/y"}], blocks=blocks)
        for index in range(2):
            [message] = refused.json["errors"][f"manifest.blocks[{index}].action"]
            assert "`action`" in message and "`safe: true`" in message and method in message

    def test_the_only_endpoint_counts_where_none_is_named(self, hole: PiHole):
        refused = hole.register(422, endpoints=[ENDPOINTS[1]], blocks=[{"id": "b"}])
        assert "manifest.blocks[0].action" in refused.json["errors"]

    def test_what_only_reads_is_no_action(self, hole: PiHole):
        block = {"id": "b", "endpoint": "status", "action": {"label": "Look"}}
        refused = hole.register(422, blocks=[block])
        assert "safe: false" in refused.json["errors"]["manifest.blocks[0].action"][0]

    @pytest.mark.parametrize(
        ("words", "field"),
        [
            ({"cache_ttl": 5}, "cache_ttl"),
            ({"stale_while_revalidate": 5}, "stale_while_revalidate"),
            ({"stale_if_error": 5}, "stale_if_error"),
            ({"refresh_interval": 60}, "refresh_interval"),
            ({"schedule": "0 7 * * *"}, "schedule"),
            ({"pre_fetch": True}, "pre_fetch"),
            ({"action": {}}, "action.label"),
            ({"action": {"label": ""}}, "action.label"),
            ({"action": {"label": "x" * 101}}, "action.label"),
            ({"action": {"label": "x", "confirm": 1}}, "action.confirm"),
            ({"action": {"label": "x", "confrim": "y"}}, "action.confrim"),
            ({"action": {"label": "x", "renews": ["nothing"]}}, "action.renews[0]"),
            ({"action": {"label": "x", "renews": ["status", "b"]}}, "action.renews[1]"),
            ({"action": "Pause"}, "action"),
        ],
    )
    def test_what_an_action_cannot_be_is_refused_by_field(
        self, hole: PiHole, words: dict[str, Any], field: str
    ):
        block = {"id": "b", "endpoint": "block", "action": {"label": "x"}, **words}
        refused = hole.register(422, blocks=[{"id": "status", "endpoint": "status"}, block])
        assert f"manifest.blocks[1].{field}" in refused.json["errors"], refused.json["errors"]

    def test_what_comes_in_pages_is_no_action(self, hole: PiHole):
        paged = {"id": "it", "method": "POST", "path": "/x", "paginate": {"type": "page"}}
        block = {"id": "b", "endpoint": "it", "action": {"label": "x"}}
        refused = hole.register(422, endpoints=[paged], blocks=[block])
        assert "manifest.blocks[0].action" in refused.json["errors"]

    def test_a_manifest_from_before_works_on_but_for_the_block_that_writes(self, hole: PiHole, app):
        blocks = [{"id": "status", "endpoint": "status"}, {"id": "old", "endpoint": "block"}]
        database = app.extensions["patchbay"].database
        with database.writing() as session:
            [stored] = session.execute(text("SELECT manifest FROM plugins WHERE id = 'hole'")).scalars()
            manifest = json.dumps({**json.loads(stored), "blocks": blocks})
            session.execute(text("UPDATE plugins SET manifest = :m, digest = 'older'"), {"m": manifest})
        assert hole.render("status").status_code == 200
        for refused in (
            hole.render("old"),
            hole.client.get("/integrations/hole/render?block_type=old"),
            hole.act("old"),
        ):
            assert refused.status_code == 422
            assert "`safe: true`" in refused.json["errors"]["block_type"][0]
        told = hole.client.post("/integrations/hole/explain", {"block_type": "old"}).json
        assert [problem["code"] for problem in told["problems"]] == ["invalid"]
        assert hole.client.get("/integrations").json[0]["id"] == "hole"
        assert hole.calls() == [("GET", "/blocking")]
