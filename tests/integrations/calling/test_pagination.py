"""Several pages make one answer: one deadline, a clear end, and missing parts are reported."""

import json

import pytest
from werkzeug import Request, Response

from tests.integrations.stories import Service

PEOPLE = [{"n": number} for number in range(7)]


def paged(client, upstream, paginate, **endpoint):
    endpoint = {"id": "people", "path": "/people", "paginate": paginate, **endpoint}
    return Service(
        client,
        upstream,
        endpoints=[endpoint],
        blocks=[{"id": "people", "endpoint": "people", "cache_ttl": 60}],
    )


def answer(value, headers=None, status=200):
    return Response(json.dumps(value), status=status, mimetype="application/json", headers=headers)


def by_offset(request: Request):
    offset, limit = int(request.args["offset"]), int(request.args["limit"])
    return answer({"items": PEOPLE[offset : offset + limit]})


def by_page(request: Request):
    page = int(request.args["page"])
    return answer(PEOPLE[(page - 1) * 3 : page * 3])


def by_cursor(request: Request):
    start = int(request.args.get("after", "c0")[1:])
    following = f"c{start + 3}" if start + 3 < len(PEOPLE) else None
    return answer({"data": {"people": PEOPLE[start : start + 3]}, "next": following})


def by_cursor_header(request: Request):
    start = int(request.args.get("after", "0"))
    headers = {"X-Next": str(start + 3)} if start + 3 < len(PEOPLE) else {}
    return answer(PEOPLE[start : start + 3], headers)


def by_link(request: Request):
    page = int(request.args.get("page", "1"))
    link = f'<{request.base_url}?page={page + 1}>; rel="next", <{request.base_url}>; rel="first"'
    return answer(PEOPLE[(page - 1) * 3 : page * 3], {"Link": link} if page < 3 else {})


def by_link_in_body(request: Request):
    """As Salesforce, Microsoft Graph or Django REST framework have it: the next page's address, whole or relative."""
    page = int(request.args.get("page", "1"))
    start = request.base_url if page == 1 else request.path
    following = f"{start}?page={page + 1}&q=ü b#top" if page < 3 else None
    return answer({"results": PEOPLE[(page - 1) * 3 : page * 3], "next": following})


def by_cursor_in_body(request: Request):
    start = int((request.json or {}).get("start_cursor", "0"))
    return answer(
        {"results": PEOPLE[start : start + 3], "next_cursor": str(start + 3) if start < 6 else None}
    )


