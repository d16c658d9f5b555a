"""Uptime Kuma: status pages for everybody, metrics for those who have an API key as password.

The metrics are https://github.com/louislam/uptime-kuma/wiki/Prometheus-Integration.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

API_KEY, SLUG = "uk1_sandboxUptimeKumaKey", "home"
MONITORS = (
    (1, "Website", "http", 1, 812, 61),
    (2, "NAS", "ping", 1, 2, None),
    (3, "Wiki", "http", 0, -1, 12),
)


def check_key(request: Request) -> Reply | None:
    if request.path != "/metrics" or basic_of(request) == ("", API_KEY):
        return None
    return Reply(401, b"", "text/plain", (("WWW-Authenticate", 'Basic realm="Uptime Kuma"'),))


provider = Provider(
    "uptime-kuma",
    config={"server": "{sandbox}/uptime-kuma", "slug": SLUG, "api_key": API_KEY},
    guard=check_key,
    samples=(
        Sample(
            "status",
            {},
            {"up": 2, "down": 1, "uptime_percent": 99.1, "incident": "Wiki is down"},
            upstream_calls=2,
        ),
        Sample("slow", {"milliseconds": 500}, [{"name": "Website", "kind": "http", "milliseconds": 812}]),
        Sample("certificates", {}, [{"name": "Wiki", "days": 12}, {"name": "Website", "days": 61}]),
    ),
)


@provider.route("/api/status-page/heartbeat/{slug}")
def list_heartbeats(_request: Request, slug: str) -> Reply:
    if slug != SLUG:
        return _unknown_page()
    beats = {
        str(number): [_beat("2026-01-01 09:59:00.000", 1, 5), _beat("2026-01-01 10:00:00.000", status, ping)]
        for number, _, _, status, ping, _ in MONITORS
    }
    return json_reply({"heartbeatList": beats, "uptimeList": {"1_24": 1, "2_24": 0.9993, "3_24": 0.9731}})


@provider.route("/api/status-page/{slug}")
def show_page(_request: Request, slug: str) -> Reply:
    if slug != SLUG:
        return _unknown_page()
    monitors = [
        {"id": number, "name": name, "sendUrl": 0, "type": kind} for number, name, kind, *_ in MONITORS
    ]
    return json_reply(
        {
            "config": {"slug": SLUG, "title": "Home", "published": True},
            "incident": {
                "id": 1,
                "style": "warning",
                "title": "Wiki is down",
                "content": "Back soon.",
                "pin": True,
            },
            "publicGroupList": [{"id": 1, "name": "Services", "weight": 1, "monitorList": monitors}],
            "maintenanceList": [],
        }
    )


@provider.route("/metrics")
def show_metrics(_request: Request) -> Reply:
    lines = ["# HELP monitor_cert_days_remaining The number of days remaining until the certificate expires"]
    lines += ["# TYPE monitor_cert_days_remaining gauge"]
    lines += [_metric("monitor_cert_days_remaining", *item[:3], item[5]) for item in MONITORS if item[5]]
    lines += ["# TYPE monitor_response_time gauge"]
    lines += [_metric("monitor_response_time", *item[:3], item[4]) for item in MONITORS]
    lines += ["# TYPE monitor_status gauge"]
    lines += [_metric("monitor_status", *item[:3], item[3]) for item in MONITORS]
    return text_reply("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8; version=0.0.4")


def _unknown_page() -> Reply:
    return json_reply({"status": "fail", "msg": "Status Page Not Found"}, 404)


def _beat(time: str, status: int, ping: int) -> dict[str, Any]:
    return {"status": status, "time": time, "msg": "", "ping": ping if status else None}


def _metric(metric: str, number: int, name: str, kind: str, value: float | None) -> str:
    labels = f'monitor_id="{number}",monitor_name="{name}",monitor_type="{kind}",monitor_url="https://",'
    return f'{metric}{{{labels}monitor_hostname="null",monitor_port="null"}} {value}'
