"""Compiles what an endpoint declares about reading its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.answers.types.reading import Reading
from integrations.answers.types.text_extract import TextExtract, TextField, TextLines, compile_text_pattern
from integrations.answers.types.xml_lists import ListPath, parse_list_path
from integrations.manifests.compiling.problems import Problems


def compile_reading(item: Mapping[str, Any], problems: Problems) -> Reading:
    """How the endpoint's answers are read. What is wrong is noted by field."""
    return Reading(xml_lists=_xml_lists(item, problems), text=_text(item, problems))


def _xml_lists(item: Mapping[str, Any], problems: Problems) -> tuple[ListPath, ...]:
    found = []
    for index, text in enumerate((item.get("xml") or {}).get("lists", ())):
        field = f"xml.lists[{index}]"
        found.append(problems.attempt(field, lambda text=text: parse_list_path(text)))
    return tuple(path for path in found if path is not None)


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
