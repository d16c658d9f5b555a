"""Runs the soak, prints its results and writes build/soak.json; fails if a write was lost or a secret leaked.

Two servers share a data folder. Clients render hot, cold, failing and hanging blocks and write at both, while the keys
are rotated and backups made. One server, and the command that runs then, is killed again and again.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import click

from benchmarks.report import Section, show_and_write
from benchmarks.soak.clients import PLUGINS, Caller, Load, declare_plugin
from benchmarks.soak.journal import Journal
from benchmarks.soak.operator import Operator
from benchmarks.soak.processes import DataFolder, Server
from benchmarks.soak.provider import Provider, manifest, running_provider
from benchmarks.soak.verdict import Sample, find_damage, find_leaks, find_missing, results

REPORT = Path("build") / "soak.json"


@click.command(help=__doc__)
@click.option("--seconds", envvar="SOAK_SECONDS", default=600.0, show_default=True, help="How long.")
@click.option("--kill-every", default=30.0, show_default=True, help="Seconds between two kills.")
def main(seconds: float, kill_every: float) -> None:
    journal = Journal()
    with tempfile.TemporaryDirectory(prefix="patchbay-soak-") as folder:
        section = soak(DataFolder(Path(folder)), journal, seconds, kill_every)
    show_and_write(section, journal.wrong, REPORT)
    raise SystemExit(0 if all(target.is_met for target in section.targets) else 1)


def soak(folder: DataFolder, journal: Journal, seconds: float, kill_every: float) -> Section:
    """Runs it on an empty folder, and returns the results; `journal` has what was wrong."""
    provider = Provider()
    with running_provider(provider):
        steady = Server(folder)
        killed = Server(folder)
        set_up(Caller(steady.origin, journal), provider)
        load = Load(journal, provider)
        operator = Operator(folder, load, journal)
        load.start([steady.origin, killed.origin])
        operator.start()
        memory, kills = keep_killing(steady, killed, operator, seconds, kill_every)
        operator.end()
        provider.is_over.set()
        load.end()
        operator.back_up()
        for server in (steady, killed):
            load.check(Caller(server.origin, journal))
        codes = [server.stop() for server in (steady, killed)]
    journal.unexpected += [f"a server exits with {code}" for code in codes if code != 0]
    journal.unexpected += [f"a client fails: {failure!r}" for failure in load.failures]
    journal.lost += find_damage(folder.instance)
    journal.lost += find_missing(folder, operator.backups[-1])
    journal.leaks += find_leaks(folder, operator.keys, journal)
    return results(seconds, kills, journal, operator, memory)


def set_up(caller: Caller, provider: Provider) -> None:
    """Declares the plugins and enters a secret for each."""
    for plugin in PLUGINS:
        declare_plugin(caller, plugin, manifest(provider.url, f"/{plugin}"))


def keep_killing(
    steady: Server, killed: Server, operator: Operator, seconds: float, kill_every: float
) -> tuple[list[Sample], int]:
    """Kills one server every so often and starts it again. Returns the memory of the other one, and how many kills."""
    began, kills, memory = time.monotonic(), 0, []
    pause = threading.Event()
    while (passed := time.monotonic() - began) < seconds:
        memory.append((passed, steady.resident_mb()))
        if passed >= (kills + 1) * kill_every:
            killed.kill()
            operator.kill()
            killed.restart()
            kills += 1
        pause.wait(min(1.0, seconds / 10))
    return memory, kills


if __name__ == "__main__":
    main()
