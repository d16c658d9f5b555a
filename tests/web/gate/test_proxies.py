from __future__ import annotations

from typing import Any

import pytest

from settings import Settings, load_settings
from web.gate.hosts import HostNames
from web.gate.proxies import Proxies, path_below, read_address

PROXY, CLIENT = "10.0.0.2", "203.0.113.9"


def settings_of(trusted: str = "10.0.0.0/24", public_url: str = "") -> Settings:
    return load_settings(
        {
            "PATCHBAY_TRUSTED_PROXIES": trusted,
            "PATCHBAY_PUBLIC_URL": public_url,
            "PATCHBAY_ALLOWED_HOSTS": "home.lan",
        }
    )


def applied(settings: Settings, **environ: str) -> dict[str, Any]:
    """A request's environ as the application sees it. Header names are given without `HTTP_X_FORWARDED_`."""
    given: dict[str, Any] = {"REMOTE_ADDR": PROXY, "PATH_INFO": "/x", "wsgi.url_scheme": "http"}
    given["HTTP_HOST"] = "127.0.0.1:8765"
    for name, value in environ.items():
        given[f"HTTP_X_FORWARDED_{name}" if name in {"FOR", "PROTO", "HOST", "PREFIX"} else name] = value
    proxies = Proxies.of(settings, HostNames.of(settings))
    assert proxies is not None
    proxies.apply(given)
    return given


def test_without_proxy_and_prefix_requests_are_taken_as_they_are():
    for public_url in ("", "https://home.lan"):
        settings = settings_of("", public_url)
        assert Proxies.of(settings, HostNames.of(settings)) is None


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:8080\t", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.1.5", None),
        ("192.0.2.256", None),
        ("fe80::1%eth0", None),
        ("192.0.2.1 evil", None),
        ("1" * 100_000, None),
    ],
)
def test_addresses_of_x_forwarded_for(hop: str, address: str | None):
    assert (str(found) if (found := read_address(hop)) else None) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (CLIENT, CLIENT),
        # A client may begin the list itself: what a trusted proxy appended counts.
        (f"127.0.0.1, {CLIENT}", CLIENT),
        (f"198.51.100.1, {CLIENT}, 10.0.0.3", CLIENT),
        ("10.0.0.4, 10.0.0.3", "10.0.0.4"),
        (f"{CLIENT}, unknown", PROXY),
        (f"{CLIENT}, unknown, 10.0.0.3", "10.0.0.3"),
        ("", PROXY),
        (",,,", PROXY),
        (f"{CLIENT}," + ",".join(["10.0.0.3"] * 40), "10.0.0.3"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_trusted_proxy(forwarded: str, address: str):
    assert applied(settings_of(), FOR=forwarded)["REMOTE_ADDR"] == address


def test_an_ipv4_proxy_on_an_ipv6_socket_is_trusted():
    assert applied(settings_of(), REMOTE_ADDR=f"::ffff:{PROXY}", FOR=CLIENT)["REMOTE_ADDR"] == CLIENT


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("https, http", "http")]
    + [(other, "http") for other in ("", "ftp", "https://x", "javascript", "https;")],
)
def test_the_scheme_is_what_the_nearest_proxy_says(proto: str, scheme: str):
    assert applied(settings_of(), PROTO=proto)["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("host", "proto", "seen"),
    [
        ("home.lan", "https", "home.lan"),
        ("Home.LAN:443", "https", "home.lan"),
        ("home.lan:80", "http", "home.lan"),
        ("home.lan:443", "http", "home.lan:443"),
        ("[2001:DB8::1]:8443", "https", "[2001:db8::1]:8443"),
        ("evil.lan, home.lan", "https", "home.lan"),
        # Left for the check of the Host to refuse.
        ("evil.lan", "https", "evil.lan"),
        ("user@home.lan", "https", "user@home.lan"),
        ("", "https", "127.0.0.1:8765"),
    ],
)
def test_the_host_is_what_the_nearest_proxy_says(host: str, proto: str, seen: str):
    assert applied(settings_of(), HOST=host, PROTO=proto)["HTTP_HOST"] == seen


def test_a_forwarded_host_does_not_hide_that_the_proxy_was_asked_for_another():
    assert applied(settings_of(), HTTP_HOST="evil.lan", HOST="home.lan")["HTTP_HOST"] == "evil.lan"


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/hub", "/"),
        ("/hub/", "/"),
        ("/hub/console", "/console"),
        ("/console", "/console"),
        ("/hubs", "/hubs"),
        ("/HUB/x", "/HUB/x"),
        ("/hub/hub/x", "/hub/x"),
        ("//hub/x", "//hub/x"),
        ("/hub//x", "//x"),
    ],
)
def test_proxies_remove_the_prefix_or_pass_it_on(path: str, below: str):
    assert path_below("/hub", path) == below
    environ = applied(settings_of("", "https://home.lan/hub"), PATH_INFO=path)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/hub", below)


@pytest.mark.parametrize(
    ("prefix", "mount"),
    [("/hub", "/hub"), ("/hub/", "/hub"), ("/a/b", "/a/b"), ("/x, /hub", "/hub")]
    + [
        (other, None)
        for other in (
            "",
            "/",
            "hub",
            "//evil.lan",
            "/\\evil.lan",
            "/a/../b",
            "/%2e%2e",
            "/a b",
            "/api",
            "/static/x",
        )
    ]
    + [("/" + "x" * 300, None), ("/<script>", None), ("https://evil.lan", None)],
)
def test_a_forwarded_prefix_counts_if_it_could_be_configured(prefix: str, mount: str | None):
    environ = applied(settings_of(), PREFIX=prefix, PATH_INFO=f"{mount or ''}/x")
    assert (environ.get("SCRIPT_NAME"), environ["PATH_INFO"]) == (mount, "/x")


@pytest.mark.parametrize("public_url", ["https://home.lan", "https://home.lan/hub"])
def test_a_public_url_decides_the_prefix(public_url: str):
    environ = applied(settings_of(public_url=public_url), PREFIX="/other")
    assert environ.get("SCRIPT_NAME", "") == public_url.removeprefix("https://home.lan")
