"""Secrets at rest: encrypted, and sealed for the places that they may be sent to."""
