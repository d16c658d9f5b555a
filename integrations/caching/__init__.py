"""Artifacts: their keys, how long they are fresh (RFC 9111), where they lie, and when they go."""
