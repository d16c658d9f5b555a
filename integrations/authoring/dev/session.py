"""One file at a time: lint, register, render what changed, and print what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from errors import Invalid
from integrations.authoring.dev import printing
from integrations.authoring.dev.block_changes import (
    Declaration,
    DeclaredBlock,
    blocks_of,
    changed_blocks,
    is_declaration,
)
from integrations.authoring.dev.given_inputs import inputs_of, missing_inputs, unknown_inputs
from integrations.authoring.lint_lines import lint_file

Line = printing.Line


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the server: its status, its cache status where it has one, and its body."""

    status: int
    body: Mapping[str, Any]
    cache_status: str | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Unreachable(Exception):
    """The server gave no answer that can be read. The message says why."""


class Server(Protocol):
    """A running Patchbay."""

    def register(self, declaration: Declaration) -> Reply:
        """The answer to a declaration. Raises Unreachable."""
        ...

    def render(self, plugin_id: str, block_id: str, inputs: Mapping[str, Any], use_cache: bool) -> Reply:
        """The answer to a render. Raises Unreachable."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What to render with which inputs, and whether from the cache."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    renders_all: bool = False
    use_cache: bool = True
    is_strict: bool = False


GOOD, BLOCK_FAILED, FILE_FAILED = 0, 1, 2
"""How bad it was, as exit codes: a block cannot be rendered; a file or the server cannot be used."""


class Session:
    """What is known of each file since the start. `tell` prints one line."""

    def __init__(self, server: Server, options: Options, tell: Callable[[Line], None]) -> None:
        self._server = server
        self._options = options
        self._tell = tell
        self._blocks: dict[str, dict[str, DeclaredBlock]] = {}
        self._data: dict[tuple[str, str], Any] = {}

    def run(self, name: str) -> int:
        """Reads the file and prints what came of it. Returns GOOD, BLOCK_FAILED or FILE_FAILED."""
        linted = lint_file(name)
        for level, line in linted.lines:
            self._tell(printing.finding_line(level, line))
        value = linted.source.value if linted.source is not None else None
        if linted.has_errors:
            return FILE_FAILED
        if not is_declaration(value):
            self._tell(printing.no_declaration(name))
            return FILE_FAILED
        warned = bool(linted.lines) and self._options.is_strict
        try:
            return max(self._declare(name, value), BLOCK_FAILED if warned else GOOD)
        except Unreachable as error:
            self._tell(printing.error_line(str(error)))
            return FILE_FAILED

    def _declare(self, name: str, declaration: Declaration) -> int:
        reply = self._server.register(declaration)
        if not reply.is_success:
            self._tell_problem(name, reply)
            return FILE_FAILED
        self._tell(printing.registered_line(name, reply.body))
        try:
            blocks = blocks_of(declaration)
        except Invalid as error:
            self._tell(printing.error_line(error.detail))
            return FILE_FAILED
        before = {} if self._options.renders_all else self._blocks.get(name, {})
        asked = changed_blocks(before, blocks)
        for unknown in unknown_inputs([block.inputs for block in blocks.values()], self._options.inputs):
            self._tell(printing.note_line(f"No block of {name} has the input `{unknown}`."))
        results = [self._render(declaration["id"], block) for block in asked]
        failed = {block.id for block, result in zip(asked, results, strict=True) if result != GOOD}
        # A block that failed is rendered again at the next change, whatever that is.
        self._blocks[name] = {key: block for key, block in blocks.items() if key not in failed}
        return max(results, default=GOOD)

    def _render(self, plugin_id: str, block: DeclaredBlock) -> int:
        inputs = inputs_of(block.inputs, self._options.inputs)
        if block.is_action:
            self._tell(printing.action_line(block.id))
            return GOOD
        if missing := missing_inputs(block.inputs, inputs):
            self._tell(printing.missing_line(block.id, missing))
            return GOOD
        started_at = time.perf_counter()
        reply = self._server.render(plugin_id, block.id, inputs, self._options.use_cache)
        milliseconds = (time.perf_counter() - started_at) * 1000
        if not reply.is_success:
            self._tell_problem(block.id, reply)
            return BLOCK_FAILED
        self._tell(printing.rendered_line(block.id, reply.cache_status, milliseconds, inputs, reply.body))
        self._tell_data((plugin_id, block.id), reply.body.get("data"))
        return GOOD

    def _tell_data(self, key: tuple[str, str], data: Any) -> None:
        for line in printing.data_lines(data, self._data.get(key, data)):
            self._tell(line)
        self._data[key] = data

    def _tell_problem(self, subject: str, reply: Reply) -> None:
        for line in printing.problem_lines(subject, reply.status, reply.body):
            self._tell(line)
