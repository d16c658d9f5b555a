from __future__ import annotations

import pytest

from web.gate.user_agents import name_user_agent


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, "Unknown"),
        ("", "Unknown"),
        (" ", "Unknown"),
        ("<script>", "Unknown"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.34", "python-requests"),
        ("x" * 500, "x" * 40),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.6 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "CriOS/128.0 Mobile/15E148 Safari/604.1",
            "Chrome on iOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 "
            "Mobile Safari/537.36",
            "Chrome on Android",
        ),
    ],
)
def test_a_browser_is_named_in_short(header: str | None, name: str):
    assert name_user_agent(header) == name
