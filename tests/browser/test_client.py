"""/static/client/patchbay.js in a real browser: with the real server, and with answers that it must handle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from examples.catalog import against_sandbox, load_example
from examples.sandbox import Sandbox
from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Api, Watch
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# Calls `body` with the client's module; a failure comes back as {failure: {...}}.
WITH_CLIENT = """async (argument) => {
  const { createClient, PatchbayError, retryAfterSeconds } = await import('/static/client/patchbay.js');
  const answering = (status, body, headers = {}) => {
    const calls = [];
    const fetch = async (url, request) => {
      calls.push({ url: String(url), method: request.method, body: request.body,
        credentials: request.credentials, headers: Object.fromEntries(request.headers) });
      return new Response(body, { status, headers });
    };
    return { fetch, calls };
  };
  try {
    return await (async () => { %s })();
  } catch (error) {
    if (!(error instanceof PatchbayError)) return { thrown: error.name };
    const { name, code, status, detail, errors, retryAfter } = error;
    return { failure: { name, code, status, detail, errors, retryAfter } };
  }
}"""

Run = Callable[..., Any]


@pytest.fixture
def run(open_notebook: Callable[[], Page], declare: Callable[..., None]) -> Run:
    """Runs JavaScript with the client on a signed-in page; `argument` is passed in."""
    declare("open-meteo", "github", "openweathermap")
    page = open_notebook()

    def run(body: str, argument: Any = None) -> Any:
        return page.evaluate(WITH_CLIENT % body, argument)

    return run


@pytest.fixture
def open_meteo(sandbox: Sandbox) -> dict[str, Any]:
    return against_sandbox(load_example("open-meteo"), sandbox.url)


def test_a_list_and_a_single_plugin_are_registered_in_one_batch(run: Run, open_meteo: dict[str, Any]) -> None:
    renamed = {**open_meteo, "id": "other-meteo"}
    result = run("return createClient().register(argument);", renamed)
    again = run("return createClient().register(argument);", [renamed, {"id": "Not An Id"}])

    assert (result["registered"], result["failed"]) == (1, 0)
    assert (again["unchanged"], again["failed"]) == (1, 1)
    assert again["results"][1]["registered"] is False
    assert "id" in again["results"][1]["errors"]


def test_plugins_and_integrations_are_listed(run: Run) -> None:
    theme = {"id": "mine", "name": "Mine", "version": "1.0.0", "type": "theme", "manifest": {}}
    run("return createClient().register(argument);", theme)
    listed = {plugin["id"]: plugin["type"] for plugin in run("return createClient().plugins();")}
    assert (listed["mine"], listed["github"]) == ("theme", "integration")
    themes = run("return createClient().plugins('theme');")
    assert {plugin["type"] for plugin in themes} == {"theme"}
    assert "mine" in {plugin["id"] for plugin in themes}
    integrations = {one["id"] for one in run("return createClient().integrations();")}
    assert integrations == {"github", "open-meteo", "openweathermap"}
    assert run("return createClient().integration('github');")["blocks"][0]["id"] == "issue"


def test_a_list_is_read_to_its_last_page(run: Run) -> None:
    pages = run("""
      const fetch = async (url) => {
        const page = Number(url.searchParams.get('page'));
        return new Response(JSON.stringify([{ id: `p${page}` }]),
          { headers: { 'X-Pagination': JSON.stringify({ total: 3, total_pages: 3 }) } });
      };
      return createClient({ fetch }).plugins();
    """)
    assert [plugin["id"] for plugin in pages] == ["p1", "p2", "p3"]


def test_render_says_where_the_answer_came_from(run: Run) -> None:
    render = "return createClient().render('open-meteo', 'current', {}, argument);"
    first, second, third = run(render, {}), run(render, {}), run(render, {"useCache": False})

    assert [first["cache"], second["cache"], third["cache"]] == ["MISS", "HIT", "BYPASS"]
    assert second["data"]["temperature"] == 4.2
    assert isinstance(second["age"], int)


BATCH = """
const answers = [];
const block = (key, name, more) => ({ key, integration: 'open-meteo', block: name, ...more });
await createClient().renderAll(
  [block('cold', 'current', { useCache: false }), block('absent', 'nope'), block('kept', 'current')],
  ({ key, rendered, error }) => answers.push({
    key, data: rendered?.data, cache: rendered?.cache, code: error?.code, isError: error instanceof PatchbayError }),
);
return answers;
"""


def test_a_batch_tells_of_each_block_as_it_is_there(run: Run) -> None:
    run("return createClient().render('open-meteo', 'current');")
    kept, absent, cold = run(BATCH)

    assert (kept["key"], kept["cache"], kept["data"]["temperature"]) == ("kept", "HIT", 4.2)
    assert (absent["key"], absent["code"], absent["isError"]) == ("absent", "not_found", True)
    assert (cold["key"], cold["cache"]) == ("cold", "BYPASS")


def test_a_line_may_come_in_pieces(run: Run) -> None:
    pieces = [
        ' {"key":"a","success":true,"data":"gr\u00fc',
        "\u00df",
        '"}\n  ',
        '{"key":"b","success":true,"data":2}',
    ]
    body = """
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      start(controller) {
        for (const piece of argument) for (const byte of encoder.encode(piece)) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const answers = [];
    const client = createClient({ fetch: async () => new Response(body) });
    await client.renderAll([{ key: 'a' }], ({ key, rendered }) => answers.push([key, rendered.data]));
    return answers;
    """
    assert run(body, pieces) == [["a", "grüß"], ["b", 2]]


def test_explain_sends_nothing(run: Run) -> None:
    told = run("return createClient().explain('open-meteo', 'current');")
    assert told["problems"] == []
    assert told["steps"][-1]["request"]["method"] == "GET"


def test_execute_calls_one_endpoint(run: Run) -> None:
    envelope = run("return createClient().execute('open-meteo', 'current', { latitude: 1, longitude: 2 });")
    assert envelope["success"] is True
    assert "current" in envelope["data"]


def test_settings_and_secrets_go_in_and_secrets_stay_there(run: Run, api: Api) -> None:
    settings = run(
        """
      const client = createClient();
      await client.setConfig('openweathermap', { units: 'imperial' });
      await client.setSecret('openweathermap', 'api_key', argument);
      return client.getConfig('openweathermap');
    """,
        API_KEY,
    )
    assert settings["config"]["units"] == "imperial"
    assert settings["secrets"]["api_key"]["set"] is True
    assert API_KEY not in str(settings)
    assert run("return createClient().test('openweathermap');")["success"] is True
    wrong = run("return createClient().test('openweathermap', { api_key: 'wrong' });")
    assert (wrong["success"], bool(wrong["message"])) == (False, True)

    run("return createClient().deleteSecret('openweathermap', 'api_key').then(() => null);")
    assert api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"] is False


def test_artifacts_of_a_plugin_are_listed(run: Run) -> None:
    artifacts = run("""
      const client = createClient();
      await client.render('open-meteo', 'current');
      return client.artifacts('open-meteo', { data: true });
    """)
    assert [artifact["block_id"] for artifact in artifacts] == ["current"]
    assert artifacts[0]["data"]["temperature"] == 4.2


def test_a_problem_becomes_an_error_with_its_code_and_fields(run: Run, watch: Watch) -> None:
    watch.expected_errors = ["status of 422"]
    failure = run("return createClient().setConfig('open-meteo', { latitude: 123 });")["failure"]

    assert (failure["name"], failure["code"], failure["status"]) == ("PatchbayError", "invalid", 422)
    assert any("latitude" in path for path in failure["errors"])


def test_a_disabled_integration_answers_with_its_code(run: Run, watch: Watch) -> None:
    watch.expected_errors = ["status of 403"]
    failure = run("""
      const client = createClient();
      await client.enable('open-meteo', false);
      return client.render('open-meteo', 'current');
    """)["failure"]
    assert (failure["code"], failure["status"]) == ("plugin_disabled", 403)


def test_a_review_that_is_not_due_may_be_left(run: Run) -> None:
    answer = run("return createClient().review('open-meteo', false);")
    assert answer["review"] is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("Thu, 01 Jan 1970 00:01:00 GMT", 60), ("soon", None), ("", None), (None, None)],
)
def test_retry_after_is_read_as_seconds(run: Run, header: str | None, seconds: int | None) -> None:
    assert run("return retryAfterSeconds(argument, 0);", header) == seconds


def test_a_spent_budget_says_when_to_come_back(run: Run) -> None:
    failure = run("""
      const problem = JSON.stringify({ code: 'budget_spent', detail: 'Later.' });
      const { fetch } = answering(429, problem, { 'Retry-After': '30' });
      return createClient({ fetch }).render('open-meteo', 'current');
    """)["failure"]
    assert (failure["code"], failure["retryAfter"]) == ("budget_spent", 30)


@pytest.mark.parametrize(
    ("status", "body"), [(502, "<h1>Bad gateway</h1>"), (200, "<h1>Welcome</h1>"), (500, "null")]
)
def test_what_is_not_patchbay_is_told_apart(run: Run, status: int, body: str) -> None:
    failure = run(
        """
      const { fetch } = answering(argument.status, argument.body);
      return createClient({ fetch }).integrations();
    """,
        {"status": status, "body": body},
    )["failure"]
    assert (failure["code"], failure["status"]) == ("unexpected_answer", status)


def test_no_answer_at_all_is_a_network_failure(run: Run, patchbay: RunningServer, watch: Watch) -> None:
    watch.expected_errors = ["net::ERR_CONNECTION_REFUSED"]
    # The module is in the page then; only the call fails.
    run("return null;")
    patchbay.stop()
    failure = run("return createClient().integrations();")["failure"]
    assert (failure["code"], failure["status"]) == ("network", 0)


def test_an_aborted_call_is_not_a_failure_of_the_network(run: Run) -> None:
    thrown = run("""
      const controller = new AbortController();
      const rendering = createClient().render('open-meteo', 'current', {}, { signal: controller.signal });
      controller.abort();
      return await rendering;
    """)
    assert thrown == {"thrown": "AbortError"}


def test_a_token_is_sent_as_bearer_and_then_no_cookie_is(run: Run) -> None:
    calls = run("""
      const { fetch, calls } = answering(200, '[]');
      await createClient({ fetch }).integrations();
      await createClient({ fetch, token: 'T', workspace: 3, notebook: 4, baseUrl: 'https://b.example/at/' }).integrations();
      return calls;
    """)
    assert calls[0]["credentials"] == "same-origin"
    assert "authorization" not in calls[0]["headers"]
    assert (calls[1]["credentials"], calls[1]["headers"]["authorization"]) == ("omit", "Bearer T")
    assert calls[1]["url"].startswith("https://b.example/at/api/v1/integrations?workspace_id=3&notebook_id=4")


def test_ids_cannot_leave_their_place_in_the_path(run: Run) -> None:
    calls = run("""
      const { fetch, calls } = answering(200, '{}');
      await createClient({ fetch }).setSecret('../../x?y#z', 'a/b', 'v');
      return calls;
    """)
    assert calls[0]["url"].endswith("/api/v1/integrations/..%2F..%2Fx%3Fy%23z/secrets/a%2Fb")


def test_an_action_is_sent_again_under_its_key_while_the_network_fails(run: Run) -> None:
    told = run("""
      const sent = [];
      const fetch = async (url, request) => {
        sent.push([new URL(url).pathname, request.headers.get('Idempotency-Key'), request.body]);
        if (sent.length === 1) throw new TypeError('Failed to fetch');
        const status = sent.length === 2 ? 409 : 200;
        const body = status === 409 ? { code: 'action_in_progress' } : { success: true, data: 1, renewed: [] };
        return new Response(JSON.stringify(body), { status });
      };
      const performed = await createClient({ fetch }).act('hole', 'pause', { seconds: 5 });
      return { sent, data: performed.data };
    """)
    assert told["data"] == 1
    assert len(told["sent"]) == 3
    [(path, key, body)] = {tuple(each) for each in told["sent"]}
    assert (path, body) == ("/api/v1/integrations/hole/actions/pause", '{"parameters":{"seconds":5}}')
    assert len(key) > 30


def test_each_action_has_a_key_of_its_own_and_a_failure_tells_it(run: Run) -> None:
    keys = run("""
      const { fetch, calls } = answering(502, JSON.stringify({ code: 'upstream_failed', detail: 'No.' }));
      const patchbay = createClient({ fetch });
      const keys = [];
      for (const options of [{}, {}, { idempotencyKey: 'mine' }]) {
        await patchbay.act('hole', 'pause', {}, options).catch((error) => keys.push(error.idempotencyKey));
      }
      return { keys, sent: calls.map(({ headers }) => headers['idempotency-key']) };
    """)
    assert keys["sent"] == [f'"{key}"' for key in keys["keys"]]
    assert keys["keys"][2] == "mine"
    assert len(set(keys["keys"])) == 3


def test_an_account_is_looked_at_begun_and_ended(run: Run) -> None:
    calls = run("""
      const { fetch, calls } = answering(200, '{"connected": false, "authorization_url": "https://a.example/"}');
      const client = createClient({ fetch });
      const began = await client.connect('google calendar');
      const looked = await client.connection('google calendar');
      await client.disconnect('google calendar');
      return { began: began.authorization_url, looked: looked.connected, calls };
    """)
    assert (calls["began"], calls["looked"]) == ("https://a.example/", False)
    assert [(call["method"], call["url"].partition("/api/v1")[2]) for call in calls["calls"]] == [
        ("POST", "/integrations/google%20calendar/oauth2/connect"),
        ("GET", "/integrations/google%20calendar/oauth2"),
        ("DELETE", "/integrations/google%20calendar/oauth2"),
    ]
