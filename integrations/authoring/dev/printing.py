"""What `flask manifest dev` prints, as lines of coloured pieces. Pure: who prints decides whether colours are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.authoring.dev.data_diff import compact, diff_data

Piece = tuple[str, str | None]
"""A text, and the name of its colour."""
Line = Sequence[Piece]

MAX_DATA_CHARACTERS = 600
MAX_INPUT_CHARACTERS = 80
_LEVELS = {"error": "red", "warning": "yellow"}
_CACHE = {"HIT": "green", "MISS": "cyan", "REVALIDATED": "green", "STALE": "yellow", "BYPASS": "cyan"}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}


def finding_line(level: str, line: str) -> Line:
    """A line of the linter."""
    return [(line, _LEVELS.get(level))]


def error_line(text: str) -> Line:
    return [(f"error: {printable(text)}", "red")]


def note_line(text: str) -> Line:
    return [(printable(text), "yellow")]


def no_declaration(name: str) -> Line:
    """What is wrong with a manifest without the members around it."""
    return error_line(
        f"{name} is a manifest alone. To register it, write it as `manifest` beside `id`, `name`, `version` and `type`."
    )


def registered_line(name: str, registration: Mapping[str, Any]) -> Line:
    """That a file's plugin was registered; with what a user must accept first, if anything."""
    about = f"{registration.get('id')} {registration.get('version')}"
    review = registration.get("review")
    due: Line = (
        [("  a review is due: its secrets are not sent until a user accepts it", "yellow")] if review else []
    )
    return [(name, "bold"), (f"  {about} {registration.get('status')}", None), *due]


def rendered_line(
    block_id: str,
    cache_status: str | None,
    milliseconds: float,
    inputs: Mapping[str, Any],
    envelope: Mapping[str, Any],
) -> Line:
    """How a block was rendered: cache status, time, inputs; with the error where the last good answer is shown."""
    status = cache_status or "?"
    pieces: list[Piece] = [(f"  {block_id}", "bold"), (f"  {status}", _CACHE.get(status))]
    pieces.append((f"  {milliseconds:.0f} ms", None))
    if envelope.get("sample"):
        pieces.append(("  sample", "magenta"))
    pieces += [(f"  {name}={compact(value, MAX_INPUT_CHARACTERS)}", "blue") for name, value in inputs.items()]
    if envelope.get("error"):
        pieces.append((f"  {_told(envelope['error'])}", "yellow"))
    return pieces


def data_lines(data: Any, before: Any) -> Iterator[Line]:
    """The data in one line, and how it differs from before."""
    yield [(f"    {compact(data, MAX_DATA_CHARACTERS)}", None)]
    for line in diff_data(before, data):
        yield [(f"    {line}", _SIGNS.get(line[0]))]


def action_line(block_id: str) -> Line:
    return [(f"  {block_id}", "bold"), ("  an action: not run", None)]


def missing_line(block_id: str, names: Sequence[str]) -> Line:
    """That a block is not rendered without inputs, and how to give them."""
    given = " ".join(f"--input {name}=…" for name in names)
    return [(f"  {block_id}", "bold"), (f"  not rendered: give {given}", "yellow")]


def problem_lines(subject: str, status: int, problem: Mapping[str, Any]) -> Iterator[Line]:
    """A problem (RFC 9457) with its errors by field."""
    told = _told(problem) if problem else f"status {status}"
    yield [(f"  {subject}", "bold"), (f"  {told}", "red")]
    for path, messages in (problem.get("errors") or {}).items():
        for message in messages:
            yield [(f"    {printable(path)}: {printable(message)}", "red")]


def _told(problem: Mapping[str, Any]) -> str:
    words = printable(
        f"{problem.get('code', 'problem')}: {problem.get('detail') or problem.get('title') or ''}"
    )
    said = problem.get("upstream_message")
    return f"{words} The provider says: {printable(str(said))}" if said else words


def printable(text: str) -> str:
    """The text without what a terminal would obey: the provider may have written it."""
    return "".join(character if character.isprintable() else "�" for character in text)
