"""The addresses that leave the socket: base URLs from settings, whole URLs from inputs."""

import pytest

from errors import SettingsIncomplete
from tests.integrations.calling.wire import Recorder
from tests.integrations.calling.wire_places import Sent


@pytest.mark.parametrize(
    ("base_url", "value", "host", "target"),
    [
        ("http://{value}/base", "HOST", "HOST", "/base/x"),
        ("http://{value}.example.test:PORT", "tenant-1", "tenant-1.example.test:PORT", "/x"),
        ("http://{value}.example.test:PORT", "TENANT", "tenant.example.test:PORT", "/x"),
        ("http://api.{value}:PORT/v2/", "example.test", "api.example.test:PORT", "/v2/x"),
        ("http://127.0.0.1:{value}", "PORT", "HOST", "/x"),
        ("{value}", "http://HOST", "HOST", "/x"),
        ("{value}", "HTTP://HOST/", "HOST", "/x"),
        ("{value}", " http://HOST/sub/path// ", "HOST", "/sub/path/x"),
        ("{value}/api/v3", "http://HOST/sub/", "HOST", "/sub/api/v3/x"),
        ("{value}/api", "http://HOST/a%20b", "HOST", "/a%20b/api/x"),
        ("http://HOST/a b".replace(" ", "%20"), "", "HOST", "/a%20b/x"),
        ("http://HOST/Zürich/", "", "HOST", "/Z%C3%BCrich/x"),
    ],
)
def test_a_base_url_leaves_as_its_setting_says(
    wire: Recorder, base_url: str, value: str, host: str, target: str
):
    port = wire.host.partition(":")[2]

    def filled(text: str) -> str:
        return text.replace("HOST", wire.host).replace("PORT", port)

    request = wire.sent_by({}, {}, {"value": filled(value)}, base_url=filled(base_url))
    assert request == wire.expected(Sent(target), filled(host))


@pytest.mark.parametrize(
    "base_url", ["http://{value}/base", "http://{value}.example.test:1", "{value}", "{value}/api"]
)
@pytest.mark.parametrize(
    "value",
    [
        "", " ", "a b", "a/b", "a?b", "a#b", "a@b", "http://", "ftp://a", "//a", "a\\b", "a\r\nb", "http://u:p@a/",
        "http://a?b", "http://a#b", "http://a/../b", "http://a/%2e%2e/b", "http://a:99999", "http://a:b", "a:0",
        "http://[::1", "Zürich", "http://Zürich", "http://\U0001f326", "{other}", "a..b/../c", "%41",
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_base_url_is_refused_by_name(wire: Recorder, base_url: str, value: str):
    before = len(wire.upstream.requests)
    with pytest.raises(SettingsIncomplete) as caught:
        wire.sent_by({}, {}, {"value": value}, base_url=base_url)
    assert list(caught.value.errors or {}) == ["config.value"]
    assert len(wire.upstream.requests) == before


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("http://HOST", "/"),
        ("http://HOST?", "/"),
        ("HTTP://HOST/a/../b?x=1&y#part", "/a/../b?x=1&y"),
        ("http://HOST/Zürich 1".replace(" ", "%20") + "?q=ü&r=100%25&s={x}|y", "/Z%C3%BCrich%201?q=%C3%BC&r=100%25&s={x}|y"),
        ('http://HOST/"<>"?"<>"', "/%22%3C%3E%22?%22%3C%3E%22"),
        ("http://HOST/a%2Fb;c=d,e+f?g+h", "/a%2Fb;c=d,e+f?g+h"),
        ("http://HOST/\U0001f326", "/%F0%9F%8C%A6"),
    ],
)  # fmt: skip
def test_a_whole_url_leaves_as_it_was_given_and_bare(wire: Recorder, given: str, target: str):
    request = wire.sent_by(
        {"path": "", "parameters": [{"name": "url", "in": "url"}]},
        {"url": given.replace("HOST", wire.host)},
        {"other": "settings"},
        {"value": "secret"},
        headers={"X-Common": "{other}"},
        query={"common": "{other}"},
        auth={"type": "bearer", "token": "{value}"},
    )
    assert request == wire.expected(Sent(target))
