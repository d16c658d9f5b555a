"""`response_type: xml`: a document as JSON by the convention of xmltodict."""

from __future__ import annotations

from xml.parsers.expat import ExpatError

import xmltodict

from integrations.answer_types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from integrations.answer_types.safe_xml import XmlRefusedError, walk_xml, xml_bytes


def parse_xml(received: Received) -> Parsed:
    """`{root: {"@attribute": …, "#text": …, child: …}}`; a repeated child is an array, an empty one null."""
    document = xml_bytes(received.body, received.charset)
    try:
        # First a pass that keeps nothing: xmltodict itself has no limit on depth or number.
        walk_xml(document)
        value = xmltodict.parse(document, encoding="utf-8")
    except (XmlRefusedError, ExpatError, ValueError):
        if received.is_xml or received.is_vague:
            raise unparsable("XML", "the answer cannot be read as that", received) from None
        raise wrong_type("XML", received) from None
    return Parsed(value, JSON_TYPE, "json")
