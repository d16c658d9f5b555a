"""`flask manifest new`: writes a first manifest from the address of a call and a sample of its answer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from errors import PatchbayError
from integrations.authoring.files import format_of, render
from integrations.authoring.lint import lint
from integrations.authoring.new.answer_shape import Shape, shape_of
from integrations.authoring.new.draft import NO_KEY, Address, Key, draft, guess_name, id_of, read_address
from integrations.authoring.new.sample_answer import (
    NoSample,
    fetch_sample,
    kind_of,
    read_sample_file,
    value_of,
)
from schemas.api.plugins import DeclarationSchema
from settings import load_settings

KEY_HELP = "none, bearer, header:NAME or query:NAME"


@dataclass(frozen=True, slots=True)
class _Asking:
    """Whether questions are asked: at a terminal, unless defaults were asked for."""

    is_on: bool

    def ask(self, question: str, default: str) -> str:
        """The answer to a question, the default where nobody is asked."""
        if not self.is_on:
            return default
        return click.prompt(question, default=default, show_default=bool(default), err=True)


@click.command("new")
@click.argument("url", required=False)
@click.option("--name", help="The name for users; default: from the host.")
@click.option("--id", "plugin_id", help="The plugin's id; default: from the name.")
@click.option("--key", "key_text", metavar="PLACE", help=f"Where the provider wants its key: {KEY_HELP}.")
@click.option(
    "--sample", metavar="FILE|URL|-", help="A sample answer; default: URL is asked, if it needs no key."
)
@click.option("--no-sample", is_flag=True, help="Guess nothing from an answer; nothing is called.")
@click.option("--yes", "takes_defaults", is_flag=True, help="Ask nothing; take what is guessed.")
@click.option(
    "--output", metavar="FILE", help="Write to a new file (.json or .yaml); default: standard output."
)
def write_new_manifest(
    url: str | None,
    name: str | None,
    plugin_id: str | None,
    key_text: str | None,
    sample: str | None,
    no_sample: bool,
    takes_defaults: bool,
    output: str | None,
) -> None:
    """Write a manifest for one call of a provider, to edit and register.

    URL is the address of a call as you would open it: https://api.example.com/v1/now?city=Oslo. Its host becomes the
    base URL, its path the endpoint, and each value in its query a parameter with that default. A parameter that looks
    like a key becomes a secure setting; its value is not written.

    From a sample answer, `select` takes the main part and its first fields, and `display` gets the kind that suits
    them. The sample is a file, standard input (-) or an address; without one the URL itself is called, within the
    rules for calls, unless the provider needs a key.

    At a terminal the command asks for what the options do not say, and offers what it guesses; elsewhere, and with
    --yes, it takes the guesses.

    \b
        patchbay manifest new "https://api.example.com/v1/now?city=Oslo" --output weather.json
        patchbay manifest dev weather.json
    """
    asking = _Asking(sys.stdin.isatty() and not takes_defaults and sample != "-")
    text = url or (asking.ask("Address of one call", "") if asking.is_on else "")
    address = _read_address(text)
    key = _read_key(key_text or asking.ask(f"Key ({KEY_HELP})", _guessed_key(address)))
    chosen_name = name or asking.ask("Name", guess_name(address))
    chosen_id = plugin_id or asking.ask("Id", id_of(chosen_name))
    _check(id=chosen_id, name=chosen_name)
    if sample is None and not no_sample and _needs_key(address, key):
        sample = (
            asking.ask("A sample answer: a file, - to paste it and end with Ctrl-D, or nothing", "") or None
        )
    body = None if no_sample else _find_sample(text, address, key, sample)
    kind, shape = _shape(body)
    _write(draft(chosen_name, chosen_id, address, key, shape, kind), output)


def _read_address(text: str) -> Address:
    try:
        return read_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None


def _guessed_key(address: Address) -> str:
    return f"query:{address.key}" if address.key is not None else "none"


def _read_key(text: str) -> Key:
    place, _, name = text.partition(":")
    if text == "none":
        return NO_KEY
    if text == "bearer":
        return Key("bearer")
    if place == "header" and name:
        return Key("header", name)
    if place == "query" and name:
        return Key("query", name)
    raise click.BadParameter(f"Write {KEY_HELP}.", param_hint="--key")


def _check(**words: str) -> None:
    errors = DeclarationSchema(only=tuple(words)).validate(words)
    for word, messages in errors.items():
        raise click.BadParameter(messages[0], param_hint=f"--{word}")


def _find_sample(url: str, address: Address, key: Key, sample: str | None) -> bytes | None:
    """The sample, None where there is none; a sample that was asked for must be there."""
    if sample is not None and not sample.startswith(("http://", "https://")):
        return _read_file(sample)
    if sample is None and _needs_key(address, key):
        click.echo(
            "Without --sample nothing is guessed of the answer, because the call needs a key.", err=True
        )
        return None
    try:
        return fetch_sample(sample or url, load_settings())
    except (NoSample, PatchbayError) as error:
        told = error.detail if isinstance(error, PatchbayError) else str(error)
        if sample is not None:
            raise click.ClickException(f"The sample cannot be fetched. {told}") from None
        click.echo(f"The address cannot be asked for a sample. {told}", err=True)
        return None


def _needs_key(address: Address, key: Key) -> bool:
    """Whether the address alone gets no answer, because a key has to be sent with it."""
    return key.place != "none" and address.key is None


def _read_file(name: str) -> bytes:
    try:
        return read_sample_file(name)
    except NoSample as error:
        raise click.BadParameter(str(error), param_hint="--sample") from None


def _shape(body: bytes | None) -> tuple[str, Shape | None]:
    if not body:
        return "json", None
    kind = kind_of(body)
    try:
        value = value_of(body, kind)
    except PatchbayError as error:
        raise click.ClickException(f"The sample cannot be read. {error.detail}") from None
    return kind, None if value is None else shape_of(value)


def _write(declaration: dict[str, Any], output: str | None) -> None:
    findings = lint(declaration)
    text = render(declaration, format_of(output))
    if output is None:
        click.echo(text, nl=False)
    else:
        _create(Path(output), text)
    for found in findings:
        click.echo(f"{found.level}: {found.path}: {found.message}", err=True)
    if any(found.level == "error" for found in findings):
        raise SystemExit(1)


def _create(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already: choose another name.") from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
