"""Prometheus's node exporter: the metrics of the collectors asked for.

The format is https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

USERNAME, PASSWORD = "prometheus", "sandbox exporter password"
METRICS = {
    "loadavg": "# HELP node_load1 1m load average.\n# TYPE node_load1 gauge\nnode_load1 0.21\n",
    "time": "# HELP node_time_seconds System time in seconds since epoch (1970).\n"
    "# TYPE node_time_seconds gauge\nnode_time_seconds 1.7672256e+09\n",
}


def check_user(request: Request) -> Reply | None:
    if basic_of(request) == (USERNAME, PASSWORD):
        return None
    refusal = text_reply("Unauthorized\n", 401)
    return Reply(401, refusal.body, refusal.content_type, (("WWW-Authenticate", "Basic"),))


provider = Provider(
    "node-exporter",
    config={"server": "{sandbox}/node-exporter", "username": USERNAME, "password": PASSWORD},
    guard=check_user,
    samples=(
        Sample(
            "metrics", {"collectors": ["loadavg", "time"]}, {"load": 0.21, "clock": "2026-01-01T00:00:00Z"}
        ),
    ),
)


@provider.route("/metrics")
def show_metrics(request: Request) -> Reply:
    asked = [value for name, value in parse_qsl(urlsplit(request.target).query) if name == "collect[]"]
    unknown = [name for name in asked if name not in METRICS]
    if unknown:
        return text_reply(f"Couldn't create filtered metrics handler: missing collector: {unknown[0]}\n", 400)
    text = "".join(metrics for name, metrics in METRICS.items() if not asked or name in asked)
    return text_reply(text, content_type="text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
