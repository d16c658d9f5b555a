"""Protocols inside JSON: what is a value, what is a failure, what is a part."""

import pytest

from errors import UpstreamInvalid
from integrations.calling.protocols import MAX_MESSAGE_LENGTH, MAX_MESSAGES, unwrap
from integrations.calling.quotation import Quotation
from integrations.egress.messages import PreparedCall

QUOTATION = Quotation(PreparedCall("POST", "http://127.0.0.1:80/"))


@pytest.mark.parametrize(
    ("protocol", "answer", "value"),
    [
        ("plain", {"errors": [1]}, {"errors": [1]}),
        ("plain", None, None),
        ("graphql", {"data": {"a": 1}}, {"a": 1}),
        ("graphql", {"data": None}, None),
        ("graphql", {"data": {"a": 1}, "errors": []}, {"a": 1}),
        ("graphql", {"data": {"a": 1}, "errors": None, "extensions": {}}, {"a": 1}),
        ("jsonrpc", {"jsonrpc": "2.0", "id": 1, "result": [1]}, [1]),
        ("jsonrpc", {"result": None}, None),
        ("jsonrpc", {"result": False, "error": None}, False),
    ],
)
def test_a_good_answer_is_its_value(protocol, answer, value):
    unwrapped = unwrap(protocol, answer, QUOTATION)
    assert (unwrapped.value, unwrapped.partial) == (value, None)


@pytest.mark.parametrize(
    ("protocol", "answer", "messages"),
    [
        ("graphql", {"errors": [{"message": "no"}, {"message": "really"}]}, ["no", "really"]),
        ("graphql", {"data": None, "errors": [{"message": "no"}]}, ["no"]),
        ("graphql", {"errors": "no"}, ["no"]),
        ("graphql", {"errors": [{"code": 5}]}, ["None"]),
        ("jsonrpc", {"error": {"code": -32601, "message": "Method not found"}}, ["Method not found"]),
        ("jsonrpc", {"result": 1, "error": "no"}, ["no"]),
    ],
)
def test_an_error_without_a_value_is_a_failure_that_says_why(protocol, answer, messages):
    with pytest.raises(UpstreamInvalid) as caught:
        unwrap(protocol, answer, QUOTATION)
    assert caught.value.extensions == {"reason": "protocol", "messages": messages}


def test_graphql_data_with_errors_is_a_part_of_the_answer():
    unwrapped = unwrap(
        "graphql", {"data": {"a": 1, "b": None}, "errors": [{"message": "b is down"}]}, QUOTATION
    )
    assert unwrapped.value == {"a": 1, "b": None}
    assert unwrapped.partial is not None
    assert unwrapped.partial.extensions["messages"] == ["b is down"]


@pytest.mark.parametrize("protocol", ["graphql", "jsonrpc"])
@pytest.mark.parametrize("answer", [None, [], "x", 5, {}, {"other": 1}, [{"data": 1, "result": 1}]])
def test_what_is_not_of_the_protocol_is_a_failure(protocol, answer):
    with pytest.raises(UpstreamInvalid) as caught:
        unwrap(protocol, answer, QUOTATION)
    assert caught.value.extensions == {"reason": "protocol"}


def test_messages_are_few_and_short():
    errors = [{"message": "x" * 10_000}] * 100
    with pytest.raises(UpstreamInvalid) as caught:
        unwrap("graphql", {"errors": errors}, QUOTATION)
    assert caught.value.extensions["messages"] == ["x" * (MAX_MESSAGE_LENGTH - 1) + "…"] * MAX_MESSAGES
