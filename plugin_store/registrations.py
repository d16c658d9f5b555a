"""A declaration that was validated, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from errors import Invalid, PatchbayError, Provisioned
from plugin_store.declarers import Stored


class ManifestWarning(Protocol):
    """A warning about a valid part of a manifest. `path` is the field's, `code` names the rule."""

    @property
    def path(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def code(self) -> str | None: ...


Status = Literal["registered", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Registration:
    """The result of one declaration. `status` and `review` are None if it was refused.

    `managed_by` is the provisioning file that declares the plugin, if that is why it was refused.
    """

    id: str | None
    name: str | None
    version: str | None
    type: str | None
    registered: bool
    message: str
    status: Status | None = None
    review: Mapping[str, Any] | None = None
    errors: Mapping[str, list[str]] | None = None
    warnings: Sequence[ManifestWarning] = ()
    managed_by: str | None = None
    problem: PatchbayError | None = field(default=None, compare=False)
    """Why it was refused."""

    @property
    def code(self) -> str | None:
        """The code of that problem."""
        return None if self.problem is None else self.problem.code


@dataclass(frozen=True, slots=True)
class Declaration:
    """A validated declaration, with the digest of its content."""

    id: str
    name: str
    version: str
    type: str
    manifest: dict[str, Any] = field(repr=False)
    digest: str
    warnings: Sequence[ManifestWarning] = field(default=(), compare=False)

    def named(self) -> dict[str, str]:
        """What names it in an answer."""
        return {"id": self.id, "name": self.name, "version": self.version, "type": self.type}

    @property
    def enabled(self) -> bool | None:
        """Whether the manifest declares that the plugin starts enabled; None if it does not say."""
        enabled = self.manifest.get("enabled")
        return enabled if isinstance(enabled, bool) else None


def invalid(declaration: Any, errors: Mapping[str, list[str]]) -> Registration:
    given = declaration if isinstance(declaration, Mapping) else {}
    field_name, messages = next(iter(errors.items()))
    subject = (_text(given, "name") or _text(given, "id") or "The plugin")[:200]
    message = f"{subject} is not registered: {field_name}: {messages[0]}"
    return refused(given, Invalid(message, errors=errors))


def refused(given: Mapping[str, Any], problem: PatchbayError) -> Registration:
    plugin_id, name = _text(given, "id"), _text(given, "name")
    return Registration(
        id=plugin_id,
        name=name,
        version=_text(given, "version"),
        type=_text(given, "type"),
        registered=False,
        message=problem.detail,
        errors=problem.errors or {"id": [problem.detail]},
        managed_by=problem.file if isinstance(problem, Provisioned) else None,
        problem=problem,
    )


def _text(given: Mapping[str, Any], word: str) -> str | None:
    value = given.get(word)
    return value if isinstance(value, str) else None


def stored_as(declaration: Declaration, before: Stored | None) -> Registration:
    named = f"{declaration.name} {declaration.version}"
    status: Status
    if before is None:
        status, message = "registered", f"{named} is registered."
    elif before.digest == declaration.digest:
        status, message = "unchanged", f"{named} is registered as before."
    elif before.version == declaration.version:
        status, message = "updated", f"{named} is updated."
    else:
        status, message = "updated", f"{named} is updated from {before.version}."
    return Registration(
        id=declaration.id,
        name=declaration.name,
        version=declaration.version,
        type=declaration.type,
        registered=True,
        message=message,
        status=status,
        warnings=declaration.warnings,
    )
