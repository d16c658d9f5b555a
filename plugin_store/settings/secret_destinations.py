"""Whether a plugin would currently send a secret to a destination that is not allowed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from plugin_store.settings.plugin_state import PluginState
from plugin_store.vault.destinations import Destination, allows, sort_destinations
from plugin_store.vault.vault import SecretState

Destinations = Callable[[PluginState, Mapping[str, Any]], Mapping[str, Collection[Destination]]]
"""Tells, for a plugin and its effective config, where each secret would be sent, by the secret's key."""


class Review(NamedTuple):
    """What a user must review: where the locked secrets may be sent, and where they would be sent now."""

    reason: str
    old: list[Destination]
    new: list[Destination]

    def as_shown(self) -> dict[str, Any]:
        """`{reason, old, new}` as in the API."""
        return {
            "reason": self.reason,
            "old": [destination.as_shown() for destination in self.old],
            "new": [destination.as_shown() for destination in self.new],
        }


def is_locked(current: Collection[Destination], bound_to: Collection[Destination]) -> bool:
    """Whether a secret would be sent to a destination that it is not bound to.

    An unresolved destination locks nothing, since nothing can be sent there. Its resolved value may lock.
    """
    return any(item.origin is not None and not allows(bound_to, item) for item in current)


def follows_config(bound_to: Collection[Destination], before: Collection[Destination]) -> bool:
    """Whether a secret was entered before its origin was known, so that the setting may still define it.

    Only while the manifest has the same template: a secret bound to other templates stays bound to them.
    """
    if all(item.origin is not None for item in bound_to):
        return False
    is_same = all(any(allows([bound], item) for item in before) for bound in bound_to)
    return is_same and all(allows(bound_to, item) for item in before)


def current_destinations(
    plugin_state: PluginState, destinations: Destinations
) -> Mapping[str, Collection[Destination]]:
    """The current destinations of the plugin's secrets."""
    return destinations(plugin_state, plugin_state.effective_config())


def locked_secrets(
    plugin_state: PluginState, destinations: Destinations
) -> dict[str, tuple[SecretState, list[Destination]]]:
    """The secrets that need a user's decision, each with its current destinations. Unreadable ones are left out."""
    readable = {key: state for key, state in plugin_state.secrets.items() if state.status != "unreadable"}
    if not readable:
        return {}
    current = current_destinations(plugin_state, destinations)
    return {
        key: (state, sort_destinations(current.get(key, ())))
        for key, state in sorted(readable.items())
        if is_locked(current.get(key, ()), state.bound_to)
    }


def review_plugin_state(plugin_state: PluginState, destinations: Destinations) -> Review | None:
    """What a user must accept before the plugin may use its secrets; None if there is nothing."""
    locked = locked_secrets(plugin_state, destinations)
    if not locked:
        return None
    return make_review(
        locked,
        (destination for state, _ in locked.values() for destination in state.bound_to),
        (destination for _, current in locked.values() for destination in current),
    )


def make_review(keys: Iterable[str], old: Iterable[Destination], new: Iterable[Destination]) -> Review:
    """The review of secrets that were entered for the old destinations and would be sent to the new ones."""
    before, after = sort_destinations(old), sort_destinations(new)
    return Review(_reason(list(keys), before, after), before, after)


def _reason(keys: list[str], old: Collection[Destination], new: Collection[Destination]) -> str:
    known = {_address(destination) for destination in old}
    elsewhere = any(_address(destination) not in known for destination in new)
    change = "sent to another origin" if elsewhere else "sent in another place of the request"
    return f"{', '.join(map(_shown, keys))} would be {change} than it was entered for."


def _shown(key: str) -> str:
    """A secret by its name. A colon, which no property's name has, marks the result of a sign-in."""
    return "the sign-in" if ":" in key else key


def _address(destination: Destination) -> tuple[str | None, str | None]:
    return destination.origin, destination.template
