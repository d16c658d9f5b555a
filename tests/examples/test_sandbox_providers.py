"""The sandbox answers like the providers, including errors."""

from __future__ import annotations

import pytest

from examples.sandbox.providers import PROVIDERS, github, openweathermap, syncthing
from tests.examples.asking import ask

KEY = f"appid={openweathermap.API_KEY}"
GITHUB = {"Authorization": f"Bearer {github.TOKEN}", "User-Agent": "test"}
SYNCTHING = {"X-API-Key": syncthing.API_KEY}


# Who is let in, and what is refused: (target, headers, status, part of the body)
REFUSALS = [
    ("/openweathermap/data/2.5/weather?lat=51.5&lon=-0.1", {}, 401, "Invalid API key"),
    ("/openweathermap/data/2.5/weather?lat=51.5&lon=-0.1&appid=wrong", {}, 401, '"cod": 401'),
    (f"/openweathermap/data/2.5/weather?{KEY}", {}, 400, "Nothing to geocode"),
    (f"/openweathermap/data/2.5/weather?lat=99&lon=0&{KEY}", {}, 400, "wrong latitude"),
    (f"/openweathermap/data/2.5/weather?lat=nan&lon=0&{KEY}", {}, 400, "wrong latitude"),
    (f"/openweathermap/data/2.5/weather?lat=0&lon=0&{KEY}", {}, 404, "city not found"),
    (f"/openweathermap/geo/1.0/direct?{KEY}", {}, 400, "Nothing to geocode"),
    (f"/openweathermap/data/9/weather?{KEY}", {}, 404, "Internal error"),
    ("/open-meteo/v1/forecast?longitude=1", {}, 400, "required for key 'latitude'"),
    ("/open-meteo/v1/forecast?latitude=91&longitude=1", {}, 400, "must be in range"),
    (
        "/open-meteo/v1/forecast?latitude=1&longitude=1&current=nonsense",
        {},
        400,
        "invalid String value nonsense",
    ),
    ("/open-meteo/v1/forecast?latitude=1&longitude=1&temperature_unit=k", {}, 400, "Cannot initialize"),
    ("/github/repos/octocat/hello-world", {"User-Agent": "test"}, 401, "Requires authentication"),
    ("/github/user", {**GITHUB, "Authorization": "Bearer wrong"}, 401, "Bad credentials"),
    ("/github/user", {"Authorization": GITHUB["Authorization"]}, 403, "administrative rules"),
    ("/github/user", {**GITHUB, "X-GitHub-Api-Version": "1999-01-01"}, 400, "Unsupported API version"),
    ("/github/repos/octocat/unknown", GITHUB, 404, "Not Found"),
    ("/github/repos/octocat/hello-world/issues/999", GITHUB, 404, "Not Found"),
    ("/github/repos/octocat/hello-world/pulls/42", GITHUB, 404, "Not Found"),
    ("/github/repos/octocat/hello-world/issues?state=odd", GITHUB, 422, "Validation Failed"),
    ("/syncthing/rest/system/status", {}, 403, "CSRF Error"),
    ("/syncthing/rest/db/status", SYNCTHING, 400, "folder is required"),
    ("/syncthing/rest/db/status?folder=none", SYNCTHING, 404, "folder not found"),
    ("/nobody/here", {}, 404, "no provider 'nobody'"),
    ("/", {}, 404, "no provider ''"),
]


@pytest.mark.parametrize(("target", "headers", "status", "told"), REFUSALS)
def test_refuses_what_the_provider_refuses(sandbox, target, headers, status, told):
    answer = ask(sandbox, target, headers=headers)

    assert (answer.status, told in answer.body.decode()) == (status, True), answer.body


def test_geocoding_leads_to_the_weather_there_in_the_units_asked_for(sandbox):
    place = ask(sandbox, f"/openweathermap/geo/1.0/direct?q=Reykjav%C3%ADk,IS&limit=1&{KEY}").json[0]
    where = f"lat={place['lat']}&lon={place['lon']}"

    temperatures = {
        units: ask(sandbox, f"/openweathermap/data/2.5/weather?{where}&units={units}&{KEY}").json["main"][
            "temp"
        ]
        for units in openweathermap.UNITS
    }

    assert temperatures == {"standard": 270.15, "metric": -3.0, "imperial": 26.6}


def test_a_name_in_two_countries_is_narrowed_by_country_and_by_limit(sandbox):
    def countries(query: str) -> list[str]:
        return [
            place["country"] for place in ask(sandbox, f"/openweathermap/geo/1.0/direct?{query}&{KEY}").json
        ]

    assert countries("q=London&limit=5") == ["GB", "US"]
    assert countries("q=London&limit=1") == ["GB"]
    assert countries("q=London,Ohio,US") == ["US"]
    assert countries("q=Atlantis") == []


def test_open_meteo_answers_only_the_variables_and_days_asked_for(sandbox):
    target = "/open-meteo/v1/forecast?latitude=52.5&longitude=13.4&daily=weather_code&forecast_days=9"

    answer = ask(sandbox, target).json

    assert set(answer["daily"]) == {"time", "weather_code"}
    assert len(answer["daily"]["time"]) == len(answer["daily"]["weather_code"]) == 9
    assert "current" not in answer


def test_issues_are_paged_by_links_to_this_sandbox(sandbox):
    found, target = [], "/github/repos/octocat/hello-world/issues?state=all&per_page=3"
    while target:
        answer = ask(sandbox, target, headers=GITHUB)
        found += [issue["number"] for issue in answer.json]
        link = answer.headers.get("Link", "")
        assert not link or link.startswith(f"<{sandbox.url}/github/")
        target = link.partition(">")[0].removeprefix(f"<{sandbox.url}")

    assert found == [44, 43, 42, 41]


def test_every_provider_is_in_the_table_under_its_own_id():
    assert {
        "openweathermap",
        "open-meteo",
        "github",
        "link-preview",
        "rss-feed",
        "syncthing",
        "corners",
    } <= set(PROVIDERS)
    assert all(provider_id == provider.id for provider_id, provider in PROVIDERS.items())
