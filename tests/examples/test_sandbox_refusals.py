"""The sandbox refuses like each provider: a wrong credential, a wrong parameter, a page beyond the last."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from examples.sandbox.providers import (
    advent_of_code,
    alpha_vantage,
    aria2,
    binance,
    bookstack,
    discourse,
    dokuwiki,
    freshdesk,
    gitea,
    gitlab,
    google_calendar,
    node_exporter,
    notion,
    ocr_space,
    proxmox_ve,
    qbittorrent,
    spotify,
    stripe,
    synology_dsm,
    tailscale,
    transmission,
    uptimerobot,
)
from tests.examples.asking import Answer, ask


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def post(sandbox, target: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """A form for a dict of strings that says so by its key `form`, else JSON; text as it stands."""
    kind = "application/json"
    if isinstance(body, dict) and set(body) == {"form"}:
        kind, body = "application/x-www-form-urlencoded", urlencode(body["form"])
    elif not isinstance(body, str):
        body = json.dumps(body)
    return ask(sandbox, target, "POST", {"Content-Type": kind, **(headers or {})}, body.encode())


PROXMOX = f"PVEAPIToken={proxmox_ve.USER}!{proxmox_ve.TOKEN_ID}={proxmox_ve.TOKEN_SECRET}"
NOTION = {**bearer(notion.TOKEN), "Notion-Version": "2022-06-28"}
GOOGLE_EVENTS = "/google-calendar/calendar/v3/calendars/primary/events"
AOC = "/advent-of-code/2025/leaderboard/private/view"

# What is asked for by GET: (target, headers, status, part of the body)
REFUSED_GETS = [
    ("/proxmox-ve/api2/json/nodes", {}, 401, '"data": null'),
    ("/proxmox-ve/api2/json/nodes", {"Authorization": PROXMOX.replace("!", "")}, 401, '"data": null'),
    ("/proxmox-ve/api2/json/cluster/resources?type=x", {"Authorization": PROXMOX}, 400, "does not have"),
    ("/alpha-vantage/query?function=GLOBAL_QUOTE&symbol=IBM", {}, 200, "apikey is invalid"),
    (f"/alpha-vantage/query?apikey={alpha_vantage.API_KEY}&symbol=X", {}, 200, "Invalid API call"),
    (f"/alpha-vantage/query?apikey={alpha_vantage.API_KEY}&symbol=IBM&function=X", {}, 200, "does not exist"),
    ("/freshdesk/api/v2/tickets", basic("wrong", "X"), 401, "invalid_credentials"),
    ("/freshdesk/api/v2/tickets?per_page=101", basic(freshdesk.API_KEY, "X"), 400, "Validation failed"),
    ("/discourse/latest.json", {"Api-Key": discourse.API_KEY}, 403, "invalid_access"),
    ("/gitea/api/v1/user", {"Authorization": f"Bearer {gitea.TOKEN}x"}, 401, "token is required"),
    ("/gitea/api/v1/repos/anna/attic/issues", basic(gitea.USER, gitea.PASSWORD), 404, "couldn't be found"),
    ("/gitlab/api/v4/user", {"PRIVATE-TOKEN": "wrong"}, 401, "401 Unauthorized"),
    ("/gitlab/api/v4/projects/band/songbook/merge_requests", bearer(gitlab.TOKEN), 404, "Project Not Found"),
    ("/stripe/v1/balance", basic(stripe.SECRET_KEY, "x"), 401, "Invalid API Key"),
    ("/stripe/v1/charges?starting_after=ch_x", bearer(stripe.SECRET_KEY), 400, "No such charge"),
    ("/spotify/v1/search?q=Bach", {}, 401, "No token provided"),
    ("/spotify/v1/artists/none/albums", bearer(spotify.TOKEN), 404, "Resource not found"),
    (f"/spotify/v1/artists/{spotify.ARTIST}/albums?limit=51", bearer(spotify.TOKEN), 400, "Invalid limit"),
    (GOOGLE_EVENTS, bearer("wrong"), 401, "UNAUTHENTICATED"),
    (GOOGLE_EVENTS, bearer(google_calendar.TOKEN), 400, "ordering is not available"),
    ("/pi-hole/api/stats/summary", {"X-FTL-SID": "wrong"}, 401, "unauthorized"),
    ("/qbittorrent/api/v2/transfer/info", {"Cookie": "SID=wrong"}, 403, "Forbidden"),
    ("/synology-dsm/webapi/entry.cgi?api=SYNO.FileStation.Info", {}, 200, '"code": 119'),
    ("/unifi/proxy/network/api/stat/sites", {}, 401, "Unauthorized"),
    ("/flood/api/torrents", {}, 401, "Unauthorized"),
    ("/beszel/api/collections/systems/records", {}, 200, '"items": []'),
    ("/nextcloud/ocs/v2.php/apps/serverinfo/api/v1/info", {}, 412, "CSRF"),
    ("/nextcloud/ocs/v2.php/apps/serverinfo/api/v1/info", {"OCS-APIRequest": "true"}, 401, "Unauthorized"),
    ("/binance/api/v3/account?timestamp=1&signature=0", {}, 401, "-2015"),
    ("/binance/api/v3/account?timestamp=1", {"X-MBX-APIKEY": binance.API_KEY}, 400, "-1022"),
    ("/lichess/api/user/thibault", bearer("wrong"), 401, "No such token"),
    ("/lichess/api/user/nobody", {}, 404, "Not found"),
    ("/bookstack/api/pages", {"Authorization": f"Token {bookstack.TOKEN_SECRET}"}, 401, "No matching"),
    ("/node-exporter/metrics", basic("prometheus", "wrong"), 401, "Unauthorized"),
    (
        "/node-exporter/metrics?collect[]=nothing",
        basic(node_exporter.USERNAME, node_exporter.PASSWORD),
        400,
        "missing collector",
    ),
    ("/ical-calendar/calendar/ical/anna@example.com/private-x/basic.ics", {}, 404, "Not Found"),
    ("/apcupsd/cgi-bin/apcupsd/upsfstats.cgi?host=x", {}, 200, "not authorized"),
    ("/speedtest-tracker/api/v1/results/latest", bearer("x"), 401, "Unauthenticated"),
    ("/technitium-dns/api/dashboard/stats/get?token=x", {}, 200, "invalid-token"),
    ("/tailscale/api/v2/device/1", bearer(tailscale.TOKEN), 404, "no such device"),
    ("/tailscale/api/v2/tailnet/-/devices", {}, 401, "API token invalid"),
    ("/adguard-home/control/stats", basic("admin", "x"), 401, "Unauthorized"),
    ("/uptime-kuma/metrics", basic("", "x"), 401, ""),
    ("/uptime-kuma/api/status-page/x", {}, 404, "Not Found"),
    ("/watchtower/v1/metrics", bearer("x"), 401, ""),
    ("/axis-camera/axis-cgi/jpg/image.cgi", basic("root", "sandbox axis password"), 401, "401 Unauthorized"),
]

# What is asked for by POST: (target, body, headers, status, part of the body)
REFUSED_POSTS = [
    ("/uptimerobot/v2/getMonitors", {"form": {"format": "json", "api_key": "x"}}, {}, 200, "is invalid"),
    (
        "/uptimerobot/v2/getMonitors",
        {"form": {"format": "json", "api_key": uptimerobot.API_KEY, "limit": "51"}},
        {},
        200,
        "between 1 and 50",
    ),
    ("/uptimerobot/v2/getMonitors", {"form": {"api_key": uptimerobot.API_KEY}}, {}, 200, "<error/>"),
    ("/notion/v1/databases/x/query", {}, bearer(notion.TOKEN), 400, "missing_version"),
    ("/notion/v1/databases/x/query", {}, NOTION, 404, "object_not_found"),
    (f"/notion/v1/databases/{notion.DATABASE}/query", {"page_size": 101}, NOTION, 400, "validation_error"),
    (f"/notion/v1/databases/{notion.DATABASE}/query", {"start_cursor": "x"}, NOTION, 400, "is invalid"),
    ("/spotify/api/token", {"form": {"grant_type": "client_credentials"}}, {}, 400, "invalid_client"),
    (
        "/spotify/api/token",
        {"form": {"grant_type": "password"}},
        basic(spotify.CLIENT_ID, spotify.CLIENT_SECRET),
        400,
        "unsupported_grant_type",
    ),
    ("/google-calendar/token", {"form": {"client_id": "x"}}, {}, 401, "invalid_client"),
    ("/pi-hole/api/auth", {"password": "wrong"}, {}, 401, "password incorrect"),
    ("/transmission/transmission/rpc", {"method": "session-stats"}, {}, 409, "invalid session-id"),
    (
        "/transmission/transmission/rpc",
        {"method": "x"},
        {transmission.HEADER: transmission.SESSION},
        200,
        "not recognized",
    ),
    ("/qbittorrent/api/v2/auth/login", {"form": {"username": "admin"}}, {}, 403, "Forbidden"),
    ("/synology-dsm/webapi/entry.cgi", {"form": {"api": "x"}}, {}, 200, '"code": 102'),
    ("/deluge/json", {"method": "web.update_ui", "params": [[], {}], "id": 1}, {}, 200, "Not authenticated"),
    ("/deluge/json", {"method": "auth.login", "params": ["wrong"], "id": 1}, {}, 200, '"result": false'),
    ("/deluge/json", {}, {}, 500, "must be JSON"),
    ("/unifi/api/auth/login", {"username": "x", "password": "y"}, {}, 403, "Invalid username"),
    ("/flood/api/auth/authenticate", {"username": "x", "password": "y"}, {}, 401, "Failed login"),
    (
        "/beszel/api/collections/users/auth-with-password",
        {"identity": "x"},
        {},
        400,
        "Failed to authenticate",
    ),
    ("/anilist/", {"query": "{ Viewer { id } }"}, {}, 400, "Syntax Error"),
    ("/aria2/jsonrpc", "{", {}, 400, "-32700"),
    ("/aria2/jsonrpc", {"jsonrpc": "2.0", "id": 1, "method": "aria2.getGlobalStat"}, {}, 400, "Unauthorized"),
    (
        "/aria2/jsonrpc",
        {"jsonrpc": "2.0", "id": 1, "method": "x", "params": [f"token:{aria2.SECRET}"]},
        {},
        400,
        "-32601",
    ),
    ("/dokuwiki/lib/exe/xmlrpc.php", "<methodCall/>", {}, 401, "not authorized"),
    (
        "/dokuwiki/lib/exe/xmlrpc.php",
        "{}",
        basic(dokuwiki.USERNAME, dokuwiki.PASSWORD),
        400,
        "XML requests only",
    ),
    ("/overpass/api/interpreter", "[out:json];node(1);out;", {}, 400, "parse error"),
    ("/ocr-space/parse/image", {}, {}, 403, "API key is invalid"),
    ("/ocr-space/parse/image", {}, {"apikey": ocr_space.API_KEY}, 200, "E216"),
]


@pytest.mark.parametrize(("target", "headers", "status", "told"), REFUSED_GETS)
def test_refuses_what_the_provider_refuses(sandbox, target, headers, status, told):
    answer = ask(sandbox, target, headers=headers)

    assert (answer.status, told in answer.body.decode()) == (status, True), answer.body


@pytest.mark.parametrize(("target", "body", "headers", "status", "told"), REFUSED_POSTS)
def test_refuses_what_the_provider_refuses_by_post(sandbox, target, body, headers, status, told):
    answer = post(sandbox, target, body, headers)

    assert (answer.status, told in answer.body.decode()) == (status, True), answer.body


@pytest.mark.parametrize(
    ("target", "headers", "goes_to"),
    [
        (f"{AOC}/123456.json", {}, "/2025/leaderboard"),
        (f"{AOC}/123456.json", {"Cookie": "session=wrong"}, "/2025/leaderboard"),
        (
            f"{AOC}/654321.json",
            {"Cookie": f"session={advent_of_code.SESSION}"},
            "/2025/leaderboard/private",
        ),
    ],
)
def test_a_leaderboard_of_others_redirects(sandbox, target, headers, goes_to):
    answer = ask(sandbox, target, headers=headers)

    assert (answer.status, answer.headers["Location"]) == (302, f"/advent-of-code{goes_to}")


def test_synology_refuses_a_method_that_it_does_not_have(sandbox):
    target = f"/synology-dsm/webapi/entry.cgi?_sid={synology_dsm.sessions.begin()}"
    answer = ask(sandbox, target)

    assert (answer.status, b'"code": 103' in answer.body) == (200, True)


def test_a_failed_login_at_qbittorrent_is_200_without_a_cookie(sandbox):
    headers = {"Referer": sandbox.url}
    fields = {"username": "admin", "password": "wrong"}

    answer = post(sandbox, "/qbittorrent/api/v2/auth/login", {"form": fields}, headers)

    assert (answer.status, answer.body, answer.headers["Set-Cookie"]) == (200, b"Fails.", None)
    good = post(
        sandbox,
        "/qbittorrent/api/v2/auth/login",
        {"form": fields | {"password": qbittorrent.PASSWORD}},
        headers,
    )
    assert good.headers["Set-Cookie"].startswith(f"SID={qbittorrent.SESSION};")


@pytest.mark.parametrize(("late_ms", "status"), [(0, 200), (6000, 400), (-5000, 400)])
def test_a_signature_is_good_for_its_window_only(sandbox, late_ms, status):
    signed = f"timestamp={int(time.time() * 1000) - late_ms}"
    signature = hmac.new(binance.SECRET_KEY.encode(), signed.encode(), hashlib.sha256).hexdigest()

    answer = ask(
        sandbox,
        f"/binance/api/v3/account?{signed}&signature={signature}",
        headers={"X-MBX-APIKEY": binance.API_KEY},
    )

    assert answer.status == status, answer.body


def test_a_code_is_only_good_with_the_redirect_uri_and_the_verifier_that_it_was_asked_for_with(sandbox):
    client = {"client_id": google_calendar.CLIENT_ID, "client_secret": google_calendar.CLIENT_SECRET}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": google_calendar.CLIENT_ID,
        "redirect_uri": "http://127.0.0.1:8765/oauth/callback",
        "scope": google_calendar.SCOPE,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    back = ask(sandbox, f"/google-calendar/o/oauth2/v2/auth?{urlencode(asked)}").headers["Location"]
    code = back.partition("code=")[2].partition("&")[0].replace("%2F", "/")
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked["redirect_uri"],
        "code_verifier": "verifier",
        **client,
    }

    def exchange(**changed: str) -> int:
        return post(sandbox, "/google-calendar/token", {"form": fields | changed}).status

    assert back.startswith(f"{asked['redirect_uri']}?code=") and back.endswith("&state=s")
    assert exchange() == 200
    assert exchange(code_verifier="another") == 400
    assert exchange(redirect_uri="http://127.0.0.1:8765/elsewhere") == 400
