"""Artifacts: their keys, freshness (RFC 9111), storage and eviction."""
