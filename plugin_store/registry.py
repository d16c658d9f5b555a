"""The plugins that frontends declared: register, list, show, delete."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast

from marshmallow import ValidationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from errors import Invalid, NotFound, PatchbayError
from plugin_store.access_models import AccessToken
from plugin_store.declarers import OWNER, Declarer, Stored, declared_by_another
from plugin_store.engine.canonical import UncanonicalError, digest
from plugin_store.engine.change_record import describe_part
from plugin_store.engine.database import Database
from plugin_store.engine.paging import Page
from plugin_store.models import Plugin, PluginSecret, Workspace
from plugin_store.ownership import mark_rows, plugin_owners, require_unmanaged
from plugin_store.registrations import (
    Declaration,
    ManifestWarning,
    Registration,
    invalid,
    refused,
    stored_as,
)
from schemas.api.plugins import DeclarationSchema

CheckPlugin = Callable[[str, str, Mapping[str, Any]], Sequence[ManifestWarning]]
"""Takes a plugin's id, type and manifest; raises Invalid with errors by field (`manifest.…`)."""

ReviewOf = Callable[[str, int], Mapping[str, Any] | None]
"""Tells what a person must accept for a plugin in a workspace."""

RecordReviews = Callable[[Session, Collection[str]], AbstractContextManager[None]]
"""Around a change of these plugins: writes which reviews it starts or ends."""

_log = logging.getLogger(__name__)

