"""What a named token may do: every scope against every route, and nothing beyond its workspaces and integrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from schemas.api.tokens import SCOPES
from tests.conftest import API, Client
from tests.databases import contents_of
from tests.security.token_app import TokenApp, ask, declaration, path_of, routes, rules_of, token_app
from web.gate.access_rules import ACCESS_RULES, Plugins, Reach
from web.gate.gate import is_open

# They change the tokens that the other questions are asked with, or do not end.
NOT_CALLED = {("GET", f"{API}/events"), ("DELETE", f"{API}/workspaces/<int64:workspace_id>")}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenApp]:
    with token_app(tmp_path_factory.mktemp("tokens") / "instance") as made:
        yield made


@pytest.fixture
def house(tmp_path: Any) -> Iterator[TokenApp]:
    with token_app(tmp_path / "instance") as made:
        yield made


def refused(answer: TestResponse) -> bool:
    return answer.status_code == 403 and answer.json["code"] == "insufficient_scope"


def test_every_route_has_a_line_that_says_which_scope_it_needs(shared: TokenApp):
    guarded = {route for route in routes(shared.app) if not is_open(route[1])}
    assert guarded - ACCESS_RULES.keys() == set()
    assert ACCESS_RULES.keys() - guarded == set()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_of_one_scope_is_let_in_where_the_table_says_so_and_nowhere_else(
    shared: TokenApp, scope: str
):
    client = shared.client(scope)
    for (method, rule), needed in rules_of(shared.app).items():
        if (method, rule) in NOT_CALLED and scope in needed.scopes:
            continue
        path = path_of(rule, "missing", 99_999, 99_999)
        answer = ask(client, method, path)
        assert refused(answer) == (scope not in needed.scopes), (method, path, answer.status_code)
        assert answer.status_code != 401
        if refused(answer) and needed.scopes:
            challenge = answer.headers["WWW-Authenticate"]
            named = " ".join(one for one in SCOPES if one in needed.scopes)
            assert challenge == f'Bearer realm="patchbay", error="insufficient_scope", scope="{named}"'


def test_head_needs_what_get_needs(shared: TokenApp):
    client = shared.client("render")
    assert client.open(f"{API}/tokens", "HEAD").status_code == 403
    assert client.open(f"{API}/plugins", "HEAD").status_code == 200


@pytest.mark.parametrize("path", ["/integrations/mine/config", "/integrations/other/config"])
@pytest.mark.parametrize("slashes", ["//", "///"])
def test_no_spelling_of_a_path_gets_around_the_table(shared: TokenApp, path: str, slashes: str):
    client = shared.client("render")
    spelled = f"{API}{path}".replace("/", slashes)
    assert client.open(spelled).status_code in {308, 403, 404}


def test_what_is_out_of_reach_is_answered_like_what_does_not_exist(shared: TokenApp):
    client = shared.client(*SCOPES, workspaces=[1], integrations=["mine"])
    hidden = ["other", "nosuch", str(shared.elsewhere), "99999", str(shared.notebook_elsewhere)]
    for (method, rule), needed in rules_of(shared.app).items():
        if not needed.scopes or (method == "POST" and "oauth2" in rule):
            continue
        for existing, missing in (
            (path_of(rule, "other", 1, shared.notebook), path_of(rule, "nosuch", 1, shared.notebook)),
            (path_of(rule, "mine", shared.elsewhere, 1), path_of(rule, "mine", 99_999, 1)),
            (path_of(rule, "mine", 1, shared.notebook_elsewhere), path_of(rule, "mine", 1, 99_999)),
        ):
            if existing == missing:
                continue
            answers = [ask(client, method, path) for path in (existing, missing)]
            told = [(answer.status_code, answer.json["code"]) for answer in answers]
            assert told[0] == told[1] and told[0][0] in {403, 404}, (method, existing, told)
            details = [answer.json["detail"] for answer in answers]
            assert len({without(detail, hidden) for detail in details}) == 1, (method, existing, details)


def without(text: str, words: list[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "…")
    return text


def test_a_scope_named_in_the_query_is_checked_wherever_a_route_takes_one(shared: TokenApp):
    client, others = shared.client(*SCOPES, workspaces=[1]), shared.elsewhere
    asked = 0
    for (method, rule), needed in rules_of(shared.app).items():
        takes_scope = needed.reach in {Reach.NOTEBOOK, Reach.WORKSPACE} and rule.startswith(API)
        if not needed.scopes or not takes_scope or "workspace_id" in rule or "notebook_id" in rule:
            continue
        for query in (f"workspace_id={others}", f"notebook_id={shared.notebook_elsewhere}"):
            if "oauth2" in rule and query.startswith("notebook"):
                continue
            path = f"{path_of(rule, 'mine', 1, 1)}?{query}"
            extra = (
                {"block_type": "item"} if rule.endswith(("/render", "/history")) and method == "GET" else {}
            )
            path += "".join(f"&{name}={value}" for name, value in extra.items())
            headers = {"Idempotency-Key": "k"} if "/actions/" in rule else {}
            answer = ask(client, method, path, headers=headers)
            assert answer.status_code == 404, (method, path, answer.json)
            assert answer.json["detail"].startswith(("There is no workspace", "There is no notebook"))
            asked += 1
    assert asked > 20


def test_a_token_for_notebooks_is_for_no_whole_workspace(shared: TokenApp):
    client = shared.client(*SCOPES, notebooks=[shared.notebook])
    assert client.get("/tokens/current").json["workspaces"] == [1]
    for (method, rule), needed in rules_of(shared.app).items():
        if needed.reach is Reach.WORKSPACE and needed.scopes:
            path = path_of(rule, "mine", 1, shared.notebook)
            assert refused(ask(client, method, path)), (method, path)
    assert refused(client.get("/integrations"))
    assert client.get(f"/integrations?notebook_id={shared.notebook}").status_code == 200
    mine = client.put(f"/integrations/mine/config?notebook_id={shared.notebook}", {"config": {"units": "si"}})
    assert (mine.status_code, refused(client.put("/integrations/mine/config", {"config": {}}))) == (200, True)
    other = shared.owner.post("/workspaces/1/notebooks", {"name": "Another"}).json["id"]
    assert client.get(f"/integrations?notebook_id={other}").status_code == 404
    assert [row["id"] for row in client.get("/workspaces/1/notebooks").json] == [shared.notebook]


def test_a_limited_token_is_not_for_the_whole_server(shared: TokenApp):
    limits: list[dict[str, Any]] = [
        {"workspaces": [1]},
        {"notebooks": [shared.notebook]},
        {"integrations": ["mine"]},
    ]
    for limited in limits:
        client = shared.client(*SCOPES, **limited)
        for (method, rule), needed in rules_of(shared.app).items():
            if needed.reach is Reach.SERVER and needed.scopes:
                assert refused(ask(client, method, path_of(rule, "mine", 1, 1))), (method, rule, limited)
    for (method, rule), needed in rules_of(shared.app).items():
        if needed.plugins is Plugins.ALL and needed.scopes:
            client = shared.client(*SCOPES, integrations=["mine"])
            assert refused(ask(client, method, path_of(rule, "mine", 1, 1))), (method, rule)


def test_lists_are_filtered_and_counted_without_what_is_left_out(shared: TokenApp):
    client = shared.client(*SCOPES, workspaces=[1], integrations=["mine"])
    for path in (
        "/plugins",
        "/integrations",
        "/workspaces/1/plugins",
        f"/notebooks/{shared.notebook}/plugins",
    ):
        answer = client.get(path)
        assert {row.get("id") or row["plugin_id"] for row in answer.json} == {"mine"}, path
        assert '"total":1' in answer.headers["X-Pagination"].replace(" ", ""), path
    assert [row["id"] for row in client.get("/workspaces").json] == [1]
    assert {row["integration_id"] for row in client.get("/usage").json["integrations"]} <= {"mine"}
    details = client.get("/integrations?id=mine&id=other&include=details").json
    assert [row["id"] for row in details] == ["mine"]


def test_what_is_stored_of_other_integrations_is_neither_listed_nor_shown(house: TokenApp, upstream: Any):
    upstream.expect_request("/get").respond_with_json({"ok": True})
    section = {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "none"}
    for plugin_id in ("mine", "other"):
        house.owner.post("/plugins/register", declaration(plugin_id, integration=section))
        body = {"block_type": "item", "parameters": {}}
        assert house.owner.post(f"/integrations/{plugin_id}/render", body).status_code == 200
        pin = {"integration_id": plugin_id, "block_type": "item", "parameters": {}}
        assert house.owner.post("/prefetch", pin).status_code == 201
    client = house.client("render", "operate", integrations=["mine"])
    assert {row["plugin_id"] for row in client.get("/artifacts").json} == {"mine"}
    counts = client.get("/counts").json
    assert (counts["integrations"]["total"], counts["prefetch"]["scheduled"]) == (1, 1)
    assert client.get("/artifacts?integration_id=other").json == []
    assert {row["integration_id"] for row in client.get("/calls").json} == {"mine"}
    assert {row["integration_id"] for row in client.get("/prefetch").json} == {"mine"}
    for row in house.owner.get("/artifacts").json:
        expected = 200 if row["plugin_id"] == "mine" else 404
        assert client.get(f"/artifacts/{row['parameters_hash']}").status_code == expected
    for row in house.owner.get("/prefetch").json:
        expected = 200 if row["integration_id"] == "mine" else 404
        answers = [
            client.patch(f"/prefetch/{row['id']}", {"paused": True}),
            client.post(f"/prefetch/{row['id']}/run"),
        ]
        assert [answer.status_code for answer in answers] == [expected] * 2
        assert client.delete(f"/prefetch/{row['id']}").status_code == (204 if expected == 200 else 404)
    pin = {"integration_id": "other", "block_type": "item", "parameters": {}}
    assert client.post("/prefetch", pin).status_code == 404


def test_each_item_of_a_batch_is_answered_by_itself(shared: TokenApp):
    client = shared.client("render", workspaces=[1], integrations=["mine"])
    asked = [
        {"key": "mine", "integration_id": "mine", "block_type": "nosuch", "parameters": {}},
        {"key": "other", "integration_id": "other", "block_type": "item", "parameters": {}},
        {
            "key": "elsewhere", "integration_id": "mine", "block_type": "item", "parameters": {},
            "notebook_id": shared.notebook_elsewhere,
        },
    ]  # fmt: skip
    lines = client.post("/render-batch", {"blocks": asked}).get_data(as_text=True).splitlines()
    assert [("other" in line, "not_found" in line) for line in lines].count((True, True)) == 1
    assert sum(f"There is no notebook {shared.notebook_elsewhere}." in line for line in lines) == 1
    histories = client.post("/history", {"blocks": asked}).json["histories"]
    details = {item["key"]: item["detail"] for item in histories}
    assert details["other"] == "There is no plugin other."
    assert details["elsewhere"] == f"There is no notebook {shared.notebook_elsewhere}."


def test_a_token_for_another_workspace_need_not_name_it(shared: TokenApp):
    client = shared.client("configure", workspaces=[shared.elsewhere])
    assert client.put("/integrations/mine/config", {"config": {"units": "si"}}).status_code == 200
    state = shared.owner.get(f"/workspaces/{shared.elsewhere}/plugins/mine").json
    assert state["config"] == {"units": "si"}


def test_only_the_digest_is_stored_and_the_value_is_shown_once(house: TokenApp):
    issued = house.issue("render")
    value = issued["token"]
    assert value.startswith("pb_") and len(value) >= 46
    shown = (house.owner.get(path).get_data(as_text=True) for path in ("/tokens", f"/tokens/{issued['id']}"))
    assert not any(value in text for text in shown)
    folder = house.app.extensions["patchbay"].settings.instance
    assert not any(value.encode() in content for content in contents_of(folder).values())


def test_a_token_signs_no_browser_in_and_accepts_no_review(shared: TokenApp):
    value = shared.issue(*SCOPES)["token"]
    stranger = Client(shared.app, token=None)
    assert stranger.open("/signin", "POST", json={"token": value}).status_code == 401
    client = Client(shared.app, value)
    assert client.post("/integrations/mine/review", {"accept": True}).json["code"] == "person_needed"
    assert refused(client.open("/review/mine")) and refused(client.open("/console"))


class TestAdmin:
    """A token that may manage tokens gives nothing that it does not have."""

    def test_it_gives_no_more_than_it_has(self, house: TokenApp):
        ends = "2099-01-01T00:00:00Z"
        admin = house.client(
            "admin",
            "render",
            workspaces=[1],
            integrations=["mine"],
            origins=["https://a.example"],
            expires_at=ends,
        )
        given = {
            "name": "T", "scopes": ["render"], "workspaces": [1], "integrations": ["mine"], "expires_at": ends
        }  # fmt: skip
        more: list[dict[str, Any]] = [
            {"scopes": ["configure"]},
            {"workspaces": None},
            {"workspaces": [house.elsewhere]},
            {"integrations": None},
            {"integrations": ["mine", "other"]},
            {"expires_at": None},
            {"expires_at": "2100-01-01T00:00:00Z"},
            {"origins": ["https://b.example"]},
        ]
        for change in more:
            assert refused(admin.post("/tokens", given | change)), change
        made = admin.post("/tokens", given)
        assert (made.status_code, made.json["created_by"]["kind"]) == (201, "token")
        for change in more:
            assert refused(admin.patch(f"/tokens/{made.json['id']}", change)), change
        assert admin.patch(f"/tokens/{made.json['id']}", {"name": "U"}).json["name"] == "U"

    def test_it_changes_no_token_that_has_more_and_not_its_own_limits(self, house: TokenApp):
        issued = house.issue("admin", "render", workspaces=[1])
        admin, stronger = Client(house.app, issued["token"]), house.issue("configure")
        assert refused(admin.patch(f"/tokens/{stronger['id']}", {"scopes": ["render"]}))
        assert refused(admin.delete(f"/tokens/{stronger['id']}"))
        assert refused(admin.patch(f"/tokens/{issued['id']}", {"workspaces": None}))
        assert admin.delete(f"/tokens/{issued['id']}").status_code == 204
        assert admin.get("/tokens").status_code == 401

    @pytest.mark.parametrize("limits", [{"workspaces": [1]}, {"integrations": ["mine"]}])
    def test_a_limited_one_knows_neither_of_tokens_with_another_reach_nor_of_sessions(
        self, house: TokenApp, limits: dict[str, Any]
    ):
        hidden = [
            house.issue("render"),
            house.issue("render", workspaces=[house.elsewhere], integrations=["other"]),
            house.issue("configure", **limits),
        ]
        same = house.issue("render", **limits)
        issued = house.issue("admin", "render", **limits)
        admin = Client(house.app, issued["token"])
        assert {row["id"] for row in admin.get("/tokens").json} == {same["id"], issued["id"]}
        for token in hidden:
            answers = [admin.get(f"/tokens/{token_id}") for token_id in (token["id"], 99_999)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert str(house.elsewhere) not in answers[0].json["detail"].replace(str(token["id"]), "")
        for method, path in (("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/1")):
            assert refused(admin.open(f"{API}{path}", method)), path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["render", "render"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"name": "a\nb"}, "name"),
        ({"name": ""}, "name"),
        ({"workspaces": []}, "workspaces"),
        ({"workspaces": [99_999]}, "workspaces"),
        ({"notebooks": [99_999]}, "notebooks"),
        ({"origins": ["*"]}, "origins"),
        ({"origins": ["null"]}, "origins"),
        ({"origins": ["https://a.example/"]}, "origins"),
        ({"origins": ["https://A.example"]}, "origins"),
        ({"origins": ["https://a.example:443"]}, "origins"),
        ({"origins": ["https://u@a.example"]}, "origins"),
        ({"origins": ["ftp://a.example"]}, "origins"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"token": "mine"}, "token"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_field(shared: TokenApp, change: dict[str, Any], field: str):
    answer = shared.owner.post("/tokens", {"name": "T", "scopes": ["render"], **change})
    assert answer.status_code == 422
    assert [name for name in answer.json["errors"] if name.startswith(field.partition(".")[0])]
