"""The rules between the members that say how an answer is read."""

from __future__ import annotations

from schemas.manifests.words import READING_METHODS, RESPONSE_TYPES, VALUE_RESPONSE_TYPES
from schemas.rules.rule_kinds import Among, AtMostOne, Needs, OneFilled, RequiredTogether, Requires, Without
from schemas.rules.rules import EachMember, Has, If, Is, Lacks, Rule

_ON_A_PAGE = "A value of a page is found by a `selector`; objects are made for `each` element."

EXTRACT_ITEM_RULES: tuple[Rule, ...] = (
    RequiredTogether("each", "extract", "Objects for `each` element have values: `extract`."),
    Requires("attribute", "selector", "Needed to know whose attribute it is."),
    If(
        Has("each"),
        Without(
            ("selector", "attribute", "pattern", "type", "all"),
            "Objects for `each` element have it in `extract`.",
        ),
    ),
    EachMember("extract", OneFilled(("selector", "each"), _ON_A_PAGE)),
)


def _nothing_to_select(kind: str) -> Rule:
    return Without(("select",), f"There is nothing to select from a response of type `{kind}`.")


def _only_for(word: str, kinds: tuple[str, ...], message: str) -> Rule:
    """The member belongs to these response types only."""
    others = tuple(kind for kind in RESPONSE_TYPES if kind not in kinds)
    return If(Is("response_type", others, or_absent=True), Without((word,), message))


ANSWER_RULES: tuple[Rule, ...] = (
    *(
        If(Is("response_type", (kind,)), _nothing_to_select(kind))
        for kind in RESPONSE_TYPES
        if kind not in (*VALUE_RESPONSE_TYPES, "text", "html")
    ),
    If(
        Is("response_type", ("text",)),
        If(Lacks("extract"), If(Lacks("lines"), _nothing_to_select("text"))),
        AtMostOne(("extract", "lines"), "Name either `extract` or `lines`.", at="lines"),
        EachMember(
            "extract",
            Needs("pattern", "A value of a text is found by a `pattern`."),
            Without(("selector", "each"), "A text has no elements; it is for `response_type: html`."),
        ),
    ),
    If(
        Is("response_type", ("html",)),
        If(Lacks("extract"), _nothing_to_select("html")),
        EachMember("extract", OneFilled(("selector", "each"), _ON_A_PAGE)),
    ),
    If(
        Is("response_type", ("status",)),
        Among("method", READING_METHODS, "A status is checked with GET or HEAD."),
        Among("safe", (True,), "A check of a status only reads."),
    ),
    _only_for("ical", ("ical",), "Only used with `response_type: ical`."),
    _only_for("xml", ("xml",), "Only used with `response_type: xml`."),
    _only_for("extract", ("text", "html"), "Only used with `response_type: text` or `html`."),
    _only_for("lines", ("text",), "Only used with `response_type: text`."),
)
