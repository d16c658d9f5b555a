"""The command `patchbay`, also as `python -m patchbay`."""

from __future__ import annotations

from app import create_app, main
from web.cli.program import Program

program = Program(create_app, main)

if __name__ == "__main__":
    program(prog_name="patchbay")
