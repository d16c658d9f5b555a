"""`select`: selects a part of an answer by JMESPath, in bounded time and space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError, LexerError, ParseError
from jmespath.lexer import Lexer

from errors import UpstreamInvalid
from integrations.answers.select_functions import MAX_ARGUMENTS, OPERATORS, TIMED_FUNCTIONS, SelectContext
from integrations.answers.selection_limits import BoundedFunctions, BoundedInterpreter, SelectionTooCostly
from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

MAX_EXPRESSION_CHARACTERS = 2_000
MAX_DEPTH = 50
MAX_PROJECTIONS = 50
RESULT_LIMITS = SizeLimits(nodes=1_000_000, characters=32 * 1024 * 1024, depth=240)

NO_CONTEXT = SelectContext()

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_OPENING = frozenset({"lbrace", "lbracket", "lparen", "filter"})
_CLOSING = frozenset({"rbrace", "rbracket", "rparen"})
_PREFIXES = frozenset({"not", "expref"})
_PROJECTIONS = frozenset({"star", "flatten", "filter", "colon"})
# Only these can put a value into a result twice. Without them a result is a part of the answer.
_RESHAPING = frozenset({"multi_select_list", "multi_select_dict", "function_expression", "literal"})
_MISPLACED_REFERENCE = "`&` stands before an argument of a function such as `sort_by(items, &name)` only"


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled `select`, shared by all threads."""

    expression: str
    config_names: frozenset[str]
    """The settings that it asks for by `config('name')`."""
    input_names: frozenset[str]
    """The inputs that it asks for by `inputs('name')`."""
    placeholders: frozenset[str]
    """Names in braces within its strings, which mean themselves and nothing else."""
    asks_time: bool
    """Whether its result depends on the time of the fetch (`age_seconds`)."""
    _tree: Any = field(repr=False)
    _is_reshaping: bool = field(repr=False)

    def apply(self, value: Any, context: SelectContext = NO_CONTEXT) -> Any:
        """The selected value. A missing one is null.

        Raises `UpstreamInvalid` with `reason="select"` if a function gets a value of the wrong type, or if the result
        or its computation exceeds the limits. Values are never quoted.
        """
        try:
            selected = BoundedInterpreter(context).visit(self._tree, value)
            if self._is_reshaping:
                measure_value(selected, RESULT_LIMITS)
        except (SelectionTooCostly, ValueTooBigError):
            raise _failure("the result of `select` would be too large, or takes too long") from None
        except JMESPathTypeError as error:
            taken = " or ".join(dict.fromkeys(kind.partition("-")[0] for kind in error.expected_types))
            raise _failure(
                f"`{error.function_name}()` in `select` takes {taken}, but got something else"
            ) from None
        except (JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
            raise _failure("`select` does not fit the provider's answer") from None
        return selected


def is_true(value: Any) -> bool:
    """JMESPath's truth: an empty string, list or object is false, and zero is true."""
    return value is not None and value is not False and value not in ("", [], {})


def compile_select(expression: str) -> Selector:
    """The selector of a JMESPath expression. `ValueError` gives the error and its position."""
    if not isinstance(expression, str) or not expression.strip():
        raise ValueError("an expression is needed")
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise ValueError(f"longer than {MAX_EXPRESSION_CHARACTERS} characters")
    try:
        _check_tokens(list(Lexer().tokenize(expression)))
        tree: Any = jmespath.compile(expression).parsed
    except (LexerError, ParseError) as error:
        raise ValueError(_why_unreadable(expression, error)) from None
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ValueError(str(error) if type(error) is ValueError else "not JMESPath") from None
    found = _Names()
    is_reshaping = _check_tree(expression, tree, found)
    names = frozenset(found.config), frozenset(found.inputs), frozenset(found.placeholders)
    return Selector(expression, *names, found.asks_time, tree, is_reshaping)


def _why_unreadable(expression: str, error: LexerError | ParseError) -> str:
    """What is wrong and where; what other languages write as an operator is told as a function."""
    position = int(error.lex_position)
    # The parser stops behind an operator as often as at it.
    for place in (position, position - 1, position - 2):
        operator = expression[place : place + 1] if place >= 0 else ""
        if operator in OPERATORS and (operator != "*" or _is_between_values(expression, place)):
            return f"JMESPath has no `{operator}`; use `{OPERATORS[operator]}`, at position {place}"
    if expression[position : position + 1] == "$":
        return f"JMESPath has no variables; use `config('name')` or `inputs('name')`, at position {position}"
    return f"{'unreadable' if isinstance(error, LexerError) else 'not JMESPath'} at position {position}"


def _is_between_values(expression: str, place: int) -> bool:
    """Whether a star stands where a multiplication would: not behind a dot, a bracket or a comma."""
    before = expression[:place].rstrip()
    return bool(before) and before[-1] not in ".[,(|&:{"


def _failure(detail: str) -> UpstreamInvalid:
    return UpstreamInvalid(detail, reason="select")


def _check_tokens(tokens: Sequence[Any]) -> None:
    """Refuses expressions that would make the recursive parser go too deep, and unknown functions."""
    depth = prefixes = projections = 0
    for token, following in pairwise(tokens):
        kind, position = token["type"], token["start"]
        depth += (kind in _OPENING) - (kind in _CLOSING)
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        projections += kind in _PROJECTIONS
        if depth + prefixes > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} at position {position}")
        if projections > MAX_PROJECTIONS:
            raise ValueError(f"more than {MAX_PROJECTIONS} projections at position {position}")
        is_call = kind == "unquoted_identifier" and following["type"] == "lparen"
        if is_call and token["value"] not in BoundedFunctions.FUNCTION_TABLE:
            raise ValueError(f"there is no function `{token['value']}` at position {position}")


