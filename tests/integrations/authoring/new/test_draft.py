import pytest

from integrations.authoring.lint import lint
from integrations.authoring.new.draft import NO_KEY, Key, draft, guess_name, id_of, read_address


@pytest.mark.parametrize(
    ("url", "name", "call"),
    [
        ("https://api.open-meteo.com/v1/forecast?latitude=38.7", "Open Meteo", "forecast"),
        ("https://nas.lan:8443", "Nas", "main"),
        ("https://api.github.com/repos/a/b/issues/7", "Github", "issues"),
        ("http://10.0.0.1/status.json", "My service", "status"),
        ("https://a.test/{x}/%7By%7D/3d-models", "Test", "n3d-models"),
    ],
)
@pytest.mark.parametrize("key", [NO_KEY, Key("bearer"), Key("header", "X-Key")])
def test_a_draft_passes_the_linter(url, name, call, key):
    address = read_address(url)
    assert guess_name(address) == name
    declaration = draft(name, id_of(name), address, key, None, "json")
    assert [found for found in lint(declaration) if found.level == "error"] == []
    assert declaration["manifest"]["endpoints"][0]["id"] == call


def test_values_in_the_query_become_defaults_and_a_key_is_not_written():
    address = read_address(
        "https://a.test/now?city=Oslo&days=3&lat=38.7&zip=0150&appid=hush-hush&empty=&token=hush"
    )
    declaration = draft("A", "a", address, Key("query", "appid"), None, "json")
    parameters = declaration["manifest"]["endpoints"][0]["parameters"]
    assert [(item["name"], item["type"], item.get("default")) for item in parameters] == [
        ("city", "string", "Oslo"),
        ("days", "integer", 3),
        ("lat", "number", 38.7),
        ("zip", "string", "0150"),
        ("empty", "string", None),
        ("token", "string", None),
    ]
    assert "hush" not in str(declaration)
    assert address.key == "appid"


@pytest.mark.parametrize("url", ["", "a.test/x", "ftp://a.test", "https://me:pw@a.test/", "https://"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="whole address"):
        read_address(url)
