"""Takes values from a page while it is read, in time linear in its length. No tree is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from integrations.answers.types.css_selectors import Element
from integrations.answers.types.html_clean import BREAKING
from integrations.answers.types.html_tokens import Token, read_tokens
from integrations.answers.types.page_extract import PageExtract, PageField, PlannedGroup, Step
from integrations.answers.types.typed_text import typed_text
from integrations.answers.types.web_urls import web_url

MAX_ELEMENTS = 200_000
MAX_VALUES = 50_000
# Compounds tried on elements, and pieces of text read again for the elements around them.
MAX_STEPS = 1_500_000
MAX_CHARACTERS = 10 * 1024 * 1024
# RE2 is linear in the text times the size of the pattern.
MAX_PATTERN_WORK = 200_000_000

_URL_ATTRIBUTES = frozenset({"href", "src", "action", "poster"})
# Their text is no text of the page, but their own.
_HIDDEN = frozenset({"script", "style", "template"})
_TABLE_PARTS = frozenset({"thead", "tbody", "tfoot", "caption", "colgroup", "col"})


class TooMuchPageError(ValueError):
    """The page has too many elements, or too much is taken from it."""


def extract_values(extract: PageExtract, html: str, page_url: str | None) -> dict[str, Any]:
    """The object of all values: null for a selector that does not match, a list for one that takes all and for each.

    URLs are absolute. A page is read until more than 256 elements are open. Raises TooMuchPageError.
    """
    walk = _Walk(extract, page_url)
    for token in read_tokens(html, keeps_implied=True):
        walk.take(token)
    return walk.finish()


@dataclass(slots=True)
class _Record:
    """The values of one object of a group."""

    values: dict[str, Any]
    filled: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Capture:
    """A text that is complete when its element ends. It is put into `target` under `key`."""

    item: PageField
    target: Any
    key: Any
    start: int


@dataclass(slots=True)
class _Frame:
    """An open element: what it and its surroundings have matched, and what is to be done at its end."""

    name: str
    matched: int = 0
    above: int = 0
    """What it or an element around it has matched."""
    previous: int = 0
    """What its last child until now has matched."""
    before: int = 0
    """What any of its children until now has matched."""
    children: int = 0
    children_by_name: dict[str, int] = field(default_factory=dict)
    captures: list[_Capture] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    """The groups of which an object ends with this element."""
    is_implied: bool = False


class _Walk:
    """The state of one reading."""

    def __init__(self, extract: PageExtract, page_url: str | None) -> None:
        self._groups = extract.groups
        self._page_url = page_url
        self._frames = [_Frame("")]
        self._pieces: list[tuple[str, bool]] = []
        self._hidden = 0
        self._has_base = False
        self._elements, self._values = MAX_ELEMENTS, MAX_VALUES
        self._steps, self._characters, self._pattern_work = MAX_STEPS, MAX_CHARACTERS, MAX_PATTERN_WORK
        page = _Record(_empty_values(self._groups[0]))
        self._records: list[list[_Record]] = [[page], *([] for _ in self._groups[1:])]
        self._page = page

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._pieces.append((token.text, self._hidden > 0))
        elif token.kind == "start":
            self._open(token.text, token.attributes)
        else:
            self._close_named(token.text)

    def finish(self) -> dict[str, Any]:
        """The values, after all elements that are still open have ended."""
        while len(self._frames) > 1:
            self._close()
        return self._page.values

    # -- elements ------------------------------------------------------------------------------------------------

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._elements = _spent(self._elements, 1)
        self._imply_table_body(name)
        if name == "base" and not self._has_base and "href" in attributes:
            self._has_base = True
            self._page_url = web_url(attributes["href"], self._page_url) or self._page_url
        self._push(name, attributes)
        if name in _HIDDEN:
            self._hidden += 1
        if name in BREAKING:
            self._pieces.append((" ", self._hidden > 0))

    def _imply_table_body(self, name: str) -> None:
        """Rows directly in a table are in a `tbody`, as in every browser (HTML standard section 13.2.6.4.9)."""
        top = self._frames[-1]
        if name == "tr" and top.name == "table":
            self._push("tbody", {})
            self._frames[-1].is_implied = True
        elif top.is_implied and name in _TABLE_PARTS:
            self._close()

    def _push(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._frames[-1]
        parent.children += 1
        of_type = parent.children_by_name[name] = parent.children_by_name.get(name, 0) + 1
        element = Element(name, attributes, parent.children, of_type, is_root=len(self._frames) == 1)
        frame = _Frame(name)
        self._match(element, parent, frame)
        parent.previous = frame.matched
        parent.before |= frame.matched
        self._frames.append(frame)

    def _match(self, element: Element, parent: _Frame, frame: _Frame) -> None:
        """Notes what the element matches, group by group, opens the objects that it is for, and takes its values."""
        matched, forgotten = 0, 0
        for position, planned in enumerate(self._groups):
            if planned.opened_by & matched and planned.parent is not None:
                self._open_record(position, planned)
                frame.opened.append(position)
                forgotten |= planned.scoped
            if not self._records[position]:
                continue
            element.is_scope = position in frame.opened or (position == 0 and element.is_root)
            steps = planned.steps_for(element.name)
            self._steps = _spent(self._steps, len(steps))
            for step in steps:
                if _holds(step, element, parent, ~forgotten):
                    matched |= step.bit
            if matched:
                self._take_values(planned, self._records[position][-1], matched, element, frame)
        frame.matched = matched
        frame.above = (parent.above & ~forgotten) | matched

    def _close_named(self, name: str) -> None:
        if any(frame.name == name for frame in self._frames):
            while self._frames[-1].name != name:
                self._close()
            self._close()

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.name in BREAKING:
            self._pieces.append((" ", self._hidden > 0))
        for capture in frame.captures:
            self._end_capture(capture, is_hidden=frame.name in _HIDDEN)
        if frame.name in _HIDDEN:
            self._hidden -= 1
        for position in reversed(frame.opened):
            self._records[position].pop()

    # -- values --------------------------------------------------------------------------------------------------

    def _open_record(self, position: int, planned: PlannedGroup) -> None:
        assert planned.parent is not None  # noqa: S101 - the page itself is always open
        self._values = _spent(self._values, 1)
        record = _Record(_empty_values(planned))
        self._records[planned.parent][-1].values[planned.group.name].append(record.values)
        self._records[position].append(record)

    def _take_values(
        self, planned: PlannedGroup, record: _Record, matched: int, element: Element, frame: _Frame
    ) -> None:
        for item, bits in zip(planned.group.fields, planned.field_bits, strict=True):
            if not bits & matched or (not item.takes_all and item.name in record.filled):
                continue
            self._values = _spent(self._values, 1)
            record.filled.add(item.name)
            target: Any = record.values
            key: Any = item.name
            if item.takes_all:
                target = record.values[item.name]
                key = len(target)
                target.append(None)
            if item.attribute is None:
                frame.captures.append(_Capture(item, target, key, len(self._pieces)))
            else:
                target[key] = self._value(item, self._attribute(item.attribute, element))

    def _attribute(self, name: str, element: Element) -> str | None:
        text = element.attributes.get(name)
        return web_url(text, self._page_url) if text is not None and name in _URL_ATTRIBUTES else text

    def _end_capture(self, capture: _Capture, *, is_hidden: bool) -> None:
        self._steps = _spent(self._steps, len(self._pieces) - capture.start)
        pieces = self._pieces[capture.start :]
        text = "".join(piece for piece, hides in pieces if is_hidden or not hides)
        capture.target[capture.key] = self._value(capture.item, " ".join(text.split()))

    def _value(self, item: PageField, text: str | None) -> Any:
        if text is None:
            return None
        self._characters = _spent(self._characters, len(text))
        if item.pattern is not None:
            data = text.encode(errors="replace")
            self._pattern_work = _spent(self._pattern_work, len(data) * item.pattern.program_size)
            text = item.pattern.find(data)
        return None if text is None else typed_text(text, item.type)


_SEEN_BY = {" ": "above", ">": "matched", "+": "previous", "~": "before"}


def _holds(step: Step, element: Element, parent: _Frame, known: int) -> bool:
    """Whether everything up to this compound matches, as far as what is `known` of the elements before counts."""
    combinator = step.compound.combinator
    if combinator and not getattr(parent, _SEEN_BY[combinator]) & step.needs & known:
        return False
    return step.compound.matches(element)


def _empty_values(planned: PlannedGroup) -> dict[str, Any]:
    values: dict[str, Any] = {item.name: [] if item.takes_all else None for item in planned.group.fields}
    return values | {group.name: [] for group in planned.group.groups}


def _spent(left: int, cost: int) -> int:
    if left < cost:
        raise TooMuchPageError
    return left - cost
