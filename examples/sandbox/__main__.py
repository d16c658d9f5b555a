"""`python -m examples.sandbox --port 0`: prints the sandbox's URL and serves until it is stopped."""

from __future__ import annotations

import argparse
import signal
import threading

from examples.sandbox import Sandbox

EIGHT_HOURS_SECONDS = 8 * 3600.0


def main() -> int:
    """0 after SIGINT, SIGTERM or the end of the lifetime."""
    parser = argparse.ArgumentParser(prog="python -m examples.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--max-threads", type=int, default=128, help="connections served at once")
    parser.add_argument("--lifetime-seconds", type=float, default=EIGHT_HOURS_SECONDS)
    options = parser.parse_args()

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Sandbox(options.port, max_threads=options.max_threads, lifetime_seconds=None) as sandbox:
        print(sandbox.url, flush=True)
        ended.wait(options.lifetime_seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
