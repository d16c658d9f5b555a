"""Which integrations of a scope a list shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from integrations.catalog.catalog import Installed


def waits_for_user(installed: Installed) -> bool:
    """Whether it cannot work before somebody has done something.

    One that is disabled needs nothing but a review of what it would send.
    """
    if installed.review is not None:
        return True
    return installed.enabled and bool(installed.missing or installed.unreadable_secrets())


STATES: Mapping[str, Callable[[Installed], bool]] = {
    "waiting": waits_for_user,
    "enabled": lambda installed: installed.enabled,
    "disabled": lambda installed: not installed.enabled,
}


def count_states(found: Iterable[Installed]) -> dict[str, int]:
    """How many there are in all (`total`), and in each of the STATES."""
    listed = list(found)
    return {"total": len(listed)} | {state: sum(map(holds, listed)) for state, holds in STATES.items()}


@dataclass(frozen=True, slots=True)
class IntegrationFilter:
    """What an integration has to meet; None is any."""

    ids: Collection[str] | None = None
    state: str | None = None
    """A key of STATES."""
    search: str = ""
    """Words, each of which the name, the id or the description contains, in whatever case."""

    def choose(self, found: Iterable[Installed]) -> list[Installed]:
        words = self.search.casefold().split()
        return [installed for installed in found if self._meets(installed, words)]

    def _meets(self, installed: Installed, words: list[str]) -> bool:
        if self.ids is not None and installed.plugin_id not in self.ids:
            return False
        if self.state is not None and not STATES[self.state](installed):
            return False
        return not words or all(word in _text_of(installed) for word in words)


def description_of(installed: Installed) -> str | None:
    """The description that its manifest declares."""
    manifest = installed.plugin_state.manifest
    return manifest.get("description") or (manifest.get("integration") or {}).get("description")


def _text_of(installed: Installed) -> str:
    described = (installed.plugin_state.name, installed.plugin_id, description_of(installed) or "")
    return " ".join(described).casefold()
