"""The history of numbers: a sample for each fetched answer, read as series, and deleted with what it belongs to."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.integrations.stories import Service

START = 1_800_000_000
ENDPOINT = {"id": "now", "path": "/now", "parameters": [{"name": "city", "default": "Oslo"}]}
DISPLAY = {
    "kind": "figure",
    "value": "temperature",
    "units": {"temperature": "°C"},
    "history": {"keep": "30d"},
}
BLOCK = {"id": "now", "endpoint": "now", "cache_ttl": 60, "stale_if_error": 600, "display": DISPLAY}


class Thermometer:
    """Answers with what `answer` is; counts its calls, and honours an ETag if `tag` is set."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.answer: Any = {"temperature": 20.5, "wind": {"speed": 3}}
        self.status = 200
        self.tag: str | None = None
        self.calls = 0
        upstream.expect_request("/now").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.calls += 1
        headers = {"ETag": self.tag} if self.tag else {}
        if self.tag and request.headers.get("If-None-Match") == self.tag:
            return Response(status=304, headers=headers)
        body = json.dumps(self.answer)
        return Response(body, self.status, headers, mimetype="application/json")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(START, tick=False) as travelling:
        yield travelling


@pytest.fixture
def thermometer(upstream: HTTPServer, clock: Any) -> Thermometer:
    return Thermometer(upstream)


@pytest.fixture
def service(client: Any, upstream: HTTPServer, thermometer: Thermometer) -> Service:
    return Service(client, upstream, [ENDPOINT], [BLOCK])


def read(client: Any, query: str = "", block: str = "now", status: int = 200) -> Any:
    answered = client.get(f"/integrations/svc/history?block_type={block}{query}")
    assert answered.status_code == status, answered.json
    return answered.json["series"] if status == 200 else answered.json


def points(client: Any, query: str = "", block: str = "now") -> list[list[float]]:
    """The points of the first series, with times since the start."""
    (first, *_) = read(client, query, block)
    return [[at - START, value] for at, value in first["points"]]


def test_each_fetched_answer_leaves_a_sample_and_a_hit_none(service, client, thermometer, clock):
    assert read(client) == [{"field": "temperature", "unit": "°C", "min": None, "max": None, "points": []}]
    service.render("now")
    clock.shift(30)
    assert service.render("now").headers["X-Cache"] == "HIT"
    clock.shift(31)
    thermometer.answer = {"temperature": 21}
    service.render("now")
    assert points(client) == [[0, 20.5], [61, 21.0]]
    assert (read(client)[0]["min"], read(client)[0]["max"]) == (20.5, 21.0)
    assert thermometer.calls == 2


def test_a_confirmed_answer_is_a_sample_too(service, client, thermometer, clock):
    thermometer.tag = '"v1"'
    service.render("now")
    clock.shift(61)
    assert service.render("now").headers["X-Cache"] == "REVALIDATED"
    assert points(client) == [[0, 20.5], [61, 20.5]]


def test_a_failure_and_a_stale_answer_leave_none(service, client, thermometer, clock):
    service.render("now")
    clock.shift(61)
    thermometer.status = 500
    assert service.render("now").headers["X-Cache"] == "STALE"
    assert points(client) == [[0, 20.5]]


def test_what_is_fetched_past_the_cache_or_ahead_of_time_counts(app, client, service, clock):
    service.render("now")
    clock.shift(5)
    service.render("now", use_cache=False)
    clock.shift(5)
    pinned = client.post("/prefetch", {"integration_id": "svc", "block_type": "now", "parameters": {}})
    assert pinned.status_code in (200, 201), pinned.json
    assert client.post(f"/prefetch/{pinned.json['id']}/run").status_code in (200, 202)
    assert [at for at, _ in points(client)][:2] == [0, 5]


