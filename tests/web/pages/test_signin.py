from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from settings import ROOT, Settings
from tests.web.conftest import MakeGate
from web.api.json import OrjsonProvider
from web.api.problems import init_problems
from web.gate.gate import init_gate
from web.pages import signin
from web.pages.signin import safe_next

TOKEN = "the-right-token"
BASE = "http://127.0.0.1:8765"


@pytest.fixture
def browser(settings: Settings, make_gate: MakeGate) -> FlaskClient:
    """A browser with cookies, before an app with a sign-in page and one page behind the gate."""
    app = Flask("signin", root_path=str(ROOT))
    app.json = OrjsonProvider(app)
    init_problems(app)
    init_gate(app, make_gate(replace(settings, token=TOKEN)), lambda: 0)
    app.register_blueprint(signin.blueprint)
    app.add_url_rule("/notebook", view_func=lambda: "inside", endpoint="inside")
    return app.test_client()


def visit(browser: FlaskClient, path: str, method: str = "GET", **options: object) -> TestResponse:
    return browser.open(path, method=method, base_url=BASE, **options)  # type: ignore[arg-type]


def test_the_printed_link_signs_in_and_leads_to_a_clean_address(browser: FlaskClient):
    assert visit(browser, "/notebook").status_code == 401
    response = visit(browser, f"/signin?token={TOKEN}&next=/notebook")
    assert (response.status_code, response.headers["Location"]) == (303, "/notebook")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=15552000"))
    assert "Domain" not in cookie
    assert TOKEN not in cookie + response.get_data(as_text=True)
    assert visit(browser, "/notebook").get_data(as_text=True) == "inside"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "a-wrong-one", "tökén", TOKEN.upper(), "x" * 5000])
def test_a_wrong_token_is_told_so_and_signs_nobody_in(browser: FlaskClient, method: str, token: str):
    given = {"query_string": {"token": token}} if method == "GET" else {"data": {"token": token}}
    response = visit(browser, "/signin", method, **given)
    assert response.status_code == 401
    assert "not the token" in response.get_data(as_text=True)
    assert "Set-Cookie" not in response.headers
    if token:
        assert token not in response.get_data(as_text=True)


def test_the_form_signs_in(browser: FlaskClient):
    response = visit(browser, "/signin", "POST", data={"token": f" {TOKEN}\n", "next": "/notebook?a=1"})
    assert (response.status_code, response.headers["Location"]) == (303, "/notebook?a=1")
    assert visit(browser, "/notebook").status_code == 200


def test_json_signs_in(browser: FlaskClient):
    response = visit(browser, "/signin", "POST", json={"token": TOKEN})
    assert (response.status_code, response.get_json()) == (200, {"success": True})
    assert visit(browser, "/notebook").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, [], {"token": None}, {"token": 5}, {"token": "wrong"}, {"token": [TOKEN]}]
)
def test_wrong_json_signs_nobody_in(browser: FlaskClient, body: object):
    response = visit(browser, "/signin", "POST", json=body)
    assert (response.status_code, response.get_json()["code"]) == (401, "unauthorized")


def test_broken_json_is_malformed(browser: FlaskClient):
    response = visit(browser, "/signin", "POST", data=b"{", content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.com"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_page_can_neither_sign_in_nor_out(browser: FlaskClient, headers: dict[str, str]):
    assert visit(browser, "/signin", "POST", data={"token": TOKEN}, headers=headers).status_code == 403
    visit(browser, f"/signin?token={TOKEN}")
    assert visit(browser, "/signout", "POST", headers=headers).status_code == 403
    assert visit(browser, "/notebook").status_code == 200


def test_signing_out_takes_the_cookie(browser: FlaskClient):
    visit(browser, f"/signin?token={TOKEN}")
    assert "Sign out" in visit(browser, "/signin").get_data(as_text=True)
    assert visit(browser, "/signout", "POST").status_code == 303
    assert visit(browser, "/notebook").status_code == 401


@pytest.mark.parametrize(
    ("fetch_site", "cookie", "again", "goes_on"),
    [
        ("cross-site", None, False, True),
        ("same-site", None, False, True),
        (None, None, False, True),
        ("cross-site", None, True, False),
        (None, None, True, False),
        ("same-origin", None, False, False),
        ("none", None, False, False),
        ("cross-site", "one-of-an-earlier-token", False, False),
    ],
)
def test_who_comes_from_elsewhere_without_a_cookie_is_asked_once_more_by_a_page_of_ours(
    browser: FlaskClient, fetch_site: str | None, cookie: str | None, again: bool, goes_on: bool
):
    headers = {"Sec-Fetch-Site": fetch_site} if fetch_site else {}
    if cookie:
        browser.set_cookie("patchbay_8765", cookie, domain="127.0.0.1")
    query = {"next": "/notebook?a=1&b=2", **({"again": "1"} if again else {})}
    response = visit(browser, "/signin", query_string=query, headers=headers)
    page = response.get_data(as_text=True)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert ('http-equiv="refresh"' in page, 'type="password"' in page) == (goes_on, not goes_on)
    if goes_on:
        address = "/signin?next=%2Fnotebook%3Fa%3D1%26b%3D2&amp;again=1"
        assert f'content="0;url={address}"' in page
        assert f'href="{address}"' in page


def test_a_signed_in_browser_goes_on_to_where_it_was_going(browser: FlaskClient):
    visit(browser, f"/signin?token={TOKEN}")
    for again in ("", "&again=1"):
        response = visit(browser, f"/signin?next=/notebook{again}")
        assert (response.status_code, response.headers["Location"]) == (303, "/notebook")


@pytest.mark.parametrize(
    "path", ["/notebook", "/notebook?a=1&b=http://x/", "/a/b#c", "/ü", "/a//b", "/@x", "/:x"]
)
def test_next_may_be_a_path_of_ours(path: str):
    assert safe_next(path) == path


HOSTILE_NEXT = [
    None,
    "",
    "notebook",
    "//evil.com",
    "///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "\t//evil.com",
    " //evil.com",
    "http://evil.com",
    "https:evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.com\\@127.0.0.1",
    "/a\\b",
    "/a\r\nSet-Cookie: x=y",
    "/\x00",
    "/" + "a" * 3000,
    "/\u2028",
    "?next=//evil.com",
]


@pytest.mark.parametrize("path", HOSTILE_NEXT)
def test_next_never_leaves_our_origin(browser: FlaskClient, path: str | None):
    assert safe_next(path) == "/notebook"
    if path is not None:
        query = {"token": TOKEN, "next": path}
        assert visit(browser, "/signin", query_string=query).headers["Location"] == "/notebook"
        signed_in = visit(browser, "/signin", query_string={"next": path})
        assert signed_in.headers["Location"] == "/notebook"
        browser.delete_cookie("patchbay_8765", domain="127.0.0.1")
        page = visit(browser, "/signin", query_string={"next": path}).get_data(as_text=True)
        assert 'content="0;url=/signin?next=%2Fnotebook&amp;again=1"' in page


def test_what_a_link_carries_is_text_on_the_page(browser: FlaskClient):
    page = visit(browser, "/signin", query_string={"next": '/"><script>alert(1)</script>'}).get_data(
        as_text=True
    )
    assert "<script" not in page


def test_the_page_needs_nothing_from_outside_and_nothing_inline():
    for name in ("signin.html", "going-on.html", "oauth2.html", "api-docs.html", "problems.html"):
        page = Path(ROOT / "templates" / name).read_text()
        assert "style=" not in page
        assert 'src="http' not in page
        assert "<script>" not in page
        assert '<link rel="stylesheet" href="http' not in page
