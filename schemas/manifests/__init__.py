"""Schemas of manifests."""
