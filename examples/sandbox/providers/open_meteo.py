"""Open-Meteo: a forecast and the air, without a key; they answer only what they are asked for.

Shapes and errors as in https://open-meteo.com/en/docs and /en/docs/air-quality-api.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

MAX_DAYS = 16
MAX_HOURS = 384
FIRST_HOUR = datetime(2026, 1, 1, 12, tzinfo=UTC)
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
DAILY: dict[str, tuple[list[Any], str]] = {
    "sunrise": (["2026-01-01T08:17"], "iso8601"),
    "sunset": (["2026-01-01T16:02"], "iso8601"),
    "daylight_duration": ([27900.0], "s"),
    "uv_index_max": ([0.55], ""),
    "weather_code": ([3, 61, 71, 0, 2, 45, 80], "wmo code"),
    "temperature_2m_max": ([5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0], "°C"),
    "temperature_2m_min": ([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "°C"),
    "precipitation_sum": ([0.0, 4.5, 2.1, 0.0, 0.0, 0.2, 7.8], "mm"),
    "precipitation_probability_max": ([5, 90, 70, 0, 10, 20, 95], "%"),
}
AIR: dict[str, tuple[float, str]] = {
    "european_aqi": (27, "EAQI"),
    "pm10": (14.2, "μg/m³"),
    "pm2_5": (9.8, "μg/m³"),
    "ozone": (41.0, "μg/m³"),
    "nitrogen_dioxide": (18.4, "μg/m³"),
}


def _hour(number: int) -> dict[str, float]:
    """The weather of an hour: a warm afternoon, a cold night, and showers that pass."""
    hour = (FIRST_HOUR + timedelta(hours=number)).hour
    shower = max(0.0, math.sin((number - 4) / 3.2)) * (1.6 if number % 24 < 15 else 0)
    return {
        "temperature_2m": round(4.2 + 4.1 * math.sin((hour - 9) / 24 * 2 * math.pi) + number / 40, 1),
        "precipitation": round(shower, 1),
        "precipitation_probability": round(min(95, shower * 55)),
        "weather_code": 61 if shower > 0.2 else (3 if hour % 5 else 2),
    }


HOURLY_UNITS = {
    "temperature_2m": "°C",
    "precipitation": "mm",
    "precipitation_probability": "%",
    "weather_code": "wmo code",
}


def _times(count: int) -> list[str]:
    hours = (FIRST_HOUR + timedelta(hours=number) for number in range(count))
    return [hour.strftime("%Y-%m-%dT%H:%M") for hour in hours]


def _sampled_hours(count: int, **names: str) -> dict[str, list[Any]]:
    """What a block selects of the first hours, under its own names."""
    return {"time": _times(count)} | {
        name: [_hour(number)[variable] for number in range(count)] for name, variable in names.items()
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
                "wind": "14.4 km/h",
                "weather_code": 3,
                "is_day": 1,
                "at": "2026-01-01T12:00",
            },
        ),
        Sample(
            "hourly",
            {"hours": 30},
            _sampled_hours(30, temperature="temperature_2m", weather_codes="weather_code"),
        ),
        Sample(
            "rain",
            {},
            _sampled_hours(24, precipitation="precipitation", chance="precipitation_probability"),
        ),
        Sample(
            "daily",
            {"days": 3, "temperature_unit": "fahrenheit"},
            {
                "days": ["2026-01-01", "2026-01-02", "2026-01-03"],
                "weather_codes": [3, 61, 71],
                "high": [41, 43, 45],
                "low": [30, 32, 34],
                "rain_chance": [5, 90, 70],
                "temperature_unit": "°F",
            },
        ),
        Sample(
            "sun",
            {},
            {
                "sunrise": "2026-01-01T08:17",
                "sunset": "2026-01-01T16:02",
                "daylight_seconds": 27900.0,
                "uv_index": 0.55,
            },
        ),
        Sample(
            "air",
            {},
            {
                "index": 27,
                "pm2_5": 9.8,
                "pm10": 14.2,
                "ozone": 41.0,
                "nitrogen_dioxide": 18.4,
                "at": "2026-01-01T12:00",
            },
        ),
    ),
)


@provider.route("/v1/air-quality")
def air_quality(request: Request) -> Reply:
    problem = _problem_with(request, current=AIR, hourly={}, daily={})
    if problem:
        return json_reply({"error": True, "reason": problem}, 400)
    names = _names(request, "current")
    units = {"time": "iso8601", "interval": "seconds"} | {name: AIR[name][1] for name in names}
    values = {"time": "2026-01-01T12:00", "interval": 3600} | {name: AIR[name][0] for name in names}
    return json_reply(_frame(request) | {"current_units": units, "current": values})


@provider.route("/v1/forecast")
def forecast(request: Request) -> Reply:
    problem = _problem_with(request, current=CURRENT, hourly=HOURLY_UNITS, daily=DAILY)
    if problem:
        return json_reply({"error": True, "reason": problem}, 400)
    answer = _frame(request)
    if current := _names(request, "current"):
        answer |= _current(current, request)
    if hourly := _names(request, "hourly"):
        answer |= _hourly(hourly, request)
    if daily := _names(request, "daily"):
        answer |= _daily(daily, request)
    return json_reply(answer)


def _frame(request: Request) -> dict[str, Any]:
    return {
        "latitude": float(request.query["latitude"]),
        "longitude": float(request.query["longitude"]),
        "generationtime_ms": 0.05,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
    }


def _problem_with(request: Request, **known_names: Mapping[str, Any]) -> str | None:
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
    for key, known in known_names.items():
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


def _hourly(names: list[str], request: Request) -> dict[str, Any]:
    count = int(request.number("forecast_hours", 24 * 7, MAX_HOURS))
    values: dict[str, Any] = {"time": _times(count)}
    units = {"time": "iso8601"}
    for name in names:
        hours = [_convert(_hour(number)[name], HOURLY_UNITS[name], request) for number in range(count)]
        values[name] = [value for value, _ in hours]
        units[name] = hours[0][1] if hours else HOURLY_UNITS[name]
    return {"hourly_units": units, "hourly": values}


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


def _convert(value: Any, unit: str, request: Request) -> tuple[Any, str]:
    if unit == "°C" and request.query.get("temperature_unit") == "fahrenheit":
        return round(value * 9 / 5 + 32, 1), "°F"
    if unit == "km/h":
        written, factor = WIND_UNITS[request.query.get("wind_speed_unit", "kmh")]
        return round(value * factor, 1), written
    return value, unit