DECLARATION = DeclarationSchema()
MAX_WARNINGS = 100


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

    def register(self, declaration: Mapping[str, Any], by: Declarer = OWNER) -> Registration:
        """Stores one plugin as declared. Raises Invalid by field, and what keeps `by` from declaring it."""
        (registration,) = self.register_batch([declaration], by)
        if registration.problem is not None:
            raise registration.problem
        return registration

    def register_batch(self, declarations: Sequence[Any], by: Declarer = OWNER) -> list[Registration]:
        """The result of each declaration, in order. Those that are not refused are stored in one transaction.

        Repeating an unchanged declaration only writes when it was last seen, whoever repeats it.
        """
        checked = _refuse_repeated([self.check(declaration, by) for declaration in declarations])
        good = [outcome for outcome in checked if isinstance(outcome, Declaration)]
        stored, problems = self._keep(good, by) if good else ({}, {})
        checked = [
            refused(outcome.named(), problem)
            if isinstance(outcome, Declaration) and (problem := problems.get(outcome.id)) is not None
            else outcome
            for outcome in checked
        ]
        with_secrets, workspace_id = self._plugins_with_secrets(stored)
        registrations = []
        for outcome in checked:
            if isinstance(outcome, Declaration):
                kept = stored_as(outcome, stored.get(outcome.id))
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
            plugin = _existing(session, plugin_id)
            mark_rows(session, [plugin])
        return plugin

    def hand_over(self, plugin_id: str, token_id: int | None) -> Plugin:
        """Lets a named token, or with None the owner, change the plugin from now on. Raises NotFound and Invalid."""
        with self._database.writing() as session:
            plugin = _existing(session, plugin_id)
            if token_id is not None and session.get(AccessToken, token_id) is None:
                message = f"There is no token {token_id}."
                raise Invalid(message, errors={"declared_by": [message]})
            plugin.declared_by = token_id
            mark_rows(session, [plugin])
        return plugin

    def forget(self, plugin_id: str, by: Declarer = OWNER) -> None:
        """Deletes a plugin with its settings, secrets and artifacts; its call log stays.

        Raises NotFound, DeclaredByAnother, and Provisioned if a file declares it or sets something for it.
        """
        with self._database.writing() as session:
            plugin = _existing(session, plugin_id)
            if not by.owns(plugin.declared_by):
                raise declared_by_another(plugin_id)
            require_unmanaged(session, plugin)
            session.execute(delete(Plugin).where(Plugin.id == plugin_id))

    def renew_artifacts_epoch(self, session: Session, plugin_id: str) -> str:
        """Invalidates everything that was fetched for the plugin. Returns the new epoch."""
        epoch = _new_epoch()
        session.execute(update(Plugin).where(Plugin.id == plugin_id).values(artifacts_epoch=epoch))
        return epoch

    def check(self, declaration: Any, by: Declarer = OWNER) -> Declaration | Registration:
        """The validated declaration, or the refusal with its errors."""
        try:
            if not isinstance(declaration, Mapping):
                raise Invalid("A declaration must be an object.", errors={"plugin": ["Must be an object."]})
            checked = self._checked(declaration)
        except ValidationError as error:
            return invalid(declaration, flat_errors(error.normalized_messages()))
        except UncanonicalError as error:
            return invalid(declaration, {"manifest": [str(error)]})
        except Invalid as error:
            return invalid(declaration, error.errors or {"manifest": [error.detail]})
        problem = by.refusal_of_id(checked.id)
        return checked if problem is None else refused(checked.named(), problem)

    def _checked(self, declaration: Mapping[str, Any]) -> Declaration:
        fields = cast(dict[str, Any], DECLARATION.load(declaration))
        content = {word: fields[word] for word in ("name", "version", "type", "manifest")}
        warnings = self._check_plugin(fields["id"], content["type"], content["manifest"])
        return Declaration(
            id=fields["id"], **content, digest=digest(content), warnings=warnings[:MAX_WARNINGS]
        )

    def _keep(
        self, declarations: Sequence[Declaration], by: Declarer
    ) -> tuple[dict[str, Stored | None], dict[str, PatchbayError]]:
        """Writes new and changed plugins. Returns by id what was stored of each before, and why some were refused."""
        with self._database.writing() as session:
            known = _load_stored(session, declarations)
            problems = _refusals(declarations, known, by)
            own = [item for item in declarations if item.id not in problems]
            self.write(session, own, known, by.token_id)
        return {item.id: known.get(item.id) for item in own}, problems

    def write(
        self,
        session: Session,
        declarations: Sequence[Declaration],
        known: Mapping[str, Stored] | None = None,
        declared_by: int | None = None,
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
        for declaration in (*new, *changed):
            before = known.get(declaration.id)
            versions = {"before": None if before is None else before.version, "after": declaration.version}
            describe_part("plugin.registered", plugin_id=declaration.id, details=versions)
        _insert(session, new, now, declared_by)
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
    query = select(Plugin.id, Plugin.digest, Plugin.version, Plugin.declared_by).where(Plugin.id.in_(ids))
    files = plugin_owners(session, ids)
    return {
        row.id: Stored(row.digest, row.version, row.declared_by, files.get(row.id))
        for row in session.execute(query)
    }


def _refusals(
    declarations: Sequence[Declaration], known: Mapping[str, Stored], by: Declarer
) -> dict[str, PatchbayError]:
    """Why some of the declarations may not replace what is stored. What changes nothing is never refused."""
    changed = [item for item in declarations if item.id in known and known[item.id].digest != item.digest]
    refusals = ((item.id, by.refusal(item.id, item.version, known[item.id])) for item in changed)
    return {plugin_id: problem for plugin_id, problem in refusals if problem is not None}


def _refuse_repeated(checked: Sequence[Declaration | Registration]) -> list[Declaration | Registration]:
    seen: set[str] = set()
    outcomes: list[Declaration | Registration] = []
    for outcome in checked:
        if isinstance(outcome, Declaration) and outcome.id in seen:
            twice = {"id": ["Declared twice in this batch; the first one counts."]}
            outcomes.append(invalid(outcome.named(), twice))
            continue
        if isinstance(outcome, Declaration):
            seen.add(outcome.id)
        outcomes.append(outcome)
    return outcomes


def _insert(
    session: Session, declarations: Sequence[Declaration], now: float, declared_by: int | None
) -> None:
    if not declarations:
        return
    rows = [
        {
            "id": declaration.id,
            **_columns(declaration, now),
            "artifacts_epoch": _new_epoch(),
            "declared_by": declared_by,
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


def _existing(session: Session, plugin_id: str) -> Plugin:
    plugin = session.get(Plugin, plugin_id)
    if plugin is None:
        raise NotFound(f"There is no plugin {plugin_id}.")
    return plugin


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
