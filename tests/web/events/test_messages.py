"""Events in the text/event-stream format."""

from __future__ import annotations

import pytest

from plugin_store.events import EventRow
from web.events.messages import (
    event_message,
    first_message,
    heartbeat_message,
    parse_last_event_id,
    resync_message,
)

ROW = EventRow(7, 0.5, "artifact.renewed", 1, None, "p", "b", '{"parameters_hash":"ab","fetched_at":1.25}')


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            event_message(ROW),
            "id: 7\nevent: artifact.renewed\n"
            'data: {"at":"1970-01-01T00:00:00.500Z","workspace_id":1,"notebook_id":null,"plugin_id":"p",'
            '"block_id":"b","parameters_hash":"ab","fetched_at":"1970-01-01T00:00:01.250Z"}\n\n',
        ),
        (
            event_message(ROW._replace(kind="plugin.forgotten", block_id=None, data=None)),
            "id: 7\nevent: plugin.forgotten\n"
            'data: {"at":"1970-01-01T00:00:00.500Z","workspace_id":1,"notebook_id":null,"plugin_id":"p",'
            '"block_id":null}\n\n',
        ),
        (resync_message(9, "overflow"), 'id: 9\nevent: resync\ndata: {"reason":"overflow"}\n\n'),
        (first_message(3), "retry: 3000\nid: 3\n\n"),
        (heartbeat_message(3), ":\nid: 3\n\n"),
    ],
)
def test_messages_are_lines_with_an_empty_one_at_the_end(message: bytes, text: str):
    assert message.decode() == text


def test_a_line_break_in_an_id_cannot_start_a_field_of_its_own():
    message = event_message(ROW._replace(plugin_id="p\n\nevent: resync\r\ndata: {}"))
    assert message.count(b"\n") == 4 and b"\r" not in message


@pytest.mark.parametrize(
    ("header", "event_id"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("42", 42),
        ("-1", -1),
        ("4 2", -1),
        ("abc", -1),
        ("٤", -1),
        ("1" * 19, -1),
        ("1" * 5000, -1),
    ],
)
def test_an_id_that_is_not_ours_is_one_that_cannot_be_resumed(header: str | None, event_id: int | None):
    assert parse_last_event_id(header) == event_id
