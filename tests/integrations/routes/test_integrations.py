"""The routes beside render: lists, details, execute, test connection, artifacts."""

import json
import re
import socket

import pytest
import time_machine

from plugin_store.workspaces import Scope

KEY = "KEY-0123456789"


def declare(client, upstream, plugin_id="svc", **changes):
    """Registers an integration over the upstream and enters its key."""
    manifest = {
        "description": "A service",
        "author": "us",
        "integration": {"base_url": upstream.url_for("/").rstrip("/"), "auth_method": "api_key"},
        "properties": [
            {"name": "api_key", "secure": True, "required": True},
            {"name": "server", "default": "unused"},
        ],
        "endpoints": [
            {"id": "item", "path": "/items/{id}", "parameters": [{"name": "id"}]},
            {"id": "status", "path": "/status", "cache_ttl": 60},
            {"id": "make", "method": "POST", "path": "/items", "parameters": [{"name": "title"}]},
        ],
        "blocks": [{"id": "status", "endpoint": "status"}, {"id": "item", "endpoint": "item"}],
        **changes,
    }
    answer = client.post(
        "/plugins/register",
        {"id": plugin_id, "name": "Service", "version": "1.2.3", "type": "integration", "manifest": manifest},
    )
    assert answer.status_code in (200, 201), answer.json
    client.put(f"/integrations/{plugin_id}/config", {"config": {"api_key": KEY}})


def render(client, block="status", parameters=None, plugin_id="svc"):
    return client.post(
        f"/integrations/{plugin_id}/render", {"block_type": block, "parameters": parameters or {}}
    )


def test_a_view_is_registered_whatever_it_says_of_its_own_settings(client):
    properties = [
        {"name": "due_date", "type": "date", "default": "2024-05-31"},
        {"name": "columns", "type": "column-picker", "default": ["title"]},
    ]
    declared = {"id": "board", "name": "Board", "version": "1.0.0", "type": "view"}
    answer = client.post("/plugins/register", {**declared, "manifest": {"properties": properties}})
    assert answer.status_code == 201
    assert [(told["path"], told["code"]) for told in answer.json["warnings"]] == [
        ("manifest.properties[1].type", "unchecked-setting")
    ]
    values = {"due_date": "2024-06-01", "columns": {"any": ["thing"]}}
    kept = client.put("/workspaces/1/plugins/board", {"config": values})
    assert (kept.status_code, kept.json["effective"]["config"]) == (200, values)
    wrong = client.put("/workspaces/1/plugins/board", {"config": {"due_date": "soon"}})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["config.due_date"])


def test_warnings_are_answered_when_an_integration_is_registered(client):
    section = {"base_url": "https://api.test"}
    endpoints = [{"id": "metrics", "path": "/metrics", "select": "up", "cache_ttl": 60}]
    blocks = [{"id": "up", "display": {"as": "chart"}}]
    manifest = {"integration": section, "endpoints": endpoints, "blocks": blocks}
    declared = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    told = client.post("/plugins/register", declared).json["warnings"]
    assert {(item["path"], item["code"]) for item in told} == {
        ("manifest.endpoints[0]", "plain-text"),
        ("manifest.blocks[0].display.as", "unknown-display"),
    }
    refused = {**declared, "manifest": {**manifest, "properties": [{"name": "due", "type": "calendar"}]}}
    assert list(client.post("/plugins/register", refused).json["errors"]) == ["manifest.properties[0].type"]


