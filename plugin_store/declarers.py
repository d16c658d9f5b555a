"""Who declares a plugin, and what an earlier declaration of it keeps others from: pure decisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import semver

from errors import DeclaredByAnother, InsufficientScope, OlderVersion, PatchbayError, Provisioned


class Stored(NamedTuple):
    """What is stored of a plugin before it is declared again."""

    digest: str
    version: str
    declared_by: int | None
    file: str | None = None
    """The provisioning file that declares it, if one does."""


@dataclass(frozen=True, slots=True)
class Declarer:
    """Who declares: the owner, or a named token, which changes only what it declared itself."""

    token_id: int | None = None
    plugin_ids: Collection[str] | None = None
    """The only plugins that it may declare; None for all."""
    may_downgrade: bool = False
    """Whether an older version may replace a newer one."""

    def refusal_of_id(self, plugin_id: str) -> PatchbayError | None:
        """Why it may not declare a plugin with this id, whatever is stored."""
        if self.plugin_ids is None or plugin_id in self.plugin_ids:
            return None
        return InsufficientScope(f"This token may not declare `{plugin_id}`.", scopes=["declare"])

    def refusal(self, plugin_id: str, version: str, stored: Stored) -> PatchbayError | None:
        """Why it may not replace what is stored by another declaration; None if it may."""
        if not self.owns(stored.declared_by):
            return declared_by_another(plugin_id)
        if stored.file is not None:
            return Provisioned(
                f"The file {stored.file} declares {plugin_id}: change it there.", file=stored.file
            )
        if not self.may_downgrade and is_older(version, stored.version):
            return OlderVersion(
                f"`{plugin_id}` {stored.version} is stored, and {version} is older. "
                "Add `?downgrade=true` to replace it anyway.",
                errors={"version": [f"Older than the stored version, {stored.version}."]},
            )
        return None

    def owns(self, declared_by: int | None) -> bool:
        """Whether it may change what that token, or the owner, declared."""
        return self.token_id is None or self.token_id == declared_by


OWNER = Declarer()


def declared_by_another(plugin_id: str) -> DeclaredByAnother:
    """The refusal of a token. It does not say who the other one is."""
    return DeclaredByAnother(
        f"`{plugin_id}` was declared by another caller. The owner of this server can hand it over.",
        errors={"id": ["Declared by another caller."]},
    )


def is_older(version: str, stored: str) -> bool:
    """Whether a version comes before another one in the order of SemVer 2.0. Others have no order."""
    try:
        return semver.Version.parse(version).compare(stored) < 0
    except ValueError:
        return False
