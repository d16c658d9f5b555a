"""A loopback server that answers like the example plugins' providers, always with the same data."""

from examples.sandbox.server import Sandbox

__all__ = ["Sandbox"]