@pytest.mark.parametrize(
    ("answer", "fields", "found"),
    [
        ({"wind": {"speed": 3}}, ["wind.speed"], {"wind.speed": 3.0}),
        ({"wind.speed": 4, "wind": {"speed": 3}}, ["wind.speed"], {"wind.speed": 4.0}),
        ({"up": True, "down": False}, ["up", "down"], {"up": 1.0, "down": 0.0}),
        ({"a": "12", "b": None, "c": [1], "d": {"e": 1}}, ["a", "b", "c", "d", "nowhere"], {}),
        ({"a": 10**400, "b": 2**70}, ["a", "b"], {"b": float(2**70)}),
        (7, ["value"], {"value": 7.0}),
        ([1, 2], ["value"], {}),
        ("7", ["value"], {}),
    ],
)
def test_numbers_are_kept_by_field(client, upstream, thermometer, answer, fields, found):
    block = {**BLOCK, "display": {"history": {"keep": "1d", "fields": fields}}}
    service = Service(client, upstream, [ENDPOINT], [block])
    thermometer.answer = answer
    assert service.render("now").status_code == 200
    series = read(client)
    assert [one["field"] for one in series] == fields
    assert {one["field"]: one["points"][0][1] for one in series if one["points"]} == found


def test_a_block_without_a_history_has_no_series(client, upstream, thermometer):
    plain = {key: value for key, value in BLOCK.items() if key != "display"}
    Service(client, upstream, [ENDPOINT], [plain]).render("now")
    assert read(client) == []


def test_each_set_of_inputs_has_its_own_series(service, client, thermometer, clock):
    service.render("now", {"city": "Oslo"})
    thermometer.answer = {"temperature": 30}
    service.render("now", {"city": "Rome"})
    assert points(client) == [[0, 20.5]]
    assert points(client, '&parameters={"city":"Rome"}') == [[0, 30.0]]


def test_a_series_continues_when_the_manifest_changes(service, client, thermometer, clock):
    service.render("now")
    clock.shift(61)
    service.manifest["blocks"][0] = {**BLOCK, "name": "Now", "display": {**DISPLAY, "units": {}}}
    service.register()
    service.render("now")
    assert [at for at, _ in points(client)] == [0, 61]


def test_a_series_continues_when_a_secret_is_renewed(client, upstream, thermometer, clock):
    service = Service(client, upstream, [ENDPOINT], [BLOCK], auth_method="api_key")
    for key in ("FIRST-0123456789", "SECOND-0123456789"):
        service.configure(api_key=key)
        service.render("now")
        clock.shift(1)
    assert [at for at, _ in points(client)] == [0, 1]


def test_a_series_continues_while_the_clock_fills_an_input(client, upstream, thermometer, clock):
    endpoint = {**ENDPOINT, "parameters": [{"name": "day", "default": "{today}"}]}
    service = Service(client, upstream, [endpoint], [BLOCK])
    for _ in range(3):
        service.render("now")
        clock.shift(86400)
    assert [at for at, _ in points(client)] == [0, 86400, 2 * 86400]


def by_user(upstream: HTTPServer, client: Any) -> Service:
    endpoint = {**ENDPOINT, "headers": {"X-User": "{user}"}}
    return Service(client, upstream, [endpoint], [BLOCK])


def test_a_notebook_with_its_own_settings_has_its_own_series(client, upstream, thermometer, clock):
    service = by_user(upstream, client)
    service.configure(user="all")
    client.put("/integrations/svc/config?notebook_id=1", {"config": {"user": "me"}})
    service.render("now")
    thermometer.answer = {"temperature": 5}
    client.post("/integrations/svc/render?notebook_id=1", {"block_type": "now"})
    assert points(client) == [[0, 20.5]]
    assert points(client, "&notebook_id=1") == [[0, 5.0]]


def counts(app: Any) -> tuple[int, int]:
    database = app.extensions["patchbay"].database
    tables = ("history_series", "history_samples")
    return tuple(database.query(f"SELECT count(*) FROM {table}", ())[0][0] for table in tables)  # type: ignore[return-value]


