"""A base URL stays what it was declared to be, whatever the settings hold."""

import pytest

from integrations.manifests.base_url import BadBaseUrl, BadSetting, parse_base_url
from integrations.manifests.templating import UnresolvedName


@pytest.mark.parametrize(
    ("source", "values", "url"),
    [
        ("https://api.example.com", {}, "https://api.example.com"),
        ("HTTPS://API.example.com/v2/", {}, "https://api.example.com/v2"),
        ("https://{sub}.example.com/api/v2", {"sub": "Acme"}, "https://acme.example.com/api/v2"),
        ("https://{host}/api", {"host": "nas.local:8443"}, "https://nas.local:8443/api"),
        ("https://{host}/api", {"host": "[::1]:8443"}, "https://[::1]:8443/api"),
        ("http://{host}:{port}", {"host": "10.0.0.5", "port": 9090}, "http://10.0.0.5:9090"),
        ("http://api.{zone}:8080/v2", {"zone": "example.test"}, "http://api.example.test:8080/v2"),
        ("http://10.0.0.{last}:{port}", {"last": 7, "port": 81}, "http://10.0.0.7:81"),
        ("https://example.com/{tenant}/v1", {"tenant": "a/b c"}, "https://example.com/a%2Fb%20c/v1"),
        ("{server}", {"server": "http://nas:8384/"}, "http://nas:8384"),
        ("{server}/rest", {"server": " https://nas/sub/ "}, "https://nas/sub/rest"),
    ],
)
def test_settings_fill_the_url(source, values, url):
    assert parse_base_url(source).fill(values) == url


@pytest.mark.parametrize(
    "source",
    [
        "ftp://example.com",
        "javascript:alert(1)",
        "//example.com",
        "example.com",
        "https://user:pw@example.com",
        "https://user@example.com",
        "https://example.com\\@evil.com",
        "https://example.com/#x",
        "https://example.com/?a=b",
        "https://exa mple.com",
        "https://example.com/\r\nHost: evil",
        "https://example.com/../x",
        "https://",
        "https:///path",
        "https://example.com:99999",
        "https://exämple.com",
        "https://рф:80",
        "https://[1:2]",
        "https://[:::]",
        "https://[]",
        "https://[1.2.3.4]",
        "https://[fe80::1%25eth0]",
        "https://[v1.x]",
        "https://℀.com",
        "https://a..b",
        "https://example.com:",
        "https://example.com:0",
        "https://-example-",
        "{server}.evil.com",
        "{server}@evil.com",
        "https://{a",
    ],
)
def test_what_could_lead_elsewhere_is_refused(source):
    with pytest.raises(BadBaseUrl):
        parse_base_url(source)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("https://{x}.example.com", "evil.com/"),
        ("https://{x}.example.com", "evil.com#"),
        ("https://{x}.example.com", "evil.com?"),
        ("https://{x}.example.com", "user@evil.com:80/"),
        ("https://{x}.example.com", "a\r\nb"),
        ("https://{x}/", "http://evil.com"),
        ("https://{x}/", ""),
        ("https://{x}/", "[1:2]"),
        ("https://{x}/", "[:::]:80"),
        ("https://{x}/", "[1.2.3.4]"),
        ("https://{x}/", "[fe80::1%eth0]"),
        ("https://{x}/", "a..b"),
        ("https://{x}/", "a:"),
        ("https://{x}/", "a:0"),
        ("https://{x}/", "a:８０"),
        ("https://{x}/", "рф:80"),
        ("{x}", "https://[1:2]"),
        ("{x}", "https://[]"),
        ("{x}", "https://℀.com"),
        ("{x}", "https://a..b"),
        ("https://e.com/{x}", ".."),
        ("https://e.com/{x}", ""),
        ("https://e.com/{x}", "a\x00"),
        ("{x}", "nas:8384"),
        ("{x}", "file:///etc/passwd"),
        ("{x}", "http://u:p@nas"),
        ("{x}", "http://nas\\evil"),
        ("{x}", "http://nas/?q"),
        ("{x}", "http://nas/a/../b"),
        ("{x}", "http://nas:0"),
    ],
)
def test_a_setting_cannot_leave_its_place(source, value):
    with pytest.raises(BadSetting) as caught:
        parse_base_url(source).fill({"x": value})
    assert caught.value.name == "x"


def test_a_missing_setting_is_named():
    with pytest.raises(UnresolvedName) as caught:
        parse_base_url("https://{host}/x").fill({})
    assert caught.value.name == "host"


def test_the_origin_is_told_with_its_port_and_is_none_while_a_setting_is_missing():
    base_url = parse_base_url("https://{host}/x")
    assert base_url.origin({"host": "Example.com"}) == "https://example.com:443"
    assert base_url.origin({}) is None
