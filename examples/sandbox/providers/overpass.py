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
# Id, latitude, longitude, name, opening hours.
FOUNTAINS = (
    (101, 52.5211, 13.4105, None, "Mar-Oct"),
    (102, 52.5196, 13.4069, "Market fountain", None),
    (103, 52.5224, 13.4139, "Station", "24/7"),
    (104, 52.5179, 13.4128, "Playground", None),
    (105, 52.5208, 13.4047, "Old bridge", "Apr-Sep"),
)
NODES = [
    {
        "type": "node",
        "id": id_,
        "lat": latitude,
        "lon": longitude,
        "tags": {"amenity": "drinking_water"}
        | ({"name": name} if name else {})
        | ({"opening_hours": hours} if hours else {}),
    }
    for id_, latitude, longitude, name, hours in FOUNTAINS
]

provider = Provider(
    "overpass",
    samples=(
        Sample(
            "near",
            {"latitude": 52.52, "longitude": 13.41, "radius": 300},
            [
                {
                    "name": name or "drinking water",
                    "latitude": latitude,
                    "longitude": longitude,
                    "opening_hours": hours,
                }
                for _, latitude, longitude, name, hours in FOUNTAINS
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
