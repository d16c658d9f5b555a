"""Runs every benchmark here, prints a table and writes build/bench.json. Fails when a limit is passed."""

from __future__ import annotations

import importlib
import json
import pkgutil
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import benchmarks
from benchmarks.measuring import Comparison

REPORT = Path("build") / "bench.json"


def main() -> int:
    found = list(_results())
    width = max(len(item.name) for item in found)
    print(f"{'':{width}}  {'ours':>9}  {'theirs':>9}  {'ratio':>6}  limit")
    for item in found:
        verdict = "" if item.is_met else "  over the limit"
        print(
            f"{item.name:{width}}  {item.ours_us:7.1f}µs  {item.theirs_us:7.1f}µs  {item.ratio:6.2f}  "
            f"{item.limit:5.2f}{verdict}"
        )
    _write_report(found)
    return 0 if all(item.is_met for item in found) else 1


def _results() -> Iterator[Comparison]:
    for module in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda item: item.name):
        run = getattr(importlib.import_module(f"benchmarks.{module.name}"), "run", None)
        if run is not None:
            yield from run()


def _write_report(found: list[Comparison]) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    report = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "results": [{**asdict(item), "ratio": round(item.ratio, 3), "is_met": item.is_met} for item in found],
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
