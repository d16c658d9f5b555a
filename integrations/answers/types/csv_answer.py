"""`response_type: csv`: rows as objects, with the names of the header row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from integrations.answers.types.charset import decode_text
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type

MAX_COLUMNS = 2_000
MAX_CELLS = 2_000_000
_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 5
_EXPECTED = "CSV"

Row = dict[str, str | None]


def parse_csv(received: Received) -> Parsed:
    """An array of `{column: text}`: cells stay strings, missing cells are null.

    A column without a name is called `column_3`, the second one with the same name `name_2`. Blank lines are ignored.
    """
    if received.is_json or received.is_media or received.media_type in ("application/pdf", "application/zip"):
        raise wrong_type(_EXPECTED, received)
    text = decode_text(received.body, received.charset)
    if "\0" in text:
        raise wrong_type(_EXPECTED, received, "binary data")
    # Old servers send CSV as text/html, but a real page begins with a tag.
    if (received.is_html or received.is_xml) and text.lstrip().startswith("<"):
        raise wrong_type(_EXPECTED, received)
    try:
        return Parsed(list(_read_rows(text)), JSON_TYPE, "json")
    except csv.Error:
        raise unparsable(_EXPECTED, "a row of the answer cannot be read", received) from None
    except _TooWideError:
        raise unparsable(_EXPECTED, f"the answer has more than {MAX_COLUMNS} columns", received) from None
    except _TooManyCellsError:
        raise unparsable(_EXPECTED, f"the answer has more than {MAX_CELLS} cells", received) from None


class _TooWideError(ValueError):
    """More columns than `MAX_COLUMNS`."""


class _TooManyCellsError(ValueError):
    """More cells than `MAX_CELLS`."""


def _read_rows(text: str) -> Iterator[Row]:
    delimiter, text = _delimiter_of(text)
    rows = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
    names = _column_names(next(rows, []))
    cells = 0
    for row in rows:
        if len(row) > len(names):
            names = _column_names(names + [""] * (len(row) - len(names)))
        # Includes the nulls that fill short rows: a wide header over many one-letter rows would grow a thousandfold.
        cells += len(names)
        if cells > MAX_CELLS:
            raise _TooManyCellsError
        yield dict.fromkeys(names) | dict(zip(names, row, strict=False))


def _column_names(header: list[str]) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise _TooWideError
    names: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(header, start=1):
        name = unique = cell.strip() or f"column_{position}"
        count = 1
        while unique in taken:
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique)
        names.append(unique)
    return names


def _delimiter_of(text: str) -> tuple[str, str]:
    """The delimiter with the most columns in the first rows, and the text without Excel's `sep=` line."""
    first, _, rest = text.partition("\n")
    if first[:4].lower() == "sep=" and first[4:5] and first[4:].strip("\r") in _DELIMITERS:
        return first[4], rest
    head = "\n".join(text.split("\n", _SNIFFED_LINES)[:_SNIFFED_LINES])
    return max(_DELIMITERS, key=lambda delimiter: _steady_columns(head, delimiter)), text


def _steady_columns(head: str, delimiter: str) -> int:
    """The number of columns that all first rows have with this delimiter; a comma inside a sentence does not count."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return 0
    return min(widths, default=0)
