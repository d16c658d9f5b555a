"""Secrets at rest: encrypted, and bound to the destinations that they may be sent to."""
