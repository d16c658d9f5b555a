"""Runs one target under Atheris: `python -m fuzz.one_target NAME LIBFUZZER-OPTIONS`."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

# Of requirements-fuzz.txt, which is not installed where types are checked.
atheris: Any = importlib.import_module("atheris")

OURS = ["integrations", "schemas", "plugin_store", "errors", "fuzz"]
LIBRARIES = ["jmespath", "yaml", "icalendar", "dateutil", "idna", "http"]


def main() -> None:
    name, *options = sys.argv[1:]
    logging.disable()
    with atheris.instrument_imports(include=OURS + LIBRARIES):
        target = importlib.import_module(f"fuzz.targets.{name}")
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
