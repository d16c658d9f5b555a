"""Runs a JMESPath expression with a limited number of steps.

An expression of 2,000 characters can double a value a hundred times, or compare every element with all the others. So
each visited node costs a step, and a node that processes many elements or long strings costs as many. When the steps
are used up, the run ends, whatever the expression or the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jmespath.functions import signature
from jmespath.visitor import Options, TreeInterpreter

from integrations.answers.select_functions import SelectContext, SelectFunctions
from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

MAX_STEPS = 2_000_000
# Characters that are compared or copied in the time of one visit.
_CHARACTERS_PER_STEP = 16
# These read values to any depth.
_DEEP = frozenset({"to_string", "contains"})


# A missing value is ignored in a sum, an average or an order: one gap must not fail a whole answer.
_OVER_VALUES = frozenset({"sum", "avg", "min", "max", "sort", "join"})
_BY_KEY = frozenset({"sort_by", "min_by", "max_by"})


class SelectionTooCostly(Exception):
    """The steps are used up."""


class Allowance:
    """The remaining steps."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise SelectionTooCostly

    def spend_on_values(self, value: Any) -> None:
        """Charges for one pass over a string, a list's elements, or an object's keys."""
        if isinstance(value, str):
            self.spend(len(value) // _CHARACTERS_PER_STEP)
        elif isinstance(value, list):
            self.spend(len(value))
            self.spend(sum(len(item) for item in value if isinstance(item, str)) // _CHARACTERS_PER_STEP)
        elif isinstance(value, dict):
            self.spend(len(value))

    def spend_on_tree(self, value: Any) -> None:
        """Charges for a walk through the whole value; shared parts count as often as they occur."""
        limits = SizeLimits(nodes=self.left, characters=self.left * _CHARACTERS_PER_STEP)
        try:
            size = measure_value(value, limits)
        except ValueTooBigError:
            raise SelectionTooCostly from None
        self.spend(size.nodes + size.characters // _CHARACTERS_PER_STEP)


class BoundedFunctions(SelectFunctions):
    """All functions of an expression, each paid for by the size of its arguments."""

    def __init__(self, context: SelectContext, allowance: Allowance) -> None:
        super().__init__(context, lambda characters: allowance.spend(characters // _CHARACTERS_PER_STEP))
        self._allowance = allowance

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        pay = self._allowance.spend_on_tree if function_name in _DEEP else self._allowance.spend_on_values
        arguments = list(resolved_args)
        for argument in arguments:
            pay(argument)
        if function_name in _OVER_VALUES:
            arguments = [_without_nulls(argument) for argument in arguments]
        elif function_name in _BY_KEY:
            return self._call_by_key(function_name, arguments)
        return super().call_function(function_name, arguments)

    def _call_by_key(self, function_name: str, arguments: list[Any]) -> Any:
        """Applies to the elements that have a key. Those without one come last when sorting."""
        if (
            len(arguments) != 2
            or not isinstance(arguments[0], list)
            or not hasattr(arguments[1], "expression")
        ):
            return super().call_function(function_name, arguments)
        elements, key = arguments
        has_key = [key.visit(key.expression, element) is not None for element in elements]
        keyed = [element for element, has in zip(elements, has_key, strict=True) if has]
        found = super().call_function(function_name, [keyed, key])
        if function_name != "sort_by":
            return found
        return found + [element for element, has in zip(elements, has_key, strict=True) if not has]

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        # The separator may be as long as the expression, between all elements.
        self._allowance.spend(len(separator) * len(array) // _CHARACTERS_PER_STEP)
        return separator.join(array)


def _without_nulls(argument: Any) -> Any:
    return [item for item in argument if item is not None] if isinstance(argument, list) else argument


class BoundedInterpreter(TreeInterpreter):
    """jmespath's interpreter, for one run. Raises `SelectionTooCostly`."""

    def __init__(self, context: SelectContext, max_steps: int = MAX_STEPS) -> None:
        self._allowance = Allowance(max_steps)
        self._methods: dict[str, Callable[..., Any]] = {}
        super().__init__(Options(custom_functions=BoundedFunctions(context, self._allowance)))

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        allowance = self._allowance
        allowance.left -= 1
        # The base class does the same with one more call for each node of each element.
        kind = node["type"]
        method = self._methods.get(kind) or self._methods.setdefault(kind, getattr(self, f"visit_{kind}"))
        result = method(node, *args, **kwargs)
        if isinstance(result, str):
            # The caller compares it, sorts by it or copies it.
            allowance.left -= len(result) // _CHARACTERS_PER_STEP
        if allowance.left < 0:
            raise SelectionTooCostly
        return result

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        # Charged before it is built: a list with the same long list many times would fill the memory.
        self._allowance.spend(sum(len(item) if isinstance(item, list) else 1 for item in base))
        flattened: list[Any] = []
        for item in base:
            if isinstance(item, list):
                flattened.extend(item)
            else:
                flattened.append(item)
        return flattened

    def visit_slice(self, node: Any, value: Any) -> Any:
        if isinstance(value, list):
            self._allowance.spend(len(value))
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, list | dict) and isinstance(right, list | dict):
            self._allowance.spend_on_tree(left)
        if node["value"] in ("eq", "ne") or _have_an_order(left, right):
            return self.COMPARATOR_FUNC[node["value"]](left, right)
        return None


def _have_an_order(left: Any, right: Any) -> bool:
    return all(isinstance(side, str) for side in (left, right)) or all(
        isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right)
    )
