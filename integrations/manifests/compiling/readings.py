"""Compiles what an endpoint declares about reading its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integrations.answers.types.calendar_window import CalendarWindow
from integrations.answers.types.css_selectors import CssSelector, compile_selector
from integrations.answers.types.page_extract import PageExtract, PageField, PageGroup
from integrations.answers.types.reading import Reading
from integrations.answers.types.text_extract import TextExtract, TextField, TextLines, compile_text_pattern
from integrations.answers.types.xml_lists import ListPath, parse_list_path
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.schedules import check_timezone
from schemas.manifests.words import DEFAULT_DAYS

# How deeply objects for `each` element may contain each other.
MAX_EACH_DEPTH = 3


def compile_reading(item: Mapping[str, Any], problems: Problems) -> Reading:
    """How the endpoint's answers are read. What is wrong is noted by field."""
    return Reading(
        xml_lists=_xml_lists(item, problems),
        text=_text(item, problems),
        page=_page(item, problems),
        calendar=_calendar(item, problems),
    )


def _xml_lists(item: Mapping[str, Any], problems: Problems) -> tuple[ListPath, ...]:
    found = []
    for index, text in enumerate((item.get("xml") or {}).get("lists", ())):
        field = f"xml.lists[{index}]"
        found.append(problems.attempt(field, lambda text=text: parse_list_path(text)))
    return tuple(path for path in found if path is not None)


def _calendar(item: Mapping[str, Any], problems: Problems) -> CalendarWindow | None:
    if item["response_type"] != "ical":
        return None
    words: Mapping[str, Any] = item.get("ical") or {}
    name = problems.attempt("ical.timezone", lambda: check_timezone(words.get("timezone")))
    zone = ZoneInfo(name) if name is not None else None
    return CalendarWindow(words.get("days", DEFAULT_DAYS), words.get("past_days", 0), zone)


def _text(item: Mapping[str, Any], problems: Problems) -> TextExtract | TextLines | None:
    if item["response_type"] != "text":
        return None
    if "lines" in item:
        return TextLines(item["lines"].get("separator"))
    if "extract" not in item:
        return None
    with problems.under("extract"):
        fields = [_text_field(name, declared, problems) for name, declared in item["extract"].items()]
    return TextExtract(tuple(field for field in fields if field is not None))


def _text_field(name: str, declared: str | Mapping[str, Any], problems: Problems) -> TextField | None:
    words: Mapping[str, Any] = {"pattern": declared} if isinstance(declared, str) else declared
    field = name if isinstance(declared, str) else f"{name}.pattern"
    pattern = problems.attempt(field, lambda: compile_text_pattern(words["pattern"]))
    if pattern is None:
        return None
    return TextField(name, pattern, words.get("type", "text"), words.get("all", False))


def _page(item: Mapping[str, Any], problems: Problems) -> PageExtract | None:
    if item["response_type"] != "html" or "extract" not in item:
        return None
    with problems.under("extract"):
        return PageExtract(_page_group("", None, item["extract"], problems))


def _page_group(
    name: str, each: CssSelector | None, members: Mapping[str, Any], problems: Problems, depth: int = 0
) -> PageGroup:
    if depth > MAX_EACH_DEPTH:
        problems.add("", f"`each` within more than {MAX_EACH_DEPTH - 1} others.")
        return PageGroup(name, each, ())
    fields: list[PageField | None] = []
    groups: list[PageGroup] = []
    for inner, declared in members.items():
        if isinstance(declared, str) or "each" not in declared:
            fields.append(_page_field(inner, declared, problems))
            continue
        selector = problems.attempt(f"{inner}.each", lambda text=declared["each"]: compile_selector(text))
        with problems.under(f"{inner}.extract"):
            groups.append(_page_group(inner, selector, declared["extract"], problems, depth + 1))
    return PageGroup(name, each, tuple(field for field in fields if field is not None), tuple(groups))


def _page_field(name: str, declared: str | Mapping[str, Any], problems: Problems) -> PageField | None:
    words: Mapping[str, Any] = {"selector": declared} if isinstance(declared, str) else declared
    field = name if isinstance(declared, str) else f"{name}.selector"
    selector = problems.attempt(field, lambda: compile_selector(words["selector"]))
    pattern = None
    if "pattern" in words:
        pattern = problems.attempt(f"{name}.pattern", lambda: compile_text_pattern(words["pattern"]))
    if selector is None:
        return None
    attribute = words["attribute"].lower() if "attribute" in words else None
    return PageField(name, selector, attribute, pattern, words.get("type", "text"), words.get("all", False))
