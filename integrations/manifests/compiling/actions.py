"""Compiles a block's `action`, and checks which blocks must have one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import Action, Block, Endpoint, Step

_ONLY_READS = (
    "Every call of this block only reads, so there is nothing to confirm; leave `action` out, "
    "or say `safe: false` on the endpoint that changes something."
)


def compile_action(
    declared: Mapping[str, Any] | None, steps: Sequence[Step]
) -> tuple[Action | None, str | None]:
    """The block's action, if it has one, and why the declaration is not allowed."""
    writing = next((step.endpoint for step in steps if not step.endpoint.is_safe), None)
    if declared is None:
        return None, None if writing is None else _unconfirmed(writing)
    action = Action(declared["label"], declared.get("confirm"), tuple(declared["renews"]))
    if steps and writing is None:
        return action, _ONLY_READS
    if any(step.for_each is not None or step.may_fail for step in steps):
        return action, "An action makes each call once, and stops at a failure: no `for_each`, no `may_fail`."
    paged = next((step.endpoint.id for step in steps if _writes_in_pages(step.endpoint)), None)
    return action, None if paged is None else f"`{paged}` is paged, but an action makes each call only once."


def _writes_in_pages(endpoint: Endpoint) -> bool:
    return endpoint.paginator is not None and not endpoint.is_safe


def _unconfirmed(endpoint: Endpoint) -> str:
    return (
        f"`{endpoint.id}` changes something at the provider ({endpoint.method}), and a page that is opened must not. "
        "Declare `action` here, with a `label`, to have a person run it; "
        "if the call only reads, say `safe: true` on the endpoint."
    )


def check_renewals(
    declared: Sequence[Mapping[str, Any]], blocks: Mapping[str, Block], problems: Problems
) -> None:
    """Adds a problem for each renewed name that is another action or no block."""
    for index, item in enumerate(declared):
        for number, name in enumerate((item.get("action") or {}).get("renews", ())):
            field = f"blocks[{index}].action.renews[{number}]"
            if name not in blocks:
                problems.add(field, f"There is no block `{name}`.")
            elif blocks[name].action is not None:
                problems.add(field, f"`{name}` is an action, whose answers are not stored.")
