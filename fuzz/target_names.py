"""The targets by name."""

from __future__ import annotations

from pkgutil import iter_modules

from settings import ROOT

TARGETS = sorted(module.name for module in iter_modules([str(ROOT / "fuzz" / "targets")]))
