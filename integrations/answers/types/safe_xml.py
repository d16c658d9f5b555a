"""Parses XML by events, without entity expansion, external fetches or unlimited nesting."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.entities import html5
from typing import NoReturn
from xml.parsers import expat

from integrations.answers.types.charset import decode_text

MAX_DEPTH = 200
MAX_ELEMENTS = 500_000
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")

StartElement = Callable[[str, dict[str, str]], None]
EndElement = Callable[[str], None]
Characters = Callable[[str], None]


class XmlRefusedError(ValueError):
    """The text is not well-formed, defines entities, or exceeds the limits of depth or number."""


def xml_bytes(body: bytes, charset: str | None) -> bytes:
    """The document in UTF-8 without its XML declaration, which would name another charset."""
    text = decode_text(body, charset, "xml")
    return _DECLARATION.sub("", text, count=1).lstrip().encode(errors="replace")


def walk_xml(
    document: bytes,
    start: StartElement | None = None,
    end: EndElement | None = None,
    characters: Characters | None = None,
    *,
    html_entities: bool = False,
) -> None:
    """Calls back for each element of a UTF-8 document, names as `uri local`. Raises `XmlRefusedError`.

    Entity definitions are refused unread (billion laughs, external entities). With `html_entities`, `&nbsp;` and
    similar ones are read as in HTML, which real feeds need.
    """
    parser = expat.ParserCreate("utf-8", " " if html_entities else None)
    parser.buffer_text = True
    depth = elements = 0

    def start_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise XmlRefusedError("too many elements, or nested too deeply")
        if start is not None:
            start(name, attributes)

    def end_element(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name)

    def skipped_entity(name: str, _is_parameter: bool) -> None:
        text = html5.get(f"{name};") if html_entities else None
        if text is None:
            raise XmlRefusedError("an entity that is not defined")
        if characters is not None:
            characters(text)

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.SkippedEntityHandler = skipped_entity
    parser.EntityDeclHandler = _refuse_entity
    if characters is not None:
        parser.CharacterDataHandler = characters
    if html_entities:
        # Makes expat report unknown entities instead of failing. Nothing is fetched without a handler for it.
        parser.UseForeignDTD(True)
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise XmlRefusedError("not well-formed") from error


def _refuse_entity(*_declaration: object) -> NoReturn:
    raise XmlRefusedError("entity definitions are not allowed")
