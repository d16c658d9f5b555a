"""A manifest leads nowhere but to its own base URL, whatever it says and whatever it is given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.ground import STATUS, Ground, Service

BASE = "{provider}/base"

HOSTILE_URLS = [
    "http://{authority}@{stranger}",
    "http://user:password@{authority}",
    "http://:@{authority}",
    "http://@{authority}",
    "http://{authority}\\@{stranger}",
    "http://{authority}\\.{stranger}",
    "http:\\\\{stranger}",
    "http://{authority}#@{stranger}",
    "http://{authority}?@{stranger}",
    "http://{authority}/#",
    "http://{authority}/?a=b",
    "http://{authority}/..",
    "http://{authority}/a/../b",
    "http://{authority}/./b",
    "http://{authority}\t.evil.com",
    "http://{authority}/\r\nHost: {stranger}",
    "http://{authority}\x00.evil.com",
    "http://{authority}/\x7f",
    " http://{authority}",
    "http://{authority} ",
    "\u202ehttp://{authority}",
    "http:/{authority}",
    "http:{authority}",
    "http:///{authority}",
    "//{authority}",
    "{authority}",
    "http://",
    "http://:80",
    "http://{authority}:80",
    "http://127.0.0.1:port",
    "http://127.0.0.1:-1",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:999999999999",
    "http://127.0.0.1%2f@{stranger}",
    "http://%31%32%37.0.0.1",
    "http://127。0。0。1",
    "http://１２７.0.0.1",
    "http://exämple.com",
    "http://[::1",
    "http://::1/",
    "http://[fe80::1%25lo]/",
    "http://{authority},{stranger}",
    "http://{authority}&@{stranger}",
    "http://{authority};{stranger}",
    "https+http://{authority}",
    "ftp://{authority}",
    "file:///etc/passwd",
    "gopher://{authority}",
    "ws://{authority}",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    "http://{{nope}}",
    "{{api_key}}.evil.com",
    "{{server}}@{stranger}",
    "{{server}}{stranger}",
    "http://{{server}}@{stranger}",
    "http://{{",
    "",
    5,
    None,
    ["http://{authority}"],
    "http://" + "a" * 5000,
]  # fmt: skip


def named(value: Any, ground: Ground) -> Any:
    """A text with the addresses of this ground in it; `{{name}}` becomes a placeholder."""
    if isinstance(value, str):
        return value.format(
            provider=ground.provider_url, authority=ground.provider.authority, stranger=ground.stranger.authority
        )  # fmt: skip
    if isinstance(value, dict):
        return {name: named(item, ground) for name, item in value.items()}
    return [named(item, ground) for item in value] if isinstance(value, list) else value


def sections(url: Any) -> dict[str, dict[str, Any]]:
    """Every place of a manifest that takes a URL, by the field that must be named."""
    oauth2 = {"token_url": BASE, "authorization_url": BASE, "client_id": "a", "client_secret": "b"}
    bought = {"base_url": BASE, "auth_method": "oauth2_authorization_code"}
    login = {"base_url": BASE, "auth_method": "session_token", "login": {"url": url, "token_path": "t"}}
    return {
        "manifest.integration.base_url": {"integration": {"base_url": url}},
        "manifest.endpoints[0].base_url": {"endpoints": [{**STATUS, "base_url": url}]},
        "manifest.integration.oauth2.token_url": {
            "integration": {**bought, "oauth2": {**oauth2, "token_url": url}}
        },
        "manifest.integration.oauth2.authorization_url": {
            "integration": {**bought, "oauth2": {**oauth2, "authorization_url": url}}
        },
        "manifest.integration.login[0].url": {"integration": login},
    }


def manifest_with(ground: Ground, part: dict[str, Any]) -> dict[str, Any]:
    declared = {
        "integration": {"base_url": BASE},
        "properties": [{"name": "server"}, {"name": "api_key", "secure": True}],
        "endpoints": [STATUS],
        "blocks": [{"id": "status", "endpoint": "status"}],
        **part,
    }
    return named(declared, ground)


def registered(service: Service, manifest: dict[str, Any]) -> dict[str, list[str]] | None:
    """What is wrong with a manifest, by field; None when it was taken."""
    answer = service.register(manifest)
    assert answer.status_code in (200, 201, 422), answer.text[:1000]
    return None if answer.ok else answer.json()["errors"]


@pytest.mark.parametrize("url", HOSTILE_URLS, ids=lambda url: repr(url)[:60])
def test_a_hostile_url_is_refused_by_field(ground: Ground, url: Any) -> None:
    service = ground.service()
    for field, part in sections(url).items():
        if url is None and field != "manifest.integration.base_url":
            continue
        errors = registered(service, manifest_with(ground, part))
        expected = field.replace("login[0].url", "login") if url is None else field
        assert errors, field
        assert any(name.startswith((expected, field.replace("login[0]", "login"))) for name in errors), errors
    assert ground.call("GET", f"/plugins/{service.id}").status_code == 404
    ground.assert_nobody_else_was_called()
    assert ground.provider.requests == []


HOSTILE_PATHS = [
    "//{stranger}/", "///{stranger}/", "/\\{stranger}", "\\\\{stranger}", "http://{stranger}/", "@{stranger}/", ":80@{stranger}/",
    ".{stranger}/", "{stranger}", "/..//{stranger}", "/../../x", "/a/../b", "/a/..", "/.", "/./a", "/%2e%2e/a", "/%2E%2e/%2e/a",
    "/.%2e/a", "/%252e%252e/a", "/..;/a", "/a/..%2fb", "/%2f%2f{stranger}", "/%5c%5c{stranger}", "/a\r\nHost: {stranger}",
    "/a HTTP/1.1\r\nHost: {stranger}\r\n\r\nGET /b", "/%0d%0aHost:%20{stranger}", "/a\nb", "/a\tb", "/a b", "/a\x00b", "/%00", "/ü",
    "/\u202e", "/。。/", "/a#b", "/#@{stranger}", "/a?x=//{stranger}", "?@{stranger}", "/a?b#@{stranger}", "/a??b=?c", "/%", "/%zz",
    "/%2", "/;@{stranger}", "/:80", "/a:b@c", "/{{base_url}}", "/{{id}}", "/{{id}}/{{id}}", "{{id}}", "/a{{id}}b", "/{{id}}.{{id}}", "/{{",
    "/{{server}}/x", "/{{id}}?x={{id}}", "", "/", "/a//b", "/" + "a" * 3900, "/" + "a" * 4100, 5, ["/a"],
]  # fmt: skip
HOSTILE_VALUES = [
    "1", "..", ".", "", "/", "//{stranger}", "/../..", "..%2f..", "%2e%2e", "%2e%2e%2f", "http://{stranger}/", "@{stranger}", "\\\\{stranger}",
    "a/../../b", "..;", "?a=b", "#a", "&a=b", "a=b", ";a", ":80", "\r\nHost: {stranger}", "\r\n\r\nGET / HTTP/1.1", "\n", "\x00", "\x7f",
    "．．", "。", "ü", "\u2028", "{{id}}", "{{server}}", "%", "%zz", "+", " ", "\U0001f600", "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=lambda path: repr(path)[:60])
def test_no_path_leaves_the_base_url(ground: Ground, path: Any) -> None:
    parameters = [{"name": "id"}] if isinstance(path, str) and "{{id}}" in path else []
    service = ground.service()
    endpoint = {"id": "status", "path": path, "parameters": parameters}
    errors = registered(service, manifest_with(ground, {"endpoints": [endpoint]}))
    if errors:
        assert all(name.startswith("manifest.endpoints[0].path") for name in errors), errors
        assert ground.provider.requests == []
        return
    for value in HOSTILE_VALUES if parameters else ["1"]:
        given = {"id": named(value, ground)} if parameters else {}
        assert service.execute(parameters=given).status_code in (200, 409, 422)
        # A setting stands in a path as well.
        if "{{server}}" in path:
            service.configure(server=named(value, ground))
            assert service.execute(parameters=given).status_code in (200, 409, 422)
    segments = named(path, ground).partition("?")[0].count("/") + "/base".count("/")
    for request in ground.provider.requests:
        line, host, *_ = request.split(b"\r\n")
        assert host == f"Host: {ground.provider.authority}".encode()
        method, target, version = line.split(b" ")
        assert (method, version) == (b"GET", b"HTTP/1.1")
        assert target.startswith(b"/base")
        assert target.partition(b"?")[0].count(b"/") == segments
        assert not {b".", b".."} & set(target.partition(b"?")[0].split(b"/"))
        assert request.count(b"\r\nHost:") == 1
    ground.assert_nobody_else_was_called()


def test_paths_of_which_some_register_reach_the_provider(ground: Ground) -> None:
    service = ground.service()
    assert (
        registered(service, manifest_with(ground, {"endpoints": [{"id": "status", "path": "/a:b@c"}]}))
        is None
    )
    assert service.execute().status_code == 200
    assert ground.provider.requests[0].startswith(b"GET /base/a:b@c HTTP/1.1\r\n")
