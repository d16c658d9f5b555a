"""Open-Meteo: one forecast endpoint without a key, which answers only what it is asked for.

Shapes and errors as in https://open-meteo.com/en/docs.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

MAX_DAYS = 16
TEMPERATURE_UNITS = {"celsius": "°C", "fahrenheit": "°F"}
WIND_UNITS = {
    "kmh": ("km/h", 1.0),
    "ms": ("m/s", 1 / 3.6),
    "mph": ("mp/h", 1 / 1.609344),
    "kn": ("kn", 1 / 1.852),
}

# Variable → (metric value, its unit).
CURRENT: dict[str, tuple[float, str]] = {
    "temperature_2m": (4.2, "°C"),
    "relative_humidity_2m": (76, "%"),
    "apparent_temperature": (0.9, "°C"),
    "is_day": (1, ""),
    "precipitation": (0.0, "mm"),
    "weather_code": (3, "wmo code"),
    "wind_speed_10m": (14.4, "km/h"),
    "wind_direction_10m": (231, "°"),
}
DAILY: dict[str, tuple[list[float], str]] = {
    "weather_code": ([3, 61, 71, 0, 2, 45, 80], "wmo code"),
    "temperature_2m_max": ([5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0], "°C"),
    "temperature_2m_min": ([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "°C"),
    "precipitation_sum": ([0.0, 4.5, 2.1, 0.0, 0.0, 0.2, 7.8], "mm"),
    "precipitation_probability_max": ([5, 90, 70, 0, 10, 20, 95], "%"),
}

provider = Provider(
    "open-meteo",
    config={"latitude": 52.52, "longitude": 13.41},
    unknown=lambda _: json_reply({"error": True, "reason": "Not Found"}, 404),
    samples=(
        Sample(
            "current",
            {},
            {
                "temperature": 4.2,
                "feels_like": 0.9,
                "temperature_unit": "°C",
                "humidity": 76,
                "wind_speed": 14.4,
                "wind_unit": "km/h",
                "weather_code": 3,
                "is_day": 1,
                "at": "2026-01-01T12:00",
            },
        ),
        Sample(
            "daily",
            {"days": 3, "temperature_unit": "fahrenheit"},
            {
                "days": ["2026-01-01", "2026-01-02", "2026-01-03"],
                "weather_codes": [3, 61, 71],
                "high": [41.0, 42.8, 44.6],
                "low": [30.2, 32.0, 33.8],
                "rain_chance": [5, 90, 70],
                "temperature_unit": "°F",
            },
        ),
    ),
)


@provider.route("/v1/forecast")
def forecast(request: Request) -> Reply:
    problem = _problem_with(request)
    if problem:
        return json_reply({"error": True, "reason": problem}, 400)
    answer: dict[str, Any] = {
        "latitude": float(request.query["latitude"]),
        "longitude": float(request.query["longitude"]),
        "generationtime_ms": 0.05,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
    }
    if current := _names(request, "current"):
        answer |= _current(current, request)
    if daily := _names(request, "daily"):
        answer |= _daily(daily, request)
    return json_reply(answer)


def _problem_with(request: Request) -> str | None:
    for name, highest in (("latitude", 90), ("longitude", 180)):
        text = request.query.get(name)
        if text is None:
            return f"Value of type 'Float' required for key '{name}'."
        try:
            outside = not -highest <= float(text) <= highest
        except ValueError:
            return f"Value of type 'Float' required for key '{name}'."
        if outside:
            return f"{name.capitalize()} must be in range of -{highest} to {highest}°. Given: {text}."
    for name, known in (("temperature_unit", TEMPERATURE_UNITS), ("wind_speed_unit", WIND_UNITS)):
        text = request.query.get(name)
        if text is not None and text not in known:
            kind = "".join(part.capitalize() for part in name.split("_"))
            return f"Cannot initialize {kind} from invalid String value {text} for key {name}"
    for key, known in (("current", CURRENT), ("daily", DAILY)):
        for name in _names(request, key):
            if name not in known:
                return f"Cannot initialize SurfaceVariable from invalid String value {name} for key {key}"
    return None


def _names(request: Request, key: str) -> list[str]:
    return [name for name in request.query.get(key, "").split(",") if name]


def _current(names: list[str], request: Request) -> dict[str, Any]:
    converted = {name: _convert(*CURRENT[name], request) for name in names}
    return {
        "current_units": {"time": "iso8601", "interval": "seconds"}
        | {n: unit for n, (_, unit) in converted.items()},
        "current": {"time": "2026-01-01T12:00", "interval": 900}
        | {n: value for n, (value, _) in converted.items()},
    }


def _daily(names: list[str], request: Request) -> dict[str, Any]:
    count = int(request.number("forecast_days", 7, MAX_DAYS))
    values: dict[str, Any] = {"time": [f"2026-01-{day:02d}" for day in range(1, count + 1)]}
    units = {"time": "iso8601"}
    for name in names:
        week, unit = DAILY[name]
        days = [_convert(week[day % len(week)], unit, request) for day in range(count)]
        values[name] = [value for value, _ in days]
        units[name] = days[0][1] if days else unit
    return {"daily_units": units, "daily": values}


def _convert(value: float, unit: str, request: Request) -> tuple[float, str]:
    if unit == "°C" and request.query.get("temperature_unit") == "fahrenheit":
        return round(value * 9 / 5 + 32, 1), "°F"
    if unit == "km/h":
        written, factor = WIND_UNITS[request.query.get("wind_speed_unit", "kmh")]
        return round(value * factor, 1), written
    return value, unit
