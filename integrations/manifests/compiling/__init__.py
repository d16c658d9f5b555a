"""A declared manifest made an `Integration`, or refused field by field."""

from integrations.manifests.compiling.plugins import compile_plugin

__all__ = ["compile_plugin"]