class TestLists:
    def test_an_integration_is_listed_and_shown_in_full(self, client, upstream):
        declare(client, upstream)
        client.post(
            "/plugins/register",
            {"id": "dark", "name": "D", "version": "1.0.0", "type": "theme", "manifest": {}},
        )
        [listed] = client.get("/integrations").json
        base_url = upstream.url_for("/").rstrip("/")
        assert listed == {
            "id": "svc", "name": "Service", "description": "A service", "icon": None, "version": "1.2.3", "author": "us",
            "api_type": "rest", "base_url": base_url, "auth_method": "api_key", "enabled": True, "missing": [], "unreadable": [],
            "review": None,
        }  # fmt: skip
        detail = client.get("/integrations/svc").json
        assert listed.items() <= detail.items()
        assert [item["id"] for item in detail["endpoints"]] == ["item", "status", "make"]
        assert [item["name"] for item in detail["properties"]] == ["api_key", "server"]
        assert client.get("/integrations/svc/blocks").json == {
            "integration_id": "svc",
            "blocks": detail["blocks"],
        }

    def test_what_an_integration_waits_for_is_listed(self, client, upstream, app):
        declare(client, upstream, properties=[
            {"name": "api_key", "secure": True, "required": True},
            {"name": "server", "required": True},
        ])  # fmt: skip
        [listed] = client.get("/integrations").json
        assert (listed["missing"], listed["unreadable"]) == (["server"], [])
        client.delete("/integrations/svc/secrets/api_key")
        assert client.get("/integrations/svc").json["missing"] == ["api_key", "server"]

    def test_secrets_of_a_lost_key_are_listed_as_unreadable(self, client, upstream, app):
        declare(client, upstream)
        with app.extensions["patchbay"].database.raw_write() as connection:
            connection.execute("UPDATE plugin_secrets SET ciphertext = 'damaged'")
        [listed] = client.get("/integrations").json
        assert (listed["missing"], listed["unreadable"]) == ([], ["api_key"])

    @pytest.mark.parametrize(("icon", "shown"), [("si:github", "si:github"), ("🌡️", None), ({"a": 1}, None)])
    def test_the_icon_is_told_wherever_plugins_are_listed(self, client, icon, shown):
        manifest = {"integration": {"base_url": "https://api.test"}, "icon": icon}
        declared = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
        client.post("/plugins/register", declared)

        listed = [client.get(path).json[0] for path in ("/integrations", "/plugins")]
        alone = [client.get(f"{path}/svc").json for path in ("/integrations", "/plugins")]
        assert [item["icon"] for item in [*listed, *alone]] == [shown] * 4

    @pytest.mark.parametrize(
        "path", ["/integrations/nope", "/integrations/nope/blocks", "/integrations/dark"]
    )
    def test_what_is_no_integration_is_not_found(self, client, path):
        client.post(
            "/plugins/register",
            {"id": "dark", "name": "D", "version": "1.0.0", "type": "theme", "manifest": {}},
        )
        answer = client.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")

    def test_enabled_is_told_for_the_scope(self, client, upstream):
        declare(client, upstream)
        client.put("/integrations/svc/enable", {"enabled": False})
        [notebook] = client.get("/workspaces/1/notebooks").json
        client.put(f"/integrations/svc/enable?notebook_id={notebook['id']}", {"enabled": True})
        assert client.get("/integrations").json[0]["enabled"] is False
        assert client.get(f"/integrations?notebook_id={notebook['id']}").json[0]["enabled"] is True

    def test_some_integrations_are_given_in_full_by_one_request(self, client, upstream):
        for plugin_id in ("one", "two", "three"):
            declare(client, upstream, plugin_id)
        listed = client.get("/integrations?id=three&id=one&id=unknown&include=details").json
        assert listed == [client.get(f"/integrations/{plugin_id}").json for plugin_id in ("one", "three")]
        assert "blocks" not in client.get("/integrations?id=one").json[0]

    def test_many_integrations_are_listed_by_pages(self, client, upstream):
        for number in range(3):
            declare(client, upstream, plugin_id=f"svc-{number}")
        second = client.get("/integrations?page=2&page_size=2")
        assert [item["id"] for item in second.json] == ["svc-2"]
        assert json.loads(second.headers["X-Pagination"]) == {
            "total": 3, "total_pages": 2, "page": 2, "page_size": 2,
        }  # fmt: skip
        assert len(client.get("/integrations").json) == 3

    def test_a_list_is_narrowed_to_a_state_and_a_search(self, client, upstream):
        for plugin_id in ("alpha", "beta", "gamma"):
            declare(client, upstream, plugin_id, description=f"Counts in {plugin_id.upper()} Ünits")
        client.put("/integrations/gamma/enable", {"enabled": False})
        client.delete("/integrations/gamma/secrets/api_key")
        client.delete("/integrations/beta/secrets/api_key")
        found = {
            query: [one["id"] for one in client.get(f"/integrations?{query}").json]
            for query in (
                "state=waiting", "state=enabled", "state=disabled", "search=", "search=ALPHA",
                "search=counts beta", "search=ünits service", "search=alpha beta", "state=enabled&search=beta",
                "state=enabled&id=alpha&id=gamma",
            )
        }  # fmt: skip
        assert found == {
            "state=waiting": ["beta"], "state=enabled": ["alpha", "beta"], "state=disabled": ["gamma"],
            "search=": ["alpha", "beta", "gamma"], "search=ALPHA": ["alpha"], "search=counts beta": ["beta"],
            "search=ünits service": ["alpha", "beta", "gamma"], "search=alpha beta": [],
            "state=enabled&search=beta": ["beta"], "state=enabled&id=alpha&id=gamma": ["alpha"],
        }  # fmt: skip
        page = client.get("/integrations?state=enabled&page_size=1")
        assert ([one["id"] for one in page.json], '"total":2' in page.headers["X-Pagination"]) == (
            ["alpha"],
            True,
        )

    @pytest.mark.parametrize("query", ["state=on", f"search={'x' * 1001}", "include=names"])
    def test_a_filter_that_means_nothing_is_refused_by_name(self, client, query):
        answer = client.get(f"/integrations?{query}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])

    def test_names_come_alone_and_for_the_scope(self, client, upstream):
        declare(client, upstream, "alpha", icon="lucide:cloud")
        declare(client, upstream, "beta")
        client.put("/integrations/beta/enable?notebook_id=1", {"enabled": False})
        names = client.get("/integration-names?notebook_id=1").json
        assert names == [
            {"id": "alpha", "name": "Service", "icon": "lucide:cloud", "enabled": True},
            {"id": "beta", "name": "Service", "icon": None, "enabled": False},
        ]
        assert [one["enabled"] for one in client.get("/integration-names").json] == [True, True]
        page = client.get("/integration-names?page=2&page_size=1")
        assert ([one["id"] for one in page.json], '"total":2' in page.headers["X-Pagination"]) == (
            ["beta"],
            True,
        )

    @pytest.mark.parametrize("path", ["/views", "/themes"])
    def test_nothing_scans_for_views_and_themes(self, client, path):
        assert client.get(path).status_code == 404


class TestExecute:
    def test_an_endpoint_is_called_now(self, client, upstream):
        upstream.expect_request("/items/a b").respond_with_json({"id": 1})
        declare(client, upstream)
        for _ in range(2):
            answer = client.post(
                "/integrations/svc/execute", {"endpoint_id": "item", "parameters": {"id": "a b"}}
            )
            assert (answer.json["data"], answer.json["cached"], answer.headers["X-Cache"]) == (
                {"id": 1},
                False,
                "BYPASS",
            )
        assert len(upstream.log) == 2

    def test_with_use_cache_the_kept_answer_will_do(self, client, upstream):
        upstream.expect_request("/status").respond_with_json({"ok": True})
        declare(client, upstream)
        body = {"endpoint_id": "status", "use_cache": True}
        assert client.post("/integrations/svc/execute", body).headers["X-Cache"] == "MISS"
        assert client.post("/integrations/svc/execute", body).headers["X-Cache"] == "HIT"

    def test_a_post_goes_out_each_time(self, client, upstream):
        upstream.expect_request("/items", method="POST").respond_with_json({"id": 9}, status=201)
        declare(client, upstream)
        body = {"endpoint_id": "make", "parameters": {"title": "T"}, "use_cache": True}
        for _ in range(2):
            assert client.post("/integrations/svc/execute", body).json["data"] == {"id": 9}
        assert [json.loads(request.data) for request, _ in upstream.log] == [{"title": "T"}] * 2

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            ({}, 422, "endpoint_id"),
            ({"endpoint_id": "nope"}, 404, None),
            ({"endpoint_id": "item"}, 422, "parameters.id"),
            ({"endpoint_id": "item", "parameters": {"id": ".."}}, 422, "parameters.id"),
            ({"endpoint_id": "item", "parameters": {"id": "x", "more": 1}}, 422, "parameters.more"),
            ({"endpoint_id": "item", "parameters": []}, 422, "parameters"),
            ({"endpoint_id": "item", "surprise": 1}, 422, "surprise"),
        ],
    )
    def test_bad_input_is_told_by_field(self, client, upstream, body, status, field):
        declare(client, upstream)
        answer = client.post("/integrations/svc/execute", body)
        assert answer.status_code == status, answer.json
        assert field is None or field in answer.json["errors"]
        assert upstream.log == []


