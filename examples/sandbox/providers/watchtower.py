"""Watchtower's metrics behind a token: https://containrrr.dev/watchtower/metrics/."""

from __future__ import annotations

from examples.sandbox.credentials import bearer_of
from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "sandbox-watchtower-token"
METRICS = """# HELP watchtower_containers_failed Number of containers where update failed during the last scan
# TYPE watchtower_containers_failed gauge
watchtower_containers_failed 1
# HELP watchtower_containers_scanned Number of containers scanned for changes by watchtower during the last scan
# TYPE watchtower_containers_scanned gauge
watchtower_containers_scanned 12
# HELP watchtower_containers_updated Number of containers updated by watchtower during the last scan
# TYPE watchtower_containers_updated gauge
watchtower_containers_updated 3
# HELP watchtower_scans_skipped Number of skipped scans since watchtower started
# TYPE watchtower_scans_skipped counter
watchtower_scans_skipped 0
# HELP watchtower_scans_total Number of scans since the watchtower started
# TYPE watchtower_scans_total counter
watchtower_scans_total 48
"""


def check_token(request: Request) -> Reply | None:
    return None if bearer_of(request) == TOKEN else Reply(401, b"", "text/plain")


provider = Provider(
    "watchtower",
    config={"server": "{sandbox}/watchtower", "access_token": TOKEN},
    guard=check_token,
    samples=(
        Sample("containers", {}, {"scanned": 12, "updated": 3, "failed": 1, "scans": 48, "skipped": 0}),
    ),
)


@provider.route("/v1/metrics")
def show_metrics(_request: Request) -> Reply:
    return text_reply(METRICS, content_type="text/plain; version=0.0.4; charset=utf-8")