def test_a_notebooks_own_series_goes_with_it(app, client, upstream, thermometer, clock):
    service = by_user(upstream, client)
    service.configure(user="all")
    made = client.post("/workspaces/1/notebooks", {"name": "Mine"}).json["id"]
    client.put(f"/integrations/svc/config?notebook_id={made}", {"config": {"user": "me"}})
    client.post(f"/integrations/svc/render?notebook_id={made}", {"block_type": "now"})
    service.render("now")
    assert counts(app) == (2, 2)
    assert client.delete(f"/notebooks/{made}").status_code == 204
    assert counts(app) == (1, 1)
    assert points(client) == [[0, 20.5]]


def test_a_series_that_the_workspace_shares_stays_without_the_notebook(
    app, client, upstream, thermometer, clock
):
    service = by_user(upstream, client)
    made = client.post("/workspaces/1/notebooks", {"name": "Mine"}).json["id"]
    client.put(f"/integrations/svc/config?notebook_id={made}", {"config": {"user": "all"}})
    client.post(f"/integrations/svc/render?notebook_id={made}", {"block_type": "now"})
    service.configure(user="all")
    clock.shift(61)
    service.render("now")
    client.delete(f"/notebooks/{made}")
    assert [at for at, _ in points(client)] == [0, 61]


def test_it_goes_with_the_plugin_and_with_the_workspace(app, client, upstream, thermometer, clock, service):
    service.render("now")
    workspace = client.post("/workspaces", {"name": "Other"}).json["id"]
    client.post(f"/integrations/svc/render?workspace_id={workspace}", {"block_type": "now"})
    assert counts(app) == (2, 2)
    assert client.delete(f"/workspaces/{workspace}").status_code == 204
    assert counts(app) == (1, 1)
    assert client.delete("/plugins/svc").status_code == 204
    assert counts(app) == (0, 0)


def test_a_purge_of_the_answers_leaves_it(app, client, service, clock):
    service.render("now")
    assert client.delete("/plugins/svc/artifacts").json == {"purged": 1}
    assert points(client) == [[0, 20.5]]


def test_it_is_deleted_on_request(app, client, upstream, thermometer, clock):
    service = Service(client, upstream, [ENDPOINT], [BLOCK, {**BLOCK, "id": "other"}])
    workspace = client.post("/workspaces", {"name": "Other"}).json["id"]
    for city in map(str, range(25)):
        service.render("now", {"city": city})
    service.render("other")
    client.post(f"/integrations/svc/render?workspace_id={workspace}", {"block_type": "now"})
    assert client.delete("/integrations/svc/history?block_type=now").json == {"purged": 25}
    assert counts(app) == (2, 2)
    assert client.delete("/integrations/svc/history").json == {"purged": 1}
    assert client.delete("/integrations/svc/history").json == {"purged": 0}
    assert counts(app) == (1, 1)
    assert client.delete("/integrations/nowhere/history").status_code == 404
    # The answers are still cached.
    assert service.render("other").headers["X-Cache"] == "HIT"


def test_a_fetch_in_progress_leaves_no_sample_behind_a_deletion(app, client, upstream, thermometer, clock):
    service = Service(client, upstream, [{**ENDPOINT, "path": "/slow"}], [BLOCK])

    def delete_and_answer(_request: Request) -> Response:
        assert client.delete("/integrations/svc/history").json == {"purged": 0}
        return Response(json.dumps(thermometer.answer), mimetype="application/json")

    upstream.expect_request("/slow").respond_with_handler(delete_and_answer)
    assert service.render("now").status_code == 200
    assert counts(app) == (0, 0)


def test_more_samples_than_points_become_means(service, client, thermometer, clock):
    for number in range(60):
        thermometer.answer = {"temperature": number}
        service.render("now", use_cache=False)
        clock.shift(60)
    (whole,) = read(client)
    assert len(whole["points"]) == 60
    (short,) = read(client, "&points=7")
    assert 4 <= len(short["points"]) <= 7
    assert (short["min"], short["max"]) == (0.0, 59.0)
    values = [value for _, value in short["points"]]
    assert values == sorted(values)
    assert len(read(client, "&points=1")[0]["points"]) == 1
    assert read(client, "&points=1")[0]["points"] == [[START + 1770, 29.5]]


