"""OpenStreetMap's Overpass API: the body is a query in its own language.

Shapes as in https://wiki.openstreetmap.org/wiki/Overpass_API/Overpass_QL.
"""

from __future__ import annotations

import re

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

QUERY = re.compile(
    r"\[out:json\]\[timeout:\d+\];node\(around:(?P<radius>\d+),(?P<latitude>-?[\d.]+),(?P<longitude>-?[\d.]+)\)"
    r'\["amenity"="(?P<amenity>\w+)"\];out body \d+;'
)
NODES = [
    {
        "type": "node",
        "id": 101,
        "lat": 52.5211,
        "lon": 13.4105,
        "tags": {"amenity": "drinking_water", "opening_hours": "Mar-Oct"},
    },
    {
        "type": "node",
        "id": 102,
        "lat": 52.5196,
        "lon": 13.4069,
        "tags": {"amenity": "drinking_water", "name": "Market fountain"},
    },
]

provider = Provider(
    "overpass",
    samples=(
        Sample(
            "near",
            {"latitude": 52.52, "longitude": 13.41, "radius": 300},
            [
                {
                    "name": "drinking_water",
                    "latitude": 52.5211,
                    "longitude": 13.4105,
                    "opening_hours": "Mar-Oct",
                },
                {
                    "name": "Market fountain",
                    "latitude": 52.5196,
                    "longitude": 13.4069,
                    "opening_hours": None,
                },
            ],
        ),
    ),
)


@provider.route("/api/interpreter", "POST")
def answer_query(request: Request) -> Reply:
    asked = QUERY.fullmatch(request.body.decode("utf-8", "replace"))
    if asked is None or not request.headers.get("Content-Type", "").startswith("text/plain"):
        page = "<html><body><p><strong>Error</strong>: line 1: parse error: Unknown query clause</p></body></html>"
        return text_reply(page, 400, "text/html; charset=utf-8")
    found = [node for node in NODES if node["tags"]["amenity"] == asked["amenity"]]
    osm = {"timestamp_osm_base": "2026-01-02T08:00:00Z", "copyright": "© OpenStreetMap contributors, ODbL"}
    return json_reply({"version": 0.6, "generator": "Overpass API", "osm3s": osm, "elements": found})
