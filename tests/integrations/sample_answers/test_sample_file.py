import json

import pytest

from integrations.egress.call_identity import CallIdentity
from integrations.egress.messages import Headers
from integrations.sample_answers.sample_file import (
    Sample,
    SampleAnswer,
    SampleError,
    file_name,
    read_sample,
    write_sample,
)


def sample_of(body: bytes, asked: bytes | None = None) -> Sample:
    identity = CallIdentity("now", "GET", "https://a.test/now?q=1", asked)
    return Sample(identity, SampleAnswer(200, Headers((("Content-Type", "x/y"),)), body))


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"big":123456789012345678901234567890,"f":0.1}',
        b"a\r\nb\n",
        "\ufeffæ\u2028b".encode(),
        b"\xff\x00",
    ],
)
def test_a_written_sample_is_read_as_it_was(body, is_json):
    written = sample_of(body)
    assert read_sample(write_sample(written, is_json=is_json).encode()) == written


def test_json_is_written_as_json_and_text_by_lines():
    content = json.loads(write_sample(sample_of(b'{"a":1}'), is_json=True))
    assert content["response"]["json"] == {"a": 1}
    content = json.loads(write_sample(sample_of(b"a\nb\n"), is_json=False))
    assert content["response"]["text"] == ["a\n", "b\n"]


def test_a_sample_written_by_hand_needs_little():
    sample = read_sample(
        b'{"request":{"method":"post","url":"https://a.test/x"},"response":{"json":{"ok":true}}}'
    )
    assert sample.answer == SampleAnswer(200, Headers(()), b'{"ok":true}')
    assert sample.identity.digest == CallIdentity("other", "POST", "https://a.test/x").digest


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "not JSON"),
        ("[]", "`request`"),
        ({"request": {"method": "GET", "url": "u"}}, "`response`"),
        ({"request": {"url": "u"}, "response": {}}, "`method`"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"status": 99}}, "status"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"status": True}}, "status"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"headers": [["a"]]}}, "headers"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"text": "", "json": 1}}, "one of"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"text": 5}}, "text"),
        ({"request": {"method": "GET", "url": "u"}, "response": {"base64": "é"}}, "base64"),
    ],
)
def test_what_is_no_sample_is_told(content, told):
    with pytest.raises(SampleError, match=told):
        read_sample((content if isinstance(content, str) else json.dumps(content)).encode())


def test_json_bodies_count_by_value():
    digests = {
        CallIdentity("e", "POST", "u", body).digest for body in (b'{"a":1,"b":2}', b'{"b": 2, "a": 1}')
    }
    assert len(digests) == 1
    assert CallIdentity("e", "POST", "u", b"a=1").digest not in digests


def test_a_files_name_leads_nowhere_else():
    assert file_name(CallIdentity("../../etc", "GET", "u")).startswith("______etc-")
