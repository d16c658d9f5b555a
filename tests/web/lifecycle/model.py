"""What a server with a few plugins must remember, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field

PLUGINS = ("alpha", "beta")
Scope = tuple[str, str | None]
"""A workspace, and a notebook of it or none."""
SCOPES: tuple[Scope, ...] = (("home", None), ("home", "notes"), ("work", None), ("work", "notes"))
UNITS = ("metric", "imperial", "nautical")


@dataclass
class Layer:
    """What one scope itself sets for a plugin."""

    enabled: bool | None = None
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Everything that an answer depends on: two equal ones have the same answer."""

    plugin: str
    workspace: str
    units: str
    secret: str
    place: str


@dataclass(frozen=True)
class Token:
    """A frontend's token with its terms; None is everything."""

    id: int
    value: str
    scopes: frozenset[str]
    workspace: str | None
    plugin: str | None

    def reaches(self, plugin: str, scope: Scope) -> bool:
        return self.workspace in (None, scope[0]) and self.plugin in (None, plugin)


class Model:
    """Registered plugins, what scopes set for them, their secrets, and the stored answers."""

    def __init__(self) -> None:
        self.defaults: dict[str, str] = {}
        """The default of `units`, by registered plugin."""
        self.layers: dict[tuple[str, Scope], Layer] = {}
        self.secrets: dict[tuple[str, str], str] = {}
        self.stored: dict[Question, int] = {}
        """The number of the provider's answer."""
        self.revoked: set[int] = set()
        """The ids of tokens."""

    def own(self, plugin: str, scope: Scope) -> Layer:
        return self.layers.setdefault((plugin, scope), Layer())

    def units(self, plugin: str, scope: Scope) -> str:
        """The effective value: the notebook's, the workspace's or the default."""
        chosen = {"units": self.defaults[plugin]}
        for layer in self._layers(plugin, scope):
            chosen |= layer.config
        return chosen["units"]

    def is_enabled(self, plugin: str, scope: Scope) -> bool:
        said = [layer.enabled for layer in self._layers(plugin, scope) if layer.enabled is not None]
        return said[-1] if said else True

    def replace(self, plugin: str, scope: Scope, config: dict[str, str]) -> None:
        """Makes these the effective values; one that is the effective one already keeps its source."""
        if not config:
            self.own(plugin, scope).config = {}
        elif config["units"] != self.units(plugin, scope):
            self.own(plugin, scope).config = config

    def question(self, plugin: str, scope: Scope, place: str) -> Question:
        workspace, _ = scope
        secret = self.secrets[plugin, workspace]
        return Question(plugin, workspace, self.units(plugin, scope), secret, place)

    def purge(self, plugin: str | None = None, workspace: str | None = None) -> int:
        """Forgets stored answers, of a plugin and a workspace or of all, and returns how many there were."""
        purged = [
            question
            for question in self.stored
            if plugin in (None, question.plugin) and workspace in (None, question.workspace)
        ]
        for question in purged:
            del self.stored[question]
        return len(purged)

    def forget(self, plugin: str) -> None:
        self.purge(plugin)
        del self.defaults[plugin]
        self.layers = {key: layer for key, layer in self.layers.items() if key[0] != plugin}
        self.secrets = {key: secret for key, secret in self.secrets.items() if key[0] != plugin}

    def _layers(self, plugin: str, scope: Scope) -> list[Layer]:
        workspace, notebook = scope
        above = [self.own(plugin, (workspace, None))]
        return above if notebook is None else [*above, self.own(plugin, scope)]
