"""The call log as people read it."""

import pytest
from sqlalchemy import text

from integrations.usage.calls import CallFilter, calls_query
from tests.integrations.usage.test_usage import record


@pytest.fixture
def log(app):
    """Records calls; returns nothing."""
    call_log = app.extensions["patchbay"].usage.call_log

    def write(**changed):
        call_log.record(record(**changed))

    return write


def listed(client, query=""):
    return [item["endpoint_id"] for item in client.get(f"/calls{query}").json]


def test_calls_are_listed_newest_first_as_soon_as_they_are_made(client, log):
    log(endpoint_id="one", at=1_800_000_000.0)
    log(endpoint_id="two", block_id="b", status=502, error_code="upstream_failed", duration_ms=12.34)
    newest, oldest = client.get("/calls").json
    assert newest.pop("id") > oldest.pop("id")
    assert newest == {
        "at": "2027-01-15T09:00:00.000Z", "integration_id": "svc", "endpoint_id": "two", "block_id": "b",
        "cause": "live", "status": 502, "error_code": "upstream_failed", "duration_ms": 12.3, "response_bytes": 10,
        "request_id": None,
    }  # fmt: skip


def test_they_are_filtered(client, log):
    log(endpoint_id="live")
    log(endpoint_id="ahead", cause="prefetch", plugin_id="other")
    log(endpoint_id="failed", status=500, error_code="upstream_failed")
    log(endpoint_id="early", at=1_799_000_000.0)
    log(endpoint_id="mine", at=1_799_000_000.0, request_id="r1", cause="test")
    assert listed(client, "?integration_id=other") == ["ahead"]
    assert listed(client, "?cause=prefetch") == ["ahead"]
    assert listed(client, "?outcome=failed") == ["failed"]
    assert listed(client, "?outcome=ok") == ["mine", "early", "ahead", "live"]
    assert listed(client, "?request_id=r1") == ["mine"]
    assert listed(client, "?from=2027-01-10") == ["failed", "ahead", "live"]


def test_the_next_page_follows_the_last_call_of_a_page_though_calls_are_made_meanwhile(client, log):
    for number in range(5):
        log(endpoint_id=f"call{number}")
    first = client.get("/calls?page_size=2").json
    log(endpoint_id="later")
    assert [item["endpoint_id"] for item in first] == ["call4", "call3"]
    assert listed(client, f"?page_size=2&before={first[-1]['id']}") == ["call2", "call1"]


def test_calls_of_another_workspace_are_not_listed(client, log):
    log(workspace_id=1)
    other = client.post("/workspaces", {"name": "Other"}).json["id"]
    assert listed(client, f"?workspace_id={other}") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cause=mine", "cause"), ("outcome=maybe", "outcome"), ("request_id=", "request_id"), ("from=soon", "from"), ("before=0", "before"),
        ("page_size=0", "page_size"), ("page_size=5000", "page_size"), (f"before={2**70}", "before"),
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused_by_name(client, query, field):
    answer = client.get(f"/calls?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "workspace_id (workspace_id=?)"),
        ({"before_id": 9}, "workspace_id (workspace_id=? AND rowid<?)"),
        ({"plugin_id": "svc"}, "plugin_id (workspace_id=? AND plugin_id=?)"),
        ({"plugin_id": "svc", "before_id": 9}, "plugin_id (workspace_id=? AND plugin_id=? AND rowid<?)"),
        ({"cause": "action"}, "cause (workspace_id=? AND cause=?)"),
        ({"has_failed": True}, "failed (workspace_id=?)"),
        ({"has_failed": False}, "workspace_id (workspace_id=?)"),
        ({"request_id": "r1"}, "request_id (workspace_id=? AND request_id=?)"),
    ],
)
def test_a_page_of_a_long_log_is_read_in_order_from_an_index(app, wanted, index):
    query = calls_query(1, CallFilter(**wanted), 50).compile(compile_kwargs={"literal_binds": True})
    with app.extensions["patchbay"].database.reading() as session:
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert plan == [f"SEARCH plugin_api_logs USING INDEX ix_plugin_api_logs_{index}"]
