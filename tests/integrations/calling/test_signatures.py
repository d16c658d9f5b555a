"""Signatures, held against the vectors of their standards and of a provider's documentation."""

import base64
from urllib.parse import parse_qsl, urlsplit

import pytest

from errors import SettingsIncomplete
from integrations.calling.signatures import FUNCTIONS, compute_values, request_parts
from integrations.manifests.model import Signature, SignatureValue
from integrations.manifests.templating import UnresolvedName, parse_template
from schemas.manifests.words import SIGNATURE_FUNCTIONS
from tests.integrations.building import call_of, headers_of

HMAC_JEFE = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(
    ("function", "text", "key", "expected"),
    [
        # RFC 4648 section 10
        ("base64", "", "", ""),
        ("base64", "f", "", "Zg=="),
        ("base64", "foobar", "", "Zm9vYmFy"),
        ("base64", "ü\U0001f326", "", "w7zwn4ym"),
        # FIPS 180-4
        ("sha256_hex", "", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("sha256_hex", "abc", "", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        # RFC 4231 section 4.3
        ("hmac_sha256_hex", "what do ya want for nothing?", "Jefe", HMAC_JEFE),
        (
            "hmac_sha256_base64", "what do ya want for nothing?", "Jefe",
            base64.b64encode(bytes.fromhex(HMAC_JEFE)).decode(),
        ),
        ("now_epoch", "", "", "1499827319"),
        ("now_iso", "", "", "2017-07-12T02:41:59Z"),
    ],
)  # fmt: skip
def test_a_function_gives_what_its_standard_says(function, text, key, expected):
    assert FUNCTIONS[function](text, key, 1499827319.559) == expected


def test_the_functions_are_those_that_a_manifest_may_name():
    assert set(FUNCTIONS) == set(SIGNATURE_FUNCTIONS)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test", ("https://a.test", "a.test", "", "", "/")),
        ("https://a.test/", ("https://a.test", "a.test", "/", "", "/")),
        ("https://a.test:8443/v1/x", ("https://a.test:8443", "a.test:8443", "/v1/x", "", "/v1/x")),
        ("http://[::1]:80/%C3%BC?q=a%20b&c", ("http://[::1]:80", "[::1]:80", "/%C3%BC", "q=a%20b&c", "/%C3%BC?q=a%20b&c")),
    ],
)  # fmt: skip
def test_the_parts_of_a_request_are_as_they_leave(url, expected):
    parts = request_parts("POST", url, b"{}")
    words = ("origin", "host", "path", "query", "target")
    assert tuple(parts[f"request.{word}"] for word in words) == expected
    assert (parts["request.method"], parts["request.url"], parts["request.body"]) == ("POST", url, "{}")
    assert request_parts("GET", url, None)["request.body"] == ""


def value(name: str, function: str, text: str | None = None, key: str | None = None) -> SignatureValue:
    def template(source: str | None):
        return parse_template(source) if source is not None else None

    return SignatureValue(name, function, template(text), template(key))


def test_a_value_uses_those_before_it():
    signature = Signature(
        (
            value("time", "now_epoch"),
            value("hash", "sha256_hex", "{time}"),
            value("out", "base64", "{hash}:{x}"),
        ),
        (),
        (),
    )
    found = compute_values(signature, {"x": "y"}, 5.9)
    digest = "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d"
    assert (found["time"], found["hash"]) == ("5", digest)
    assert base64.b64decode(found["out"]).decode() == f"{digest}:y"
    assert signature.names == {"x"}


def test_what_stands_behind_or_nowhere_is_unresolved_by_name():
    for text in ("{later}", "{nowhere}"):
        signature = Signature((value("a", "base64", text), value("later", "now_epoch")), (), ())
        with pytest.raises(UnresolvedName) as caught:
            compute_values(signature, {}, 0)
        assert f"{{{caught.value.name}}}" == text


# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security, "HMAC keys"
BINANCE_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
BINANCE_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
BINANCE_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
BINANCE_QUERY = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
BINANCE_AUTH = [
    {"type": "api_key", "in": "header", "name": "X-MBX-APIKEY", "value": "{api_key}"},
    {
        "type": "signature",
        "values": [
            {"name": "now", "function": "now_epoch"},
            {
                "name": "signature",
                "function": "hmac_sha256_hex",
                "key": "{password}",
                "input": "{request.query}&timestamp={now}559",
            },
        ],
        "query": {"timestamp": "{now}559", "signature": "{signature}"},
    },
]


def test_a_request_is_signed_as_binance_documents_it():
    endpoint = {
        "path": "/order",
        "method": "POST",
        "parameters": [{"name": name, "in": "query"} for name, _ in parse_qsl(BINANCE_QUERY)],
    }
    call = call_of(
        endpoint,
        dict(parse_qsl(BINANCE_QUERY)),
        secrets={"api_key": BINANCE_KEY, "password": BINANCE_SECRET},
        now=1499827319.0,
        auth=BINANCE_AUTH,
    )
    query = urlsplit(call.url).query
    assert query == f"{BINANCE_QUERY}&timestamp=1499827319559&signature={BINANCE_SIGNATURE}"
    assert headers_of(call)["x-mbx-apikey"] == BINANCE_KEY
    assert BINANCE_SECRET not in call.url + str(call.headers)


def test_half_a_signature_is_an_error_by_name():
    values = [
        {"name": "s", "function": "hmac_sha256_hex", "input": "{username}", "key": "{password}"},
    ]
    auth = {"type": "signature", "values": values, "headers": {"X-Sign": "{s}"}}
    with pytest.raises(SettingsIncomplete) as caught:
        call_of({"path": "/x"}, config={"username": "u"}, auth=auth)
    assert list(caught.value.errors or {}) == ["config.password"]


def test_a_signature_whose_settings_are_all_unset_is_left_out():
    call = call_of({"path": "/x"}, secrets={"api_key": "K"}, auth=BINANCE_AUTH)
    assert urlsplit(call.url).query == ""
