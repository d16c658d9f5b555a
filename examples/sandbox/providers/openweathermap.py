"""OpenWeatherMap: geocoding, current weather, five days in steps of three hours.

Shapes and errors as in https://openweathermap.org/current, /forecast5 and /api/geocoding-api.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "sandbox-openweathermap-key"
NOW_EPOCH_SECONDS = 1_767_268_800  # 2026-01-01T12:00:00Z
STEP_SECONDS = 3 * 3600
MAX_STEPS = 40
WARMER_BY = (0, 1, 2, 1, 0, -2, -4, -3)
"""A day's steps against its first, in kelvin."""
SAME_PLACE_DEGREES = 0.5
UNITS = ("standard", "metric", "imperial")


@dataclass(frozen=True, slots=True)
class City:
    id: int
    name: str
    country: str
    state: str | None
    lat: float
    lon: float
    kelvin: float
    meters_per_second: float
    humidity: int
    weather: tuple[int, str, str, str]


RAIN = (500, "Rain", "light rain", "10d")
CLEAR = (800, "Clear", "clear sky", "01d")
SNOW = (600, "Snow", "light snow", "13d")
CLOUDS = (803, "Clouds", "broken clouds", "04d")

CITIES = (
    City(2643743, "London", "GB", "England", 51.5073, -0.1276, 282.65, 4.1, 81, RAIN),
    City(2950159, "Berlin", "DE", None, 52.517, 13.3889, 274.15, 3.6, 74, CLOUDS),
    City(3413829, "Reykjavík", "IS", None, 64.146, -21.9422, 270.15, 9.3, 68, SNOW),
    City(1850147, "Tokyo", "JP", None, 35.6828, 139.759, 288.15, 2.6, 45, CLEAR),
    City(4500546, "London", "US", "Ohio", 39.8865, -83.4483, 268.15, 5.0, 60, CLOUDS),
)


def check_key(request: Request) -> Reply | None:
    if request.query.get("appid") == API_KEY:
        return None
    message = "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."
    return json_reply({"cod": 401, "message": message}, 401)