KINDS = {
    "offset": (by_offset, {"type": "offset", "limit": 3, "limit_param": "limit", "response_path": "items"}, {}),
    "page": (by_page, {"type": "page", "limit": 3}, {}),
    "cursor": (by_cursor, {"type": "cursor", "cursor_path": "next", "cursor_param": "after", "response_path": "data.people"}, {}),
    "cursor header": (by_cursor_header, {"type": "cursor", "cursor_header": "X-Next", "cursor_param": "after"}, {}),
    "link": (by_link, {"type": "link"}, {}),
    "link in the answer": (by_link_in_body, {"type": "link", "cursor_path": "next", "response_path": "results"}, {}),
    "cursor in a body": (
        by_cursor_in_body,
        {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "start_cursor", "response_path": "results"},
        {"method": "POST", "safe": True, "parameters": [{"name": "start_cursor"}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_all_pages_are_one_list(client, upstream, kind):
    handler, paginate, endpoint = KINDS[kind]
    upstream.expect_request("/people").respond_with_handler(handler)
    service = paged(client, upstream, paginate, **endpoint)
    answered = service.render("people")
    assert (answered.json["data"], answered.json["error"]) == (PEOPLE, None)
    assert len(upstream.log) == 3
    assert service.render("people").headers["X-Cache"] == "HIT"


def test_select_is_taken_of_the_whole_list(client, upstream):
    upstream.expect_request("/people").respond_with_handler(by_page)
    service = paged(client, upstream, {"type": "page", "limit": 3}, select="{last: [-1].n, count: length(@)}")
    assert service.render("people").json["data"] == {"last": 6, "count": 7}


def test_no_more_pages_are_asked_for_than_declared(client, upstream):
    upstream.expect_request("/people").respond_with_handler(by_page)
    service = paged(client, upstream, {"type": "page", "limit": 3, "max_pages": 2})
    assert service.render("people").json["data"] == PEOPLE[:6]


def test_a_failure_on_the_way_is_told_and_the_part_is_not_kept(client, upstream):
    def fail_on_the_second(request):
        return by_page(request) if request.args["page"] == "1" else answer({}, status=503)

    upstream.expect_request("/people").respond_with_handler(fail_on_the_second)
    service = paged(client, upstream, {"type": "page", "limit": 3})
    part = service.render("people")
    assert (part.json["success"], part.json["data"], part.json["expires_at"]) == (True, PEOPLE[:3], None)
    assert (part.json["error"]["code"], part.json["error"]["upstream_status"]) == ("upstream_failed", 503)
    assert service.render("people").headers["X-Cache"] == "MISS"


def test_a_failure_of_the_first_page_is_a_failure(client, upstream):
    upstream.expect_request("/people").respond_with_data("", status=500)
    assert paged(client, upstream, {"type": "page"}).render("people").status_code == 502


@pytest.mark.parametrize(
    ("paginate", "handler"),
    [
        (
            {"type": "cursor", "cursor_path": "next", "cursor_param": "after", "response_path": "items"},
            lambda _request: answer({"items": [1], "next": "same"}),
        ),
        (
            {"type": "link"},
            lambda request: answer([1], {"Link": f'<{request.url}>; rel="next"'}),
        ),
        (
            {"type": "link"},
            lambda _request: answer([1], {"Link": '<http://127.0.0.2:1/steal>; rel="next"'}),
        ),
        ({"type": "link"}, lambda _request: answer([1], {"Link": '<http://[>; rel="next"'})),
        ({"type": "link"}, lambda _request: answer([1], {"Link": '<http://127.0.0.1:99999/>; rel="next"'})),
        *(
            (
                {"type": kind, "cursor_path": "next", "response_path": "items", **more},
                lambda _request, next_=next_: answer({"items": [1], "next": next_}),
            )
            for kind, more, ends in (
                ("cursor", {"cursor_param": "after"}, (["a"], {"a": 1}, True, 5.5, 7)),
                ("link", {}, (["a"], {"a": 1}, True, 7, "http://[", "//127.0.0.2:1/steal", "http://x:y/")),
            )
            for next_ in ends
        ),
    ],
)
def test_a_next_page_that_leads_nowhere_ends_it_and_is_told(client, upstream, paginate, handler):
    upstream.expect_request("/people").respond_with_handler(handler)
    answered = paged(client, upstream, paginate).render("people")
    assert answered.status_code == 502 or answered.json["error"]["reason"] == "page"
    assert len(upstream.log) <= 2


def test_a_key_in_the_query_is_put_back_onto_a_link(client, upstream):
    upstream.expect_request("/people", query_string=None).respond_with_handler(by_link)
    service = Service(
        client,
        upstream,
        endpoints=[{"id": "people", "path": "/people", "paginate": {"type": "link"}}],
        blocks=[{"id": "people"}],
        auth={"type": "api_key", "in": "query", "name": "key"},
    )
    service.configure(api_key="K-0123456789")
    assert service.render("people").json["data"] == PEOPLE
    assert [request.args["key"] for request, _ in upstream.log] == ["K-0123456789"] * 3


def test_a_page_without_a_list_is_told(client, upstream):
    upstream.expect_request("/people").respond_with_json({"items": 5})
    answered = paged(client, upstream, {"type": "page", "response_path": "items"}).render("people")
    assert (answered.status_code, answered.json["code"]) == (502, "upstream_invalid")
