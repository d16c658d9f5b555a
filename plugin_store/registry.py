"""The plugins that frontends declared: register, list, show, delete."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol, cast

from marshmallow import ValidationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from errors import Invalid, NotFound, Provisioned
from plugin_store.engine.canonical import UncanonicalError, digest
from plugin_store.engine.database import Database
from plugin_store.engine.paging import Page
from plugin_store.models import Plugin, PluginSecret, Workspace
from plugin_store.ownership import mark_rows, plugin_owners, require_unmanaged
from schemas.api.plugins import DeclarationSchema


class ManifestWarning(Protocol):
    """A warning about a valid part of a manifest. `path` is the field's, `code` names the rule."""

    @property
    def path(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def code(self) -> str | None: ...


CheckPlugin = Callable[[str, str, Mapping[str, Any]], Sequence[ManifestWarning]]
"""Takes a plugin's id, type and manifest; raises Invalid with errors by field (`manifest.…`)."""

ReviewOf = Callable[[str, int], Mapping[str, Any] | None]
"""Tells what a person must accept for a plugin in a workspace."""

RecordReviews = Callable[[Session, Collection[str]], AbstractContextManager[None]]
"""Around a change of these plugins: writes which reviews it starts or ends."""

Status = Literal["registered", "updated", "unchanged"]

_log = logging.getLogger(__name__)

DECLARATION = DeclarationSchema()
MAX_WARNINGS = 100


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

    @property
    def enabled(self) -> bool | None:
        """Whether the manifest declares that the plugin starts enabled; None if it does not say."""
        enabled = self.manifest.get("enabled")
        return enabled if isinstance(enabled, bool) else None


class Stored(NamedTuple):
    """What is stored of a plugin before it is declared again, and the file that declares it, if one does."""

    digest: str
    version: str
    file: str | None = None

    def refuses(self, declaration: Declaration) -> bool:
        """Whether a file declares the plugin otherwise."""
        return self.file is not None and self.digest != declaration.digest


class Registry:
    """The table of plugins. `check_plugin` validates a manifest and returns its warnings."""

    def __init__(
        self,
        database: Database,
        check_plugin: CheckPlugin,
        clock: Callable[[], float],
        review_of: ReviewOf = lambda _plugin_id, _workspace_id: None,
        record_reviews: RecordReviews = lambda _session, _plugin_ids: nullcontext(),
    ) -> None:
        self._database = database
        self._check_plugin = check_plugin
        self._clock = clock
        self._review_of = review_of
        self._record_reviews = record_reviews

    def register(self, declaration: Mapping[str, Any]) -> Registration:
        """Stores one plugin as declared. Raises Invalid by field, and Provisioned."""
        (registration,) = self.register_batch([declaration])
        if registration.managed_by is not None:
            raise Provisioned(registration.message, file=registration.managed_by)
        if registration.errors is not None:
            raise Invalid(registration.message, errors=registration.errors)
        return registration

    def register_batch(self, declarations: Sequence[Any]) -> list[Registration]:
        """The result of each declaration, in order. The valid ones are stored in one transaction.

        Repeating an unchanged declaration only writes when it was last seen.
        """
        checked = _refuse_repeated([self.check(declaration) for declaration in declarations])
        good = [outcome for outcome in checked if isinstance(outcome, Declaration)]
        stored = self._keep(good) if good else {}
        with_secrets, workspace_id = self._plugins_with_secrets(stored)
        registrations = []
        for outcome in checked:
            if isinstance(outcome, Declaration):
                kept = _registration(outcome, stored.get(outcome.id))
                review = self._review_of(outcome.id, workspace_id) if outcome.id in with_secrets else None
                if review is not None and kept.status != "unchanged":
                    _log.info("A review is due for %s: until then its secrets are not sent.", outcome.id)
                registrations.append(replace(kept, review=review))
            else:
                registrations.append(outcome)
        return registrations

    def list(
        self,
        plugin_type: str | None = None,
        page: Page | None = None,
        among: Collection[str] | None = None,
    ) -> tuple[Sequence[Plugin], int]:
        """A page of plugins by id, of one type or all, and their total number. With `among` only those of these ids."""
        page = page or Page()
        query = select(Plugin)
        if plugin_type is not None:
            query = query.where(Plugin.type == plugin_type)
        if among is not None:
            query = query.where(Plugin.id.in_(among))
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            plugins = session.scalars(query.order_by(Plugin.id).limit(page.size).offset(page.offset)).all()
            mark_rows(session, plugins)
            return plugins, total

    def get(self, plugin_id: str) -> Plugin:
        """Raises NotFound."""
        with self._database.reading() as session:
            plugin = session.get(Plugin, plugin_id)
            if plugin is None:
                raise NotFound(f"There is no plugin {plugin_id}.")
            mark_rows(session, [plugin])
        return plugin

    def forget(self, plugin_id: str) -> None:
        """Deletes a plugin with its settings, secrets and artifacts; its call log stays.

        Raises NotFound, and Provisioned if a file declares it or sets something for it.
        """
        with self._database.writing() as session:
            plugin = session.get(Plugin, plugin_id)
            if plugin is None:
                raise NotFound(f"There is no plugin {plugin_id}.")
            require_unmanaged(session, plugin)
            session.execute(delete(Plugin).where(Plugin.id == plugin_id))

    def renew_artifacts_epoch(self, session: Session, plugin_id: str) -> str:
        """Invalidates everything that was fetched for the plugin. Returns the new epoch."""
        epoch = _new_epoch()
        session.execute(update(Plugin).where(Plugin.id == plugin_id).values(artifacts_epoch=epoch))
        return epoch

    def check(self, declaration: Any) -> Declaration | Registration:
        """The validated declaration, or the refusal with its errors."""
        try:
            if not isinstance(declaration, Mapping):
                raise Invalid("A declaration must be an object.", errors={"plugin": ["Must be an object."]})
            return self._checked(declaration)
        except ValidationError as error:
            return _refused(declaration, flat_errors(error.normalized_messages()))
        except UncanonicalError as error:
            return _refused(declaration, {"manifest": [str(error)]})
        except Invalid as error:
            return _refused(declaration, error.errors or {"manifest": [error.detail]})

    def _checked(self, declaration: Mapping[str, Any]) -> Declaration:
        fields = cast(dict[str, Any], DECLARATION.load(declaration))
        content = {word: fields[word] for word in ("name", "version", "type", "manifest")}
        warnings = self._check_plugin(fields["id"], content["type"], content["manifest"])
        return Declaration(
            id=fields["id"], **content, digest=digest(content), warnings=warnings[:MAX_WARNINGS]
        )

    def _keep(self, declarations: Sequence[Declaration]) -> dict[str, Stored | None]:
        """Writes new and changed plugins. Returns what was stored of each plugin before, by id."""
        with self._database.writing() as session:
            known = _load_stored(session, declarations)
            own = [item for item in declarations if item.id not in known or not known[item.id].refuses(item)]
            self.write(session, own, known)
        return {declaration.id: known.get(declaration.id) for declaration in declarations}

    def write(
        self,
        session: Session,
        declarations: Sequence[Declaration],
        known: Mapping[str, Stored] | None = None,
    ) -> None:
        """Stores the declarations in the transaction of `session`, whoever owns them. `known` is what is stored."""
        now = self._clock()
        known = _load_stored(session, declarations) if known is None else known
        ids = [declaration.id for declaration in declarations]
        new = [declaration for declaration in declarations if declaration.id not in known]
        changed = [
            declaration
            for declaration in declarations
            if declaration.id in known and known[declaration.id].digest != declaration.digest
        ]
        _insert(session, new, now)
        with self._record_reviews(session, [declaration.id for declaration in changed]):
            _update(session, changed, now)
        session.execute(update(Plugin).where(Plugin.id.in_(ids)).values(last_seen_at=now))

    def _plugins_with_secrets(self, stored: Mapping[str, Stored | None]) -> tuple[set[str], int]:
        """The known plugins with a secret in the first workspace, and the id of that workspace."""
        known = [plugin_id for plugin_id, before in stored.items() if before is not None]
        if not known:
            return set(), 0
        with self._database.reading() as session:
            workspace_id = session.scalar(select(func.min(Workspace.id))) or 0
            query = select(PluginSecret.plugin_id).where(
                PluginSecret.workspace_id == workspace_id, PluginSecret.plugin_id.in_(known)
            )
            return set(session.scalars(query)), workspace_id


def _load_stored(session: Session, declarations: Sequence[Declaration]) -> dict[str, Stored]:
    ids = [declaration.id for declaration in declarations]
    query = select(Plugin.id, Plugin.digest, Plugin.version).where(Plugin.id.in_(ids))
    files = plugin_owners(session, ids)
    return {row.id: Stored(row.digest, row.version, files.get(row.id)) for row in session.execute(query)}


def _refuse_repeated(checked: Sequence[Declaration | Registration]) -> list[Declaration | Registration]:
    seen: set[str] = set()
    outcomes: list[Declaration | Registration] = []
    for outcome in checked:
        if isinstance(outcome, Declaration) and outcome.id in seen:
            again = {"id": outcome.id, "name": outcome.name, "version": outcome.version, "type": outcome.type}
            outcomes.append(_refused(again, {"id": ["Declared twice in this batch; the first one counts."]}))
            continue
        if isinstance(outcome, Declaration):
            seen.add(outcome.id)
        outcomes.append(outcome)
    return outcomes


def _refused(declaration: Any, errors: Mapping[str, list[str]]) -> Registration:
    given = declaration if isinstance(declaration, Mapping) else {}
    plugin_id, name = _text(given, "id"), _text(given, "name")
    field_name, messages = next(iter(errors.items()))
    subject = (name or plugin_id or "The plugin")[:200]
    return Registration(
        id=plugin_id,
        name=name,
        version=_text(given, "version"),
        type=_text(given, "type"),
        registered=False,
        message=f"{subject} is not registered: {field_name}: {messages[0]}",
        errors=errors,
    )


def _text(given: Mapping[str, Any], word: str) -> str | None:
    value = given.get(word)
    return value if isinstance(value, str) else None


def _registration(declaration: Declaration, before: Stored | None) -> Registration:
    if before is not None and before.refuses(declaration):
        return _refused_by_file(declaration, str(before.file))
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


def _refused_by_file(declaration: Declaration, file: str) -> Registration:
    reason = f"The file {file} declares {declaration.id}: change it there."
    shown = {"id": declaration.id, "name": declaration.name}
    told = {**shown, "version": declaration.version, "type": declaration.type}
    return replace(_refused(told, {"id": [reason]}), message=reason, managed_by=file)


def _insert(session: Session, declarations: Sequence[Declaration], now: float) -> None:
    if not declarations:
        return
    rows = [
        {
            "id": declaration.id,
            **_columns(declaration, now),
            "artifacts_epoch": _new_epoch(),
            "registered_at": now,
            "last_seen_at": now,
        }
        for declaration in declarations
    ]
    session.execute(insert(Plugin), rows)


def _update(session: Session, declarations: Sequence[Declaration], now: float) -> None:
    if not declarations:
        return
    rows = [{"id": declaration.id, **_columns(declaration, now)} for declaration in declarations]
    session.execute(update(Plugin), rows)


def _columns(declaration: Declaration, now: float) -> dict[str, Any]:
    return {
        "name": declaration.name,
        "version": declaration.version,
        "type": declaration.type,
        "manifest": declaration.manifest,
        "digest": declaration.digest,
        "enabled": declaration.enabled,
        "updated_at": now,
    }


def _new_epoch() -> str:
    return secrets.token_hex(8)


def flat_errors(messages: Mapping[str, Any], path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by path: `manifest.endpoints[2].path`."""
    flat: dict[str, list[str]] = {}
    for key, value in messages.items():
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
        if isinstance(value, Mapping):
            flat |= flat_errors(value, path + step)
        else:
            flat[path + step] = [str(message) for message in value]
    return flat
