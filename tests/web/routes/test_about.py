"""What the server tells of itself."""

from tests.integrations.routes.test_integrations import KEY, declare, render


def test_version_storage_and_access_are_told(client, app, upstream):
    upstream.expect_request("/status").respond_with_json({"ok": True})
    declare(client, upstream)
    render(client)
    app.extensions["patchbay"].usage.call_log.flush()
    told = client.get("/about").json
    settings = app.extensions["patchbay"].settings
    assert told["version"]
    assert {name: told["storage"][name] for name in ("plugins", "secrets", "artifacts", "calls")} == {
        "plugins": 1, "secrets": 1, "artifacts": 1, "calls": 1,
    }  # fmt: skip
    assert told["storage"]["folder"] == str(settings.instance)
    assert told["storage"]["database_bytes"] > 1000
    assert told["storage"]["artifacts_bytes"] > 0


def test_neither_key_nor_token_nor_secret_is_told(client, app, upstream):
    declare(client, upstream)
    text = client.get("/about").get_data(as_text=True)
    settings = app.extensions["patchbay"].settings
    held = [app.extensions["patchbay_gate"].token, KEY, *settings.secret_keys]
    assert [secret for secret in held if secret in text] == []
