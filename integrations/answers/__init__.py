"""Parses a provider's bytes into values: response types, `select`, response schemas."""
