"""AdGuard Home's API with basic authentication.

Shapes as in https://github.com/AdguardTeam/AdGuardHome/tree/master/openapi.
"""

from __future__ import annotations

from examples.sandbox.credentials import basic_of, json_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

USERNAME, PASSWORD = "admin", "sandbox adguard password"


def check_user(request: Request) -> Reply | None:
    return None if basic_of(request) == (USERNAME, PASSWORD) else text_reply("Unauthorized\n", 401)


provider = Provider(
    "adguard-home",
    config={"server": "{sandbox}/adguard-home", "username": USERNAME, "password": PASSWORD},
    guard=check_user,
    samples=(
        Sample(
            "queries",
            {},
            {"queries": 24310, "blocked": 4131, "blocked_percent": 17, "filtered": 9, "latency_ms": 21.37},
        ),
        Sample(
            "top-blocked",
            {"least": 100},
            [{"domain": "telemetry.example", "times": 412}, {"domain": "ads.example", "times": 220}],
        ),
        Sample("protection", {}, {"protection": "enabled", "seconds_left": None, "version": "v0.107.55"}),
        Sample("pause", {"milliseconds": 60000}, "OK"),
        Sample("resume", {}, "OK"),
    ),
)


@provider.route("/control/stats")
def show_stats(_request: Request) -> Reply:
    return json_reply(
        {
            "time_units": "days",
            "num_dns_queries": 24310,
            "num_blocked_filtering": 4131,
            "num_replaced_safebrowsing": 2,
            "num_replaced_safesearch": 7,
            "num_replaced_parental": 0,
            "avg_processing_time": 0.0213719,
            "top_queried_domains": [{"example.com": 903}],
            "top_blocked_domains": [{"telemetry.example": 412}, {"ads.example": 220}, {"pixel.example": 97}],
            "top_clients": [{"192.168.1.20": 12001}],
        }
    )


@provider.route("/control/status")
def show_status(_request: Request) -> Reply:
    return json_reply(
        {
            "version": "v0.107.55",
            "language": "en",
            "dns_addresses": ["192.168.1.2"],
            "dns_port": 53,
            "http_port": 80,
            "protection_disabled_duration": 0,
            "protection_enabled": True,
            "dhcp_available": True,
            "running": True,
        }
    )


@provider.route("/control/protection", "POST")
def set_protection(request: Request) -> Reply:
    """Says that it is done; what is shown elsewhere stays as it is."""
    asked = json_of(request)
    if not isinstance(asked, dict) or not isinstance(asked.get("enabled"), bool):
        return text_reply("reading req: json: cannot unmarshal\n", 400)
    return text_reply("OK", content_type="text/plain")
