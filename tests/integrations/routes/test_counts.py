"""How many integrations and prefetch jobs there are, by state, as far as the caller reaches."""

from tests.integrations.routes.test_integrations import declare

NO_JOBS = {"scheduled": 0, "paused": 0, "waiting": 0, "late": 0}


def test_integrations_are_counted_by_what_they_are_and_wait_for(client, upstream):
    none = {"total": 0, "enabled": 0, "disabled": 0, "waiting": 0}
    assert client.get("/counts").json == {"integrations": none, "prefetch": NO_JOBS}
    for plugin_id in ("alpha", "beta", "gamma"):
        declare(client, upstream, plugin_id)
    client.put("/integrations/gamma/enable", {"enabled": False})
    client.put("/integrations/alpha/enable?notebook_id=1", {"enabled": False})
    client.delete("/integrations/beta/secrets/api_key")
    counted = {"total": 3, "enabled": 2, "disabled": 1, "waiting": 1}
    assert client.get("/counts").json["integrations"] == counted
    assert client.get("/counts?notebook_id=1").json["integrations"] == counted | {"enabled": 1, "disabled": 2}


def test_a_scope_that_is_not_there_is_named(client):
    answer = client.get("/counts?workspace_id=7")
    assert (answer.status_code, "workspace 7" in answer.json["detail"]) == (404, True)
