"""`url_patterns`: what matches, what is read, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid
from integrations.manifests.patterns import compile_pattern
from integrations.rendering.inputs import bind_inputs
from tests.integrations.building import integration_of
from tests.integrations.stories import Service

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


ISSUE = {
    "id": "issue",
    "path": "/repos/{owner}/{repo}/issues",
    "parameters": [
        {"name": "owner", "required": True},
        {"name": "repo", "required": True},
        {"name": "page", "type": "integer"},
        {"name": "labels", "type": "array"},
        {"name": "token", "from_config": "api_key"},
    ],
}
ADDRESS = "https://github.com/octocat/hello"
PAGED = REPOSITORY + r"/page/(?P<page>\d+)"
CHAIN = [
    {"id": "a", "endpoint": "issue", "parameters": {"owner": "{inputs.owner}", "repo": "x-{inputs.repo}"}}
]


def block_of(**words):
    return integration_of([ISSUE], [{"id": "b", "url_patterns": [REPOSITORY], **words}]).blocks["b"]


@pytest.mark.parametrize(
    ("words", "given", "config", "bound"),
    [
        ({"config_schema": {"url": {"type": "string", "required": True}}}, {"url": ADDRESS}, {}, {"owner": "octocat", "repo": "hello"}),
        ({"config_schema": {"url": {}}}, {"owner": "ada", "repo": "engine"}, {}, {"owner": "ada", "repo": "engine"}),
        ({"config_schema": {"url": {}}}, {"url": ADDRESS, "repo": "other"}, {}, {"owner": "octocat", "repo": "other"}),
        ({"config_schema": {"owner": {"type": "string"}}}, {"url": ADDRESS}, {}, {"owner": "octocat", "repo": "hello"}),
        ({"config_schema": {"url": {"from_config": "server"}}}, {}, {"server": ADDRESS}, {"owner": "octocat", "repo": "hello"}),
        ({"config_schema": {"url": {"default": ADDRESS}}}, {}, {}, {"owner": "octocat", "repo": "hello"}),
        ({"config_schema": {"url": {}}, "url_patterns": [PAGED, REPOSITORY]}, {"url": ADDRESS + "/page/3"}, {}, {"owner": "octocat", "repo": "hello", "page": 3}),
        ({"config_schema": {"url": {}}, "steps": CHAIN}, {"url": ADDRESS}, {}, {"owner": "octocat", "repo": "hello"}),
        ({"steps": CHAIN}, {"url": ADDRESS}, {}, {"owner": "octocat", "repo": "hello"}),
        ({}, {"url": ADDRESS}, {}, {"owner": "octocat", "repo": "hello"}),
    ],
)  # fmt: skip
def test_a_named_group_fills_the_input_or_else_the_parameter_of_its_name(words, given, config, bound):
    assert bind_inputs(block_of(**words), given, config) == bound


@pytest.mark.parametrize(
    ("words", "given", "fields"),
    [
        ({"config_schema": {"url": {"required": True}}}, {}, ["parameters.url"]),
        ({"config_schema": {"url": {}}}, {}, ["parameters.owner", "parameters.repo"]),
        ({"config_schema": {"url": {"required": True}}}, {"url": "https://gitlab.com/a/b"}, ["parameters.url"]),
        ({"config_schema": {"url": {"default": "https://gitlab.com/a/b"}}}, {}, ["parameters.url"]),
        ({"config_schema": {"url": {"pattern": ".*hello"}}}, {"url": "https://github.com/a/b"}, ["parameters.url"]),
        ({"config_schema": {"url": {}}}, {"url": 5}, ["parameters.url"]),
        ({"config_schema": {"url": {}}}, {"url": ADDRESS, "token": "x"}, ["parameters.token"]),
    ],
)  # fmt: skip
def test_what_an_address_does_not_give_is_told_by_field(words, given, fields):
    with pytest.raises(Invalid) as caught:
        bind_inputs(block_of(**words), given, {})
    assert list(caught.value.errors or {}) == fields


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"config_schema": {"url": {}}, "url_patterns": [r"https://github\.com/(?P<owner>[^/]+)"]}, "config_schema"),
        ({"config_schema": {"url": {}}, "url_patterns": [r"https://github\.com/(?P<user>[^/]+)/(?P<repo>[^/]+)"]}, "config_schema"),
        ({"config_schema": {"url": {}}, "url_patterns": [REPOSITORY + "/(?P<labels>.+)"]}, "url_patterns[0]"),
        ({"config_schema": {"owner": {"type": "object"}, "repo": {}}}, "url_patterns[0]"),
        ({"config_schema": {"url": {}}, "url_patterns": [r"https://github\.com/(?P<owner>[^/]+)"], "steps": CHAIN}, "steps[0].parameters"),
    ],
)  # fmt: skip
def test_what_no_address_could_ever_fill_is_refused(words, field):
    with pytest.raises(Invalid) as caught:
        block_of(**words)
    assert f"manifest.blocks[0].{field}" in (caught.value.errors or {})


def test_an_address_and_the_names_it_holds_are_one_question(client, upstream):
    upstream.expect_request("/repos/octocat/hello/issues").respond_with_json(["one"])
    block = {"id": "b", "url_patterns": [REPOSITORY], "config_schema": {"url": {"required": True}}}
    issue = {**ISSUE, "parameters": ISSUE["parameters"][:2], "cache_ttl": 60}
    service = Service(client, upstream, [issue], [block])
    assert service.render("b", {"url": ADDRESS}).get_json()["data"] == ["one"]
    again = service.render("b", {"url": ADDRESS + "?tab=readme"})
    assert (again.headers["X-Cache"], len(upstream.log)) == ("HIT", 1)


def test_explain_tells_what_an_address_gives(client, upstream):
    block = {"id": "b", "url_patterns": [REPOSITORY], "config_schema": {"url": {"required": True}}}
    Service(client, upstream, [ISSUE], [block])

    def explain(url):
        body = {"block_type": "b", "parameters": {"url": url}}
        return client.post("/integrations/svc/explain", body).json

    kinds = {item["name"]: item["source"]["kind"] for item in explain(ADDRESS)["inputs"]}
    assert kinds == {"url": "input", "owner": "input", "repo": "input"}
    [problem] = explain("https://gitlab.com/a/b")["problems"]
    assert list(problem["errors"]) == ["parameters.url"]
