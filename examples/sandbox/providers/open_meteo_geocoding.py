"""Open-Meteo's geocoding: places by the beginning of their names, without a key.

Shapes and errors as in https://open-meteo.com/en/docs/geocoding-api.
"""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

MIN_LENGTH = 2

# Name, region, country, latitude, longitude.
PLACES = (
    ("Lisbon", "Lisbon", "Portugal", 38.71667, -9.13333),
    ("Lisburn", "Northern Ireland", "United Kingdom", 54.52337, -6.03527),
    ("Berlin", "State of Berlin", "Germany", 52.52437, 13.41053),
    ("Bergen", "Vestland", "Norway", 60.39299, 5.32415),
    ("San Marino", None, "San Marino", 43.93667, 12.44639),
)

provider = Provider(
    "open-meteo-geocoding",
    config={},
    unknown=lambda _: json_reply({"error": True, "reason": "Not Found"}, 404),
    samples=(
        Sample(
            "search",
            {"name": "Lisb"},
            [
                {"name": "Lisbon", "region": "Lisbon, Portugal", "latitude": 38.71667, "longitude": -9.13333},
                {
                    "name": "Lisburn",
                    "region": "Northern Ireland, United Kingdom",
                    "latitude": 54.52337,
                    "longitude": -6.03527,
                },
            ],
        ),
    ),
)


@provider.route("/v1/search")
def search(request: Request) -> Reply:
    asked = request.query.get("name", "").casefold()
    if len(asked) < MIN_LENGTH:
        return json_reply({"error": True, "reason": "Parameter 'name' must have at least 2 characters."}, 400)
    found = [place for place in PLACES if place[0].casefold().startswith(asked)]
    answer = {"generationtime_ms": 0.4}
    if not found:
        return json_reply(answer)
    return json_reply(answer | {"results": [_result(number, *place) for number, place in enumerate(found)]})


def _result(
    number: int, name: str, region: str | None, country: str, latitude: float, longitude: float
) -> dict:
    result = {
        "id": number + 1,
        "name": name,
        "latitude": latitude,
        "longitude": longitude,
        "country": country,
    }
    return result | ({"admin1": region} if region else {})
