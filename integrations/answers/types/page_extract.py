"""`extract` of `response_type: html`: what is taken from a page, compiled. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.answers.types.css_selectors import Compound, CssSelector
from integrations.answers.types.text_extract import TextPattern
from integrations.answers.types.typed_text import TextType


@dataclass(frozen=True, slots=True)
class PageField:
    """One value: the text or an attribute of the first element that matches, or of all."""

    name: str
    selector: CssSelector
    attribute: str | None = None
    pattern: TextPattern | None = None
    type: TextType = "text"
    takes_all: bool = False


@dataclass(frozen=True, slots=True)
class PageGroup:
    """An object of values: one for the page, or one for `each` element that matches."""

    name: str
    each: CssSelector | None
    fields: tuple[PageField, ...]
    groups: tuple[PageGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A compound, the bit that says that all up to it have matched, and the bit that it needs for that."""

    compound: Compound
    bit: int
    needs: int


@dataclass(slots=True)
class PlannedGroup:
    """A group with its selectors as steps. `parent` is the position of the group that it is in, None for the page."""

    group: PageGroup
    parent: int | None
    opened_by: int = 0
    """The bits of which one opens a new object of this group."""
    field_bits: list[int] = field(default_factory=list)
    """For each field, the bits of which one takes its value."""
    steps_by_name: dict[str | None, list[Step]] = field(default_factory=dict)
    """The steps by the name of their elements, each with those for any element, which stand alone under None."""
    scoped: int = 0
    """The bits that depend on the object's own element, by `:scope`."""

    def steps_for(self, name: str) -> list[Step]:
        """The steps that an element of this name may take."""
        return self.steps_by_name.get(name) or self.steps_by_name.get(None, [])

    def add(self, step: Step) -> None:
        name = step.compound.name
        if name is None:
            for steps in self.steps_by_name.values():
                steps.append(step)
            self.steps_by_name.setdefault(None, [step])
        else:
            self.steps_by_name.setdefault(name, list(self.steps_by_name.get(None, []))).append(step)


class PageExtract:
    """The declared values of a page, as a plan that is shared by all threads.

    Every compound of every selector has one bit, so that one integer says what an element has matched.
    """

    def __init__(self, page: PageGroup) -> None:
        self.groups: list[PlannedGroup] = []
        self._next_bit = 1
        self._plan(page, None)

    def _plan(self, group: PageGroup, parent: int | None) -> None:
        """Each group stands after the group that it is in, whose selectors decide whether it opens."""
        planned = PlannedGroup(group, parent)
        position = len(self.groups)
        self.groups.append(planned)
        if group.each is not None and parent is not None:
            planned.opened_by = self._add(group.each, self.groups[parent])
        planned.field_bits = [self._add(item.selector, planned) for item in group.fields]
        for inner in group.groups:
            self._plan(inner, position)

    def _add(self, selector: CssSelector, owner: PlannedGroup) -> int:
        """Adds the selector's steps to its group. Returns the bits that say that one alternative has matched."""
        final = 0
        for compounds in selector.alternatives:
            needs, is_scoped = 0, False
            for compound in compounds:
                bit = self._next_bit
                self._next_bit <<= 1
                is_scoped = is_scoped or compound.has_scope
                owner.scoped |= bit if is_scoped else 0
                owner.add(Step(compound, bit, needs))
                needs = bit
            final |= needs
        return final
