"""`url_patterns`: what matches, what is read, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.patterns import compile_pattern

REPOSITORY = r"https://github\.com/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
VIDEO = r"https://(?:www\.)?youtube\.com/watch\?(?:.*&)?v=(?P<id>[\w-]+)"


@pytest.mark.parametrize(
    ("pattern", "url", "groups"),
    [
        (REPOSITORY, "https://github.com/ada/engine", {"owner": "ada", "repo": "engine"}),
        (REPOSITORY, "https://github.com/ada/engine/", {"owner": "ada", "repo": "engine"}),
        (REPOSITORY, "https://github.com/ada/engine?tab=readme#top", {"owner": "ada", "repo": "engine"}),
        (REPOSITORY, "https://github.com/ada/engine#top", {"owner": "ada", "repo": "engine"}),
        (REPOSITORY, "https://github.com/ada/engine/issues/1", {"owner": "ada", "repo": "engine"}),
        (REPOSITORY, "HTTPS://GitHub.COM/Ada/engine", {"owner": "Ada", "repo": "engine"}),
        (REPOSITORY, "https://github.com/ada%20b/%C3%A9", {"owner": "ada b", "repo": "é"}),
        (REPOSITORY, "https://github.com/a%2Fb/%FF", {"owner": "a/b", "repo": "%FF"}),
        (REPOSITORY, "https://github.com/ada", None),
        (REPOSITORY, "https://github.com.evil.example/ada/engine", None),
        (REPOSITORY, "https://evil.example/https://github.com/ada/engine", None),
        (REPOSITORY, " https://github.com/ada/engine", None),
        (REPOSITORY, "https://github.com/ada/engine\n", None),
        (REPOSITORY, "https://github.com/ada/\ud800", None),
        (REPOSITORY, "https://[bad/a/b", None),
        (REPOSITORY, "https://github.com/ada/" + "x" * 9_000, None),
        (REPOSITORY, "", None),
        (r"https://github\.com", "https://github.com/x", {}),
        (r"https://github\.com", "https://github.com.evil.example/", None),
        (r"https://github\.com/(?P<owner>[^/]+)$", "https://github.com/ada", {"owner": "ada"}),
        (r"https://github\.com/(?P<owner>[^/]+)$", "https://github.com/ada/engine", None),
        (VIDEO, "https://www.youtube.com/watch?v=a-B_1&t=3", {"id": "a-B_1"}),
        (VIDEO, "https://youtube.com/watch?list=x&v=a", {"id": "a"}),
        (r"https://x\.example/#/(?P<room>\w+)", "https://x.example/#/abc", {"room": "abc"}),
        (r"https://x\.example/(?:(?P<a>a)|(?P<b>b))", "https://x.example/b", {"b": "b"}),
        (r"https://x\.example/a|https://y\.example/b", "https://y.example/b/c", {}),
    ],
)
def test_a_url_is_matched_from_its_start_to_a_boundary(pattern, url, groups):
    assert compile_pattern(pattern).match_groups(url) == groups


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "needed"),
        (None, "needed"),
        ("x" * 1_001, "1000"),
        ("(", "missing"),
        ("a)|(b", "unexpected"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)", "invalid"),
        ("(a{1000}){1000}", "repetition"),
        ("((a{100}){100})", "repetition"),
        (r"\pL{1000}", "large"),
        ("(?P<a>x)(?P<a>y)", "duplicate"),
        ("(?P<é>x)", "é"),
        ("\ud800", "Unicode"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_reason(text, reason):
    with pytest.raises(ValueError) as caught:
        compile_pattern(text)
    assert reason in str(caught.value)


def test_the_inputs_that_a_pattern_fills_are_known_without_matching():
    assert compile_pattern(REPOSITORY).group_names == ("owner", "repo")
    assert compile_pattern("https://x").group_names == ()


def test_a_pattern_that_backtracks_elsewhere_runs_in_linear_time():
    pattern = compile_pattern(r"https://x\.example/(?P<a>(a+)+)b")
    assert pattern.match_groups("https://x.example/" + "a" * 8_000) is None


@given(st.text(max_size=60) | st.text("https://x.example/?#&%[]@:ab", max_size=60))
def test_any_text_can_be_asked(url):
    compile_pattern(r"https?://(?P<host>[^/]*)/(?P<rest>.*)").match_groups(url)
