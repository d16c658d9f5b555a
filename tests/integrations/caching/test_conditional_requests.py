"""Conditional requests: what is sent, and what a 304 or a new answer changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.caching.conditional_requests import Validators, renewed_validators, validators_of
from integrations.egress.messages import Headers
from tests.databases import contents_of
from tests.integrations.stories import Service

ITEM = {"id": "item", "path": "/item", "parameters": [{"name": "q"}]}
BLOCK = {"id": "item", "endpoint": "item", "select": "value"}
KEY = "KEY-0123456789"


class Provider:
    """Says 304 to whoever has the present tag; `headers` go with each answer, `also` with a 304 alone."""

    def __init__(self, upstream: HTTPServer, path: str = "/item") -> None:
        self.value = 1
        self.headers: dict[str, str] = {"Cache-Control": "max-age=60"}
        self.also: dict[str, str] = {}
        self.asked: list[tuple[str | None, str | None]] = []
        upstream.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        tag = f'"v{self.value}"'
        self.asked.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        headers = {"ETag": tag, **self.headers}
        if headers["ETag"] == request.headers.get("If-None-Match"):
            return Response(status=304, headers={**headers, **self.also})
        return Response(json.dumps({"value": self.value}), headers=headers, mimetype="application/json")


@pytest.fixture
def provider(upstream: HTTPServer) -> Provider:
    return Provider(upstream)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(1_800_000_000, tick=False) as travelling:
        yield travelling


def service_of(client: Any, upstream: HTTPServer, *blocks: dict[str, Any], **endpoint: Any) -> Service:
    service = Service(client, upstream, [ITEM | endpoint], list(blocks) or [BLOCK], auth_method="api_key")
    service.configure(api_key=KEY)
    return service


@pytest.fixture
def service(client: Any, upstream: HTTPServer, provider: Provider, clock: Any) -> Service:
    return service_of(client, upstream)


def status_of(answer: Any) -> tuple[str, Any, bool, bool]:
    return answer.headers["X-Cache"], answer.json["data"], answer.json["cached"], answer.json["stale"]


def test_an_old_answer_is_asked_about_and_renewed(service, provider, clock):
    assert status_of(service.render("item")) == ("MISS", 1, False, False)
    clock.shift(61)
    renewed = service.render("item")
    assert status_of(renewed) == ("REVALIDATED", 1, True, False)
    assert renewed.headers["Age"] == "0"
    assert renewed.json["expires_at"] == "2027-01-15T08:02:01.000Z"
    clock.shift(59)
    assert status_of(service.render("item")) == ("HIT", 1, True, False)
    assert provider.asked == [(None, None), ('"v1"', None)]


def test_another_answer_takes_its_place(service, provider, clock):
    service.render("item")
    provider.value = 2
    clock.shift(61)
    assert status_of(service.render("item")) == ("MISS", 2, False, False)
    clock.shift(61)
    assert status_of(service.render("item")) == ("REVALIDATED", 2, True, False)
    assert [tag for tag, _ in provider.asked] == [None, '"v1"', '"v2"']


def test_what_must_always_be_confirmed_is(service, provider, clock):
    provider.headers = {"Cache-Control": "no-cache"}
    assert [service.render("item").headers["X-Cache"] for _ in range(3)] == [
        "MISS",
        "REVALIDATED",
        "REVALIDATED",
    ]


def test_a_304_says_anew_how_long_the_answer_is_good(service, provider, clock):
    service.render("item")
    provider.also = {"Cache-Control": "max-age=500", "Age": "100"}
    clock.shift(61)
    service.render("item")
    clock.shift(399)
    assert service.render("item").headers["X-Cache"] == "HIT"
    clock.shift(1)
    assert service.render("item").headers["X-Cache"] == "REVALIDATED"


def test_what_a_304_leaves_unsaid_stays_as_it_was(service, provider, clock):
    service.render("item")
    provider.headers = {}
    for _ in range(2):
        clock.shift(61)
        assert service.render("item").headers["X-Cache"] == "REVALIDATED"
        clock.shift(59)
        assert service.render("item").headers["X-Cache"] == "HIT"


def test_a_date_alone_is_enough(service, provider, upstream, clock):
    date = "Fri, 15 Jan 2027 07:00:00 GMT"
    upstream.clear()
    upstream.expect_ordered_request("/item").respond_with_json({"value": 5}, headers={"Last-Modified": date})
    upstream.expect_ordered_request("/item", headers={"If-Modified-Since": date}).respond_with_data(
        status=304
    )
    service.render("item")
    clock.shift(301)
    assert status_of(service.render("item")) == ("REVALIDATED", 5, True, False)


def test_use_cache_false_asks_for_the_answer_itself(service, provider):
    service.render("item")
    assert service.render("item", use_cache=False).headers["X-Cache"] == "BYPASS"
    assert provider.asked == [(None, None)] * 2


def test_a_refresh_behind_renews_too(client, upstream, provider, app, clock):
    service = service_of(client, upstream, BLOCK | {"stale_while_revalidate": 600})
    service.render("item")
    clock.shift(61)
    assert service.render("item").headers["X-Cache"] == "STALE"
    app.extensions["patchbay"].rendering.renderer.wait_for_refreshes()
    assert service.render("item").headers["X-Cache"] == "HIT"
    assert [tag for tag, _ in provider.asked] == [None, '"v1"']


def test_other_inputs_other_settings_and_another_manifest_are_not_asked_about(service, provider, clock):
    service.render("item", {"q": "a"})
    clock.shift(61)
    service.render("item", {"q": "b"})
    service.configure(api_key="OTHER-0123456789")
    service.render("item", {"q": "a"})
    service.configure(api_key=KEY)
    service.manifest["endpoints"][0]["headers"] = {"X-Shape": "2"}
    service.register()
    service.render("item", {"q": "a"})
    assert [tag for tag, _ in provider.asked] == [None] * 4


def test_a_304_that_nobody_asked_for_is_a_failure(service, upstream):
    upstream.clear()
    upstream.expect_request("/item").respond_with_data(status=304)
    failed = service.render("item")
    assert (failed.status_code, failed.json["code"], failed.json["reason"]) == (
        502,
        "upstream_invalid",
        "not_modified",
    )


def test_a_condition_of_the_manifest_s_own_makes_a_304_a_failure(client, upstream, provider, clock):
    service = service_of(client, upstream, headers={"If-None-Match": '"v1"'})
    assert service.render("item").json["reason"] == "not_modified"


def test_a_304_about_another_answer_is_not_believed(service, provider, upstream, clock):
    service.render("item")
    clock.shift(61)
    upstream.clear()
    upstream.expect_ordered_request("/item").respond_with_data(status=304, headers={"ETag": '"other"'})
    upstream.expect_ordered_request("/item").respond_with_json({"value": 9})
    assert status_of(service.render("item")) == ("MISS", 9, False, False)


def test_the_provider_s_validators_reach_nobody_else(service, client):
    rendered = service.render("item")
    listed = client.get("/plugins/svc/artifacts?include=data")
    for answer in (rendered, listed):
        assert "v1" not in str(answer.headers) + answer.text
    assert "Last-Modified" not in rendered.headers


def test_a_validator_that_echoes_a_secret_is_not_kept(service, provider, clock, settings):
    provider.headers = {"Cache-Control": "max-age=60", "ETag": f'"{KEY}"'}
    service.render("item")
    assert not any(KEY.encode() in content for content in contents_of(settings.instance).values())
    clock.shift(61)
    service.render("item")
    assert provider.asked == [(None, None)] * 2


@pytest.mark.parametrize(
    "endpoint",
    [
        {"method": "POST", "safe": True, "parameters": []},
        {"paginate": {"type": "page", "page_param": "page", "response_path": "value", "max_pages": 2}},
    ],
)
def test_what_is_no_single_safe_request_is_never_asked_about(client, upstream, provider, clock, endpoint):
    provider.value = [1]  # type: ignore[assignment]
    service = service_of(client, upstream, {"id": "item", "endpoint": "item"}, **endpoint)
    assert service.render("item").status_code == 200
    clock.shift(61)
    assert service.render("item").headers["X-Cache"] == "MISS"
    assert {tag for tag, _ in provider.asked} == {None}


def test_an_answer_behind_a_redirect_is_not_asked_about(client, upstream, provider, clock):
    upstream.expect_request("/old").respond_with_data(status=302, headers={"Location": "/item"})
    service = service_of(client, upstream, path="/old")
    for _ in range(2):
        assert service.render("item").headers["X-Cache"] == "MISS"
        clock.shift(61)
    assert provider.asked == [(None, None)] * 2


def test_a_redirect_to_elsewhere_is_not_asked_what_the_first_place_was(client, upstream, provider, clock):
    service = service_of(client, upstream)
    service.render("item")
    upstream.clear_all_handlers()
    upstream.expect_request("/item").respond_with_data(status=302, headers={"Location": "/elsewhere"})
    elsewhere = Provider(upstream, "/elsewhere")
    clock.shift(61)
    assert service.render("item").headers["X-Cache"] == "MISS"
    assert elsewhere.asked == [(None, None)]


class TestSteps:
    """Each step is asked about by itself; the block is renewed by a word on the one answer that it is made of."""

    @pytest.fixture
    def places(self, upstream: HTTPServer) -> Provider:
        return Provider(upstream, "/geo")

    def chain(self, client: Any, upstream: HTTPServer, **block: Any) -> Service:
        steps = [
            {
                "id": "geo",
                "endpoint": "geo",
                "parameters": {"q": "{inputs.place}"},
                "outputs": {"q": "value"},
            },
            {"id": "item", "endpoint": "item", "parameters": {"q": "at-{steps.geo.q}"}},
        ]
        chain = {"id": "chain", "config_schema": {"place": {"type": "string"}}, "steps": steps, **block}
        endpoints = [ITEM, {"id": "geo", "path": "/geo", "parameters": [{"name": "q"}]}]
        return Service(client, upstream, endpoints, [chain])

    def test_both_are_confirmed(self, client, upstream, provider, places, clock):
        service = self.chain(client, upstream)
        service.render("chain", {"place": "x"})
        clock.shift(61)
        assert service.render("chain", {"place": "x"}).headers["X-Cache"] == "REVALIDATED"
        assert [tag for tag, _ in (*places.asked, *provider.asked)] == [None, '"v1"'] * 2

    def test_another_first_answer_makes_the_second_another_call(
        self, client, upstream, provider, places, clock
    ):
        service = self.chain(client, upstream)
        service.render("chain", {"place": "x"})
        clock.shift(61)
        places.value = 2
        assert service.render("chain", {"place": "x"}).headers["X-Cache"] == "MISS"
        assert [tag for tag, _ in provider.asked] == [None, None]

    def test_what_an_earlier_step_lacks_is_told(self, client, upstream, provider, places, clock):
        service = self.chain(client, upstream)
        service.manifest["endpoints"][1]["stale_if_error"] = 600
        service.register()
        service.render("chain", {"place": "x"})
        clock.shift(61)
        upstream.clear_all_handlers()
        upstream.expect_request("/geo").respond_with_data(status=503)
        again = Provider(upstream)
        answered = service.render("chain", {"place": "x"})
        assert (answered.headers["X-Cache"], answered.json["error"]["upstream_status"]) == ("MISS", 503)
        assert answered.json["expires_at"] is None
        assert again.asked == [(None, None)]

    def test_what_collects_several_answers_is_fetched(self, client, upstream, provider, places, clock):
        service = self.chain(client, upstream, collect=True)
        service.render("chain", {"place": "x"})
        clock.shift(61)
        again = service.render("chain", {"place": "x"})
        assert status_of(again) == ("MISS", {"geo": {"value": 1}, "item": {"value": 1}}, False, False)
        assert [tag for tag, _ in places.asked] == [None, '"v1"']
        assert [tag for tag, _ in provider.asked] == [None, None]


@pytest.mark.parametrize(
    ("headers", "conditions"),
    [
        ({"ETag": '"a"'}, {"If-None-Match": '"a"'}),
        ({"ETag": 'W/"a"'}, {"If-None-Match": 'W/"a"'}),
        ({"ETag": '""'}, {"If-None-Match": '""'}),
        ({"ETag": "*"}, None),
        ({"ETag": "a"}, None),
        ({"ETag": '"a", "b"'}, None),
        ({"ETag": '"a\x00"'}, None),
        ({"ETag": f'"{"a" * 3000}"'}, None),
        ({"Last-Modified": "yesterday"}, None),
        ({"Last-Modified": "0"}, None),
        (
            {"Last-Modified": "Fri, 15 Jan 2027 08:00:00 GMT", "ETag": "*"},
            {"If-Modified-Since": "Fri, 15 Jan 2027 08:00:00 GMT"},
        ),
        ({"ETag": '"my-secret-key"'}, None),
        ({"ETag": '"a"', "Cache-Control": "x=my-secret-key"}, None),
        ({}, None),
    ],
)
def test_only_a_sound_validator_is_sent_back(headers, conditions):
    validators = validators_of(Headers(tuple(headers.items())), {"my-secret-key"})
    assert (dict(validators.conditions) if validators else None) == conditions


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, {"ETag": '"a"', "Expires": "0"}),
        ({"Cache-Control": "max-age=1"}, {"ETag": '"a"', "Expires": "0", "Cache-Control": "max-age=1"}),
        ({"ETag": '"a"', "Set-Cookie": "x=1", "Date": "now"}, {"ETag": '"a"', "Expires": "0"}),
        ({"ETag": 'W/"b"'}, {"ETag": 'W/"b"', "Expires": "0"}),
        ({"ETag": '"b"'}, None),
        ({"Vary": "my-secret-key"}, {"ETag": '"a"', "Expires": "0"}),
    ],
)
def test_a_304_replaces_what_it_says_anew(said, kept):
    validators = Validators(Headers((("ETag", '"a"'), ("Expires", "0"))))
    renewed = renewed_validators(validators, Headers(tuple(said.items())), {"my-secret-key"})
    assert (dict(renewed.headers.items) if renewed else None) == kept


CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20270115T090000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("select_endpoint", "select_block"),
    [("age_seconds(`1799999990`)", None), (None, "age_seconds(`1799999990`)")],
)
def test_an_age_is_not_renewed_by_a_304(client, upstream, provider, clock, select_endpoint, select_block):
    endpoint = {"select": select_endpoint} if select_endpoint else {}
    block = {"id": "item", "endpoint": "item"} | ({"select": select_block} if select_block else {})
    service = service_of(client, upstream, block, **endpoint)
    assert status_of(service.render("item"))[:2] == ("MISS", 10)
    clock.shift(61)
    assert status_of(service.render("item"))[:2] == ("MISS", 71)
    assert provider.asked == [(None, None), (None, None)]


def test_a_calendar_shows_the_days_from_each_fetch_on(client, upstream, clock):
    headers = {"ETag": '"same"', "Cache-Control": "max-age=31536000"}
    asked: list[str | None] = []

    def answer(request: Request) -> Response:
        asked.append(request.headers.get("If-None-Match"))
        return Response(CALENDAR, headers=headers, mimetype="text/calendar")

    upstream.expect_request("/item").respond_with_handler(answer)
    block = {"id": "item", "endpoint": "item", "select": "[].start"}
    service = service_of(client, upstream, block, response_type="ical", ical={"days": 2})
    first = service.render("item")
    assert first.json["data"] == ["2027-01-15T09:00:00Z", "2027-01-16T09:00:00Z"]
    # The provider's year counts for a day.
    assert first.json["expires_at"] == "2027-01-16T08:00:00.000Z"
    clock.shift(86_400)
    assert service.render("item").json["data"] == ["2027-01-16T09:00:00Z", "2027-01-17T09:00:00Z"]
    assert asked == [None, None]


def test_a_calendar_without_a_zone_is_in_that_of_the_workspace(client, upstream, clock):
    body = CALENDAR.replace("090000Z", "090000")
    upstream.expect_request("/item").respond_with_data(body, content_type="text/calendar")
    block = {"id": "item", "endpoint": "item", "select": "[0].start"}
    service = service_of(client, upstream, block, response_type="ical")
    for zone, start in (("Asia/Tokyo", "2027-01-16T00:00:00Z"), ("Europe/Oslo", "2027-01-15T08:00:00Z")):
        assert client.patch("/workspaces/1", {"time_zone": zone}).status_code == 200
        assert service.render("item", use_cache=False).json["data"] == start