@dataclass(slots=True)
class _Names:
    """What an expression asks for by name."""

    config: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    placeholders: set[str] = field(default_factory=set)
    asks_time: bool = False


def _check_tree(expression: str, tree: Any, found: _Names) -> bool:
    """Whether the expression can produce more than its input; refuses expressions that could only fail later."""
    if tree["type"] == "expref":
        raise ValueError(_MISPLACED_REFERENCE)
    is_reshaping = False
    pending = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH * 2:
            raise ValueError(f"nested deeper than {MAX_DEPTH * 2} steps")
        if node["type"] == "function_expression":
            _check_arity(expression, node)
            _note_name(expression, node, found)
            found.asks_time = found.asks_time or node["value"] in TIMED_FUNCTIONS
        if node["type"] == "literal" and isinstance(node["value"], str):
            found.placeholders.update(_PLACEHOLDER.findall(node["value"]))
        _check_references(node)
        if node["type"] == "slice" and node["children"][2] == 0:
            raise ValueError("a slice cannot go by steps of 0")
        is_reshaping = is_reshaping or node["type"] in _RESHAPING
        pending.extend((child, depth + 1) for child in node["children"] if isinstance(child, dict))
    return is_reshaping


def _check_references(node: Any) -> None:
    """Refuses `&name` outside of a function that takes it: it is no value, and no answer could show it."""
    taken: Sequence[Any] = ()
    if node["type"] == "function_expression":
        taken = BoundedFunctions.FUNCTION_TABLE[node["value"]]["signature"]
    for index, child in enumerate(node["children"]):
        is_taken = index < len(taken) and "expref" in taken[index]["types"]
        if isinstance(child, dict) and child["type"] == "expref" and not is_taken:
            raise ValueError(_MISPLACED_REFERENCE)


def _check_arity(expression: str, node: Any) -> None:
    name, given = node["value"], len(node["children"])
    signature = BoundedFunctions.FUNCTION_TABLE[name]["signature"]
    needed = len(signature)
    is_variadic = bool(signature) and signature[-1].get("variadic", False)
    most = MAX_ARGUMENTS.get(name, MAX_EXPRESSION_CHARACTERS if is_variadic else needed)
    if not needed <= given <= most:
        position = expression.find(f"{name}(")
        taken = f"{needed} to {most}" if name in MAX_ARGUMENTS else str(needed)
        raise ValueError(f"`{name}()` takes {taken} arguments, not {given}, at position {max(position, 0)}")


def _note_name(expression: str, node: Any, found: _Names) -> None:
    """Notes what `config()` and `inputs()` ask for: a name that is written out, so that it is known beforehand."""
    names = {"config": found.config, "inputs": found.inputs}.get(node["value"])
    if names is None:
        return
    [argument] = node["children"]
    if argument["type"] != "literal" or not isinstance(argument["value"], str):
        raise ValueError(f"`{node['value']}()` takes a name in single quotes: `{node['value']}('name')`")
    names.add(argument["value"])
