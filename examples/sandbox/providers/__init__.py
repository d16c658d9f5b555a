"""One module per provider, each with a `provider`; `PROVIDERS` is the table of them by id."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from examples.sandbox.provider import Provider


def load_providers() -> dict[str, Provider]:
    """Every provider in this folder by its id. A new module is found without being named anywhere."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {module.provider.id: module.provider for module in modules}


PROVIDERS = load_providers()
