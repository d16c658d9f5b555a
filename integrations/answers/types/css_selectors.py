"""CSS selectors that can be decided at an element's start tag, without the rest of the page. Pure.

cssselect parses them (Selectors Level 4). What depends on later elements (`:last-child`, `:has`) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, NoReturn

MAX_COMPOUNDS = 10

Combinator = Literal["", " ", ">", "+", "~"]


@dataclass(slots=True)
class Element:
    """What is known of an element at its start tag. `position` counts from 1 among all siblings, as CSS does."""

    name: str
    attributes: Mapping[str, str]
    position: int = 1
    position_of_type: int = 1
    is_root: bool = False
    is_scope: bool = False
    classes: Collection[str] = field(init=False)

    def __post_init__(self) -> None:
        self.classes = self.attributes.get("class", "").split()


Test = Callable[[Element], bool]


@dataclass(frozen=True, slots=True)
class Compound:
    """The conditions on one element, and how it stands to the element of the compound before it."""

    combinator: Combinator
    name: str | None
    """The name of the elements that can match; None for any."""
    tests: tuple[Test, ...] = field(repr=False)
    has_scope: bool = False

    def matches(self, element: Element) -> bool:
        """Whether the element itself meets the conditions."""
        return all(test(element) for test in self.tests)


@dataclass(frozen=True, slots=True)
class CssSelector:
    """A compiled selector: for each alternative of its list, the compounds from left to right."""

    text: str
    alternatives: tuple[tuple[Compound, ...], ...]


def compile_selector(text: str) -> CssSelector:
    """The selector. `ValueError` says what is wrong with it."""
    library = import_module("cssselect.parser")
    try:
        parsed = library.parse(text)
    except library.SelectorError as error:
        raise ValueError(f"not a CSS selector: {str(error)[:200]}") from None
    if any(selector.pseudo_element is not None for selector in parsed):
        raise ValueError(
            "there are no pseudo-elements; the text is taken anyway, an attribute by `attribute`"
        )
    alternatives = tuple(tuple(_compounds(selector.parsed_tree)) for selector in parsed)
    if max(map(len, alternatives)) > MAX_COMPOUNDS or len(alternatives) > MAX_COMPOUNDS:
        raise ValueError(f"more than {MAX_COMPOUNDS} elements or alternatives")
    return CssSelector(text, alternatives)


def _compounds(tree: Any) -> list[Compound]:
    parts: list[tuple[Combinator, Any]] = []
    while type(tree).__name__ == "CombinedSelector":
        parts.append((tree.combinator, tree.subselector))
        tree = tree.selector
    parts.append(("", tree))
    return [_compound(combinator, part) for combinator, part in reversed(parts)]


def _compound(combinator: Combinator, tree: Any) -> Compound:
    tests: list[Test] = []
    has_scope = False
    while (kind := type(tree).__name__) != "Element":
        if kind not in _TESTS:
            _refuse(kind.lower())
        has_scope = has_scope or (kind == "Pseudo" and tree.ident == "scope")
        tests.append(_TESTS[kind](tree))
        tree = tree.selector
    _check_namespace(tree.namespace)
    return Compound(combinator, tree.element.lower() if tree.element else None, tuple(tests), has_scope)


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"`{what}` is not known here")


def _check_namespace(namespace: str | None) -> None:
    if namespace is not None:
        raise ValueError("HTML has no namespaces; leave out what stands before `|`")


def _of_class(tree: Any) -> Test:
    name = tree.class_name
    return lambda element: name in element.classes


def _of_id(tree: Any) -> Test:
    name = tree.id
    return lambda element: element.attributes.get("id") == name


_PSEUDO_CLASSES: dict[str, Test] = {
    "first-child": lambda element: element.position == 1,
    "first-of-type": lambda element: element.position_of_type == 1,
    "root": lambda element: element.is_root,
    "scope": lambda element: element.is_scope,
}
_LATER = (
    "last-child",
    "last-of-type",
    "only-child",
    "only-of-type",
    "empty",
    "has",
    "nth-last-child",
    "nth-last-of-type",
)


def _of_pseudo_class(tree: Any) -> Test:
    return _PSEUDO_CLASSES.get(tree.ident) or _unknown(tree.ident)


def _unknown(name: str) -> NoReturn:
    if name in _LATER:
        raise ValueError(
            f"`:{name}` depends on what follows; take `all` and choose by `select`, such as `[-1]`"
        )
    raise ValueError(f"there is no `:{name}` here; {', '.join(f'`:{known}`' for known in _KNOWN)} there are")


def _of_function(tree: Any) -> Test:
    if tree.name not in ("nth-child", "nth-of-type"):
        _unknown(tree.name)
    try:
        step, first = import_module("cssselect.parser").parse_series(tree.arguments)
    except ValueError:
        raise ValueError(f"`:{tree.name}()` takes a number, `odd`, `even` or `2n+1`") from None
    if tree.name == "nth-child":
        return lambda element: _is_in_series(element.position, step, first)
    return lambda element: _is_in_series(element.position_of_type, step, first)


def _is_in_series(position: int, step: int, first: int) -> bool:
    if step == 0:
        return position == first
    return (position - first) % step == 0 and (position - first) // step >= 0


def _not_of(tree: Any) -> Test:
    inner = _simple(tree.subselector, "not")
    return lambda element: not inner(element)


def _one_of(tree: Any) -> Test:
    inner = [_simple(item, "is") for item in tree.selector_list]
    return lambda element: any(test(element) for test in inner)


def _simple(tree: Any, function: str) -> Test:
    if type(tree).__name__ == "CombinedSelector":
        raise ValueError(f"`:{function}()` takes conditions on one element, without a blank, `>`, `+` or `~`")
    compound = _compound("", tree)
    if compound.has_scope:
        _refuse(":scope within a function")
    return lambda element: compound.name in (None, element.name) and compound.matches(element)


def _of_attribute(tree: Any) -> Test:
    _check_namespace(tree.namespace)
    name, compare = tree.attrib.lower(), _COMPARISONS[tree.operator]
    if tree.operator == "exists":
        return lambda element: name in element.attributes
    wanted = tree.value.value
    if tree.flag == "i":
        return _compare_in_any_case(name, compare, wanted)
    return lambda element: name in element.attributes and compare(element.attributes[name], wanted)


def _compare_in_any_case(name: str, compare: Callable[[str, str], bool], wanted: str) -> Test:
    lowered = wanted.lower()
    return lambda element: name in element.attributes and compare(element.attributes[name].lower(), lowered)


# An empty value matches nothing with these operators (Selectors Level 4 section 6.2).
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "exists": lambda _given, _wanted: True,
    "=": lambda given, wanted: given == wanted,
    "~=": lambda given, wanted: wanted in given.split(),
    "|=": lambda given, wanted: given == wanted or given.startswith(f"{wanted}-"),
    "^=": lambda given, wanted: bool(wanted) and given.startswith(wanted),
    "$=": lambda given, wanted: bool(wanted) and given.endswith(wanted),
    "*=": lambda given, wanted: bool(wanted) and wanted in given,
    "!=": lambda given, wanted: given != wanted,
}
_TESTS: dict[str, Callable[[Any], Test]] = {
    "Class": _of_class,
    "Hash": _of_id,
    "Attrib": _of_attribute,
    "Pseudo": _of_pseudo_class,
    "Function": _of_function,
    "Negation": _not_of,
    "Matching": _one_of,
    "SpecificityAdjustment": _one_of,
    "Relation": lambda _tree: _unknown("has"),
}
_KNOWN = (*_PSEUDO_CLASSES, "nth-child()", "nth-of-type()", "not()", "is()", "where()")
