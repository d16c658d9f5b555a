"""qBittorrent's web API: a form logs in, a cookie is the session.

Shapes as in https://github.com/qbittorrent/qBittorrent/wiki/WebUI-API-(qBittorrent-5.0).
"""

from __future__ import annotations

from examples.sandbox.credentials import cookies_of, form_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

USERNAME, PASSWORD = "admin", "sandbox qbittorrent password"
SESSION = "hBc7TxF76ERhvIw0jQQ4LZ7Z1jQUV0tQ"
TORRENTS = [
    {"name": "debian-13-netinst.iso", "state": "downloading", "progress": 0.25, "size": 700_000_000},
    {"name": "alpine.iso", "state": "uploading", "progress": 1, "size": 60_000_000},
]


def check_session(request: Request) -> Reply | None:
    return None if cookies_of(request).get("SID") == SESSION else text_reply("Forbidden", 403)


provider = Provider(
    "qbittorrent",
    config={"server": "{sandbox}/qbittorrent", "username": USERNAME, "password": PASSWORD},
    guard=check_session,
    samples=(
        Sample(
            "transfer",
            {},
            {"down_bytes_per_second": 2_000_000, "up_bytes_per_second": 60_000, "connection": "connected"},
        ),
        Sample(
            "torrents",
            {"filter": "downloading"},
            [
                {
                    "name": "debian-13-netinst.iso",
                    "state": "downloading",
                    "done": 0.25,
                    "size_bytes": 700_000_000,
                }
            ],
        ),
        Sample("stop-all", {}, ""),
        Sample("start-all", {}, ""),
    ),
)


@provider.route("/api/v2/auth/login", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    """Refusals are 200 too, without a cookie; a login from another site's page is refused by its Referer."""
    fields = form_of(request)
    if not request.headers.get("Referer", "").startswith(request.origin):
        return text_reply("Forbidden", 403)
    if (fields.get("username"), fields.get("password")) != (USERNAME, PASSWORD):
        return text_reply("Fails.")
    cookie = f"SID={SESSION}; HttpOnly; SameSite=Strict; path=/"
    return Reply(200, b"Ok.", "text/plain; charset=UTF-8", (("Set-Cookie", cookie),))


@provider.route("/api/v2/transfer/info")
def show_transfer(_request: Request) -> Reply:
    return json_reply(
        {
            "connection_status": "connected",
            "dht_nodes": 370,
            "dl_info_data": 9_000_000,
            "dl_info_speed": 2_000_000,
            "up_info_data": 1_000_000,
            "up_info_speed": 60_000,
        }
    )


@provider.route("/api/v2/torrents/info")
def list_torrents(request: Request) -> Reply:
    wanted = request.query.get("filter", "all")
    found = [item for item in TORRENTS if wanted in {"all", item["state"]}]
    return json_reply(found[: int(request.number("limit", 1000, 1000))])


@provider.route("/api/v2/torrents/stop", "POST")
@provider.route("/api/v2/torrents/start", "POST")
def change_torrents(request: Request) -> Reply:
    """Answers with nothing, as the real one does."""
    is_whole = bool(form_of(request).get("hashes"))
    return text_reply("") if is_whole else text_reply("Missing required parameters: hashes", 400)