class TestConnection:
    def ask(self, client, config=None):
        answer = client.post("/integrations/svc/test", {} if config is None else {"config": config})
        assert answer.status_code == 200, answer.json
        return answer.json

    def test_it_finds_an_endpoint_that_needs_no_input(self, client, upstream):
        upstream.expect_request("/status").respond_with_json({"ok": True})
        declare(client, upstream)
        verdict = self.ask(client)
        assert (verdict["success"], verdict["details"]["endpoint"]) == (True, "status")
        assert upstream.log[0][0].headers["X-Api-Key"] == KEY

    @pytest.mark.parametrize("unsaved", [None, {"server": "other"}])
    def test_what_is_switched_off_can_be_tried(self, client, upstream, unsaved):
        upstream.expect_request("/status").respond_with_json({"ok": True})
        declare(client, upstream)
        client.put("/integrations/svc/enable", {"enabled": False})
        assert render(client).status_code == 403
        assert self.ask(client, unsaved)["success"] is True

    @pytest.mark.parametrize(
        ("status", "words"),
        [(401, "refused the credentials"), (403, "refused the credentials"), (404, "nothing at this address"),
         (429, "too many requests"), (500, "failed with status 500"), (302, "redirect"), (400, "rejects the request"),
         (402, "payment"), (405, "does not support this method"), (410, "not offer this any more"), (418, "answered 418")],
    )  # fmt: skip
    def test_what_is_wrong_is_said_in_plain_words(self, client, upstream, status, words):
        upstream.expect_request("/status").respond_with_data(
            "", status=status, headers={"Location": "http://else.test/"}
        )
        declare(client, upstream)
        verdict = self.ask(client)
        assert verdict["success"] is False
        assert words in verdict["message"]

    @pytest.mark.parametrize(
        ("body", "content_type", "message"),
        [
            ("<html>", "text/html", "Expected JSON, the provider answered text/html: check the base URL and the path, or declare `response_type: html`."),
            ("", "application/json", "Expected JSON, the provider answered nothing: check the base URL and the path."),
        ],
    )  # fmt: skip
    def test_a_wrong_type_is_told(self, client, upstream, body, content_type, message):
        upstream.expect_request("/status").respond_with_data(body, content_type=content_type)
        declare(client, upstream)
        assert self.ask(client)["message"] == message

    def test_that_no_credentials_are_set_is_told(self, client, upstream):
        upstream.expect_request("/status").respond_with_data("", status=401)
        declare(client, upstream, properties=[{"name": "api_key", "secure": True}])
        client.put("/integrations/svc/config", {"config": {"api_key": None}})
        assert "requires credentials (401), but none are set" in self.ask(client)["message"]

    @pytest.mark.parametrize(
        ("status", "words"), [(429, "too many requests (429)"), (503, "failed with status 503")]
    )
    @pytest.mark.parametrize("retry_after", ["7200", "Wed, 01 Jul 2026 14:00:00 GMT"])
    def test_until_when_not_to_ask_again_is_told(self, client, upstream, status, words, retry_after):
        headers = {"Retry-After": retry_after}
        upstream.expect_request("/status").respond_with_data("", status=status, headers=headers)
        with time_machine.travel("2026-07-01T12:00:00Z", tick=False):
            declare(client, upstream)
            verdict = self.ask(client)
        assert words in verdict["message"]
        assert verdict["message"].endswith("The next call is allowed at 2026-07-01 14:00:00 UTC.")
        assert verdict["details"]["retry_after_seconds"] == 7200

    def test_what_the_provider_s_graphql_says_is_told(self, client, upstream):
        upstream.expect_request("/gql").respond_with_json({"errors": [{"message": "Not authenticated"}]})
        section = {
            "base_url": upstream.url_for("").rstrip("/"),
            "api_type": "graphql",
            "auth_method": "api_key",
        }
        endpoints = [{"id": "me", "path": "/gql", "body": {"query": "{me}"}}]
        declare(client, upstream, integration=section, endpoints=endpoints, blocks=[])
        assert self.ask(client)["message"] == "The provider answered with a GraphQL error: Not authenticated"

    def test_where_an_answer_leaves_its_schema_is_told(self, client, upstream):
        upstream.expect_request("/status").respond_with_json({"ok": "yes"})
        schema = {"properties": {"ok": {"type": "boolean"}}}
        endpoints = [{"id": "status", "path": "/status", "response_schema": schema}]
        declare(client, upstream, endpoints=endpoints, blocks=[])
        assert self.ask(client)["message"].endswith("declared schema: ok is not of type boolean")

    @pytest.mark.parametrize(
        ("status", "words"), [(401, "user name and the password"), (404, "404 to the login")]
    )
    def test_a_login_that_fails_is_told_as_one(self, client, upstream, status, words):
        upstream.expect_request("/login").respond_with_data("", status=status)
        section = {
            "base_url": upstream.url_for("").rstrip("/"),
            "auth_method": "session_token",
            "login": {"path": "/login", "body": {"key": "{api_key}"}, "token_path": "token"},
        }
        declare(client, upstream, integration=section)
        assert words in self.ask(client)["message"]

    def test_nobody_listening_is_told(self, client, upstream):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        section = {"base_url": f"http://127.0.0.1:{port}", "auth_method": "api_key"}
        declare(client, upstream, integration=section)
        assert "Nothing listens" in self.ask(client)["message"]

    def test_a_private_address_is_told_with_the_setting_that_allows_it(self, client, upstream):
        declare(
            client, upstream, integration={"base_url": "http://192.168.77.1:8123", "auth_method": "api_key"}
        )
        verdict = self.ask(client)
        assert (verdict["success"], verdict["details"]["code"]) == (False, "egress_refused")
        assert "PATCHBAY_EGRESS_ALLOW" in verdict["message"]

    def test_unsaved_settings_are_tried_and_not_kept(self, client, upstream):
        upstream.expect_request("/status", headers={"X-Api-Key": "NEW-KEY-12345"}).respond_with_json({})
        declare(client, upstream)
        assert self.ask(client, {"api_key": "NEW-KEY-12345"})["success"] is True
        assert self.ask(client)["success"] is False

    def test_a_stored_secret_never_goes_where_the_caller_points(self, client, upstream):
        section = {"base_url": "{server}", "auth_method": "api_key"}
        home = upstream.url_for("/").rstrip("/")
        declare(client, upstream, integration=section)
        client.put("/integrations/svc/config", {"config": {"server": home, "api_key": KEY}})
        elsewhere = home.replace("127.0.0.1", "127.0.0.2")
        verdict = self.ask(client, {"server": elsewhere})
        assert (verdict["success"], verdict["details"]["code"]) == (False, "secret_locked")
        assert upstream.log == []

    @pytest.mark.parametrize("config", [{"nope": 1}, {"server": 5}, {"api_key": 5}])
    def test_settings_that_could_not_be_saved_are_refused(self, client, upstream, config):
        declare(client, upstream)
        answer = client.post("/integrations/svc/test", {"config": config})
        assert (answer.status_code, list(answer.json["errors"])) == (422, [f"config.{next(iter(config))}"])

    def test_a_missing_setting_is_a_conflict_that_names_it(self, client, upstream):
        declare(client, upstream)
        client.delete("/integrations/svc/secrets/api_key")
        answer = client.post("/integrations/svc/test", {})
        assert (answer.status_code, list(answer.json["errors"])) == (409, ["config.api_key"])