provider = Provider(
    "openweathermap",
    config={"api_key": API_KEY},
    guard=check_key,
    unknown=lambda _: json_reply({"cod": "404", "message": "Internal error"}, 404),
    samples=(
        Sample(
            "weather",
            {"location": "London,GB"},
            {
                "place": "London",
                "country": "GB",
                "temperature": 9.5,
                "feels_like": 7.5,
                "humidity": 81,
                "wind": "4.1 m/s",
                "summary": "light rain",
                "observed_at": NOW_EPOCH_SECONDS,
            },
            upstream_calls=2,
        ),
        Sample(
            "forecast",
            {"location": "Tokyo,JP", "units": "imperial", "steps": 3},
            [
                {"at": 1767279600, "temperature": 59.0, "summary": "clear sky", "rain_chance": 0},
                {"at": 1767290400, "temperature": 60.8, "summary": "clear sky", "rain_chance": 0.1},
                {"at": 1767301200, "temperature": 62.6, "summary": "clear sky", "rain_chance": 0.2},
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/geo/1.0/direct")
def geocode(request: Request) -> Reply:
    wanted = [part.strip().casefold() for part in request.query.get("q", "").split(",") if part.strip()]
    if not wanted:
        return json_reply({"cod": "400", "message": "Nothing to geocode"}, 400)
    limit = int(request.number("limit", 1, 5)) or 1
    found = [city for city in CITIES if _is_named(city, wanted)]
    return json_reply([_as_place(city) for city in found[:limit]])


@provider.route("/data/2.5/weather")
def current_weather(request: Request) -> Reply:
    city = _city_at(request)
    if isinstance(city, Reply):
        return city
    units = request.query.get("units", "standard")
    return json_reply(
        {
            "coord": {"lon": city.lon, "lat": city.lat},
            "weather": [_as_condition(city)],
            "base": "stations",
            "main": _measures(city, 0, units),
            "visibility": 10000,
            "wind": {"speed": _speed(city.meters_per_second, units), "deg": 240},
            "clouds": {"all": 75},
            "dt": NOW_EPOCH_SECONDS,
            "sys": {"country": city.country, "sunrise": 1767254800, "sunset": 1767283200},
            "timezone": 0,
            "id": city.id,
            "name": city.name,
            "cod": 200,
        }
    )


@provider.route("/data/2.5/forecast")
def forecast(request: Request) -> Reply:
    city = _city_at(request)
    if isinstance(city, Reply):
        return city
    steps = int(request.number("cnt", MAX_STEPS, MAX_STEPS)) or MAX_STEPS
    units = request.query.get("units", "standard")
    return json_reply(
        {
            "cod": "200",
            "message": 0,
            "cnt": steps,
            "list": [_forecast_step(city, step, units) for step in range(1, steps + 1)],
            "city": {
                "id": city.id,
                "name": city.name,
                "coord": {"lat": city.lat, "lon": city.lon},
                "country": city.country,
                "timezone": 0,
            },
        }
    )


def _is_named(city: City, wanted: list[str]) -> bool:
    name, *area = wanted
    known = {city.country.casefold(), (city.state or "").casefold()}
    return city.name.casefold() == name and all(part in known for part in area)


def _city_at(request: Request) -> City | Reply:
    coordinates = []
    for name, highest in (("lat", 90), ("lon", 180)):
        text = request.query.get(name, "")
        if not text:
            return json_reply({"cod": "400", "message": "Nothing to geocode"}, 400)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not -highest <= value <= highest:
            wrong = "wrong latitude" if name == "lat" else "wrong longitude"
            return json_reply({"cod": "400", "message": wrong}, 400)
        coordinates.append(value)
    lat, lon = coordinates
    for city in CITIES:
        if abs(city.lat - lat) < SAME_PLACE_DEGREES and abs(city.lon - lon) < SAME_PLACE_DEGREES:
            return city
    return json_reply({"cod": "404", "message": "city not found"}, 404)


def _as_place(city: City) -> dict[str, Any]:
    place: dict[str, Any] = {"name": city.name, "lat": city.lat, "lon": city.lon, "country": city.country}
    return place | ({"state": city.state} if city.state else {})


def _as_condition(city: City) -> dict[str, Any]:
    id_, main, description, icon = city.weather
    return {"id": id_, "main": main, "description": description, "icon": icon}


def _forecast_step(city: City, step: int, units: str) -> dict[str, Any]:
    at = NOW_EPOCH_SECONDS + step * STEP_SECONDS
    return {
        "dt": at,
        "main": _measures(city, WARMER_BY[(step - 1) % len(WARMER_BY)], units),
        "weather": [_as_condition(city)],
        "clouds": {"all": 75},
        "wind": {"speed": _speed(city.meters_per_second, units), "deg": 240},
        "pop": round((step - 1) % 10 / 10, 1),
        "sys": {"pod": "d"},
        "dt_txt": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _measures(city: City, warmer_by: int, units: str) -> dict[str, Any]:
    kelvin = city.kelvin + warmer_by
    return {
        "temp": _temperature(kelvin, units),
        "feels_like": _temperature(kelvin - 2, units),
        "temp_min": _temperature(kelvin - 1, units),
        "temp_max": _temperature(kelvin + 1, units),
        "pressure": 1013,
        "humidity": city.humidity,
    }


def _temperature(kelvin: float, units: str) -> float:
    celsius = kelvin - 273.15
    return round({"metric": celsius, "imperial": celsius * 9 / 5 + 32}.get(units, kelvin), 2)


def _speed(meters_per_second: float, units: str) -> float:
    return round(meters_per_second * 2.236936, 2) if units == "imperial" else meters_per_second