def test_a_mean_does_not_change_while_time_goes_on(service, client, thermometer, clock):
    for number in range(100):
        thermometer.answer = {"temperature": number % 7}
        service.render("now", use_cache=False)
        clock.shift(60)
    before = points(client, "&points=10")
    clock.shift(60)
    service.render("now", use_cache=False)
    after = points(client, "&points=10")
    assert before[:-1] == after[: len(before) - 1]


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("2h", 7200),
        ("2027-01-15T10:00:00Z", 7200),
        ("2027-01-15T10:00:00", 7200),
        ("2027-01-15T11:00:00%2B01:00", 7200),
        ("1970-01-01", 0),
    ],
)
def test_the_span_begins_where_it_is_asked_for(service, client, clock, since, first):
    for _ in range(4):
        service.render("now")
        clock.shift(3600)
    assert points(client, f"&since={since}")[0][0] == first


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("&since=yesterday", "since"),
        ("&since=", "since"),
        ("&since=99999999999999999999d", "since"),
        ("&points=0", "points"),
        ("&points=2001", "points"),
        ("&points=many", "points"),
        ('&parameters={"nope":1}', "parameters.nope"),
        ("&parameters=[]", "parameters"),
    ],
)
def test_bad_input_is_told_by_field(service, client, query, field):
    problem = read(client, query, status=422)
    assert list(problem["errors"]) == [field]


def test_it_is_refused_as_a_render_is(service, client):
    assert read(client, block="nowhere", status=404)["code"] == "not_found"
    assert client.get("/integrations/nowhere/history?block_type=now").status_code == 404
    assert read(client, "&workspace_id=99", status=404)["code"] == "not_found"
    client.put("/integrations/svc/enable", {"enabled": False})
    assert read(client, status=403)["code"] == "plugin_disabled"


def test_nothing_is_older_than_it_is_kept(service, client, clock):
    service.render("now")
    clock.shift(30 * 86400)
    service.render("now")
    assert len(points(client)) == 2
    clock.shift(1)
    assert [at for at, _ in points(client)] == [30 * 86400]


def test_many_blocks_are_read_at_once_each_with_its_own_outcome(service, client, clock):
    service.render("now")
    blocks = [
        {"key": "a", "integration_id": "svc", "block_type": "now"},
        {"key": "b", "integration_id": "svc", "block_type": "now", "parameters": {"city": "Rome"}},
        {"key": "c", "integration_id": "svc", "block_type": "nowhere"},
        {"key": "d", "integration_id": "svc", "block_type": "now", "parameters": {"nope": 1}},
        {"key": "e", "integration_id": "svc", "block_type": "now", "notebook_id": 99},
    ]
    answered = client.post("/history", {"blocks": blocks, "since": "1d", "points": 10})
    assert answered.status_code == 200, answered.json
    found = {item["key"]: item for item in answered.json["histories"]}
    assert list(found) == ["a", "b", "c", "d", "e"]
    assert found["a"]["series"][0]["points"] == [[START, 20.5]]
    assert found["b"]["series"][0]["points"] == []
    assert [found[key]["status"] for key in "abcde"] == [200, 200, 404, 422, 404]
    assert "parameters.nope" in found["d"]["errors"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"blocks": []},
        {"blocks": [{"key": "a", "integration_id": "svc", "block_type": "now"}] * 2},
        {"blocks": [{"key": "a", "integration_id": "svc", "block_type": "now"}], "since": 5},
        {"blocks": [{"key": "a", "integration_id": "svc", "block_type": "now"}], "since": "soon"},
        {"blocks": [{"key": str(n), "integration_id": "svc", "block_type": "now"} for n in range(201)]},
    ],
)
def test_a_bad_batch_is_refused(service, client, body):
    assert client.post("/history", body).status_code == 422


def test_reading_calls_nobody(service, client, thermometer):
    read(client)
    client.post("/history", {"blocks": [{"key": "a", "integration_id": "svc", "block_type": "now"}]})
    assert thermometer.calls == 0
