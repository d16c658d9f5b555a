"""`flask tokens …`: the named tokens of frontends and programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from marshmallow import ValidationError

from errors import PatchbayError
from plugin_store.access_models import AccessToken
from schemas.api.tokens import SCOPES, NewTokenSchema
from web.api.context import services
from web.api.problems import flatten_errors
from web.cli.audit_commands import recorded_command
from web.gate.access_tokens import AccessTokens, TokenTerms
from web.gate.callers import Party
from web.gate.permissions import Permission
from web.gate.token_terms import complete_terms

tokens_commands = AppGroup("tokens", help="Named tokens of frontends and programs, beside the owner's.")


@tokens_commands.command("list")
def list_tokens() -> None:
    """Print the tokens: what they may do, where, until when. Never their values."""
    rows = _tokens().list()
    for row in rows:
        click.echo(f"{row.id}\t{row.name}\t{_describe(row)}")
    if not rows:
        click.echo("There are no named tokens.")


@tokens_commands.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="May be repeated."
)
@click.option(
    "--workspace", "workspaces", multiple=True, type=int, help="The id of one that it is for; all without."
)
@click.option(
    "--notebook", "notebooks", multiple=True, type=int, help="The id of one that it is for; all without."
)
@click.option(
    "--integration", "integrations", multiple=True, help="The id of one that it is for; all without."
)
@click.option("--origin", "origins", multiple=True, help="A page that it is for, like https://dash.example.")
@click.option("--days", type=click.IntRange(1, 36_500), help="How long it is valid; without end otherwise.")
def create_token(name: str, days: int | None, **lists: tuple[Any, ...]) -> None:
    """Make a token and print its value, which is shown this once."""
    given = {"name": name, **{field: list(values) for field, values in lists.items() if values}}
    try:
        loaded: Any = NewTokenSchema().load(given)
    except ValidationError as error:
        path, messages = next(iter(flatten_errors(error.messages).items()))
        raise click.ClickException(f"{path}: {messages[0]}") from None
    expires_at = None if days is None else (datetime.now(UTC) + timedelta(days=days)).timestamp()
    try:
        terms = complete_terms(services().database, _terms(loaded, expires_at))
        with recorded_command("token.created"):
            row, value = _tokens().issue(terms, Party("command").dump())
    except PatchbayError as error:
        raise click.ClickException(error.detail) from None
    click.echo(value)
    click.echo(f"Token {row.id}: {_describe(row)}", err=True)


@tokens_commands.command("revoke")
@click.argument("token_id", type=int, required=False)
@click.option("--all", "is_all", is_flag=True, help="Revoke every named token.")
def revoke(token_id: int | None, is_all: bool) -> None:
    """Revoke a token, at once, in a running server too."""
    if is_all == (token_id is not None):
        raise click.UsageError("Give the id of a token, or --all.")
    if token_id is None:
        with recorded_command("token.revoked"):
            revoked, denied = _tokens().revoke_all()
        click.echo(f"Revoked: {revoked}.")
        if denied:
            click.echo(f"Accepted, and not fetched yet: {denied}.")
        return
    try:
        with recorded_command("token.revoked", token_id=token_id):
            _tokens().revoke(token_id)
    except PatchbayError as error:
        raise click.ClickException(error.detail) from None
    click.echo(f"Token {token_id} is revoked.")


def _tokens() -> AccessTokens:
    return current_app.extensions["patchbay_gate"].tokens


def _terms(loaded: dict[str, Any], expires_at: float | None) -> TokenTerms:
    workspaces, notebooks, integrations = (
        frozenset(loaded[name]) if name in loaded else None
        for name in ("workspaces", "notebooks", "integrations")
    )
    permission = Permission(frozenset(loaded["scopes"]), workspaces, notebooks, integrations)
    return TokenTerms(loaded["name"], permission, frozenset(loaded.get("origins", ())), expires_at)


def _describe(row: AccessToken) -> str:
    """What a token may do, in one line."""
    parts = [",".join(row.scopes)]
    for name in ("workspaces", "notebooks", "integrations", "origins"):
        if values := getattr(row, name):
            parts.append(f"{name} {','.join(map(str, values))}")
    if row.expires_at is not None:
        parts.append(f"until {datetime.fromtimestamp(row.expires_at, UTC):%Y-%m-%d %H:%M} UTC")
    if row.last_used_at is not None:
        parts.append(f"used {datetime.fromtimestamp(row.last_used_at, UTC):%Y-%m-%d}")
    return "; ".join(parts)