class TestArtifacts:
    @pytest.fixture(autouse=True)
    def service(self, client, upstream):
        upstream.expect_request("/status").respond_with_json({"ok": True})
        upstream.expect_request("/items/a").respond_with_json({"id": "a"})
        upstream.expect_request("/items/b").respond_with_json({"id": "b"})
        declare(client, upstream)

    def test_they_are_listed_newest_first_with_what_they_answer(self, client):
        with time_machine.travel(1_800_000_000, tick=False) as clock:
            render(client)
            clock.shift(10)
            render(client, "item", {"id": "a"})
            listed = client.get("/plugins/svc/artifacts")
        newest, oldest = listed.json
        assert (newest["block_id"], newest["parameters"], newest["endpoint_id"]) == (
            "item",
            {"id": "a"},
            None,
        )
        assert (oldest["block_id"], oldest["fetched_at"]) == ("status", "2027-01-15T08:00:00.000Z")
        assert oldest["expires_at"] == "2027-01-15T08:01:00.000Z"
        assert (len(newest["parameters_hash"]), newest["last_error"], "data" in newest) == (64, None, False)
        assert newest["size_bytes"] > 0 and newest["content_type"] == "application/json"
        assert json.loads(listed.headers["X-Pagination"])["total"] == 2

    def test_bodies_come_when_asked_for(self, client):
        render(client, "item", {"id": "a"})
        assert client.get("/plugins/svc/artifacts?include=data").json[0]["data"] == {"id": "a"}

    def test_they_come_in_pages(self, client):
        for name in ("a", "b"):
            render(client, "item", {"id": name})
        pages = [client.get(f"/plugins/svc/artifacts?page={page}&page_size=1").json for page in (1, 2, 3)]
        assert [len(page) for page in pages] == [1, 1, 0]
        assert pages[0] != pages[1]

    def test_a_purge_forgets_them(self, client, upstream):
        render(client)
        render(client, "item", {"id": "a"})
        assert client.delete("/plugins/svc/artifacts?block_type=item").json == {"purged": 1}
        assert render(client).headers["X-Cache"] == "HIT"
        assert client.delete("/plugins/svc/artifacts").json == {"purged": 1}
        assert client.get("/plugins/svc/artifacts").json == []
        assert render(client).headers["X-Cache"] == "MISS"

    @pytest.fixture
    def other(self, client):
        """Another workspace in which the key is entered."""
        made = client.post("/workspaces", {"name": "Other"}).json["id"]
        client.put(f"/integrations/svc/config?workspace_id={made}", {"config": {"api_key": KEY}})
        return made

    def test_a_workspace_s_and_all_can_be_purged(self, client, other):
        there = f"/integrations/svc/render?workspace_id={other}"
        render(client)
        client.post(there, {"block_type": "status"})
        assert client.delete(f"/workspaces/{other}/artifacts").json == {"purged": 1}
        assert render(client).headers["X-Cache"] == "HIT"
        assert client.post(there, {"block_type": "status"}).headers["X-Cache"] == "MISS"
        assert client.delete("/artifacts").json == {"purged": 2}
        assert render(client).headers["X-Cache"] == "MISS"

    def test_a_deleted_workspace_leaves_nothing_in_the_cache(self, client, app, other):
        client.post(f"/integrations/svc/render?workspace_id={other}", {"block_type": "status"})
        [row] = client.get(f"/plugins/svc/artifacts?workspace_id={other}").json
        assert client.delete(f"/workspaces/{other}").status_code == 204
        assert app.extensions["patchbay"].caching.artifacts.get(row["parameters_hash"]) is None

    def test_what_is_purged_meanwhile_is_not_written_back(self, client, upstream):
        upstream.clear()

        def purge_then_answer(_request):
            from werkzeug import Response

            client.delete("/plugins/svc/artifacts")
            return Response('{"old": true}', mimetype="application/json")

        upstream.expect_request("/status").respond_with_handler(purge_then_answer)
        assert render(client).json["data"] == {"old": True}
        assert client.get("/plugins/svc/artifacts").json == []
        assert render(client).headers["X-Cache"] == "MISS"

    def test_a_forgotten_plugin_takes_its_artifacts_along(self, client, upstream):
        render(client)
        client.delete("/plugins/svc")
        assert client.get("/plugins/svc/artifacts").status_code == 404
        declare(client, upstream)
        assert client.get("/plugins/svc/artifacts").json == []
        assert render(client).headers["X-Cache"] == "MISS"

    def test_they_survive_a_restart(self, client, upstream, make_app, settings):
        from tests.conftest import Client

        render(client)
        restarted = Client(make_app(settings))
        assert render(restarted).headers["X-Cache"] == "HIT"

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("get", "/plugins/nope/artifacts", 404),
            ("delete", "/plugins/nope/artifacts", 404),
            ("delete", "/workspaces/77/artifacts", 404),
            ("delete", "/workspaces/x/artifacts", 404),
            ("post", "/artifacts", 405),
            ("get", "/plugins/svc/artifacts?include=everything", 422),
            ("get", "/plugins/svc/artifacts?page=0", 422),
            ("get", "/plugins/svc/artifacts?workspace_id=77", 404),
        ],
    )
    def test_bad_questions_are_refused(self, client, method, path, status):
        assert getattr(client, method)(path).status_code == status


@pytest.mark.parametrize(("name", "is_told"), [("a/b", True), ("ab", False)])
def test_an_address_that_is_not_found_for_a_slash_in_a_value_says_so(client, upstream, name, is_told):
    declare(client, upstream)
    upstream.expect_request(re.compile("/items/.*")).respond_with_data("", status=404)
    answer = client.post("/integrations/svc/execute", {"endpoint_id": "item", "parameters": {"id": name}})
    assert answer.status_code == 502
    assert ("`%2F`" in answer.json["detail"]) is is_told


def test_the_list_is_read_once_until_a_setting_or_a_declaration_changes(app, client, upstream):
    declare(client, upstream)
    catalog = app.extensions["patchbay"].catalog
    scope = Scope(1, None)
    [before] = catalog.list(scope)
    assert catalog.list(scope)[0] is before
    client.put("/integrations/svc/enable", {"enabled": False})
    assert [found.enabled for found in catalog.list(scope)] == [False]
    assert before.enabled
    declare(client, upstream, "second")
    assert [found.plugin_id for found in catalog.list(scope)] == ["second", "svc"]
    client.delete("/plugins/svc")
    assert [found.plugin_id for found in catalog.list(scope)] == ["second"]
