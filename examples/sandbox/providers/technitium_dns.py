"""Technitium's DNS server: a token in the query, and errors with status 200.

Shapes as in https://github.com/TechnitiumSoftware/DnsServer/blob/master/APIDOCS.md.
"""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "932b2a3495852c15af01598f62563ae534460388b6a370bfbbb8bb6094b698e9"
PERIODS = ("LastHour", "LastDay", "LastWeek", "LastMonth", "LastYear")
STATS = {
    "totalQueries": 925,
    "totalNoError": 834,
    "totalServerFailure": 1,
    "totalNxDomain": 90,
    "totalRefused": 0,
    "totalAuthoritative": 47,
    "totalRecursive": 348,
    "totalCached": 481,
    "totalBlocked": 49,
    "totalDropped": 0,
    "totalClients": 6,
    "zones": 19,
    "cachedEntries": 6330,
    "allowedZones": 10,
    "blockedZones": 1,
    "allowListZones": 0,
    "blockListZones": 307447,
}


def check_token(request: Request) -> Reply | None:
    if request.query.get("token") == API_KEY:
        return None
    return json_reply({"status": "invalid-token", "errorMessage": "Invalid token or session expired."})


provider = Provider(
    "technitium-dns",
    config={"server": "{sandbox}/technitium-dns", "api_key": API_KEY},
    guard=check_token,
    samples=(
        Sample(
            "queries",
            {},
            {
                "queries": 925,
                "blocked": 49,
                "blocked_percent": 5.3,
                "cached_percent": 52,
                "recursive_percent": 37.6,
                "authoritative_percent": 5.1,
                "no_error_percent": 90.2,
                "server_failure_percent": 0.1,
                "clients": 6,
            },
        ),
        Sample("top-blocked", {"type": "LastHour"}, [{"domain": "ads.example", "times": 43}]),
    ),
)


@provider.route("/api/dashboard/stats/get")
def show_stats(request: Request) -> Reply:
    if request.query.get("type", "LastHour") not in PERIODS:
        return json_reply({"status": "error", "errorMessage": "Unknown stats type requested."})
    top = [{"name": "ads.example", "hits": 43}]
    return json_reply({"response": {"stats": STATS, "topBlockedDomains": top}, "status": "ok"})
