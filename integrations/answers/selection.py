"""`select`: selects a part of an answer by JMESPath, in bounded time and space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.lexer import Lexer

from errors import UpstreamInvalid
from integrations.answers.selection_limits import BoundedInterpreter, SelectionTooCostly
from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

MAX_EXPRESSION_CHARACTERS = 2_000
MAX_DEPTH = 50
MAX_PROJECTIONS = 50
RESULT_LIMITS = SizeLimits(nodes=1_000_000, characters=32 * 1024 * 1024, depth=240)

_OPENING = frozenset({"lbrace", "lbracket", "lparen", "filter"})
_CLOSING = frozenset({"rbrace", "rbracket", "rparen"})
_PREFIXES = frozenset({"not", "expref"})
_PROJECTIONS = frozenset({"star", "flatten", "filter", "colon"})
# Only these can put a value into a result twice. Without them a result is a part of the answer.
_RESHAPING = frozenset({"multi_select_list", "multi_select_dict", "function_expression", "literal"})


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled `select`, shared by all threads."""

    expression: str
    _tree: Any = field(repr=False)
    _is_reshaping: bool = field(repr=False)

    def apply(self, value: Any) -> Any:
        """The selected value. A missing one is null.

        Raises `UpstreamInvalid` with `reason="select"` if a function gets a value of the wrong type, or if the result
        or its computation exceeds the limits. Values are never quoted.
        """
        try:
            selected = BoundedInterpreter().visit(self._tree, value)
            if self._is_reshaping:
                measure_value(selected, RESULT_LIMITS)
        except (SelectionTooCostly, ValueTooBigError):
            raise _failure("the result of `select` would be too large, or takes too long") from None
        except JMESPathTypeError as error:
            taken = " or ".join(dict.fromkeys(kind.partition("-")[0] for kind in error.expected_types))
            raise _failure(
                f"`{error.function_name}()` in `select` takes {taken}, and met something else"
            ) from None
        except (JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
            raise _failure("`select` does not fit the provider's answer") from None
        return selected


def compile_select(expression: str) -> Selector:
    """The selector of a JMESPath expression. `ValueError` gives the error and its position."""
    if not isinstance(expression, str) or not expression.strip():
        raise ValueError("an expression is needed")
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise ValueError(f"longer than {MAX_EXPRESSION_CHARACTERS} characters")
    try:
        _check_tokens(list(Lexer().tokenize(expression)))
        tree: Any = jmespath.compile(expression).parsed
    except LexerError as error:
        raise ValueError(f"unreadable at position {error.lex_position}") from None
    except ParseError as error:
        raise ValueError(f"not JMESPath at position {error.lex_position}") from None
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ValueError(str(error) if type(error) is ValueError else "not JMESPath") from None
    return Selector(expression, tree, _check_tree(expression, tree))


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
        if is_call and token["value"] not in Functions.FUNCTION_TABLE:
            raise ValueError(f"there is no function `{token['value']}` at position {position}")


def _check_tree(expression: str, tree: Any) -> bool:
    """Whether the expression can produce more than its input; refuses expressions that could only fail later."""
    is_reshaping = False
    pending = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH * 2:
            raise ValueError(f"nested deeper than {MAX_DEPTH * 2} steps")
        if node["type"] == "function_expression":
            _check_arity(expression, node)
        if node["type"] == "slice" and node["children"][2] == 0:
            raise ValueError("a slice cannot go by steps of 0")
        is_reshaping = is_reshaping or node["type"] in _RESHAPING
        pending.extend((child, depth + 1) for child in node["children"] if isinstance(child, dict))
    return is_reshaping


def _check_arity(expression: str, node: Any) -> None:
    name, given = node["value"], len(node["children"])
    signature = Functions.FUNCTION_TABLE[name]["signature"]
    needed = len(signature)
    is_variadic = bool(signature) and signature[-1].get("variadic", False)
    if given < needed or (given > needed and not is_variadic):
        position = expression.find(f"{name}(")
        raise ValueError(f"`{name}()` takes {needed} arguments, not {given}, at position {max(position, 0)}")
