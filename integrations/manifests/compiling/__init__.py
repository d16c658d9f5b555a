"""Compiles a declared manifest into an `Integration`, or refuses it field by field."""

from integrations.manifests.compiling.plugins import compile_plugin

__all__ = ["compile_plugin"]
