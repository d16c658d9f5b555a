"""Declarations and settings: plugins, workspaces, settings and secrets. Nothing here calls providers."""
