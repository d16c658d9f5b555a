"""Fuzzes each target for FUZZ_SECONDS, or those that are named, and fails if one found a fault.

Inputs that reach new code are kept in build/fuzz/NAME/corpus for the next run. The input of a fault is written beside
it: make it a seed of the target, and a test.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import subprocess
import sys
from pathlib import Path

import click

from fuzz.target_names import TARGETS

FOLDER = Path("build") / "fuzz"
# An input that takes longer is a fault, and so is one that takes more memory.
INPUT_SECONDS = 120
MEMORY_MB = 2048
MAX_INPUT_BYTES = 16_384


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(TARGETS))
@click.option("--seconds", envvar="FUZZ_SECONDS", default=60, show_default=True, help="For each target.")
def main(names: tuple[str, ...], seconds: int) -> None:
    faulty = [name for name in names or TARGETS if not fuzz(name, seconds)]
    if faulty:
        raise click.ClickException(f"Faults in: {', '.join(faulty)}. Inputs and logs are in {FOLDER}.")


def fuzz(name: str, seconds: int) -> bool:
    """Whether the target ran without a fault."""
    folder = FOLDER / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in importlib.import_module(f"fuzz.targets.{name}").SEEDS:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "fuzz.one_target", name, *options, str(corpus)]
        code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    click.echo(f"{name:16} {_summary(log.read_text('utf-8', 'replace'))}" + ("" if code == 0 else "   FAULT"))
    return code == 0


def _summary(log: str) -> str:
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", log) or re.search(r"Done (\d+) runs", log)
    covered = re.findall(r"cov: (\d+)", log)
    return (
        f"{int(runs[1]) if runs else 0:10,} inputs   {int(covered[-1]) if covered else 0:6,} places reached"
    )


if __name__ == "__main__":
    main()
