"""Renders answered from memory, ahead of Flask, while what proves them is unchanged."""
