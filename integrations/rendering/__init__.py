"""Renders one block: binds inputs, reads or fetches the artifact, writes the envelope."""
