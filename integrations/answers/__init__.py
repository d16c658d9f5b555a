"""Bytes of a provider made values: response types, `select`, response schemas."""
