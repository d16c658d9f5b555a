"""Documents that are wrong anywhere: imported as far as they go or refused in words, never a crash."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.authoring.files import read_file
from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi_import import ImportOptions, import_openapi
from tests.integrations.authoring.importing import DOCUMENTS, compiled

ORIGINALS = [read_file(str(path)).value for path in sorted(DOCUMENTS.iterdir())]
REFERENCES = st.sampled_from(
    ["#/", "#/paths", "#/components/schemas/Pet", "#/components", "x.json", "#/paths/~1pet", ""]
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["{", "{}", "a{b", "\x00", "ü ö", "get", "query", "string", "a" * 300, "https://x.test/{y}"]),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([{}]),
    st.just({"": {}}),
    st.builds(lambda reference: {"$ref": reference}, REFERENCES),
    st.builds(lambda reference: {"allOf": [{"$ref": reference}]}, REFERENCES),
)  # fmt: skip


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every container in the value with each of its keys."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [(value, key) for key in keys] + [place for key in keys for place in places_in(value[key])]


@st.composite
def damaged_documents(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(draw(st.sampled_from(ORIGINALS)))
    for _ in range(draw(st.integers(1, 4))):
        places = places_in(document)
        container, key = places[draw(st.integers(0, len(places) - 1))]
        action = draw(st.sampled_from(["replace", "replace", "delete", "swap", "rename"]))
        if action == "replace":
            container[key] = copy.deepcopy(draw(JUNK))
        elif action == "delete":
            del container[key]
        elif action == "swap":
            other, other_key = places[draw(st.integers(0, len(places) - 1))]
            container[key] = copy.deepcopy(other[other_key])
        elif isinstance(container, dict):
            container[draw(st.text(max_size=6))] = container.pop(key)
        if not places_in(document):
            break
    return document


@settings(max_examples=300, deadline=None)
@given(damaged_documents())
def test_a_damaged_document_is_imported_as_far_as_it_goes_or_refused(document):
    try:
        imported = import_openapi(document, ImportOptions("it", server="https://api.test"))
    except NotConvertible as unfit:
        assert str(unfit)
    else:
        assert compiled(imported).endpoints
