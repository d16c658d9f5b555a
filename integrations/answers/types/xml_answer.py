"""`response_type: xml`: a document as JSON, as xmltodict converts it."""

from __future__ import annotations

from xml.parsers.expat import ExpatError

import xmltodict

from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from integrations.answers.types.safe_xml import XmlRefusedError, walk_xml, xml_bytes
from integrations.answers.types.xml_lists import make_lists


def parse_xml(received: Received) -> Parsed:
    """`{root: {"@attribute": …, "#text": …, child: …}}`; a repeated child is an array, an empty one null.

    Elements that the endpoint declares as lists are always arrays.
    """
    document = xml_bytes(received.body, received.charset)
    try:
        # A first pass that stores nothing: xmltodict itself has no limit on depth or number.
        walk_xml(document)
        value = xmltodict.parse(document, encoding="utf-8")
    except (XmlRefusedError, ExpatError, ValueError):
        if received.is_xml or received.is_vague:
            raise unparsable("XML", "the answer cannot be read as that", received) from None
        raise wrong_type("XML", received) from None
    return Parsed(make_lists(value, received.reading.xml_lists), JSON_TYPE, "json")
