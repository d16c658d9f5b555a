"""Below a path, as behind a reverse proxy: every link, redirect and cookie leads below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from settings import Settings
from tests.conftest import API, TOKEN, Client, Person

LOCAL = re.compile(r"""(?:href|src|action|content)="(?:0;url=)?(/[^"]*)""")
PAGES = ("/console", "/notebook", "/api/docs", "/docs/problems", "/signin", "/review/x")


@dataclass(frozen=True)
class Mount:
    """A way to be mounted at /hub: what requests look like, and the settings for it."""

    settings: dict[str, Any]
    path: str
    headers: dict[str, str]


TOLD = {"X-Forwarded-Prefix": "/hub"}
WAYS = {
    "configured, passed on": Mount({"public_url": "http://home.lan/hub"}, "/hub", {}),
    "configured, removed": Mount({"public_url": "http://home.lan/hub"}, "", {}),
    "told, passed on": Mount({"trusted_proxies": ("127.0.0.1/32",)}, "/hub", TOLD),
    "told, removed": Mount({"trusted_proxies": ("127.0.0.1/32",)}, "", TOLD),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def mount(request: pytest.FixtureRequest) -> Mount:
    return request.param


Call = Callable[..., TestResponse]


@pytest.fixture
def calls(
    mount: Mount, settings: Settings, make_app: Callable[[Settings], Flask]
) -> Iterator[tuple[Call, Call, Call]]:
    """Calls of a program, of a signed-in browser, and of a stranger, through the proxy."""
    app = make_app(replace(settings, **mount.settings))

    def through(client: Client) -> Call:
        def call(path: str, method: str = "GET", **options: Any) -> TestResponse:
            headers = {**mount.headers, **options.pop("headers", {})}
            return client.open(mount.path + path, method, headers=headers, **options)

        return call

    yield through(Client(app)), through(Person(app)), through(Client(app, token=None))


def test_everything_leads_below_the_prefix(calls: tuple[Call, Call, Call]):
    program, person, stranger = calls
    declared = {"id": "x", "name": "X", "version": "1.0.0", "type": "integration", "manifest": MANIFEST}
    assert program(f"{API}/plugins/register", "POST", json=declared).status_code == 201

    for path in PAGES:
        page = person(path)
        links = LOCAL.findall(page.get_data(as_text=True))
        assert page.status_code == 200, path
        assert links
        assert [link for link in links if not link.startswith("/hub/")] == [], path
        # Each of them is there.
        for link in {link.partition("?")[0].removeprefix("/hub") for link in links} - {"/signout"}:
            assert person(link).status_code in (200, 303), link

    assert person("/").headers["Location"] == "/hub/notebook"
    html = {"Accept": "text/html"}
    assert stranger("/console/usage?days=1", headers=html).headers["Location"] == (
        "/hub/signin?next=/hub/console/usage%3Fdays%3D1"
    )
    document = program(f"{API}/openapi.json").get_json()
    assert document["servers"] == [{"url": "/hub"}]
    assert stranger(f"{API}/plugins").get_json()["type"] == "/hub/docs/problems#unauthorized"
    assert "sign in at /hub/signin" in stranger(f"{API}/plugins").get_json()["detail"]
    assert program(f"{API}/workspaces/99").get_json()["type"] == "/hub/docs/problems#not_found"
    lines = {"blocks": [{"key": "a", "integration_id": "none", "block_type": "b"}]}
    batch = program(f"{API}/render-batch", "POST", json=lines).get_json(force=True)
    assert batch["type"].startswith("/hub/docs/problems#")
    review = program(f"{API}/integrations/x/review", "POST", json={"accept": True}).get_json()
    assert review["page"] == "/hub/review/x"


MANIFEST = {
    "integration": {"base_url": "https://x.example"},
    "endpoints": [{"id": "now", "path": "/now"}],
    "blocks": [{"id": "now", "endpoint": "now"}],
}


def test_a_browser_signs_in_and_out_below_the_prefix_only(calls: tuple[Call, Call, Call]):
    _, _, stranger = calls
    arrived = stranger(f"/signin?token={TOKEN}&next=/hub/console")
    assert arrived.headers["Location"] == "/hub/console"
    cookie = arrived.headers["Set-Cookie"]
    assert "Path=/hub;" in f"{cookie};"
    own = {"Sec-Fetch-Site": "same-origin", "Cookie": cookie.partition(";")[0]}
    assert stranger(f"{API}/plugins", headers=own).status_code == 200
    # An address from before the server was mounted leads below it, too.
    assert stranger(f"/signin?token={TOKEN}&next=/console").headers["Location"] == "/hub/console"
    out = stranger("/signout", "POST", headers=own)
    assert out.headers["Location"] == "/hub/signin"
    assert "Path=/hub;" in f"{out.headers['Set-Cookie']};"
    assert stranger(f"{API}/plugins", headers=own).status_code == 401
