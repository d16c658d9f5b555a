"""Folders of provisioning files, and servers that apply them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from integrations.authoring.yaml_source import dump_yaml
from integrations.provisioning.export import export_setup
from integrations.provisioning.plan import Plan
from integrations.provisioning.provisioner import Provisioner
from integrations.provisioning.references import References
from web.api.context import Services

WEATHER: dict[str, Any] = {
    "id": "weather",
    "name": "Weather",
    "version": "1.0.0",
    "type": "integration",
    "manifest": {
        "integration": {
            "base_url": "https://{host}/v1",
            "auth": {"type": "api_key", "in": "header", "name": "X-Key", "value": "{api_key}"},
        },
        "properties": [
            {"name": "api_key", "type": "string", "secure": True, "required": True},
            {"name": "units", "type": "string", "enum": ["metric", "imperial"], "default": "metric"},
            {"name": "days", "type": "integer", "min": 1, "max": 16, "default": 5},
            {"name": "host", "type": "string", "format": "hostname", "default": "api.example.com"},
        ],
        "endpoints": [{"id": "now", "path": "/now", "parameters": [{"name": "city"}]}],
        "blocks": [{"id": "current", "endpoint": "now"}],
    },
}
BOARD: dict[str, Any] = {
    "id": "board",
    "name": "Board",
    "version": "1.0.0",
    "type": "view",
    "manifest": {"properties": [{"name": "blocks", "type": "array"}]},
}


@dataclass
class Ground:
    """A folder of files, and a server."""

    app: Flask
    folder: Path
    environ: dict[str, str]
    may_run_commands: bool = False

    @property
    def services(self) -> Services:
        return self.app.extensions["patchbay"]

    @property
    def provisioner(self) -> Provisioner:
        services = self.services
        references = References(self.environ, may_run_commands=self.may_run_commands, command_seconds=5)
        return Provisioner(
            services.database, services.store, services.prefetch.planner, references, services.clock
        )

    def write(self, content: Any, name: str = "setup.yaml") -> Path:
        """Puts a file into the folder: a text as it is, anything else as YAML."""
        self.folder.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else dump_yaml(content)
        (self.folder / name).write_text(text, "utf-8")
        return self.folder / name

    def apply(self, content: Any = None) -> Plan:
        if content is not None:
            self.write(content)
        return self.provisioner.apply(self.folder)

    def lines(self, content: Any = None) -> list[str]:
        """The diff of what was applied."""
        return [str(change) for change in self.apply(content).changes]

    def exported(self) -> dict[str, Any]:
        return export_setup(self.services.database)


def home(**more: Any) -> Mapping[str, Any]:
    """A set-up of the weather in the workspace Home."""
    workspace = {"name": "Home", **more}
    return {"plugins": [WEATHER, BOARD], "workspaces": [workspace]}
