"""Where secrets may go, and whether a plugin as it stands would send one elsewhere. Pure.

A destination is a placement at an origin, `header:X-Api-Key@https://api.example.com:443`; while the origin
hangs on a setting that is not made yet, it is `header:X-Api-Key@unresolved:https://{host}`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from plugin_store.standing import Standing
from plugin_store.vault import SecretState

UNRESOLVED = "@unresolved:"

Destinations = Callable[[Standing, Mapping[str, Any]], Mapping[str, Collection[str]]]
"""Tells, for a plugin and its effective config, where each secret would be sent, by the secret's key."""


class Review(NamedTuple):
    """What a person must look at: where the locked secrets may go, and where they would go now."""

    reason: str
    old: list[str]
    new: list[str]


def is_locked(current: Collection[str], bound_to: Collection[str]) -> bool:
    """Whether a secret would be sent where it was not meant to go.

    An unresolved destination locks nothing, since nothing can be sent there; what it becomes may lock.
    """
    return any(UNRESOLVED not in destination and destination not in bound_to for destination in current)


def follows_config(bound_to: Collection[str], before: Collection[str]) -> bool:
    """Whether a secret was entered before its origin was settled, so that the setting may still name it.

    Only while the manifest says what it said then: a secret bound to other templates stays where it is.
    """
    return set(bound_to) == set(before) and any(UNRESOLVED in destination for destination in bound_to)


def current_destinations(standing: Standing, destinations: Destinations) -> Mapping[str, Collection[str]]:
    """Where the plugin's secrets would be sent as it stands."""
    return destinations(standing, standing.effective_config())


def locked_secrets(
    standing: Standing, destinations: Destinations
) -> dict[str, tuple[SecretState, list[str]]]:
    """The secrets that a person must let go, each with where it would go; unreadable ones can go nowhere."""
    readable = {key: state for key, state in standing.secrets.items() if state.status != "unreadable"}
    if not readable:
        return {}
    current = current_destinations(standing, destinations)
    return {
        key: (state, sorted(current.get(key, ())))
        for key, state in sorted(readable.items())
        if is_locked(current.get(key, ()), state.bound_to)
    }


def review_standing(standing: Standing, destinations: Destinations) -> Review | None:
    """What a person must accept before the plugin may use its secrets; None when there is nothing."""
    locked = locked_secrets(standing, destinations)
    if not locked:
        return None
    old = sorted({destination for state, _ in locked.values() for destination in state.bound_to})
    new = sorted({destination for _, current in locked.values() for destination in current})
    return Review(_reason(list(locked), old, new), old, new)


def _reason(keys: list[str], old: Collection[str], new: Collection[str]) -> str:
    known = {_origin(destination) for destination in old}
    elsewhere = any(_origin(destination) not in known for destination in new)
    change = "sent to another origin" if elsewhere else "sent in another place of the request"
    return f"{', '.join(map(_shown, keys))} would be {change} than it was entered for."


def _shown(key: str) -> str:
    """A secret by its name; a colon, which no property's name has, marks what came of a sign-in."""
    return "the sign-in" if ":" in key else key


def _origin(destination: str) -> str:
    return destination.rpartition("@")[2]
